"""Owns who has approved an action; the one rule: one row for each person, written under the incident's lock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from leh_guardian.model.text import storable
from leh_guardian.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's word for an action."""

    who: str
    """A person's id, or whatever name was given."""
    name: str
    """What people call them."""
    at: datetime

    def is_of(self, who: str, name: str) -> bool:
        """Tell whether it is this person's: one way of answering knows ids, another one names."""
        mine = {self.who.strip().casefold(), self.name.strip().casefold()}
        return bool(mine & {who.strip().casefold(), name.strip().casefold()} - {""})


async def add(tx: Transaction, action_id: UUID, approval: Approval) -> None:
    """Write down that a person approves an action; twice is once."""
    await tx.execute(
        "insert into approvals (action_id, who, name, at) values ($1, $2, $3, $4) on conflict do nothing",
        action_id,
        storable(approval.who),
        storable(approval.name),
        approval.at,
    )


async def of_action(tx: Transaction, action_id: UUID) -> list[Approval]:
    """Return who has approved an action, in the order of their words."""
    rows = await tx.fetch("select who, name, at from approvals where action_id = $1 order by at, who", action_id)
    return [Approval(row["who"], row["name"], row["at"]) for row in rows]


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Drop what is older than the retention, at most `portion` rows; returns how many."""
    return await tx.execute(
        "delete from approvals where (action_id, who) in"
        " (select action_id, who from approvals where at < $1 order by at limit $2)",
        before,
        portion,
    )
