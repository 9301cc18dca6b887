"""Owns what absence rules wait for; the one rule: a row is written under the lock of its rule.

Taking what is due moves its due time on, as a queue's visibility timeout does: whoever dies during a look leaves it to the next.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from leh_guardian.model.expectation import Expectation
from leh_guardian.model.text import dump_json
from leh_guardian.store.incidents import RuleKey
from leh_guardian.store.transaction import Transaction

_COLUMNS = "e.rule_id, e.key, e.mark, e.event_id, e.event::text, e.happened_at, e.heard_at, e.due_at, e.missed_at, e.done_at, e.fired"


async def lock(tx: Transaction, keys: Collection[RuleKey]) -> dict[RuleKey, Expectation]:
    """Lock and return what is known of `keys`."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from expectations e join unnest($1::text[], $2::text[]) k(rule_id, key)"
        " on e.rule_id = k.rule_id and e.key = k.key order by e.rule_id, e.key for update of e",
        [rule_id for rule_id, _ in keys],
        [key for _, key in keys],
    )
    return {(row["rule_id"], row["key"]): _expectation(row) for row in rows}


async def save(tx: Transaction, now: datetime, changed: Sequence[Expectation]) -> None:
    """Write what is known of each key."""
    if not changed:
        return
    await tx.execute(
        "insert into expectations"
        " (rule_id, key, mark, event_id, event, happened_at, heard_at, due_at, missed_at, done_at, fired, updated_at)"
        " select r, k, m, i, e::json, ha, he, du, mi, dn, f, $12 from unnest($1::text[], $2::text[], $3::text[], $4::text[],"
        " $5::text[], $6::timestamptz[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::timestamptz[],"
        " $11::boolean[]) u(r, k, m, i, e, ha, he, du, mi, dn, f)"
        " on conflict (rule_id, key) do update set mark = excluded.mark, event_id = excluded.event_id, event = excluded.event,"
        " happened_at = excluded.happened_at, heard_at = excluded.heard_at, due_at = excluded.due_at,"
        " missed_at = excluded.missed_at, done_at = excluded.done_at, fired = excluded.fired, updated_at = excluded.updated_at",
        [one.rule_id for one in changed],
        [one.key for one in changed],
        [one.mark for one in changed],
        [one.event_id for one in changed],
        [None if one.envelope is None else dump_json(one.envelope) for one in changed],
        [one.happened_at for one in changed],
        [one.heard_at for one in changed],
        [one.due_at for one in changed],
        [one.missed_at for one in changed],
        [one.done_at for one in changed],
        [one.fired for one in changed],
        now,
    )


async def take_due(
    tx: Transaction, now: datetime, until: datetime, known: Collection[str], gone_before: datetime, count: int
) -> list[Expectation]:
    """Take what is due and in no other replica's hands, longest due first, at most `count`; nobody else takes it before `until`.

    What belongs to a rule that is not `known` is left alone until it was due before `gone_before`: another replica may know it.
    """
    rows = await tx.fetch(
        # Materialized: as a part of the join it may be run once for each row, and passes by what it has locked itself.
        "with d as materialized (select rule_id, key from expectations where due_at <= $1"
        " and (rule_id = any($3::text[]) or due_at < $4) order by due_at, rule_id, key limit $5 for update skip locked)"
        " update expectations e set due_at = $2, missed_at = coalesce(e.missed_at, e.due_at), updated_at = $1 from d"
        f" where e.rule_id = d.rule_id and e.key = d.key returning {_COLUMNS}",
        now,
        until,
        list(known),
        gone_before,
        count,
    )
    return sorted(map(_expectation, rows), key=lambda one: (one.missed_at or now, one.rule_id, one.key))


async def drop(tx: Transaction, keys: Collection[RuleKey]) -> None:
    """Drop what belongs to rules that are gone."""
    if keys:
        await tx.execute(
            "delete from expectations e using unnest($1::text[], $2::text[]) k(rule_id, key)"
            " where e.rule_id = k.rule_id and e.key = k.key",
            [rule_id for rule_id, _ in keys],
            [key for _, key in keys],
        )


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Drop what is settled and was not heard of since `before`, at most `portion`; returns how many."""
    return await tx.execute(
        # What an intake has in hand is heard of again: it stays, and neither waits for the other.
        "with old as materialized (select rule_id, key from expectations where due_at is null and updated_at < $1"
        " order by updated_at limit $2 for update skip locked)"
        " delete from expectations e using old where e.rule_id = old.rule_id and e.key = old.key",
        before,
        portion,
    )


def _expectation(row: Any) -> Expectation:
    return Expectation(
        rule_id=row["rule_id"],
        key=row["key"],
        mark=row["mark"],
        event_id=row["event_id"],
        envelope=None if row["event"] is None else json.loads(row["event"]),
        happened_at=row["happened_at"],
        heard_at=row["heard_at"],
        due_at=row["due_at"],
        missed_at=row["missed_at"],
        done_at=row["done_at"],
        fired=row["fired"],
    )
