"""Owns the twins of store/inbox.py; the one rule: as there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from leh_guardian.store.transaction import Transaction
from tests.sim.store.pool import statement
from tests.sim.store.tables import EVENT_LOG, INBOX


async def log_bodies(tx: Transaction, received_at: datetime, bodies: Sequence[tuple[bool, bytes]]) -> None:
    """Do as the real one."""
    rows = [{"received_at": received_at, "matched": matched, "body": body} for matched, body in bodies]
    async with statement(tx, "inbox.log_bodies") as work:
        await work.insert(EVENT_LOG, rows)


async def take(tx: Transaction, received_at: datetime, keys: Sequence[UUID]) -> set[UUID]:
    """Do as the real one."""
    rows = [{"event_key": key, "received_at": received_at} for key in sorted(set(keys), key=lambda key: key.int)]
    async with statement(tx, "inbox.take") as work:
        return {row["event_key"] for row in await work.insert(INBOX, rows, spare=INBOX.primary)}


async def known(tx: Transaction, keys: Collection[UUID]) -> set[UUID]:
    """Do as the real one."""
    async with statement(tx, "inbox.known") as work:
        return {row["event_key"] for row in work.rows(INBOX) if row["event_key"] in keys}


async def forget(tx: Transaction, *, log_before: datetime, inbox_before: datetime, log_rows: int, portion: int) -> int:
    """Do as the real one."""
    async with statement(tx, "inbox.forget") as work:
        old = [row for row in work.rows(EVENT_LOG) if row["received_at"] < log_before]
        gone = await work.delete(EVENT_LOG, sorted(old, key=lambda row: row["received_at"])[:portion])
    async with statement(tx, "inbox.forget") as work:
        rows = sorted(work.rows(EVENT_LOG), key=lambda row: row["id"])
        many = [row for row in rows if row["id"] <= rows[-1]["id"] - log_rows]
        gone += await work.delete(EVENT_LOG, many[:portion])
    async with statement(tx, "inbox.forget") as work:
        taken = [row for row in work.rows(INBOX) if row["received_at"] < inbox_before]
        return gone + await work.delete(INBOX, sorted(taken, key=lambda row: row["received_at"])[:portion])
