"""Owns what is asked about use; the one rule: amounts are in `counters`, as `usage/{scope}/{unit}`, by minute, later by hour.

Each model is a member of its own. What is asked about limits sums over them; what was counted before models were has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from leh_guardian.model.spend.hourly import Before
from leh_guardian.model.spend.limits import Scope, Unit
from leh_guardian.store.transaction import Transaction

ALARMS: Final = "usage/case/alarm"
"""The series of hours in which a case's limit was crossed: they teach nothing."""
TOLD: Final = "usage/told"
"""The series of what the worker itself told of, in attempts."""
_HOUR: Final = "date_trunc('hour', at at time zone 'utc') at time zone 'utc'"


def series(scope: Scope, unit: Unit) -> str:
    """Return the name of a series."""
    return f"usage/{scope}/{unit}"


async def hours(tx: Transaction, case_id: str, since: datetime, until: datetime) -> list[Decimal]:
    """Return the tokens of a case in each of its active hours, but for hours with an alarm."""
    rows = await tx.fetch(
        f"select sum(amount) as amount from counters where series = $1 and key = $2 and at >= $3 and at < $4 and {_HOUR} not in"
        f" (select {_HOUR} from counters where series = $5 and key = $2 and at >= $3 - interval '1 hour' and at < $4)"
        f" group by {_HOUR} having sum(amount) > 0",
        series(Scope.CASE, Unit.TOKENS),
        case_id,
        since,
        until,
        ALARMS,
    )
    return [row["amount"] for row in rows]


async def cohort(tx: Transaction, since: datetime, until: datetime, least: int) -> Decimal | None:
    """Return the tokens that one in a thousand active hours of a case exceeds; None where fewer than `least` hours are known."""
    row: Any = await tx.fetchrow(
        f"select count(*) as hours, percentile_disc(0.999) within group (order by amount) as quantile from (select sum(amount)"
        f" as amount from counters where series = $1 and at >= $2 and at < $3 group by key, {_HOUR} having sum(amount) > 0) h",
        series(Scope.CASE, Unit.TOKENS),
        since,
        until,
    )
    return row["quantile"] if row["hours"] >= least else None


async def active(tx: Transaction, since: datetime) -> int:
    """Return how many cases have used anything since."""
    return int(
        await tx.fetchval(
            "select count(distinct key) from counters where series = $1 and at >= $2",
            series(Scope.CASE, Unit.ATTEMPTS),
            since,
        )
    )


async def told(tx: Transaction, since: datetime) -> bool:
    """Tell whether the worker itself told of use since."""
    return bool(await tx.fetchval("select exists (select 1 from counters where series = $1 and at >= $2)", TOLD, since))


async def used_since(tx: Transaction, scope: Scope, key: str, since: datetime) -> Mapping[Unit, Decimal]:
    """Return what was used since an instant, to the minute."""
    rows = await tx.fetch(
        "select series, sum(amount) as amount from counters where series = any($1::text[]) and key = $2 and at >= $3"
        " group by series",
        [series(scope, unit) for unit in Unit],
        key,
        since,
    )
    found = {row["series"]: row["amount"] for row in rows}
    return {unit: found.get(series(scope, unit), Decimal(0)) for unit in Unit}


async def used_between(
    tx: Transaction, scope: Scope, key: str, since: datetime, until: datetime
) -> Mapping[Unit, Decimal]:
    """Return what was used from an instant until before another, to the minute; to the hour where minutes were made hours of."""
    rows = await tx.fetch(
        "select series, sum(amount) as amount from counters where series = any($1::text[]) and key = $2 and at >= $3"
        " and at < $4 group by series",
        [series(scope, unit) for unit in Unit],
        key,
        since,
        until,
    )
    found = {row["series"]: row["amount"] for row in rows}
    return {unit: found.get(series(scope, unit), Decimal(0)) for unit in Unit}


async def models_between(
    tx: Transaction, scope: Scope, key: str, since: datetime, until: datetime
) -> Mapping[str, Mapping[Unit, Decimal]]:
    """Return what was used by each model, the dearest first, otherwise as `used_between`; "" is what names none."""
    rows = await tx.fetch(
        "select member, coalesce(sum(amount) filter (where series = $1), 0) as tokens,"
        " coalesce(sum(amount) filter (where series = $2), 0) as usd,"
        " coalesce(sum(amount) filter (where series = $3), 0) as attempts from counters where series in ($1, $2, $3)"
        " and key = $4 and at >= $5 and at < $6 group by member order by usd desc, tokens desc, member",
        *(series(scope, unit) for unit in (Unit.TOKENS, Unit.USD, Unit.ATTEMPTS)),
        key,
        since,
        until,
    )
    return {row["member"]: {unit: row[unit.value] for unit in Unit} for row in rows}


async def near(
    tx: Transaction, since: datetime, hour: datetime, until: datetime, least: Mapping[Unit, Decimal]
) -> dict[tuple[str, int], Before]:
    """Return {(case, version of its circuit): what it used} of the cases that used `least` of something before `hour`.

    Only those whose circuit is closed; what was accepted when it closed is left out.
    """
    rows = await tx.fetch(
        "select key, version, coalesce(sum(amount) filter (where tokens and at < $4), 0) as tokens_before,"
        " coalesce(sum(amount) filter (where not tokens and at < $4), 0) as usd_before,"
        " coalesce(sum(amount) filter (where tokens), 0) as tokens_all,"
        " coalesce(sum(amount) filter (where not tokens), 0) as usd_all"
        " from (select c.key, c.at, c.amount, c.series = $1 as tokens, coalesce(k.version, 0) as version from counters c"
        " left join circuits k on k.scope = 'case' and k.key = c.key where c.series in ($1, $2) and c.at >= $3 and c.at <= $5"
        " and coalesce(k.state, 'closed') = 'closed' and (k.cleared_at is null or c.at > date_trunc('second', k.cleared_at))) u"
        " group by key, version having coalesce(sum(amount) filter (where tokens and at < $4), 0) >= $6"
        " or coalesce(sum(amount) filter (where not tokens and at < $4), 0) >= $7",
        series(Scope.CASE, Unit.TOKENS),
        series(Scope.CASE, Unit.USD),
        since,
        hour,
        until,
        least.get(Unit.TOKENS, Decimal("infinity")),
        least.get(Unit.USD, Decimal("infinity")),
    )
    return {
        (row["key"], row["version"]): Before(
            {Unit.TOKENS: row["tokens_before"], Unit.USD: row["usd_before"]},
            {Unit.TOKENS: row["tokens_all"], Unit.USD: row["usd_all"]},
        )
        for row in rows
    }


async def top(tx: Transaction, scope: Scope, since: datetime, limit: int) -> list[dict[str, Any]]:
    """Return who has used most since an instant, in USD, then in tokens."""
    rows = await tx.fetch(
        "select key, coalesce(sum(amount) filter (where series = $2), 0) as usd,"
        " coalesce(sum(amount) filter (where series = $1), 0) as tokens,"
        " coalesce(sum(amount) filter (where series = $3), 0) as attempts from counters"
        " where series in ($1, $2, $3) and at >= $4 group by key order by usd desc, tokens desc, key limit $5",
        *(series(scope, unit) for unit in (Unit.TOKENS, Unit.USD, Unit.ATTEMPTS)),
        since,
        limit,
    )
    return [dict(row) for row in rows]


async def compact(tx: Transaction, before: datetime, portion: int) -> int:
    """Make hours of the minutes of use before an instant, at most `portion` of them; returns how many minutes went."""
    return int(
        await tx.fetchval(
            f"with old as (delete from counters where ctid = any(array(select ctid from counters where series like 'usage/%'"
            f" and at < $1 and at <> {_HOUR} limit $2 for update skip locked)) returning *),"
            f" hours as (insert into counters as c (series, key, at, member, amount, keep_until) select series, key, {_HOUR},"
            " member, sum(amount), max(keep_until) from old group by 1, 2, 3, 4 on conflict (series, key, at, member) do update"
            " set amount = c.amount + excluded.amount, keep_until = greatest(c.keep_until, excluded.keep_until))"
            " select count(*) from old",
            before,
            portion,
        )
    )
