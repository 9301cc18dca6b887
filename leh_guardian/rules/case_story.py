"""Owns what a case's events come to as time passes; the one rule: expectations are decided by the daemon's own transitions.

Time is the case's own: an event happens when it is given, whatever stamp it carries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from leh_guardian.model.event import Event
from leh_guardian.model.expectation import Expectation, Heard, mark_of
from leh_guardian.model.window import Amount, counted, peak
from leh_guardian.rules.ruleset import Match, MatchKind, RuleSet, missed, too_much

BEGIN: Final = datetime(2000, 1, 1, tzinfo=UTC)

Matches = list[tuple[Event, Match]]


@dataclass(frozen=True, slots=True)
class Happened:
    """An event, and how long after the beginning it happens."""

    at: timedelta
    event: Event


@dataclass(frozen=True, slots=True)
class Story:
    """The events of a case, and what they mean to rules."""

    happened: tuple[Happened, ...]
    matches: Matches

    @property
    def events(self) -> list[Event]:
        """The events."""
        return [one.event for one in self.happened]


def live(happened: Sequence[Happened], wait: timedelta, rules: RuleSet, *, found: bool) -> Matches:
    """Return what the events, and their absence until `wait` after the last, mean to rules; `found` is what last looks say."""
    known: dict[tuple[str, str], Expectation] = {}
    counters = _Counters()
    matches: Matches = []
    for one in happened:
        now = BEGIN + one.at
        matches += _missed(known, now, rules, found=found)
        for match in rules.match_with_ticks(one.event):
            matches.append((one.event, match))
            _hear(known, one.event, match, now)
            matches += counters.count(one.event, match, now)
    end = (happened[-1].at if happened else timedelta(0)) + wait
    return matches + _missed(known, BEGIN + end, rules, found=found)


class _Counters:
    """What window rules have counted."""

    def __init__(self) -> None:
        self._amounts: dict[tuple[str, str], list[Amount]] = {}
        self._fired: set[tuple[str, str]] = set()

    def count(self, event: Event, match: Match, now: datetime) -> Matches:
        """Count an event; return what the rule fires with, once for each key: what follows is the same incident's."""
        window, key = match.rule.window, (match.rule.id, match.dedup_key)
        amount = window.amount(event.envelope, now) if window and match.kind is MatchKind.COUNT else None
        if window is None or amount is None:
            return []
        amounts = self._amounts.setdefault(key, [])
        amounts.append(amount)
        value = peak(window.limit, amounts, [amount.at])
        if key in self._fired or not window.limit.exceeded(value):
            return []
        self._fired.add(key)
        envelope = counted(event.envelope, window.limit, match.dedup_key, value)
        return [(Event(event.id, envelope), too_much(match.rule, match.dedup_key, envelope))]


def _hear(known: dict[tuple[str, str], Expectation], event: Event, match: Match, now: datetime) -> None:
    expect, key = match.rule.expect, (match.rule.id, match.dedup_key)
    if expect is None or not match.dedup_key:
        return
    before = known.get(key, Expectation(*key))
    if match.kind is MatchKind.THEN:
        known[key] = before.completed(now, expect.within)
    elif after := before.heard(
        Heard(mark_of(event.id, event.envelope), event.id, event.envelope, now), now, expect.within
    ):
        known[key] = after


def _missed(known: dict[tuple[str, str], Expectation], now: datetime, rules: RuleSet, *, found: bool) -> Matches:
    """End what is due; return what the rules fire with."""
    fired: Matches = []
    due = sorted((one.due_at, key) for key, one in known.items() if one.due_at is not None and one.due_at <= now)
    for _, key in due:
        one, rule = known[key], rules.get(key[0])
        if rule is None or rule.expect is None:
            continue
        there = found and rule.expect.unless is not None
        known[key] = one.settled(fired=not there)
        if not there:
            envelope = dict(one.envelope or {})
            fired.append((Event(one.event_id or "", envelope), missed(rule, one.key, envelope)))
    return fired
