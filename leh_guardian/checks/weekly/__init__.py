"""Owns the weekly report: what all checks came to, beside last week; the one rule: pure, and made of results that are kept."""
