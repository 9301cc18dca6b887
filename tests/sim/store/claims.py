"""Owns the twins of the claim and of what is held back from it; the one rule: the modes are read in the statement itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from leh_guardian.errors import LeaseLost
from leh_guardian.model.action import ClaimedAction
from leh_guardian.model.mode import Mode
from leh_guardian.store import actions as real
from leh_guardian.store.transaction import Transaction
from tests.sim.store.locks import Mode as Lock
from tests.sim.store.pool import statement
from tests.sim.store.tables import ACTIONS, CONTROL, INCIDENTS, Row, started
from tests.sim.store.work import UniqueViolation, Work


def switches(work: Work) -> dict[str, int]:
    """Return the modes of the table `control` by scope."""
    return {row["scope"]: row["mode_rank"] for row in work.rows(CONTROL)}


def rank(action: Row, own_mode: Mode, seen: Mapping[str, int]) -> int:
    """Return how far an action may go: `_RANK` of the real one."""
    if action["role"] == "tell":
        return 3
    handler: int = seen.get(action["handler"], 3)
    if action["changes"]:
        of_rule: int = action["mode_rank"]
        return min(of_rule, own_mode.rank, seen.get("*", 3), handler)
    return 0 if handler == 0 else 3


def _begun(action: Row) -> bool:
    return action["attempt"] > 0 and not action["dry_run"]


def _due(action: Row, now: datetime) -> bool:
    return action["status"] in {"scheduled", "waiting"} and action["due_at"] <= now


def _lost(action: Row, clock: datetime) -> bool:
    return action["status"] == "running" and action["lease_until"] is not None and action["lease_until"] < clock


def _held_back(action: Row, allowed: int) -> bool:
    return (action["held"] is None and (allowed == 0 or (allowed == 1 and _begun(action)))) or (
        allowed == 2 and action["approved_by"] is None
    )


async def hold_back(tx: Transaction, now: datetime, own_mode: Mode) -> list[tuple[UUID, UUID, Mode]]:
    """Do as the real one."""
    async with statement(tx, "actions.hold_back") as work:
        seen, clock = switches(work), work.database.now()
        due = [
            row
            for row in work.rows(ACTIONS)
            if (_due(row, now) or (_lost(row, clock) and row["retryable"]))
            and _held_back(row, rank(row, own_mode, seen))
        ][:100]
        of = {row["id"]: row for action in due for row in work.find(INCIDENTS, action["incident_id"])}
        among = sorted(of.values(), key=lambda row: row["id"])
        free = await work.locked(INCIDENTS, among, lambda row: row["status"] != "resolved", skip=True)
        return [await _hold(work, now, row, rank(row, own_mode, seen)) for row in await _still(work, due, free)]


async def _still(work: Work, due: list[Row], free: list[Row]) -> list[Row]:
    """Lock those due actions whose incident is free, unless they went on meanwhile."""
    open_ids = [incident["id"] for incident in free]
    rows = []
    for seen in due:
        if seen["incident_id"] in open_ids:
            row = await work.lock(ACTIONS, seen, Lock.NO_KEY_UPDATE)
            if row is not None and (row["status"], row["attempt"]) == (seen["status"], seen["attempt"]):
                rows.append(row)
    return rows


async def _hold(work: Work, now: datetime, row: Row, allowed: int) -> tuple[UUID, UUID, Mode]:
    lost = row["status"] == "running"
    await work.update(
        ACTIONS,
        row,
        status="proposed" if allowed == 2 else "scheduled" if lost else row["status"],
        losses=row["losses"] + lost,
        lease_until=None,
        held={0: "off", 1: "observe"}.get(allowed),
        updated_at=now,
    )
    return row["id"], row["incident_id"], list(Mode)[allowed]


async def claim(
    tx: Transaction,
    now: datetime,
    own_mode: Mode,
    owner: str,
    count: int,
    handlers: Sequence[str] | None = None,
    lease: float | None = None,
) -> list[ClaimedAction]:
    """Do as the real one."""
    async with statement(tx, "actions.claim") as work:
        seen, clock, rows = switches(work), work.database.now(), work.rows(ACTIONS)
        going = [row for row in rows if row["serialize_key"] is not None and started(row)]

        def wanted(row: Row) -> bool:
            return (
                (_due(row, now) or _lost(row, clock))
                and _may_start(work, row, rank(row, own_mode, seen))
                and (handlers is None or row["handler"] in handlers or row["due_at"] < now - timedelta(minutes=10))
                and not any(o["serialize_key"] == row["serialize_key"] and o["id"] != row["id"] for o in going)
            )

        among = sorted(filter(wanted, rows), key=_first_due)
        due = await work.locked(ACTIONS, among, skip=True, limit=count * 4)
        few = sorted(_one_for_each_key(due), key=lambda row: (row["due_at"], row["created_at"]))[:count]
        try:
            return [await _start(work, row, now, owner, rank(row, own_mode, seen), lease) for row in few]
        except UniqueViolation as error:
            raise LeaseLost("another replica was quicker") from error


def _first_due(row: Row) -> tuple[Any, ...]:
    return row["due_at"], row["created_at"], row["step_index"]


def _may_start(work: Work, row: Row, allowed: int) -> bool:
    if allowed == 3 or (allowed == 2 and row["approved_by"] is not None) or (allowed == 1 and not _begun(row)):
        return True
    # A lost attempt that no mode lets go on must end all the same, without an effect.
    over = any(incident["status"] == "resolved" for incident in work.find(INCIDENTS, row["incident_id"]))
    return row["status"] == "running" and (not row["retryable"] or over)


def _one_for_each_key(due: list[Row]) -> list[Row]:
    first: dict[str, Row] = {}
    for row in sorted(due, key=lambda row: (row["attempt"] == 0, *_first_due(row))):
        first.setdefault(row["serialize_key"] if row["serialize_key"] is not None else str(row["id"]), row)
    return list(first.values())


async def _start(work: Work, row: Row, now: datetime, owner: str, allowed: int, lease: float | None) -> ClaimedAction:
    [incident] = work.find(INCIDENTS, row["incident_id"])
    lost = row["status"] == "running"
    claimed = await work.update(
        ACTIONS,
        row,
        status="running",
        attempt=row["attempt"] + 1,
        losses=row["losses"] + lost,
        held=None,
        lease_until=work.database.now() + timedelta(seconds=real.lease_seconds(lease)),
        lease_owner=owner,
        updated_at=now,
        dry_run=row["changes"] and allowed == 1,
    )
    of_incident = ("rule_id", "event_id", "plan", "severity", "dedup_key", "opened_at")
    over = incident["status"] == "resolved" and row["role"] != "tell"
    known = {
        **{name: incident[name] for name in of_incident},
        "began_at": incident["began_at"] or incident["opened_at"],
    }
    return real._claimed({**claimed, **known, "lost": lost, "over": over}, lease)
