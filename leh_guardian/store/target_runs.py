"""Owns when handlers have run on a target; the one rule: looked at and counted by one statement, which others wait for.

Two replicas that start an action on one target at once are one after the other here: the second finds the row of the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from leh_guardian.model.guards import Budget
from leh_guardian.store.transaction import Transaction


async def take(
    tx: Transaction,
    handler: str,
    target: str,
    action_id: UUID,
    now: datetime,
    budgets: Sequence[Budget],
    *,
    beyond: bool = False,
) -> bool:
    """Count an action as a run on `target` if `budgets` allow one more; False where one of them is spent.

    One that is counted already is allowed and not counted again. `beyond` counts it whatever is spent. What no budget can ask
    about any more is dropped.
    """
    longest = max((budget.per for budget in budgets), default=timedelta(0))
    row = await tx.fetchrow(
        _TAKE,
        handler,
        target,
        action_id,
        now,
        now - longest,
        [budget.max for budget in budgets],
        [now - budget.per for budget in budgets],
        beyond,
    )
    return row is not None


# The condition sees the row as it is once others have let go of it (PostgreSQL, "INSERT", ON CONFLICT DO UPDATE).
_TAKE = """
insert into target_runs as t (handler, target, actions, started_at, newest_at)
    values ($1, $2, array[$3::uuid], array[$4::timestamptz], $4)
on conflict (handler, target) do update set (actions, started_at, newest_at) = (
    select array_agg(k.action order by k.at, k.action), array_agg(k.at order by k.at, k.action), max(k.at) from (
        select u.action, u.at from unnest(t.actions, t.started_at) u(action, at) where u.at > $5 or u.action = $3
        union all select $3, $4 where not $3 = any(t.actions)) k)
where $3 = any(t.actions) or $8 or not exists (
    select from unnest($6::int[], $7::timestamptz[]) b(most, since)
    where (select count(*) from unnest(t.started_at) r(at) where r.at > b.since) >= b.most)
returning true
"""


async def of(tx: Transaction, handler: str, target: str) -> list[datetime]:
    """Return when a handler has run on a target, the oldest first, as far as budgets asked about it."""
    found: list[datetime] | None = await tx.fetchval(
        "select started_at from target_runs where handler = $1 and target = $2", handler, target
    )
    return found or []


async def forget(tx: Transaction, before: datetime) -> int:
    """Drop targets on which nothing has run since; returns how many."""
    return await tx.execute("delete from target_runs where newest_at < $1", before)
