"""Owns the twins of store/deliveries.py; the one rule: as there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from leh_guardian.model.text import dump_json, storable
from leh_guardian.store import deliveries as real
from leh_guardian.store.deliveries import Delivery, Pending
from leh_guardian.store.transaction import Transaction
from tests.sim.store.locks import Mode
from tests.sim.store.pool import statement
from tests.sim.store.tables import ACTIONS, DELIVERIES, INCIDENTS, Row

_OPEN = {"scheduled", "waiting", "running"}
_ENDED = {"succeeded", "failed", "skipped"}


async def record(tx: Transaction, delivery: Delivery) -> None:
    """Do as the real one."""
    row = {
        **asdict(delivery),
        "title": storable(delivery.title),
        "reference": storable(delivery.reference),
        "thread": dump_json(dict(delivery.thread)),
    }

    def merge(old: Row, new: Row) -> Row:
        if old["sent_at"] == new["sent_at"]:
            return {}
        return {"again": True, **{name: new[name] for name in ("reference", "thread", "sent_at")}}

    async with statement(tx, "deliveries.record") as work:
        await work.insert(DELIVERIES, [row], spare=DELIVERIES.primary, merge=merge)


async def confirm(tx: Transaction, action_id: UUID, receipt: str, now: datetime) -> None:
    """Do as the real one."""
    async with statement(tx, "deliveries.confirm") as work:
        for row in await work.locked(DELIVERIES, work.find(DELIVERIES, action_id), mode=Mode.NO_KEY_UPDATE):
            await work.update(DELIVERIES, row, receipt=receipt, receipt_at=now)


async def thread(tx: Transaction, incident_id: UUID, target: str, channel: str) -> dict[str, str]:
    """Do as the real one."""
    wanted = (incident_id, target, channel)
    async with statement(tx, "deliveries.thread") as work:
        rows = [r for r in work.rows(DELIVERIES) if (r["incident_id"], r["target"], r["channel"]) == wanted]
    newest = max(rows, key=lambda row: (row["sent_at"], row["action_id"]), default=None)
    return dict(json.loads(newest["thread"])) if newest else {}


async def times(tx: Transaction, target: str, channel: str, since: datetime) -> list[datetime]:
    """Do as the real one."""
    async with statement(tx, "deliveries.times") as work:
        rows = [r for r in work.rows(DELIVERIES) if (r["target"], r["channel"]) == (target, channel)]
    return sorted(row["sent_at"] for row in rows if row["sent_at"] > since)


async def pending(tx: Transaction, target: str, channel: str, since: datetime) -> list[Pending]:
    """Do as the real one."""
    async with statement(tx, "deliveries.pending") as work:
        tells = [row for row in work.rows(ACTIONS) if row["role"] == "tell" and _may_matter(row, since)]
        rows = [
            {**row, "number": incident["number"], "wanted": incident["status"] == "triggered"}
            for row in tells
            for incident in work.find(INCIDENTS, row["incident_id"])
        ]
    found = [real.pending_of(row) for row in sorted(rows, key=lambda row: (row["created_at"], row["id"]))]
    return [one for one in found if (one.params.get("target"), one.params.get("channel")) == (target, channel)]


def _may_matter(row: Row, since: datetime) -> bool:
    return row["status"] in _OPEN or (row["updated_at"] > since and row["status"] in _ENDED)


async def together(tx: Transaction, incident_id: UUID, target: str) -> dict[UUID, int]:
    """Do as the real one."""
    found: dict[UUID, int] = {}
    async with statement(tx, "deliveries.together") as work:
        for row in work.rows(ACTIONS):
            mine = row["incident_id"] == incident_id and row["role"] == "tell"
            if mine and json.loads(row["params"]).get("target") == target:
                for one in json.loads(row["checkpoints"]).get("bundle", ()):
                    for other in work.find(ACTIONS, UUID(one)):
                        seq = json.loads(other["params"])["seq"]
                        found[other["incident_id"]] = max(seq, found.get(other["incident_id"], seq))
    return {other: seq for other, seq in found.items() if other != incident_id}


async def of_incident(tx: Transaction, incident_id: UUID) -> Sequence[Any]:
    """Do as the real one."""
    columns = "action_id target channel kind title sent_at again reference receipt receipt_at".split()
    async with statement(tx, "deliveries.of_incident") as work:
        rows = [row for row in work.rows(DELIVERIES) if row["incident_id"] == incident_id]
    return [{name: row[name] for name in columns} for row in sorted(rows, key=lambda r: (r["sent_at"], r["action_id"]))]


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Do as the real one."""
    async with statement(tx, "deliveries.forget") as work:
        old = [row for row in work.rows(DELIVERIES) if row["sent_at"] < before][:portion]
        return await work.delete(DELIVERIES, old)
