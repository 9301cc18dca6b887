"""Owns the twins of store/deployments.py; the one rule: as there."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from leh_guardian.model.deployment import Deployment
from leh_guardian.model.text import storable
from leh_guardian.store import deployments as real
from leh_guardian.store.transaction import Transaction
from tests.sim.store.pool import statement
from tests.sim.store.tables import DEPLOYMENTS


async def note(tx: Transaction, id_: UUID, deployment: Deployment, now: datetime) -> bool:
    """Do as the real one."""
    told = {name: storable(value) if isinstance(value, str) else value for name, value in asdict(deployment).items()}
    row = {**told, "id": id_, "at": min(deployment.at, now), "noted_at": now}
    async with statement(tx, "deployments.note") as work:
        return bool(await work.insert(DEPLOYMENTS, [row], spare=DEPLOYMENTS.primary))


async def since(tx: Transaction, function: str, at: datetime) -> list[Deployment]:
    """Do as the real one."""
    async with statement(tx, "deployments.since") as work:
        rows = [row for row in work.rows(DEPLOYMENTS) if row["function"] == function and row["at"] > at]
    return [real._deployment(row) for row in sorted(rows, key=lambda row: row["at"])[:1000]]


async def newest(tx: Transaction, function: str | None, most: int) -> list[Deployment]:
    """Do as the real one."""
    async with statement(tx, "deployments.newest") as work:
        rows = [row for row in work.rows(DEPLOYMENTS) if function is None or row["function"] == function]
    return [real._deployment(row) for row in sorted(rows, key=lambda row: row["at"], reverse=True)[:most]]


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Do as the real one."""
    async with statement(tx, "deployments.forget") as work:
        old = sorted(
            (row for row in work.rows(DEPLOYMENTS) if row["noted_at"] < before), key=lambda row: row["noted_at"]
        )
        return await work.delete(DEPLOYMENTS, old[:portion])
