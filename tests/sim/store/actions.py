"""Owns the twins of store/actions.py but the claim; the one rule: each does what the statement does, condition by condition."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from leh_guardian.errors import LeaseLost
from leh_guardian.model.action import OPEN, ActionStatus, ClaimedAction, NewAction
from leh_guardian.model.mode import Mode
from leh_guardian.model.text import dump_json, storable
from leh_guardian.store import actions as real
from leh_guardian.store.transaction import Transaction
from tests.sim.store.claims import claim, hold_back, rank, switches
from tests.sim.store.locks import Mode as Lock
from tests.sim.store.pool import statement
from tests.sim.store.tables import ACTIONS, Row
from tests.sim.store.work import Wanted, Work

__all__ = ["claim", "hold_back"]


def _of_remedy(row: Row) -> bool:
    return row["role"] in {"step", "verify"} and row["status"] in OPEN


async def insert(tx: Transaction, now: datetime, run: Mapping[UUID, int], new: Sequence[NewAction]) -> None:
    """Do as the real one."""
    if not new:
        return
    rows = [dict(zip(real._COLUMNS, real._row(now, run[action.incident_id], action), strict=True)) for action in new]
    async with statement(tx, "actions.insert") as work:
        await work.insert(ACTIONS, rows, spare=ACTIONS.primary)


async def _attempts(work: Work, action_id: UUID, wanted: Wanted) -> list[Row]:
    return await work.locked(ACTIONS, work.find(ACTIONS, action_id), wanted, mode=Lock.NO_KEY_UPDATE)


def _lease(work: Work, lease: float | None) -> datetime:
    return work.database.now() + timedelta(seconds=real.lease_seconds(lease))


async def renew(tx: Transaction, action_id: UUID, attempt: int, lease: float | None = None) -> bool:
    """Do as the real one."""

    def own(a: Row) -> bool:
        return bool(a["attempt"] == attempt and a["status"] == "running")

    async with statement(tx, "actions.renew") as work:
        seen = work.find(ACTIONS, action_id)
        free = await work.locked(ACTIONS, seen, own, mode=Lock.NO_KEY_UPDATE, skip=True)
        for row in free:
            await work.update(ACTIONS, row, lease_until=_lease(work, lease))
    if not any(own(row) for row in seen):
        raise LeaseLost
    return bool(free)


async def checkpoint(tx: Transaction, claimed: ClaimedAction, own_mode: Mode, checkpoints: Mapping[str, Any]) -> bool:
    """Do as the real one."""
    async with statement(tx, "actions.checkpoint") as work:
        seen = switches(work)
        owned = await _attempts(
            work, claimed.id, lambda a: a["attempt"] == claimed.attempt and a["status"] == "running"
        )
        for row in owned:
            await work.update(
                ACTIONS, row, checkpoints=dump_json(dict(checkpoints)), lease_until=_lease(work, claimed.lease)
            )
    if not owned:
        raise LeaseLost
    allowed = rank(owned[0], own_mode, seen)
    if claimed.dry_run:
        return allowed >= Mode.OBSERVE.rank
    return allowed == Mode.ACT.rank or (allowed == Mode.PROPOSE.rank and owned[0]["approved_by"] is not None)


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
    """Do as the real one."""
    async with statement(tx, "actions.settle") as work:
        owned = await _attempts(
            work, claimed.id, lambda a: a["attempt"] == claimed.attempt and a["status"] == "running"
        )
        for row in owned:
            await work.update(
                ACTIONS,
                row,
                status=status.value,
                outcome=dump_json(dict(outcome)),
                due_at=row["due_at"] if due_at is None else due_at,
                failures=row["failures"] if failures is None else failures,
                lease_until=None,
                updated_at=now,
            )
    if not owned:
        raise LeaseLost


async def facts(tx: Transaction, incident_id: UUID, run: int) -> dict[str, Any]:
    """Do as the real one."""
    async with statement(tx, "actions.facts") as work:
        return {
            row["step_id"]: json.loads(row["outcome"]).get("facts", {})
            for row in work.rows(ACTIONS)
            if (row["incident_id"], row["run"], row["role"]) == (incident_id, run, "step")
            and row["outcome"] is not None
            and row["status"] not in OPEN
        }


async def ran_dry(tx: Transaction, incident_id: UUID, run: int) -> bool:
    """Do as the real one."""
    async with statement(tx, "actions.ran_dry") as work:
        return any(
            (row["incident_id"], row["run"], row["role"]) == (incident_id, run, "step") and row["dry_run"]
            for row in work.rows(ACTIONS)
        )


async def open_actions(tx: Transaction, incident_id: UUID) -> list[Any]:
    """Do as the real one."""
    async with statement(tx, "actions.open_actions") as work:
        among = sorted(work.rows(ACTIONS), key=lambda row: row["created_at"])
        rows = await work.locked(ACTIONS, among, lambda row: row["incident_id"] == incident_id and _of_remedy(row))
    return [{column: row[column] for column in ("id", "role", "status", "attempt")} for row in rows]


async def busy(tx: Transaction, incident_ids: Sequence[UUID]) -> set[UUID]:
    """Do as the real one."""
    async with statement(tx, "actions.busy") as work:
        return {
            row["incident_id"]
            for row in work.rows(ACTIONS)
            if row["incident_id"] in list(incident_ids) and _of_remedy(row)
        }


async def at_work(tx: Transaction, incident_id: UUID, now: datetime) -> bool:
    """Do as the real one."""
    minute = timedelta(minutes=1)
    async with statement(tx, "actions.at_work") as work:
        clock = work.database.now()
        return any(
            row["status"] == "waiting"
            or (row["status"] == "running" and row["lease_until"] > clock - minute)
            or (row["status"] == "scheduled" and row["due_at"] > now - minute)
            for row in work.rows(ACTIONS)
            if row["incident_id"] == incident_id and row["role"] in {"step", "verify"} and row["held"] is None
        )


async def withdraw(tx: Transaction, now: datetime, action_ids: Sequence[UUID], reason: str) -> None:
    """Do as the real one."""
    skipped = dump_json({"result": "skipped", "summary": reason})
    ids = list(action_ids)
    async with statement(tx, "actions.withdraw") as work:
        among = [row for row in work.rows(ACTIONS) if row["id"] in ids]
        for row in await work.locked(
            ACTIONS,
            among,
            lambda row: row["status"] in {"proposed", "scheduled", "waiting"},
            mode=Lock.NO_KEY_UPDATE,
        ):
            await work.update(ACTIONS, row, status="skipped", outcome=skipped, updated_at=now)


async def incident_of(tx: Transaction, action_id: UUID) -> UUID | None:
    """Do as the real one."""
    async with statement(tx, "actions.incident_of") as work:
        return next((row["incident_id"] for row in work.find(ACTIONS, action_id)), None)


async def decided(tx: Transaction, action_id: UUID) -> tuple[ActionStatus, str] | None:
    """Do as the real one."""
    async with statement(tx, "actions.decided") as work:
        rows = work.find(ACTIONS, action_id)
    return (ActionStatus(rows[0]["status"]), rows[0]["approved_by"] or "") if rows else None


async def decide(tx: Transaction, action_id: UUID, now: datetime, who: str, *, approve: bool) -> bool:
    """Do as the real one."""
    rejected = dump_json({"result": "rejected", "summary": f"rejected by {who}"})
    async with statement(tx, "actions.decide") as work:
        rows = await _attempts(work, action_id, lambda row: row["status"] == "proposed")
        for row in rows:
            await work.update(
                ACTIONS,
                row,
                status="scheduled" if approve else "rejected",
                due_at=now,
                updated_at=now,
                approved_by=storable(who) if approve else None,
                outcome=row["outcome"] if approve else rejected,
            )
    return bool(rows)
