"""Owns the emptying of guardian's tables between two tests; the one rule: what is left is what a new schema has.

`truncate` makes new files for every table and index, ninety of them: 40 ms of CPU, most of it the kernel's, before each test. Rows are
deleted instead, past the triggers that keep the journal and past the foreign keys, until what is dead is worth new files.
"""

from __future__ import annotations

from typing import Final

from leh_guardian.store.transaction import Transaction

TABLES: Final = (
    "event_log, inbox, rule_keys, rule_runs, target_runs, early_oks, expectations, counters, circuits, spend_alarms, incidents,"
    " actions, timers,"
    " deliveries, approvals, control, provider_outages, heartbeats, probes, silences, duty_overrides, channel_outages,"
    " journal, journal_chain, journal_chain_ends, journal_roots,"
    " redriven_letters, quarantine, deployments, reprocessing, schedule_ticks, check_results,"
    " check_reports"
)
_MOST = 4_000_000
"""Bytes of tables, dead rows included, from which on they are made anew."""
_SIZE = (
    "select sum(pg_relation_size(format('leh_guardian.%I', btrim(name)))) from unnest(string_to_array($1, ',')) name"
)
_DELETE = ";".join(
    [
        "set local session_replication_role = replica",
        *(f"delete from {table.strip()}" for table in TABLES.split(",")),
        "set local session_replication_role = origin",
    ]
)
_RESTART = (
    "with own as materialized (select oid from pg_class where relkind = 'S' and relnamespace = 'leh_guardian'::regnamespace)"
    " select setval(oid::regclass, 1, false) from own"
)


async def empty(tx: Transaction) -> None:
    """Delete every row, and let what is numbered begin at 1."""
    if await tx.fetchval(_SIZE, TABLES) > _MOST:
        await tx.execute(f"truncate {TABLES} restart identity cascade")
        return
    await tx.execute(_DELETE)
    await tx.fetch(_RESTART)
