"""Owns the pair of an event and a rule that it concerns; the one rule: a source's clock that runs ahead is not believed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from leh_guardian.model.event import Event
from leh_guardian.rules.ruleset import Match
from leh_guardian.store.incidents import RuleKey


@dataclass(frozen=True, slots=True)
class Matched:
    """An event and one rule that it matches."""

    event: Event
    match: Match

    @property
    def key(self) -> RuleKey:
        """What it is deduplicated by, or what is expected."""
        return self.match.rule.id, self.match.dedup_key

    def happened(self, now: datetime) -> datetime:
        """Return when the event happened."""
        return min(self.event.occurred_at or now, now)
