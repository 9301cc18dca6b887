"""Finds personal data and secrets in texts, records and lines: pure, in linear time, and without ever handing on a value.

A text is folded into one spelling (`folding`), looked at cheaply (`gates`), searched (`detectors`), judged by check digits, dates
(`checks`) and the words beside it (`labels`, `names`), and what overlaps is settled (`found`). `scanner` puts these together,
`json_lines` reads lines that are JSON, `stream` reads files, `sieve` says which of many lines are worth all that (it asks
`prospects` of numbers and `mentions` of passwords), `sampling` how much must be read.
"""

from __future__ import annotations

from leh_guardian.disclosure.found import Found, Kind, Tier
from leh_guardian.disclosure.scanner import Scanner
from leh_guardian.disclosure.seal import Seal

__all__ = ["Found", "Kind", "Scanner", "Seal", "Tier"]
