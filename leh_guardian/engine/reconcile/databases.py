"""Owns the comparison of RDS's own record with what was heard; the one rule: only what a rule is about is rebuilt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from leh_guardian.engine.reconcile.rebuilding import database_event
from leh_guardian.engine.reconcile.repairs import Lost
from leh_guardian.model.happening import RDS
from leh_guardian.model.mode import Mode
from leh_guardian.ports import DatabaseEvents
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.rules.sources import may_hear

WINDOW: Final = timedelta(hours=1)
"""How far back each look goes: longer than a restart, short enough that a fresh installation rings for nothing old."""


class DatabaseComparison:
    """Compares RDS's record with what was heard."""

    def __init__(self, record: DatabaseEvents, modes: Mapping[str, Mode]) -> None:
        self._record = record
        self._modes = modes

    @staticmethod
    def wanted(rules: RuleSet) -> bool:
        """Tell whether a rule may hear of an event of RDS at all."""
        return may_hear(rules, RDS)

    async def compare(self, rules: RuleSet, newest: datetime) -> Sequence[Lost]:
        """Return what happened within the hour before `newest` and concerns a rule.

        Raises:
            AccessDenied: says which permission is missing.
            Transient: RDS is away, or asks to slow down.
        """
        found: dict[str, Lost] = {}
        for told in await self._record.between(newest - WINDOW, newest):
            rebuilt = database_event(told)
            if rebuilt is None:
                continue
            happening, event = rebuilt
            matches = [m for m in rules.match(event) if self._modes.get(m.rule.id, m.rule.mode) is not Mode.OFF]
            if matches:
                found[event.id] = Lost("rds", happening, event, matches)
        return list(found.values())
