"""Owns the rows of evidence that is processed anew; the one rule: each step names the state that it leaves, so none is taken twice.

A zombie that writes late finds another state than it remembers, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from leh_guardian.model.reprocessing import Piece, PieceState
from leh_guardian.model.text import storable
from leh_guardian.store.transaction import Transaction


async def plan(tx: Transaction, action: UUID, pieces: Mapping[str, str | None], now: datetime) -> None:
    """Write down pieces ({evidence: case}) of an action; those that it has already stay as they are."""
    await tx.execute(
        "insert into reprocessing (action_id, evidence, case_id, changed_at)"
        " select $1, e, c, $2 from unnest($3::text[], $4::text[]) as given(e, c) on conflict do nothing",
        action,
        now,
        list(pieces),
        list(pieces.values()),
    )


async def pieces(tx: Transaction, action: UUID) -> list[Piece]:
    """Return the pieces of an action, in the order of their ids."""
    rows = await tx.fetch(
        "select evidence, case_id, state, canary, before, asked_at, reason from reprocessing where action_id = $1"
        ' order by evidence collate "C"',
        action,
    )
    return [_piece(row) for row in rows]


async def begin(
    tx: Transaction, action: UUID, evidence: str, *, before: str, canary: bool, now: datetime, busy_since: datetime
) -> bool:
    """Say that a planned piece is about to be asked for; False where it is not planned any more, or another action has asked.

    What another has asked for since `busy_since`, and not seen the end of, is at work.
    """
    # Two actions may want the same piece at the same instant: they take turns.
    await tx.execute("select pg_advisory_xact_lock(hashtextextended($1, 8))", f"reprocessing/{evidence}")
    return bool(
        await tx.execute(
            "update reprocessing set state = 'asking', before = $3, canary = $4, asked_at = $5, changed_at = $5"
            " where action_id = $1 and evidence = $2 and state = 'planned' and not exists (select from reprocessing o"
            " where o.evidence = $2 and o.action_id <> $1 and o.state in ('asking', 'asked') and o.asked_at > $6)",
            action,
            evidence,
            storable(before),
            canary,
            now,
            busy_since,
        )
    )


async def move(
    tx: Transaction,
    action: UUID,
    evidence: str,
    leaving: Collection[PieceState],
    to: PieceState,
    reason: str,
    now: datetime,
) -> bool:
    """Take a piece from one of the states `leaving` to another; False where it is in none of them."""
    return bool(
        await tx.execute(
            "update reprocessing set state = $4, reason = $5, changed_at = $6,"
            " asked_at = case $4 when 'planned' then null when 'asked' then $6 else asked_at end,"
            " canary = canary and $4 <> 'planned'"
            " where action_id = $1 and evidence = $2 and state = any($3::text[])",
            action,
            evidence,
            [state.value for state in leaving],
            to.value,
            storable(reason),
            now,
        )
    )


async def finished_letters(tx: Transaction, action: UUID, incident: UUID) -> list[Any]:
    """Return the letters in quarantine under an incident, all of whose evidence the action has seen finished; locked."""
    return await tx.fetch(
        "select q.id, q.queue from quarantine q where q.incident_id = $2 and q.status = 'kept' and cardinality(q.evidence) > 0"
        " and not exists (select from unnest(q.evidence) as named(e) where not exists (select from reprocessing r"
        " where r.action_id = $1 and r.evidence = e and r.state = 'finished')) order by q.id for update of q",
        action,
        incident,
    )


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Drop rows that have not changed since `before`, at most `portion`."""
    return await tx.execute(
        "delete from reprocessing where (action_id, evidence) in (select action_id, evidence from reprocessing"
        " where changed_at < $1 order by changed_at limit $2)",
        before,
        portion,
    )


def _piece(row: Any) -> Piece:
    return Piece(
        evidence=row["evidence"],
        case=row["case_id"],
        state=PieceState(row["state"]),
        canary=row["canary"],
        before=row["before"],
        asked_at=row["asked_at"],
        reason=row["reason"],
    )
