"""Owns what the audit of calls asks; the one rule: it finds what is lost, whoever lost it, and changes nothing.

An open incident whose people are to be called has a timer that goes on with it, or a message in flight. Both statements go by
indexes over what is open: they cost the same after a year as on the first day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from leh_guardian.model.timer import TimerKind
from leh_guardian.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Overdue:
    """What should have happened by now."""

    timers: int = 0
    oldest_timer: datetime | None = None
    """When the one that waits longest was due."""
    messages: int = 0
    oldest_message: datetime | None = None
    """When the one that waits longest was due to go out."""


async def unattended(
    tx: Transaction, now: datetime, late: datetime, limit: int, among: Sequence[UUID] | None = None
) -> list[tuple[UUID, TimerKind]]:
    """Return open incidents that nothing goes on with, and the timer that each lacks; those of `among` alone if given.

    A message counts as in flight if it was due between `late` and `now`, or runs under a lease: one that is for later does not, for
    it would be the last. An acknowledgement whose policy lets it hold for ever needs no timer, nor does an incident whose policy has
    come to its end.
    """
    rows = await tx.fetch(_UNATTENDED, late, limit, None if among is None else list(among), now)
    return [(row["id"], TimerKind(row["lacks"])) for row in rows]


_UNATTENDED = """
select o.id, o.lacks from (
    select i.id, case i.status when 'triggered' then 'escalate' when 'snoozed' then 'snooze' else 'unack' end as lacks
    from incidents i
    where i.status <> 'resolved' and i.escalation is not null and ($3::uuid[] is null or i.id = any($3))
      and case i.status
          when 'acknowledged' then i.policy->'ack'->'timeout'->>i.severity is not null
          when 'triggered' then (i.escalation->>'step')::int < json_array_length(i.policy->'steps') - 1
              or i.policy->'after_last'->>'times' is null or i.escalation->>'pending' is not null
              or (i.escalation->>'repeats')::int < (i.policy->'after_last'->>'times')::int
          else true end) o
where not exists (select 1 from timers t where t.incident_id = o.id and t.kind = o.lacks)
  and (o.lacks <> 'escalate' or not exists (
      select 1 from actions a where a.incident_id = o.id and a.role = 'tell' and a.status in ('scheduled', 'waiting', 'running')
        and case a.status when 'running' then a.lease_until > clock_timestamp() else a.due_at between $1 and $4 end))
order by o.id limit $2
"""


async def overdue(tx: Transaction, late: datetime) -> Overdue:
    """Return what was due before `late` and has not happened: timers of any kind, and messages that nobody has taken up."""
    row = await tx.fetchrow(
        "select t.n as timers, t.oldest as oldest_timer, m.n as messages, m.oldest as oldest_message"
        " from (select count(*) as n, min(due_at) as oldest from timers where due_at < $1 and kind = any($2::text[])) t,"
        " (select count(*) as n, min(due_at) as oldest from actions where role = 'tell' and due_at < $1"
        " and (status in ('scheduled', 'waiting')"
        "  or status = 'running' and lease_until < clock_timestamp() - interval '2 minutes')) m",
        late,
        # Those of a newer program are its own to fire.
        [kind.value for kind in TimerKind],
    )
    return Overdue(row["timers"], row["oldest_timer"], row["messages"], row["oldest_message"])
