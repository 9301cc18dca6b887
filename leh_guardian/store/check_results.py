"""Owns the rows of what periodic checks came to; the one rule: one for each action, written in the transaction that settles it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from leh_guardian.model.check import KeptResult, Status
from leh_guardian.model.text import dump_json
from leh_guardian.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Untold:
    """A result that no rule has heard of."""

    action_id: UUID
    rule_id: str
    result: KeptResult
    before: Status | None
    """What the run before it came to; None: there was none."""


async def keep(
    tx: Transaction, action_id: UUID, rule_id: str, check: str, at: datetime, status: Status, facts: Mapping[str, Any]
) -> None:
    """Write down what a check came to; one that comes to the same as the run before has lasted since then."""
    await tx.execute(
        "insert into check_results (action_id, check_name, rule_id, looked_at, status, since, facts)"
        " select $1, $2, $3, $4, $5, coalesce((select b.since from (select status, since from check_results"
        " where check_name = $2 and looked_at <= $4 order by looked_at desc limit 1) b where b.status = $5), $4), $6::json"
        " on conflict do nothing",
        action_id,
        check,
        rule_id,
        at,
        status.value,
        dump_json(dict(facts)),
    )


async def weekly(tx: Transaction, since: datetime, until: datetime, zone: str) -> list[KeptResult]:
    """Return the newest result of each check in each calendar week of `zone`, of those in between, the newest first."""
    rows = await tx.fetch(
        "select distinct on (check_name, date_trunc('week', looked_at at time zone $3))"
        " check_name, looked_at, status, since, facts::text from check_results where looked_at > $1 and looked_at <= $2"
        " order by check_name, date_trunc('week', looked_at at time zone $3) desc, looked_at desc",
        since,
        until,
        zone,
    )
    return [_kept(row) for row in rows]


async def untold(tx: Transaction, most: int) -> Sequence[Untold]:
    """Return results that no rule has heard of, the oldest first; locked, so that another replica waits for what becomes of them."""
    rows = await tx.fetch(
        "select action_id, rule_id, check_name, looked_at, status, since, facts::text, (select b.status from check_results b"
        " where b.check_name = r.check_name and b.looked_at < r.looked_at order by b.looked_at desc limit 1) as before"
        " from check_results r where not told order by looked_at limit $1 for update",
        most,
    )
    return [
        Untold(row["action_id"], row["rule_id"], _kept(row), Status(row["before"]) if row["before"] else None)
        for row in rows
    ]


async def tell(tx: Transaction, action_ids: Sequence[UUID]) -> None:
    """Say that rules have heard of results."""
    await tx.execute("update check_results set told = true where action_id = any($1::uuid[])", list(action_ids))


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Drop results from before an instant, at most `portion`."""
    return await tx.execute(
        "delete from check_results where action_id in (select action_id from check_results where looked_at < $1"
        " order by looked_at limit $2)",
        before,
        portion,
    )


def _kept(row: Any) -> KeptResult:
    return KeptResult(
        row["check_name"], row["looked_at"], Status(row["status"]), row["since"], json.loads(row["facts"])
    )
