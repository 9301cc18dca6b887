"""Owns the twins of store/reprocessing.py; the one rule: as there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from leh_guardian.model.reprocessing import Piece, PieceState
from leh_guardian.model.text import storable
from leh_guardian.store import reprocessing as real
from leh_guardian.store.transaction import Transaction
from tests.sim.store.locks import Mode
from tests.sim.store.pool import statement
from tests.sim.store.tables import QUARANTINE, REPROCESSING

_AT_WORK = {PieceState.ASKING.value, PieceState.ASKED.value}


async def plan(tx: Transaction, action: UUID, pieces: Mapping[str, str | None], now: datetime) -> None:
    """Do as the real one."""
    rows = [
        {"action_id": action, "evidence": evidence, "case_id": case, "changed_at": now}
        for evidence, case in pieces.items()
    ]
    async with statement(tx, "reprocessing.plan") as work:
        await work.insert(REPROCESSING, rows, spare=REPROCESSING.primary)


async def pieces(tx: Transaction, action: UUID) -> list[Piece]:
    """Do as the real one."""
    async with statement(tx, "reprocessing.pieces") as work:
        rows = [row for row in work.rows(REPROCESSING) if row["action_id"] == action]
    return [real._piece(row) for row in sorted(rows, key=lambda row: row["evidence"].encode())]


async def begin(
    tx: Transaction, action: UUID, evidence: str, *, before: str, canary: bool, now: datetime, busy_since: datetime
) -> bool:
    """Do as the real one."""
    async with statement(tx, "reprocessing.begin") as work:
        await work.database.locks.acquire(work, ("evidence", evidence), Mode.UPDATE)
    async with statement(tx, "reprocessing.begin") as work:
        busy = any(
            row["evidence"] == evidence
            and row["action_id"] != action
            and row["state"] in _AT_WORK
            and row["asked_at"] > busy_since
            for row in work.rows(REPROCESSING)
        )
        found = [] if busy else work.find(REPROCESSING, action, evidence)
        for row in await work.locked(REPROCESSING, found, lambda row: row["state"] == PieceState.PLANNED.value):
            changed = {"before": storable(before), "canary": canary, "asked_at": now, "changed_at": now}
            await work.update(REPROCESSING, row, state=PieceState.ASKING.value, **changed)
            return True
        return False


async def move(
    tx: Transaction,
    action: UUID,
    evidence: str,
    leaving: Collection[PieceState],
    to: PieceState,
    reason: str,
    now: datetime,
) -> bool:
    """Do as the real one."""
    states = {state.value for state in leaving}
    async with statement(tx, "reprocessing.move") as work:
        found = work.find(REPROCESSING, action, evidence)
        for row in await work.locked(REPROCESSING, found, lambda row: row["state"] in states):
            back: dict[str, Any] = {"asked_at": now} if to is PieceState.ASKED else {}
            if to is PieceState.PLANNED:
                back = {"asked_at": None, "canary": False}
            await work.update(REPROCESSING, row, state=to.value, reason=storable(reason), changed_at=now, **back)
            return True
        return False


async def finished_letters(tx: Transaction, action: UUID, incident: UUID) -> list[Any]:
    """Do as the real one."""
    async with statement(tx, "reprocessing.finished_letters") as work:
        done = {
            row["evidence"]
            for row in work.rows(REPROCESSING)
            if row["action_id"] == action and row["state"] == PieceState.FINISHED.value
        }
        among = sorted(work.rows(QUARANTINE), key=lambda row: row["id"])
        rows = await work.locked(
            QUARANTINE,
            among,
            lambda row: (
                row["incident_id"] == incident
                and row["status"] == "kept"
                and bool(row["evidence"])
                and set(row["evidence"]) <= done
            ),
        )
    return [{"id": row["id"], "queue": row["queue"]} for row in rows]


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Do as the real one."""
    async with statement(tx, "reprocessing.forget") as work:
        old = sorted(
            (row for row in work.rows(REPROCESSING) if row["changed_at"] < before), key=lambda row: row["changed_at"]
        )
        return await work.delete(REPROCESSING, old[:portion])
