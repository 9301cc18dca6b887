"""Owns the record of circuits; the one rule: a version is written over an older one, or not at all."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from leh_guardian.model.spend.circuit import Circuit, Crowd, State, Verdict
from leh_guardian.model.spend.limits import Scope, Tier
from leh_guardian.store.transaction import Transaction

Key = tuple[Scope, str]
Alarm = tuple[Scope, str, Tier]
_NAMES: Final = (
    "scope key state version tier reason actor since until opens verdict allowance opened_at cleared_at last_use_at asks"
    " cause published tripped_at"
).split()
_COLUMNS: Final = ", ".join(_NAMES)
_SET: Final = ", ".join(f"{name} = ${number}" for number, name in enumerate(_NAMES, 1) if number > 2)


async def get(tx: Transaction, scope: Scope, key: str, *, lock: bool = False) -> Circuit:
    """Return a circuit; one that was never anything but closed has version 0."""
    row = await tx.fetchrow(
        f"select {_COLUMNS} from circuits where scope = $1 and key = $2{' for update' * lock}", scope.value, key
    )
    return _circuit(row) if row else Circuit(scope, key)


async def of(tx: Transaction, keys: Collection[Key]) -> dict[Key, Circuit]:
    """Return the circuits of `keys` that were ever anything but closed."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from circuits join unnest($1::text[], $2::text[]) k(scope, key) using (scope, key)",
        [scope.value for scope, _ in keys],
        [key for _, key in keys],
    )
    return {(Scope(row["scope"]), row["key"]): _circuit(row) for row in rows}


async def listed(tx: Transaction, *, closed: bool = False) -> list[Circuit]:
    """Return the circuits that are not closed, or all that ever were something else; the newest change first."""
    where = "" if closed else " where state <> 'closed'"
    return [_circuit(row) for row in await tx.fetch(f"select {_COLUMNS} from circuits{where} order by since desc, key")]


async def follow(tx: Transaction, circuit: Circuit) -> bool:
    """Write `circuit` over an older version; False where there is none older."""
    values = [
        circuit.scope.value,
        circuit.key,
        circuit.state.value,
        circuit.version,
        circuit.tier and circuit.tier.value,
        circuit.reason,
        circuit.actor,
        circuit.since,
        circuit.until,
        circuit.opens,
        circuit.verdict and circuit.verdict.value,
        circuit.allowance,
        circuit.opened_at,
        circuit.cleared_at,
        circuit.last_use_at,
        circuit.asks,
        circuit.cause,
        circuit.published,
        circuit.tripped_at,
    ]
    places = ", ".join(f"${number}" for number in range(1, len(_NAMES) + 1))
    return bool(
        await tx.execute(
            f"insert into circuits as c ({_COLUMNS}) values ({places}) on conflict (scope, key) do update set {_SET}"
            " where c.version < $4",
            *values,
        )
    )


async def unpublished(tx: Transaction) -> list[Circuit]:
    """Return the circuits of which the worker reads an older version."""
    rows = await tx.fetch(f"select {_COLUMNS} from circuits where published < version order by since limit 100")
    return [_circuit(row) for row in rows]


async def take_untold(tx: Transaction) -> list[Circuit]:
    """Return circuits whose newest version rules have not heard of, and remember that they now do."""
    rows = await tx.fetch(
        "update circuits set told = version where (scope, key) in (select scope, key from circuits where told < version"
        f" order by scope, key limit 100 for update skip locked) returning {_COLUMNS}"
    )
    return sorted(map(_circuit, rows), key=lambda one: (one.scope, one.key))


async def published(tx: Transaction, scope: Scope, key: str, version: int) -> None:
    """Remember that the worker can read a version."""
    await tx.execute(
        "update circuits set published = greatest(published, $3) where scope = $1 and key = $2",
        scope.value,
        key,
        version,
    )


async def used(tx: Transaction, newest: Mapping[Key, datetime]) -> None:
    """Remember when something was used last, of the circuits that are open."""
    ordered = sorted(newest)
    await tx.execute(
        "update circuits c set last_use_at = greatest(c.last_use_at, o.at) from (select scope, key, k.at from circuits join"
        " unnest($1::text[], $2::text[], $3::timestamptz[]) k(scope, key, at) using (scope, key)"
        " where state in ('open', 'forced_open') order by scope, key for update of circuits) o"
        " where c.scope = o.scope and c.key = o.key",
        [scope.value for scope, _ in ordered],
        [key for _, key in ordered],
        [newest[key] for key in ordered],
    )


async def crowd(tx: Transaction, lately: datetime) -> Crowd:
    """Return how many circuits of cases and accounts are open by themselves, and how many guardian has opened since `lately`."""
    row: Any = await tx.fetchrow(
        "select count(*) filter (where actor = 'guardian' and state in ('open', 'half_open')) as open,"
        " count(*) filter (where tripped_at > $1) as opened"
        " from circuits where scope <> 'fleet' and (state <> 'closed' or tripped_at > $1)",
        lately,
    )
    return Crowd(row["open"], row["opened"])


async def newly_told(tx: Transaction, alarms: Mapping[Alarm, datetime], now: datetime) -> set[Alarm]:
    """Return the alarms that were not told since the instant beside each, and remember that they are told now."""
    ordered = sorted(alarms)
    rows = await tx.fetch(
        "with u as (select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) u(s, k, t, since))"
        " insert into spend_alarms as a (scope, key, tier, told_at) select s, k, t, $5 from u"
        " on conflict (scope, key, tier) do update set told_at = excluded.told_at"
        " where a.told_at < (select since from u where (s, k, t) = (a.scope, a.key, a.tier))"
        " returning scope, key, tier",
        [scope.value for scope, _, _ in ordered],
        [key for _, key, _ in ordered],
        [tier.value for _, _, tier in ordered],
        [alarms[one] for one in ordered],
        now,
    )
    return {(Scope(row["scope"]), row["key"], Tier(row["tier"])) for row in rows}


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Drop what was told before, and closed circuits of long ago, at most `portion` of each; returns how many."""
    told = await tx.execute(
        "delete from spend_alarms where ctid = any(array(select ctid from spend_alarms where told_at < $1 limit $2))",
        before,
        portion,
    )
    return told + await tx.execute(
        "delete from circuits where ctid = any(array(select ctid from circuits where state = 'closed' and since < $1"
        " and published = version limit $2 for update skip locked))",
        before,
        portion,
    )


def _circuit(row: Any) -> Circuit:
    return Circuit(
        scope=Scope(row["scope"]),
        key=row["key"],
        state=State(row["state"]),
        version=row["version"],
        tier=Tier(row["tier"]) if row["tier"] else None,
        reason=row["reason"],
        actor=row["actor"],
        since=row["since"],
        until=row["until"],
        opens=row["opens"],
        verdict=Verdict(row["verdict"]) if row["verdict"] else None,
        allowance=row["allowance"],
        opened_at=row["opened_at"],
        cleared_at=row["cleared_at"],
        last_use_at=row["last_use_at"],
        asks=row["asks"],
        cause=row["cause"],
        published=row["published"],
        tripped_at=row["tripped_at"],
    )
