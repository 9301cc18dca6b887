"""Owns what the AI work of cases costs: the record of use, prices, and when it is too much; the one rule: money is decimal."""
