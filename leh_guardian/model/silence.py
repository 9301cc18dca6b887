"""Owns a silence that somebody asked for: whose calls are withheld, until when and why; the one rule: never all, never for ever.

What it matches is said as in a maintenance window: an event pattern over an incident's facts (model/oncall/terms.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product
from typing import Any, Final
from uuid import UUID

from leh_guardian.model.plan import Severity

LONGEST: Final = timedelta(days=7)
"""What needs longer is a change of the rules."""
SHORTEST: Final = timedelta(minutes=1)
NEVER: Final = frozenset({"security", "data_leak", "data_loss"})
"""Classes of incidents whose calls nobody silences."""
_ODD: Final = ("", "leh guardian 9f1c", "zz/71-other")
"""Names that no rule, class or object has: what matches all of them asks for none."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Calls of what it matches are withheld."""

    id: UUID
    match: Mapping[str, Any]
    """An event pattern over an incident's facts."""
    reason: str
    by: str
    made_at: datetime
    until: datetime
    ended_at: datetime | None = None
    """When somebody ended it before its time."""
    ended_by: str = field(default="", compare=False)

    @property
    def ends(self) -> datetime:
        """Until when it holds, or held."""
        return self.until if self.ended_at is None else min(self.until, self.ended_at)

    def holds(self, now: datetime) -> bool:
        """Tell whether it holds at an instant."""
        return self.made_at <= now < self.ends


def any_facts() -> Iterator[dict[str, Any]]:
    """Yield facts of incidents of all kinds: a condition that holds for all of them leaves nothing out."""
    odd = product(_ODD[1:], Severity, _ODD, (0, 1, 2, 3, 7), _ODD)
    for rule, severity, class_, level, key in odd:
        yield {"rule": rule, "severity": severity.value, "class": class_, "level": level, "dedup_key": key}
