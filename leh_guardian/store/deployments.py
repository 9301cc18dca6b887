"""Owns the memory of deployments; the one rule: what is told twice is written down once."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from leh_guardian.model.deployment import Deployment
from leh_guardian.model.text import storable
from leh_guardian.store.transaction import Transaction

_COLUMNS = "function, alias, at, what, source, by_person"


async def note(tx: Transaction, id_: UUID, deployment: Deployment, now: datetime) -> bool:
    """Write a deployment down under `id_`; False where it is written down already."""
    return bool(
        await tx.execute(
            "insert into deployments (id, function, alias, at, what, source, by_person, noted_at)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing",
            id_,
            storable(deployment.function),
            deployment.alias,
            # A deployment of the future would end every wait until then.
            min(deployment.at, now),
            storable(deployment.what),
            storable(deployment.source),
            deployment.by_person,
            now,
        )
    )


async def since(tx: Transaction, function: str, at: datetime) -> list[Deployment]:
    """Return the deployments of a function (its bare name) after an instant, oldest first."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from deployments where function = $1 and at > $2 order by at limit 1000", function, at
    )
    return [_deployment(row) for row in rows]


async def newest(tx: Transaction, function: str | None, most: int) -> list[Deployment]:
    """Return the newest deployments, of one function or of all."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from deployments where $1::text is null or function = $1 order by at desc limit $2",
        function,
        most,
    )
    return [_deployment(row) for row in rows]


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Drop deployments that were noted before `before`, at most `portion`."""
    return await tx.execute(
        "delete from deployments where id in (select id from deployments where noted_at < $1 order by noted_at limit $2)",
        before,
        portion,
    )


def _deployment(row: Any) -> Deployment:
    return Deployment(
        function=row["function"],
        at=row["at"],
        what=row["what"],
        source=row["source"],
        alias=row["alias"],
        by_person=row["by_person"],
    )
