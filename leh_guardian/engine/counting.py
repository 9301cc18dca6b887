"""Owns what events mean to window rules (inside T1): they are counted, and too much sets the rule off; the one rule: under its lock.

So what two replicas count at the same time is seen together by the later one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from leh_guardian.engine.changes import Changes
from leh_guardian.engine.matched import Matched
from leh_guardian.model.event import Event
from leh_guardian.model.journal import Kind
from leh_guardian.model.mode import Mode
from leh_guardian.model.window import counted, peak
from leh_guardian.rules.ruleset import MatchKind, Rule, Window, too_much
from leh_guardian.store import counters
from leh_guardian.store.counters import Counted
from leh_guardian.store.transaction import Transaction

_SLACK: Final = timedelta(hours=1)
"""Beyond a window's length, for what comes late."""


async def take_in(
    tx: Transaction, changes: Changes, modes: Mapping[str, Mode], batch: Sequence[Matched]
) -> list[Matched]:
    """Count the events of window rules, whose rules are locked; return what the rules fire with, one for each key."""
    rules: defaultdict[str, list[Matched]] = defaultdict(list)
    for matched in batch:
        rule = matched.match.rule
        if matched.match.kind is not MatchKind.COUNT:
            continue
        if modes.get(rule.id, rule.mode) is Mode.OFF:
            changes.count(Kind.RULE_OFF, rule.id, "the rule's mode is off")
        else:
            rules[rule.id].append(matched)
    fired: list[Matched] = []
    for found in rules.values():
        rule = found[0].match.rule
        if rule.window is not None:
            fired += await _count(tx, changes, rule, rule.window, found)
    return fired


async def _count(tx: Transaction, changes: Changes, rule: Rule, window: Window, batch: list[Matched]) -> list[Matched]:
    series, limit = window.series(rule.id), window.limit
    touched: defaultdict[str, list[datetime]] = defaultdict(list)
    last: dict[str, Matched] = {}
    added: list[Counted] = []
    for matched in batch:
        key = matched.match.dedup_key
        amount = window.amount(matched.event.envelope, matched.happened(changes.now))
        if amount is None:
            changes.count(Kind.NOT_COUNTED, rule.id, f"no amount of {window}")
            continue
        added.append(Counted(series, key, amount, changes.now + limit.over + _SLACK))
        touched[key].append(amount.at)
        last[key] = matched
    await counters.add(tx, added)
    spans = {key: (min(at) - limit.over, max(at) + limit.over) for key, at in touched.items()}
    held = await counters.crowded(tx, series, spans, limit.bound, distinct=limit.tells_apart) if spans else {}
    fired: list[Matched] = []
    for key, amounts in held.items():
        value = peak(limit, amounts, touched[key])
        if limit.exceeded(value):
            envelope = counted(last[key].event.envelope, limit, key, value)
            event = Event(last[key].event.id, envelope)
            fired.append(replace(last[key], event=event, match=too_much(rule, key, envelope)))
    return fired
