"""Owns what events mean to absence rules (inside T1): they begin or complete an expectation; the one rule: no journal line for each.

Ten thousand uploads an hour that all finish are no news: the metrics count them. What was missed, and what only the last look
found, is journalled (engine/absence.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from leh_guardian.engine.changes import Changes
from leh_guardian.engine.matched import Matched
from leh_guardian.model.expectation import Expectation, Heard, mark_of
from leh_guardian.model.journal import Kind
from leh_guardian.model.mode import Mode
from leh_guardian.model.text import storable_key
from leh_guardian.rules.ruleset import Expect, MatchKind
from leh_guardian.store import expectations
from leh_guardian.store.incidents import RuleKey
from leh_guardian.store.transaction import Transaction


async def take_in(
    tx: Transaction, changes: Changes, modes: Mapping[str, Mode], batch: Sequence[Matched]
) -> list[Matched]:
    """Apply the events of absence rules, under their rules' locks; returns the OKs of incidents that are late and not lost."""
    heard = [(matched, matched.match.rule.expect) for matched in batch if matched.match.rule.expect is not None]
    known = await expectations.lock(tx, {matched.key for matched, _ in heard}) if heard else {}
    late: list[Matched] = []
    for matched, expect in heard:
        if matched.match.kind is MatchKind.AFTER:
            _begin(changes, known, modes, matched, expect)
        elif matched.match.kind is MatchKind.THEN and _complete(changes, known, matched, expect):
            late.append(replace(matched, match=replace(matched.match, kind=MatchKind.RESOLVE)))
    return late


def _begin(
    changes: Changes,
    known: dict[RuleKey, Expectation],
    modes: Mapping[str, Mode],
    matched: Matched,
    expect: Expect,
) -> None:
    rule, event = matched.match.rule, matched.event
    if modes.get(rule.id, rule.mode) is Mode.OFF:
        changes.count(Kind.RULE_OFF, rule.id, "the rule's mode is off")
        return
    event_id = storable_key(event.id)
    after = Heard(mark_of(event_id, event.envelope), event_id, event.envelope, matched.happened(changes.now))
    before = known.get(matched.key, Expectation(*matched.key))
    now = before.heard(after, changes.now, expect.within)
    if now is None:
        changes.heard["repeated"] += 1
        return
    known[matched.key] = changes.expectations[matched.key] = now
    changes.heard["expected" if now.open else "completed"] += 1


def _complete(changes: Changes, known: dict[RuleKey, Expectation], matched: Matched, expect: Expect) -> bool:
    """Apply a completion; returns whether the rule has fired for want of it."""
    rule = matched.match.rule
    if not matched.match.dedup_key:
        changes.count(Kind.NO_KEY, rule.id, f"`then` matches, and `by` ({expect.by_then.text}) finds nothing in it")
        return False
    before = known.get(matched.key, Expectation(*matched.key))
    now = before.completed(matched.happened(changes.now), expect.within)
    known[matched.key] = changes.expectations[matched.key] = now
    if before.mark is None:
        changes.heard["early"] += 1
    elif before.open and not now.open:
        changes.heard["completed"] += 1
    # With a `dedup` of its own the incident may be about others as well.
    return before.fired and not now.fired and rule.dedup is None
