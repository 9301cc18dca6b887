"""Owns the rows of what is known of ways to people; the one rule: read for change under the row's lock, so replicas agree.

A way that has never failed has no row.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from leh_guardian.model.channel_outage import ChannelOutage, Failure
from leh_guardian.model.text import dump_json, storable
from leh_guardian.store.transaction import Transaction

_COLUMNS = "channel, failures, worked_at, opened_at, reason, lasting, trials, next_try_at, told_at"


async def get(tx: Transaction, channel: str) -> ChannelOutage | None:
    """Return what is known of a way, as it is and not locked; None for nothing."""
    row = await tx.fetchrow(f"select {_COLUMNS} from channel_outages where channel = $1", storable(channel))
    return _outage(row) if row else None


async def lock(tx: Transaction, channel: str) -> ChannelOutage:
    """Lock and return what is known of a way; a row is made where there is none."""
    values = _values(ChannelOutage(channel))
    places = ", ".join(f"${n}" for n in range(1, len(values) + 1))
    await tx.execute(
        f"insert into channel_outages ({_COLUMNS}) values ({places}) on conflict (channel) do nothing", *values.values()
    )
    row = await tx.fetchrow(f"select {_COLUMNS} from channel_outages where channel = $1 for update", storable(channel))
    return _outage(row)


async def save(tx: Transaction, outage: ChannelOutage) -> None:
    """Write back a row that is locked."""
    await tx.execute(
        "update channel_outages set failures = $2, worked_at = $3, opened_at = $4, reason = $5, lasting = $6, trials = $7,"
        " next_try_at = $8, told_at = $9 where channel = $1",
        *_values(outage).values(),
    )


async def listed(tx: Transaction) -> list[ChannelOutage]:
    """Return all that is known, by name."""
    return [_outage(row) for row in await tx.fetch(f"select {_COLUMNS} from channel_outages order by channel")]


async def hasten(tx: Transaction, channel: str, now: datetime) -> int:
    """Let messages that a broken way did not take, and that another one can, move on now; returns how many."""
    return await tx.execute(
        "update actions set due_at = $2 where role = 'tell' and status = 'scheduled' and due_at > $2 and failures > 0"
        " and params->>'channel' = $1 and json_array_length(coalesce(params->'failover', '[]')) > 0",
        storable(channel),
        now,
    )


def _values(outage: ChannelOutage) -> dict[str, Any]:
    return {
        "channel": storable(outage.channel),
        "failures": dump_json([asdict(one) for one in outage.failures]),
        "worked_at": outage.worked_at,
        "opened_at": outage.opened_at,
        "reason": storable(outage.reason),
        "lasting": outage.lasting,
        "trials": outage.trials,
        "next_try_at": outage.next_try_at,
        "told_at": outage.told_at,
    }


def _outage(row: Any) -> ChannelOutage:
    return ChannelOutage(
        row["channel"],
        tuple(Failure.from_json(one) for one in json.loads(row["failures"])),
        row["worked_at"],
        row["opened_at"],
        row["reason"],
        row["lasting"],
        row["trials"],
        row["next_try_at"],
        row["told_at"],
    )
