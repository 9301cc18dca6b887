"""Owns the twins of store/journal_chain.py; the one rule: as there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from leh_guardian.model.canary import CANARY
from leh_guardian.model.chain import Line, Link, Root
from leh_guardian.store import journal_chain as real
from leh_guardian.store.transaction import Transaction
from tests.sim.store.locks import Mode
from tests.sim.store.pool import statement
from tests.sim.store.tables import INCIDENTS, JOURNAL, JOURNAL_CHAIN, JOURNAL_CHAIN_ENDS, JOURNAL_ROOTS, Row
from tests.sim.store.work import Work


async def lock(tx: Transaction) -> bool:
    """Do as the real one."""
    async with statement(tx, "journal_chain.lock") as work:
        return await work.database.locks.acquire(work, (real._LOCK,), Mode.UPDATE, skip=True)


async def unlinked(tx: Transaction, settled: datetime, portion: int) -> list[Line]:
    """Do as the real one."""
    async with statement(tx, "journal_chain.unlinked") as work:
        links = work.rows(JOURNAL_CHAIN)
        floor = max((row["journal_id"] for row in links if row["at"] < settled), default=0)
        linked = {row["journal_id"] for row in links}
        rows = [row for row in work.rows(JOURNAL) if _chained(row) and row["id"] > floor and row["id"] not in linked]
    return [_line(row) for row in sorted(rows, key=lambda row: row["id"])[:portion]]


def _chained(row: Row) -> bool:
    return row["incident_id"] is not None and row["rule_id"] != CANARY


def _line(row: Row) -> Line:
    return Line(**{name: row[name] for name in Line.__dataclass_fields__})


async def heads(tx: Transaction, incident_ids: Collection[UUID]) -> dict[UUID, bytes]:
    """Do as the real one."""
    async with statement(tx, "journal_chain.heads") as work:
        found = {row["incident_id"]: row["hash"] for row in work.rows(JOURNAL_CHAIN_ENDS)}
        found |= {row["incident_id"]: row["hash"] for row in _links(work)}
    return {one: found[one] for one in incident_ids if one in found}


def _links(work: Work) -> list[Row]:
    return sorted(work.rows(JOURNAL_CHAIN), key=lambda row: int(row["position"]))


async def append(tx: Transaction, links: Sequence[tuple[Line, bytes]]) -> None:
    """Do as the real one."""
    if links:
        rows = [
            {"journal_id": line.id, "incident_id": line.incident_id, "at": line.at, "hash": hash_}
            for line, hash_ in links
        ]
        async with statement(tx, "journal_chain.append") as work:
            await work.insert(JOURNAL_CHAIN, rows)


async def last_root(tx: Transaction) -> Root | None:
    """Do as the real one."""
    async with statement(tx, "journal_chain.last_root") as work:
        found = _roots(work)
    return found[-1] if found else None


def _roots(work: Work) -> list[Root]:
    found = [Root(row["day"], row["position"], row["root"]) for row in work.rows(JOURNAL_ROOTS)]
    return sorted(found, key=lambda root: root.day)


async def roots(tx: Transaction, since: date) -> list[Root]:
    """Do as the real one."""
    async with statement(tx, "journal_chain.roots") as work:
        found = _roots(work)
    before = [root for root in found if root.day < since]
    return [*before[-1:], *(root for root in found if root.day >= since)]


async def add_root(tx: Transaction, root: Root, now: datetime) -> None:
    """Do as the real one."""
    row = {"day": root.day, "position": root.position, "root": root.root, "made_at": now}
    async with statement(tx, "journal_chain.add_root") as work:
        await work.insert(JOURNAL_ROOTS, [row], spare=JOURNAL_ROOTS.primary)


async def links(tx: Transaction, after: int, upto: int | None, portion: int) -> list[Link]:
    """Do as the real one."""
    async with statement(tx, "journal_chain.links") as work:
        rows = [row for row in _links(work) if after < row["position"] and (upto is None or row["position"] <= upto)]
    return [real._link(row) for row in rows[:portion]]


async def forgotten(tx: Transaction) -> int:
    """Do as the real one."""
    async with statement(tx, "journal_chain.forgotten") as work:
        return max((row["position"] for row in work.rows(JOURNAL_CHAIN_ENDS)), default=0)


async def concerned(tx: Transaction, since: datetime) -> list[UUID]:
    """Do as the real one."""
    async with statement(tx, "journal_chain.concerned") as work:
        rows = [*work.rows(JOURNAL_CHAIN), *(row for row in work.rows(JOURNAL) if _chained(row))]
        opened = {row["id"] for row in work.rows(INCIDENTS) if row["opened_at"] >= since and row["rule_id"] != CANARY}
    return sorted(opened | {row["incident_id"] for row in rows if row["at"] >= since})


async def of_incident(tx: Transaction, incident_id: UUID) -> tuple[bytes | None, list[Link], Mapping[int, Line]]:
    """Do as the real one."""
    async with statement(tx, "journal_chain.of_incident") as work:
        ends = work.find(JOURNAL_CHAIN_ENDS, incident_id)
    async with statement(tx, "journal_chain.of_incident") as work:
        links = [real._link(row) for row in _links(work) if row["incident_id"] == incident_id]
        lines = [_line(row) for row in work.rows(JOURNAL) if row["incident_id"] == incident_id]
    end: Any = ends[0]["hash"] if ends else None
    return end, links, {line.id: line for line in lines}


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Do as the real one."""
    async with statement(tx, "journal_chain.forget") as work:
        first = _links(work)[:portion]
        stop = next((row["position"] for row in first if row["at"] >= before), None)
        old = [row for row in first if stop is None or row["position"] < stop]
        ends = {row["incident_id"]: row for row in old}

        def merge(there: Row, new: Row) -> Row:
            newer = new if there["position"] < new["position"] else there
            return {name: newer[name] for name in ("position", "hash")}

        rows = [{name: row[name] for name in ("incident_id", "position", "hash")} for row in ends.values()]
        await work.insert(JOURNAL_CHAIN_ENDS, rows, spare=JOURNAL_CHAIN_ENDS.primary, merge=merge)
        gone = {row["journal_id"] for row in old}
        await work.delete(JOURNAL, [row for row in work.rows(JOURNAL) if row["id"] in gone])
        return await work.delete(JOURNAL_CHAIN, old)
