"""Owns the attempts that a worker's log tells of, by case; the one rule: one is counted once, however often it names its evidence.

What a log says of an attempt is the key of its object. From that, and from what a job uses on average, use is estimated while the
worker does not tell of it (docs/spending.md).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from leh_guardian.evidence.names import is_id
from leh_guardian.ports import LogMessage

_KEY: Final = re.compile(r"cases/([A-Za-z0-9][A-Za-z0-9_.-]{0,127})/raw/([A-Za-z0-9_-]{1,120})_", re.ASCII)
_REQUEST: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_LONGEST: Final = 2000


def attempts_by_case(messages: Iterable[LogMessage]) -> Counter[str]:
    """Return how many attempts at evidence of each case some messages tell of."""
    seen: set[tuple[str, str, str]] = set()
    for message in messages:
        text = message.text[:_LONGEST]
        request = _REQUEST.search(text)
        for case, evidence in _KEY.findall(text):
            if is_id(case):
                seen.add((request[0] if request else message.stream, case, evidence))
    return Counter(case for _, case, _ in seen)
