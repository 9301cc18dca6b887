"""What people and /status read of the store, and what upkeep drops of it, among very many settled rows."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from leh_guardian.clock import SystemClock
from leh_guardian.engine.upkeep import Retention, Upkeep
from leh_guardian.store import inbox, overview, rights
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction

NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
MANY = 20_000

FILL = f"""
insert into incidents (id, rule_id, rule_revision, dedup_key, status, severity, plan, event_id, event, serialize_key,
        opened_at, updated_at, last_trigger_at)
    select lpad(to_hex(n), 32, '0')::uuid, 'rule-' || n % 20, 'r', 'key-' || n,
        case when n % 4000 = 0 then 'triggered' else 'resolved' end, 'sev2', '{{}}', 'e', '{{}}', 's', at, at, at
    from generate_series(1, {MANY}) n, lateral (select timestamptz '{NOW}' - n * interval '5 min' as at) _;
insert into actions (id, incident_id, run, role, step_id, step_index, handler, params, mode_rank, changes, retryable,
        status, due_at, timeout, attempts, backoff, created_at, updated_at)
    select id, id, 1, 'step', 's', 0, 'fix', '{{}}', 3, true, true,
        case when status = 'resolved' then 'succeeded' else 'proposed' end, opened_at, 30, 3, 1, opened_at, opened_at
    from incidents;
insert into event_log (received_at, matched, body)
    select timestamptz '{NOW}' - n * interval '1 min', false, '' from generate_series({MANY}, 1, -1) n;
"""

Question = Callable[[Transaction], Awaitable[Any]]


async def filled(pool: Pool) -> None:
    """Fill the store with many settled rows and a few open ones."""
    async with transaction(pool) as tx:
        await tx.script(FILL)
    async with pool.connection() as connection:
        await connection.execute("vacuum analyze incidents, actions, event_log")


class Counting(Transaction):
    """A transaction that adds up the rows that its statements' plans look at."""

    looked_at = 0

    async def _count(self, sql: str, args: tuple[Any, ...]) -> None:
        plan = await self._connection.fetchval(f"explain (analyze, format json) {sql}", *args)
        self.looked_at += _rows(json.loads(plan)[0]["Plan"])

    async def fetch(self, sql: str, *args: Any) -> list[Any]:
        """Count, then run."""
        await self._count(sql, args)
        return await super().fetch(sql, *args)

    async def fetchval(self, sql: str, *args: Any) -> Any:
        """Count, then run."""
        await self._count(sql, args)
        return await super().fetchval(sql, *args)


def _rows(node: dict[str, Any]) -> int:
    """Return how many rows the scans of a plan look at."""
    own = node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
    return (int(own) if "Scan" in node["Node Type"] else 0) + sum(map(_rows, node.get("Plans", [])))


@pytest.mark.parametrize(
    "question",
    [
        lambda tx: overview.counts(tx, NOW),
        lambda tx: overview.list_incidents(tx, statuses=("triggered", "acknowledged", "snoozed")),
        lambda tx: overview.list_incidents(tx, rule="nobody"),
        overview.list_incidents,
        overview.list_actions,
        lambda tx: overview.list_actions(tx, statuses=("proposed",)),
        lambda tx: overview.find(tx, "actions", f"{12345:032x}"[:30]),
        lambda tx: overview.find(tx, "incidents", str(UUID(int=12345))),
    ],
    ids=["counts", "open", "rule", "newest", "actions", "proposed", "prefix", "id"],
)
async def test_reading_does_not_grow_with_what_is_settled(pool: Pool, question: Question) -> None:
    """What is asked often, or by a person at 03:00, looks at what it tells of and little more, however much there is."""
    await filled(pool)
    async with transaction(pool) as tx:
        counting = Counting(tx._connection, rights.for_daemon)
        await question(counting)
    assert counting.looked_at < MANY / 10


async def test_ids_are_found_by_their_beginning(pool: Pool) -> None:
    """A beginning, with dashes or without, finds its id; one that means several finds two; nonsense finds none."""
    await filled(pool)
    async with transaction(pool) as tx:
        assert await overview.find(tx, "actions", str(UUID(int=0x1234))[:-2]) != []
        assert await overview.find(tx, "actions", str(UUID(int=0x1234))) == [UUID(int=0x1234)]
        assert len(await overview.find(tx, "actions", "000000")) == 2
        assert await overview.find(tx, "actions", "ffffff") == []
        assert await overview.find(tx, "actions", "%%%%%%") == []


async def test_upkeep_drops_by_age_and_by_number(pool: Pool) -> None:
    """Old bodies go, and the oldest beyond the number kept go, in portions, until there is nothing to drop."""
    await filled(pool)
    keep = Retention(event_log=timedelta(days=5), event_log_rows=5000, journal=timedelta(days=800))

    class Clock(SystemClock):
        def now(self) -> datetime:
            return NOW

    upkeep, rounds = Upkeep(pool, Clock(), keep), 0
    while await upkeep.run_once():
        rounds += 1
    assert rounds > 1
    async with transaction(pool) as tx:
        assert await tx.fetchval("select count(*) from event_log") == 5000
        assert await tx.fetchval("select max(received_at) from event_log") == NOW - timedelta(minutes=1)
        assert await inbox.forget(tx, log_before=NOW, inbox_before=NOW, log_rows=1, portion=10) == 20
