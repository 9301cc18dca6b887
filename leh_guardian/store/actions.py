"""Owns action rows under work: claim, renew, checkpoint, settle; the one rule: only the attempt that holds the lease writes.

Leases compare this server's own clock (`clock_timestamp()`), here and nowhere else. The kill switch is part of the claim
statement and of every checkpoint, so it is effective on every replica within one attempt.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from leh_guardian.errors import LeaseLost, StoreError
from leh_guardian.model.action import ActionStatus, ClaimedAction, NewAction, Role
from leh_guardian.model.mode import Mode
from leh_guardian.model.text import dump_json, storable
from leh_guardian.store.transaction import Transaction

LEASE_SECONDS = 30.0

_COLUMNS = (
    "id incident_id run role step_id step_index handler params mode_rank changes retryable status due_at serialize_key timeout"
    " attempts backoff deadline outcome created_at updated_at approved_by"
).split()

# How far an action may go now: the lowest of its rule's mode, the switch for everything, the switch for its handler and
# this process's own setting ($1). What changes nothing is held back only by its handler's switch, and guardian's own
# messages by none: nothing may happen that nobody can be told of.
_RANK = """case when a.role = 'tell' then 3 when a.changes then least(a.mode_rank, $1::int,
        coalesce((select mode_rank from control where scope = '*'), 3),
        coalesce((select mode_rank from control where scope = a.handler), 3))
    else case when coalesce((select mode_rank from control where scope = a.handler), 3) = 0 then 0 else 3 end end"""

# The predicate of the unique index actions_serialized, in the same words.
_STARTED = "(o.status in ('running', 'waiting') or (o.status in ('scheduled', 'proposed') and o.attempt > 0))"

# What has begun in earnest is not tried out half-way: a dry run would end it as done with its rest undone.
_BEGUN = "(a.attempt > 0 and not a.dry_run)"


def lease_seconds(given: float | None) -> float:
    """Return how long a lease lasts that is asked for with these seconds, or none in particular."""
    return LEASE_SECONDS if given is None else given


async def insert(tx: Transaction, now: datetime, run: Mapping[UUID, int], new: Sequence[NewAction]) -> None:
    """Store planned actions; `run` gives each incident's present run. One that is planned already is left alone."""
    if not new:
        return
    types = (
        "uuid uuid int text text int text json int boolean boolean text timestamptz text float8 int float8 timestamptz json"
        " timestamptz timestamptz text"
    ).split()
    casts = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(types, 1))
    rows = [_row(now, run[action.incident_id], action) for action in new]
    await tx.execute(
        f"insert into actions ({', '.join(_COLUMNS)}) select * from unnest({casts}) on conflict (id) do nothing",
        *map(list, zip(*rows, strict=True)),
    )


def _row(now: datetime, run: int, a: NewAction) -> tuple[Any, ...]:
    return (
        a.id,
        a.incident_id,
        run,
        a.role.value,
        a.step_id,
        a.step_index,
        a.handler,
        dump_json(dict(a.params)),
        a.mode.rank,
        a.changes,
        a.retryable,
        a.status.value,
        a.due_at,
        a.serialize_key,
        a.timeout,
        a.attempts,
        a.backoff,
        a.deadline,
        dump_json(dict(a.outcome)) if a.outcome is not None else None,
        now,
        now,
        a.approved_by,
    )


async def hold_back(tx: Transaction, now: datetime, own_mode: Mode) -> list[tuple[UUID, UUID, Mode]]:
    """Mark due actions that the present modes keep from starting, or from going on after a wait or a loss.

    Returns (action, incident, mode) of those newly marked: proposed for approval, or held at off or (begun) at observe.
    """
    rows = await tx.fetch(_HOLD_BACK, own_mode.rank, now)
    return [(row["id"], row["incident_id"], list(Mode)[row["rank"]]) for row in rows]


# Incidents are locked before their actions, as everywhere; those that are busy are looked at again at the next claim.
# A lost attempt that may not be repeated is the claim's: it ends without an effect, whatever the mode.
_HOLD_BACK = f"""
with due as (
    select a.id, a.incident_id, a.status, a.attempt, {_RANK} as rank from actions a
    where (a.status in ('scheduled', 'waiting') and a.due_at <= $2
           or a.status = 'running' and a.lease_until < clock_timestamp() and a.retryable)
      and (a.held is null and ({_RANK} = 0 or {_RANK} = 1 and {_BEGUN}) or {_RANK} = 2 and a.approved_by is null)
    limit 100),
free as (
    select id from incidents where id in (select incident_id from due) and status <> 'resolved'
    order by id for update skip locked)
update actions a set
    status = case when due.rank = 2 then 'proposed' when a.status = 'running' then 'scheduled' else a.status end,
    losses = a.losses + (a.status = 'running')::int, lease_until = null,
    held = case due.rank when 0 then 'off' when 1 then 'observe' end, updated_at = $2
from due join free on free.id = due.incident_id
where a.id = due.id and a.status = due.status and a.attempt = due.attempt
returning a.id, a.incident_id, due.rank
"""


async def claim(
    tx: Transaction,
    now: datetime,
    own_mode: Mode,
    owner: str,
    count: int,
    handlers: Sequence[str] | None = None,
    lease: float | None = None,
) -> list[ClaimedAction]:
    """Lease up to `count` due actions to `owner`, at most one per serialize key over all replicas.

    `lease` is in seconds, None for the usual ones.

    An action whose lease ran out is claimed again with `lost` set. One whose handler is not among `handlers` is left for
    ten minutes to a replica of the version that has it, then claimed all the same, to be failed where people see it.
    """
    try:
        rows = await tx.fetch(_CLAIM, own_mode.rank, now, count, lease_seconds(lease), owner, handlers)
    except StoreError as error:
        if isinstance(error.__cause__, asyncpg.UniqueViolationError):
            # Another replica started an action of the same key between our look and our update: try again later.
            raise LeaseLost("another replica was quicker") from error
        raise
    return [_claimed(row, lease) for row in rows]


_CLAIM = f"""
with due as materialized (
    select a.id, a.serialize_key, a.due_at, a.created_at, a.step_index, a.attempt, a.status = 'running' as lost, {_RANK} as rank
    from actions a
    where (a.status in ('scheduled', 'waiting') and a.due_at <= $2
           or a.status = 'running' and a.lease_until < clock_timestamp())
      and ({_RANK} = 3 or {_RANK} = 2 and a.approved_by is not null or {_RANK} = 1 and not {_BEGUN}
           or a.status = 'running' and (not a.retryable or exists (
               select 1 from incidents i where i.id = a.incident_id and i.status = 'resolved')))
      and ($6::text[] is null or a.handler = any($6) or a.due_at < $2 - interval '10 minutes')
      and (a.serialize_key is null or not exists (
          select 1 from actions o where o.serialize_key = a.serialize_key and o.id <> a.id and {_STARTED}))
    order by a.due_at, a.created_at, a.step_index
    limit $3 * 4
    for update of a skip locked),
pick as (
    select distinct on (coalesce(serialize_key, id::text)) * from due
    order by coalesce(serialize_key, id::text), attempt > 0 desc, due_at, created_at, step_index),
few as (select * from pick order by due_at, created_at limit $3)
update actions a set status = 'running', attempt = a.attempt + 1, losses = a.losses + few.lost::int, held = null,
    lease_until = clock_timestamp() + make_interval(secs => $4), lease_owner = $5, updated_at = $2,
    dry_run = a.changes and few.rank = 1
from few, incidents i
where a.id = few.id and i.id = a.incident_id
returning a.id, a.incident_id, a.role, a.step_id, a.step_index, a.handler, a.params::text, a.attempt, a.failures, a.losses,
    a.checkpoints::text, a.timeout, a.attempts, a.backoff, a.deadline, a.dry_run, few.lost, a.retryable, a.mode_rank,
    i.status = 'resolved' and a.role <> 'tell' as over, i.rule_id, i.event_id, i.plan::text, i.severity, i.dedup_key, i.opened_at,
    coalesce(i.began_at, i.opened_at) as began_at
"""


async def renew(tx: Transaction, action_id: UUID, attempt: int, lease: float | None = None) -> bool:
    """Lengthen the lease, in one statement; False when the action is locked just now, and nothing was done.

    It lasts `lease` seconds from now, None for the usual ones.

    It never waits for a lock. Most often its own checkpoint or settlement holds that, for as many round trips as it takes;
    renewals that wait for them keep others from being sent. Nobody else claims the action while it is locked.

    Raises:
        LeaseLost: the attempt no longer owns the action.
    """
    row = await tx.fetchrow(_RENEW, action_id, attempt, lease_seconds(lease))
    if not row["owned"]:
        raise LeaseLost
    renewed: bool = row["renewed"]
    return renewed


_RENEW = """
with free as (
    select id from actions where id = $1 and attempt = $2 and status = 'running' for no key update skip locked),
renewed as (
    update actions a set lease_until = clock_timestamp() + make_interval(secs => $3) from free where a.id = free.id returning 1)
select exists (select 1 from actions where id = $1 and attempt = $2 and status = 'running') as owned,
    exists (select 1 from renewed) as renewed
"""


async def checkpoint(tx: Transaction, claimed: ClaimedAction, own_mode: Mode, checkpoints: Mapping[str, Any]) -> bool:
    """Store an attempt's checkpoints and lengthen its lease; returns whether the modes still allow it.

    Raises:
        LeaseLost: the attempt no longer owns the action.
    """
    row = await tx.fetchrow(
        f"update actions a set checkpoints = $4, lease_until = clock_timestamp() + make_interval(secs => $5)"
        f" where a.id = $2 and a.attempt = $3 and a.status = 'running'"
        f" returning {_RANK} as rank, a.approved_by is not null as approved",
        own_mode.rank,
        claimed.id,
        claimed.attempt,
        dump_json(dict(checkpoints)),
        lease_seconds(claimed.lease),
    )
    if row is None:
        raise LeaseLost
    allowed: int = row["rank"]
    if claimed.dry_run:
        return allowed >= Mode.OBSERVE.rank
    return allowed == Mode.ACT.rank or (allowed == Mode.PROPOSE.rank and row["approved"])


async def settle(
    tx: Transaction,
    claimed: ClaimedAction,
    now: datetime,
    status: ActionStatus,
    outcome: Mapping[str, Any],
    *,
    due_at: datetime | None = None,
    failures: int | None = None,
) -> None:
    """End an attempt.

    Raises:
        LeaseLost: another attempt owns the action now; nothing was written.
    """
    owned = await tx.execute(
        "update actions set status = $3, outcome = $4, due_at = coalesce($5, due_at), failures = coalesce($6, failures),"
        " lease_until = null, updated_at = $7 where id = $1 and attempt = $2 and status = 'running'",
        claimed.id,
        claimed.attempt,
        status.value,
        dump_json(dict(outcome)),
        due_at,
        failures,
        now,
    )
    if not owned:
        raise LeaseLost


async def facts(tx: Transaction, incident_id: UUID, run: int) -> dict[str, Any]:
    """Return {step id: facts} of the run's settled steps."""
    rows = await tx.fetch(
        "select step_id, outcome::text from actions where incident_id = $1 and run = $2 and role = 'step'"
        " and outcome is not null and status not in ('running', 'scheduled', 'waiting', 'proposed')",
        incident_id,
        run,
    )
    return {row["step_id"]: json.loads(row["outcome"]).get("facts", {}) for row in rows}


async def ran_dry(tx: Transaction, incident_id: UUID, run: int) -> bool:
    """Tell whether a step of the run was only tried out, whoever lowered the mode."""
    found = await tx.fetchval(
        "select exists (select 1 from actions where incident_id = $1 and run = $2 and role = 'step' and dry_run)",
        incident_id,
        run,
    )
    return bool(found)


async def open_actions(tx: Transaction, incident_id: UUID) -> list[Any]:
    """Return the unsettled actions of an incident that are part of its remedy: id, role, status, attempt."""
    return await tx.fetch(
        "select id, role, status, attempt from actions where incident_id = $1 and role in ('step', 'verify')"
        " and status in ('proposed', 'scheduled', 'running', 'waiting') order by created_at for update",
        incident_id,
    )


async def busy(tx: Transaction, incident_ids: Sequence[UUID]) -> set[UUID]:
    """Return those incidents whose remedy has unsettled actions."""
    rows = await tx.fetch(
        "select distinct incident_id from actions where incident_id = any($1::uuid[]) and role in ('step', 'verify')"
        " and status in ('proposed', 'scheduled', 'running', 'waiting')",
        list(incident_ids),
    )
    return {row["incident_id"] for row in rows}


async def at_work(tx: Transaction, incident_id: UUID, now: datetime) -> bool:
    """Tell whether the incident's remedy is really under way: it runs under a lease, waits, or is about to start."""
    found = await tx.fetchval(
        "select exists (select 1 from actions where incident_id = $1 and role in ('step', 'verify') and held is null"
        " and (status = 'waiting' or status = 'running' and lease_until > clock_timestamp() - interval '1 minute'"
        " or status = 'scheduled' and due_at > $2::timestamptz - interval '1 minute'))",
        incident_id,
        now,
    )
    return bool(found)


async def withdraw(tx: Transaction, now: datetime, action_ids: Sequence[UUID], reason: str) -> None:
    """Skip actions that no attempt is running and that are not needed any more."""
    await tx.execute(
        "update actions set status = 'skipped', outcome = $3, updated_at = $2"
        " where id = any($1::uuid[]) and status in ('proposed', 'scheduled', 'waiting')",
        list(action_ids),
        now,
        dump_json({"result": "skipped", "summary": reason}),
    )


async def incident_of(tx: Transaction, action_id: UUID) -> UUID | None:
    """Return the incident of an action, None for an unknown one."""
    incident: UUID | None = await tx.fetchval("select incident_id from actions where id = $1", action_id)
    return incident


async def decided(tx: Transaction, action_id: UUID) -> tuple[ActionStatus, str] | None:
    """Return an action's status and who approved it, None for an unknown one."""
    row = await tx.fetchrow("select status, coalesce(approved_by, '') as by from actions where id = $1", action_id)
    return (ActionStatus(row["status"]), row["by"]) if row else None


async def decide(tx: Transaction, action_id: UUID, now: datetime, who: str, *, approve: bool) -> bool:
    """Answer a proposal; False when it is not (or no longer) waiting for an answer. The incident is locked already."""
    answered = await tx.execute(
        "update actions set status = case when $4 then 'scheduled' else 'rejected' end, due_at = $2, updated_at = $2,"
        " approved_by = case when $4 then $3 end, outcome = case when $4 then outcome else $5::json end"
        " where id = $1 and status = 'proposed'",
        action_id,
        now,
        storable(who),
        approve,
        dump_json({"result": "rejected", "summary": f"rejected by {who}"}),
    )
    return answered > 0


def _claimed(row: Any, lease: float | None) -> ClaimedAction:
    plan = json.loads(row["plan"])
    return ClaimedAction(
        id=row["id"],
        incident_id=row["incident_id"],
        role=Role(row["role"]),
        step_id=row["step_id"],
        step_index=row["step_index"],
        handler=row["handler"],
        params=json.loads(row["params"]),
        attempt=row["attempt"],
        failures=row["failures"],
        losses=row["losses"],
        checkpoints=json.loads(row["checkpoints"]),
        timeout=row["timeout"],
        attempts=row["attempts"],
        backoff=row["backoff"],
        deadline=row["deadline"],
        dry_run=row["dry_run"],
        observed=row["mode_rank"] == Mode.OBSERVE.rank,
        lost=row["lost"],
        retryable=row["retryable"],
        over=row["over"],
        rule_id=row["rule_id"],
        event_id=row["event_id"],
        limits=plan["limits"],
        over_budget=plan.get("over_budget", False),
        incident={
            "severity": row["severity"],
            "dedup_key": row["dedup_key"],
            "opened_at": row["opened_at"].isoformat(),
            "began_at": row["began_at"].isoformat(),
        },
        lease=lease,
    )
