"""Owns durable timers; the one rule: a timer is taken and applied in one transaction, so it fires once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from leh_guardian.model.timer import TimerKind
from leh_guardian.store.transaction import Transaction


async def set_timers(tx: Transaction, timers: Sequence[tuple[UUID, TimerKind, datetime]]) -> None:
    """Set one timer per (incident, kind), moving one that is set already."""
    if timers:
        latest = {(incident_id, kind): due_at for incident_id, kind, due_at in timers}
        await tx.execute(
            "insert into timers (incident_id, kind, due_at) select * from unnest($1::uuid[], $2::text[], $3::timestamptz[])"
            " on conflict (incident_id, kind) do update set due_at = excluded.due_at",
            [incident_id for incident_id, _ in latest],
            [kind.value for _, kind in latest],
            list(latest.values()),
        )


async def clear_timers(tx: Transaction, timers: Sequence[tuple[UUID, TimerKind]]) -> None:
    """Take timers away."""
    if timers:
        await tx.execute(
            "delete from timers t using unnest($1::uuid[], $2::text[]) u(incident_id, kind)"
            " where t.incident_id = u.incident_id and t.kind = u.kind",
            [incident_id for incident_id, _ in timers],
            [kind.value for _, kind in timers],
        )


async def take_due(tx: Transaction, now: datetime) -> tuple[UUID, TimerKind, datetime] | None:
    """Take one due timer that no other replica is applying, with when it was due; None when there is none.

    Raises:
        ValueError: a newer program set a kind that this one does not know.
    """
    # The incident's row before the timer's, as everywhere: whoever answers an incident moves its timers under its lock.
    row = await tx.fetchrow(
        "with due as (select t.id from timers t join incidents i on i.id = t.incident_id"
        " where t.due_at <= $1 and t.kind = any($2::text[]) order by t.due_at, t.id limit 1 for update of i skip locked)"
        " delete from timers t using due where t.id = due.id and t.due_at <= $1 returning t.incident_id, t.kind, t.due_at",
        now,
        [kind.value for kind in TimerKind],
    )
    return (row["incident_id"], TimerKind(row["kind"]), row["due_at"]) if row else None
