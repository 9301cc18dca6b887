"""Owns what records of use lead to (inside T1): they are counted, and a crossed limit becomes an event; the one rule: rules decide.

A limit that is crossed changes nothing by itself. It is told as an event of guardian's own (`Spend Limit Crossed`), which meets the
same rules as any other, in the same transaction: guards, modes, incidents and actions are as for all that happens.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from leh_guardian.engine.changes import Changes
from leh_guardian.model.event import Event
from leh_guardian.model.journal import Kind
from leh_guardian.model.own_event import own_event
from leh_guardian.model.spend.circuit import Circuit, State
from leh_guardian.model.spend.limits import HISTORY, Budget, Scope, SpendLimit, Tier, Unit, Usual, unlike
from leh_guardian.model.spend.usage import Usage, after, bucket
from leh_guardian.model.window import LONGEST, Amount, Limit, Measure, peak, plain
from leh_guardian.store import circuits, counters, spending
from leh_guardian.store.circuits import Key
from leh_guardian.store.counters import Counted
from leh_guardian.store.transaction import Transaction

DETAIL_TYPE: Final = "Spend Limit Crossed"
_SECOND: Final = timedelta(seconds=1)
_HOUR: Final = timedelta(hours=1)
_KEEP: Final = LONGEST + _HOUR
QUIET: Final = timedelta(minutes=10)
"""How long it is not told again that a limit is crossed while use goes on."""

_REFUSED: Final = SpendLimit(Tier.PARK, Scope.CASE, _HOUR, {})
"""What is crossed when the worker refuses a call: what it has reserved in this hour comes to a limit, its records to follow."""

Used = tuple[datetime, Usage]
"""When, and what."""


@dataclass
class _Counted:
    """What a batch has added."""

    minutes: dict[Key, list[datetime]] = field(default_factory=dict)
    """{whose: the minutes, or parts of one, in which something was used}."""
    newest: dict[Key, datetime] = field(default_factory=dict)
    """{whose: when something was used last}."""
    estimated: dict[Key, set[str]] = field(default_factory=dict)
    """{whose: what some of it was estimated from}."""


@dataclass(frozen=True, slots=True)
class _Crossed:
    """A limit that somebody has crossed."""

    key: Key
    limit: SpendLimit
    amounts: Mapping[Unit, Decimal]
    why: str = ""


async def take_in(tx: Transaction, changes: Changes, budget: Budget, usual: Usual, used: Sequence[Used]) -> list[Event]:
    """Count uses whose events are new; return what they cross, gravest first, each told once in a while."""
    if not used:
        return []
    refused = {(Scope.CASE, usage.case_id): happened for happened, usage in used if usage.refused}
    known = await circuits.of(tx, {key for _, usage in used for key in _whose(usage)})
    counted = await _count(tx, changes, [one for one in used if not one[1].refused], known)
    paused = {key: counted.newest[key] for key in known.keys() & counted.newest.keys() if known[key].state.pauses}
    if paused:
        await circuits.used(tx, paused)
    crossed = [one async for one in _crossed(tx, changes.now, budget, usual, counted, known)]
    # Of a circuit that has moved since, it is old news.
    moved = {key for key, at in refused.items() if key in known and not _holds(known[key], at)}
    spent = refused.keys() - moved
    crossed += [_Crossed(key, _REFUSED, {}) for key in spent]
    gravest: dict[Key, _Crossed] = {}
    for one in sorted(crossed, key=lambda each: each.limit.tier.rank):
        gravest[one.key] = one
    if not gravest:
        return []
    hour = changes.now.replace(minute=0, second=0, microsecond=0)
    alarms = [
        Counted(spending.ALARMS, key, Amount(hour), changes.now + HISTORY + _HOUR)
        for scope, key in gravest
        if scope is Scope.CASE
    ]
    await counters.add(tx, alarms)
    quiet = {(*key, one.limit.tier): _quiet_since(known.get(key), changes.now) for key, one in gravest.items()}
    told = await circuits.newly_told(tx, quiet, changes.now)
    return [
        _event(one, changes.now, counted.estimated.get(one.key))
        for one in gravest.values()
        # Of what is refused there may be no further word.
        if (*one.key, one.limit.tier) in told or one.key in spent
    ]


def _quiet_since(circuit: Circuit | None, now: datetime) -> datetime:
    """Return since when an alarm must have been told for another one to be no news: not before what it led to was over."""
    cleared = circuit.cleared_at if circuit else None
    return max(now - QUIET, min(cleared, now)) if cleared else now - QUIET


def _holds(circuit: Circuit, refused_at: datetime) -> bool:
    """Tell whether a circuit is closed, and was when a call of it was refused."""
    return circuit.state is State.CLOSED and (circuit.since is None or circuit.since <= refused_at)


async def _count(tx: Transaction, changes: Changes, used: Sequence[Used], known: Mapping[Key, Circuit]) -> _Counted:
    found = _Counted()
    rows: list[Counted] = []
    for happened, usage in used:
        amounts = {Unit.TOKENS: Decimal(usage.tokens), Unit.USD: usage.cost, Unit.ATTEMPTS: Decimal(usage.attempts)}
        for scope, key in _whose(usage):
            circuit = known.get((scope, key))
            part = bucket(_let_through(happened, usage, scope, circuit), circuit.cleared_at if circuit else None)
            found.minutes.setdefault((scope, key), []).append(part)
            found.newest[scope, key] = max(happened, found.newest.get((scope, key), happened))
            if usage.estimated:
                found.estimated.setdefault((scope, key), set()).add(usage.estimated_from)
            for unit, amount in amounts.items():
                counted = Amount(part, amount, usage.model)
                rows.append(Counted(spending.series(scope, unit), key, counted, changes.now + _KEEP))
        if not usage.estimated:
            rows.append(Counted(spending.TOLD, "", Amount(bucket(happened, None)), changes.now + _KEEP))
        if not usage.priced:
            changes.count(
                Kind.UNPRICED, "", f"no price for model {usage.model or 'without a name'}: the dearest is taken"
            )
    await counters.add(tx, rows)
    return found


def _let_through(happened: datetime, usage: Usage, scope: Scope, circuit: Circuit | None) -> datetime:
    """Return when use counts: a call that its case's circuit let through before a trial is none of the trial's, however late it ends.

    Workers believe for seconds what they have read, and a call lasts a minute.
    """
    if circuit is None or scope is not Scope.CASE or circuit.state is not State.HALF_OPEN or circuit.cleared_at is None:
        return happened
    before = usage.circuit is not None and usage.circuit < circuit.version
    return min(happened, circuit.cleared_at - _SECOND) if before else happened


def _whose(usage: Usage) -> Iterator[Key]:
    if usage.case_id:
        yield Scope.CASE, usage.case_id
    if usage.user_id:
        yield Scope.USER, usage.user_id
    yield Scope.FLEET, ""


async def _crossed(
    tx: Transaction,
    now: datetime,
    budget: Budget,
    usual: Usual,
    counted: _Counted,
    known: Mapping[Key, Circuit],
) -> AsyncIterator[_Crossed]:
    """Yield the limits that are crossed in any window that something of this batch is in."""
    by_scope: defaultdict[Scope, dict[str, list[datetime]]] = defaultdict(dict)
    for (scope, key), minutes in counted.minutes.items():
        by_scope[scope][key] = minutes
    for limit in budget.limits:
        touched = by_scope.get(limit.scope, {})
        amounts = await _amounts(tx, limit, touched, known)
        for key, found in amounts.items():
            why = ""
            if limit.deviates:
                crossing, why = await _unlike(tx, now, key, touched[key], usual, known)
                if not crossing:
                    continue
            yield _Crossed((limit.scope, key), limit, found, why)


async def _amounts(
    tx: Transaction, limit: SpendLimit, touched: Mapping[str, list[datetime]], known: Mapping[Key, Circuit]
) -> dict[str, dict[Unit, Decimal]]:
    """Return {key: amounts} of those that exceed a limit in all its units."""
    left: dict[str, dict[Unit, Decimal]] = {key: {} for key in touched}
    for unit, most in limit.most.items():
        if not left:
            break
        spans = {key: _span(limit.over, touched[key], known.get((limit.scope, key))) for key in left}
        held = await counters.crowded(tx, spending.series(limit.scope, unit), spans, most, distinct=False)
        window = Limit(Measure.SUM, limit.over, most)
        peaks = {key: peak(window, amounts, touched[key]) for key, amounts in held.items()}
        left = {key: left[key] | {unit: value} for key, value in peaks.items() if window.exceeded(value)}
    return left


def _span(over: timedelta, minutes: Sequence[datetime], circuit: Circuit | None) -> tuple[datetime, datetime]:
    """Return from when to when use is looked at: what was accepted when a circuit closed is not held against anybody again."""
    first, last = min(minutes) - over, max(minutes) + over
    if circuit is not None and circuit.cleared_at is not None:
        first = max(first, after(circuit.cleared_at))
    return first, last


async def _unlike(
    tx: Transaction,
    now: datetime,
    case_id: str,
    minutes: Sequence[datetime],
    usual: Usual,
    known: Mapping[Key, Circuit],
) -> tuple[bool, str]:
    window = Limit(Measure.SUM, _HOUR, Decimal(0))
    span = _span(_HOUR, minutes, known.get((Scope.CASE, case_id)))
    name = spending.series(Scope.CASE, Unit.TOKENS)
    held = await counters.crowded(tx, name, {case_id: span}, Decimal(0), distinct=False)
    hour = peak(window, held.get(case_id, ()), minutes)
    history = await spending.hours(tx, case_id, now - HISTORY, min(minutes) - _HOUR)
    return unlike(hour, history, usual.quantile)


def _event(crossed: _Crossed, now: datetime, estimated: set[str] | None) -> Event:
    scope, key = crossed.key
    limit = crossed.limit
    event_id = f"spend {scope} {key} {limit.tier} {now.isoformat()}"
    detail: dict[str, Any] = {
        "scope": scope.value,
        "key": key,
        "tier": limit.tier.value,
        "limit": str(limit),
        "over": limit.over.total_seconds(),
        **{unit.value: float(amount) for unit, amount in crossed.amounts.items()},
        "reason": ", ".join([f"{plain(amount)} {unit}" for unit, amount in crossed.amounts.items()] + [str(limit)]),
        "estimated": estimated is not None,
        "estimated_from": sorted(estimated or ()),
    }
    if crossed.why:
        detail["unusual"] = crossed.why
    if scope is not Scope.FLEET:
        detail[f"{scope}_id"] = key
    return own_event(event_id, DETAIL_TYPE, now, detail)
