"""Owns what went out to people, and what is still to go; the one rule: one row for each message that its channel has taken.

A message that is still to go out is an action (role `tell`); this is what remains of it: for the pace of a person's phone, for the
thread under which the next one belongs, and for the record of who was called how.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from leh_guardian.model.text import dump_json, storable
from leh_guardian.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that its channel has taken."""

    action_id: UUID
    incident_id: UUID
    target: str
    """`person:ID` or `channel:NAME`."""
    channel: str
    kind: str
    title: str
    sent_at: datetime
    again: bool = False
    reference: str = ""
    thread: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pending:
    """A message that has not gone out yet."""

    action_id: UUID
    incident_id: UUID
    params: Mapping[str, Any]
    created_at: datetime
    due_at: datetime
    status: str
    waited: bool = False
    """Whether it was held back before."""
    number: int = 0
    """Its incident's."""
    wanted: bool = True
    """Whether its incident waits for an answer."""
    bundle: tuple[str, ...] = ()
    """The messages that go out with it, by id."""
    taken: bool = False
    """Whether its channel has taken it: if it has not ended, its receipt is awaited."""

    @property
    def open(self) -> bool:
        """Whether it has not ended; else it ended a moment ago."""
        return self.status in {"scheduled", "waiting", "running"}

    @property
    def to_go(self) -> bool:
        """Whether it still may go out."""
        return self.open and not self.taken


_MESSAGE = (
    "select a.id, a.incident_id, a.params::text, a.created_at, a.due_at, a.status, a.checkpoints::text, a.outcome::text,"
    " i.number, i.status = 'triggered' as wanted from actions a join incidents i on i.id = a.incident_id"
    " where a.role = 'tell' and a.params->>'target' = $1 and a.params->>'channel' = $2"
)


async def record(tx: Transaction, delivery: Delivery) -> None:
    """Write down that a message was taken; one that went out again keeps the newest reference and says that there were two."""
    await tx.execute(
        "insert into deliveries (action_id, incident_id, target, channel, kind, title, sent_at, again, reference, thread)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (action_id) do update set"
        " again = true, reference = excluded.reference, thread = excluded.thread, sent_at = excluded.sent_at"
        " where deliveries.sent_at <> excluded.sent_at",
        delivery.action_id,
        delivery.incident_id,
        delivery.target,
        delivery.channel,
        delivery.kind,
        storable(delivery.title),
        delivery.sent_at,
        delivery.again,
        storable(delivery.reference),
        dump_json(dict(delivery.thread)),
    )


async def confirm(tx: Transaction, action_id: UUID, receipt: str, now: datetime) -> None:
    """Write down what became of a message: `delivered` or `failed`."""
    await tx.execute(
        "update deliveries set receipt = $2, receipt_at = $3 where action_id = $1", action_id, receipt, now
    )


async def thread(tx: Transaction, incident_id: UUID, target: str, channel: str) -> dict[str, str]:
    """Return what the newest message of an incident in a place came back with; nothing where none was sent."""
    found = await tx.fetchval(
        "select thread::text from deliveries where incident_id = $1 and target = $2 and channel = $3"
        " order by sent_at desc, action_id desc limit 1",
        incident_id,
        target,
        channel,
    )
    return dict(json.loads(found)) if found else {}


async def times(tx: Transaction, target: str, channel: str, since: datetime) -> list[datetime]:
    """Return when messages went to `target` by `channel` since then, oldest first."""
    rows = await tx.fetch(
        "select sent_at from deliveries where target = $1 and channel = $2 and sent_at > $3 order by sent_at",
        target,
        channel,
        since,
    )
    return [row["sent_at"] for row in rows]


async def pending(tx: Transaction, target: str, channel: str, since: datetime) -> list[Pending]:
    """Return the messages to `target` by `channel` that have not gone out, or ended after `since`; oldest first."""
    # Two questions, each to an index: joined by "or" they are answered by reading every row.
    rows = await tx.fetch(
        f"{_MESSAGE} and a.status in ('scheduled', 'waiting', 'running')"
        f" union all {_MESSAGE} and a.status in ('succeeded', 'failed', 'skipped') and a.updated_at > $3 order by created_at, id",
        target,
        channel,
        since,
    )
    return [pending_of(row) for row in rows]


def pending_of(row: Mapping[str, Any]) -> Pending:
    """Return what a row of `actions` is as a message."""
    outcome, checkpoints = json.loads(row["outcome"] or "{}"), json.loads(row["checkpoints"])
    return Pending(
        row["id"],
        row["incident_id"],
        json.loads(row["params"]),
        row["created_at"],
        row["due_at"],
        row["status"],
        outcome.get("result") == "wait",
        row["number"],
        row["wanted"],
        tuple(checkpoints.get("bundle", ())),
        checkpoints.get("accepted") is not None,
    )


async def together(tx: Transaction, incident_id: UUID, target: str) -> dict[UUID, int]:
    """Return the other incidents that a message of this one to `target` took along: {id: the move that it called them by}."""
    rows = await tx.fetch(
        "select b.incident_id, max((b.params->>'seq')::int) as seq from actions a"
        " cross join lateral json_array_elements_text(coalesce(a.checkpoints->'bundle', '[]')) as x(id)"
        " join actions b on b.id = x.id::uuid"
        " where a.incident_id = $1 and a.role = 'tell' and a.params->>'target' = $2 group by b.incident_id",
        incident_id,
        target,
    )
    return {row["incident_id"]: row["seq"] for row in rows if row["incident_id"] != incident_id}


async def of_incident(tx: Transaction, incident_id: UUID) -> Sequence[Any]:
    """Return who was told of an incident, how and with which receipt, oldest first."""
    return await tx.fetch(
        "select action_id, target, channel, kind, title, sent_at, again, reference, receipt, receipt_at from deliveries"
        " where incident_id = $1 order by sent_at, action_id",
        incident_id,
    )


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Drop what was sent before then, a portion; returns how many rows went."""
    return await tx.execute(
        "delete from deliveries where action_id in (select action_id from deliveries where sent_at < $1 limit $2)",
        before,
        portion,
    )
