"""Owns ids that nobody should send; the one rule: none of them is an id, whatever it looks like."""

from __future__ import annotations

from typing import Final

NO_IDS: Final = {
    "sql": "'; DROP TABLE cases; --",
    "a path": "../case_1",
    "dots": "a..b",
    "a star": "*",
    "a pattern": "case_*",
    "empty": "",
    "very long": "a" * 500,
    "one too long": "a" * 129,
    "NUL": "case\x00",
    "NUL inside": "case_1\x00x",
    "a line's end": "case_1\n",
    "a line inside": "case_1\ncase_2",
    "a carriage return": "case_1\r",
    "a bell": "case\x07",
    "a blank": "case 1",
    "Hangul": "사건",
    "Hangul beside Latin": "case_1사",
    "a Hangul filler": "case_1\u3164",
    "a halfwidth filler": "case\uffa0_1",
    "conjoining jamo": "case_\u1112\u1161\u11ab",
    "a vowel like a stroke": "case_\u3163",
    "fullwidth": "\uff43ase_1",
    "Cyrillic": "\u0441ase_1",
    "other digits": "case_\u0661",
    "a joiner of no width": "case\u200d_1",
    "right to left": "case_\u202e1",
    "escaped": "case%2F1",
    "a slash": "case/1",
    "a quote": 'case"1',
}
"""By what is wrong with them."""
