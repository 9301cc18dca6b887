"""Owns what a received message says to the engine; the one rule: it is read once, and purely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leh_guardian.model.canary import CANARY
from leh_guardian.model.event import Event
from leh_guardian.model.spend.prices import Prices
from leh_guardian.model.spend.usage import Usage, is_usage, priced
from leh_guardian.ports import ReceivedMessage
from leh_guardian.rules.ruleset import Match, RuleSet


@dataclass(frozen=True, slots=True)
class Read:
    """A message with what it says."""

    message: ReceivedMessage
    matches: Sequence[tuple[Event, Match]] = ()
    fault: str | None = None
    """Why it is no event."""
    beats: Sequence[tuple[str, Event]] = ()
    """The heartbeats in it, by whose they are."""
    used: Sequence[tuple[Event, Usage | None]] = ()
    """The records of use in it; None for one without usable numbers."""

    @property
    def canary(self) -> bool:
        """Whether it is guardian's own proof of the path, which nobody need keep."""
        return bool(self.matches) and all(match.rule.id == CANARY for _, match in self.matches)

    @property
    def outcome(self) -> str:
        """What the metrics call it."""
        if self.fault is not None:
            return "malformed"
        if self.canary:
            return "canary"
        return "matched" if self.matches or self.used else "unmatched"


def with_prices(events: Sequence[Event], rules: RuleSet) -> tuple[list[Event], list[tuple[Event, Usage | None]]]:
    """Return events with what records of use cost, and those records."""
    found: list[Event] = []
    used: list[tuple[Event, Usage | None]] = []
    for event in events:
        if not is_usage(event.envelope):
            found.append(event)
            continue
        told, usage = priced(event, rules.budget.prices if rules.budget else Prices({}))
        found.append(told)
        used.append((told, usage))
    return found, used
