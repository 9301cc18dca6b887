"""Owns what one transaction is about to write; the one rule: decide first, purely, then write everything in bulk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from leh_guardian.model.action import NewAction
from leh_guardian.model.expectation import Expectation
from leh_guardian.model.incident import Incident
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.timer import TimerKind
from leh_guardian.store import actions, early_oks, expectations, guards, incidents, journal, timers
from leh_guardian.store.incidents import RuleKey, RunEvent
from leh_guardian.store.transaction import Transaction


@dataclass
class Changes:
    """Decisions taken and not written yet."""

    now: datetime
    incidents: dict[UUID, Incident] = field(default_factory=dict)
    """The newest state of every incident touched."""
    opened: dict[UUID, RunEvent] = field(default_factory=dict)
    reruns: dict[UUID, RunEvent] = field(default_factory=dict)
    planned: list[NewAction] = field(default_factory=list)
    timers: dict[tuple[UUID, TimerKind], datetime | None] = field(default_factory=dict)
    """When to fire; None takes the timer away."""
    guard_runs: list[tuple[RuleKey, datetime, UUID]] = field(default_factory=list)
    early_oks: dict[RuleKey, datetime] = field(default_factory=dict)
    expectations: dict[RuleKey, Expectation] = field(default_factory=dict)
    heard: Counter[str] = field(default_factory=Counter)
    """What became of expectations, for the metrics."""
    entries: list[Entry] = field(default_factory=list)
    _counted: Counter[tuple[Kind, UUID | None, str | None, str]] = field(default_factory=Counter)

    def note(
        self,
        kind: Kind,
        reason: str = "",
        *,
        incident: Incident | None = None,
        action_id: UUID | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """Write a journal line."""
        incident_id, rule_id = (incident.id, incident.rule_id) if incident else (None, None)
        self.entries.append(Entry(kind, reason, incident_id, action_id, rule_id, data or {}))

    def count(self, kind: Kind, rule_id: str, reason: str = "", *, incident: Incident | None = None) -> None:
        """Write one journal line for all events of this transaction that were decided alike."""
        self._counted[kind, incident.id if incident else None, rule_id, reason] += 1

    def set_timer(self, incident: Incident, kind: TimerKind, due_at: datetime | None) -> None:
        """Set, move or (None) take away an incident's timer."""
        self.timers[incident.id, kind] = due_at

    async def write(self, tx: Transaction, author: str) -> None:
        """Write everything, in an order that foreign keys accept."""
        new = [(self.incidents[incident_id], event) for incident_id, event in self.opened.items()]
        await incidents.insert(tx, self.now, new)
        await incidents.save(tx, self.now, [i for i in self.incidents.values() if i.id not in self.opened])
        for incident_id, event in self.reruns.items():
            await incidents.start_run(tx, self.now, self.incidents[incident_id], event)
        await actions.insert(tx, self.now, {i.id: i.run for i in self.incidents.values()}, self.planned)
        await timers.set_timers(tx, [(i, kind, due) for (i, kind), due in self.timers.items() if due is not None])
        await timers.clear_timers(tx, [key for key, due in self.timers.items() if due is None])
        await guards.record_runs(tx, self.guard_runs)
        await early_oks.remember(tx, self.early_oks)
        await expectations.save(tx, self.now, list(self.expectations.values()))
        await journal.append(tx, author, self.now, [*self.entries, *self._counts()])

    def _counts(self) -> list[Entry]:
        return [
            Entry(kind, reason, incident_id, None, rule_id, {"events": events})
            for (kind, incident_id, rule_id, reason), events in self._counted.items()
        ]
