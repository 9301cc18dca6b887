"""Owns the rights that a role needs on guardian's schema; the one rule: what is missing is told as statements that can be pasted.

Three kinds of role (docs/deploy.md): the daemon's owns the schema, an answering one does what people do by command, a reading
one looks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from leh_guardian.errors import RightsMissing, StoreUnavailable

SCHEMA: Final = "leh_guardian"

DAEMON_NEEDS: Final = {
    "schema_version": "select",
    "event_log": "select insert delete",
    "inbox": "select insert delete",
    "rule_keys": "select insert update delete",
    "rule_runs": "select insert delete",
    "target_runs": "select insert update delete",
    "incidents": "select insert update delete",
    "actions": "select insert update delete",
    "timers": "select insert update delete",
    "deliveries": "select insert update delete",
    "approvals": "select insert delete",
    "early_oks": "select insert update delete",
    "heartbeats": "select insert update delete",
    "probes": "select insert update delete",
    "silences": "select insert update delete",
    "duty_overrides": "select insert update delete",
    "channel_outages": "select insert update",
    "expectations": "select insert update delete",
    "counters": "select insert update delete",
    "schedule_ticks": "select insert update delete",
    "check_results": "select insert update delete",
    "check_reports": "select insert update delete",
    "circuits": "select insert update delete",
    "spend_alarms": "select insert update delete",
    "control": "select insert update",
    "redriven_letters": "select insert delete",
    "quarantine": "select insert update",
    "provider_outages": "select insert update",
    "deployments": "select insert delete",
    "reprocessing": "select insert update delete",
    "journal": "select insert delete",
    "journal_chain": "select insert delete",
    "journal_chain_ends": "select insert update",
    "journal_roots": "select insert",
}
"""What the daemon does to each table."""

Grants = Callable[[str], str]
"""What to tell a role of the kind that uses this connection."""

_UNKNOWN_ROLE = "the role of LEH_DATABASE_URL"


def to_connect(role: str, database: str) -> str:
    """Return the statement that lets `role` in."""
    return f"grant connect on database {quoted(database)} to {quoted(role)};"


def to_create_schema(role: str, database: str) -> str:
    """Return the statements, one of which lets `role` have the schema made."""
    return (
        f"grant create on database {quoted(database)} to {quoted(role)};"
        f" or: create schema {SCHEMA} authorization {quoted(role)};"
    )


def to_read(role: str) -> str:
    """Return the statements that let `role` look."""
    return f"grant usage on schema {SCHEMA} to {quoted(role)}; grant select on all tables in schema {SCHEMA} to {quoted(role)};"


def to_answer(role: str) -> str:
    """Return the statements that let a reading `role` also answer, silence, change duty, switch modes and start redrives."""
    to = quoted(role)
    return (
        f"grant insert on {SCHEMA}.journal, {SCHEMA}.approvals to {to};"
        f" grant insert, update on {SCHEMA}.incidents, {SCHEMA}.actions to {to}; grant update on {SCHEMA}.quarantine to {to};"
        f" grant insert on {SCHEMA}.deployments to {to}; grant insert, update on {SCHEMA}.control to {to};"
        f" grant insert, update on {SCHEMA}.silences, {SCHEMA}.duty_overrides to {to};"
        f" grant insert, update, delete on {SCHEMA}.timers to {to};"
        f" grant insert, update on {SCHEMA}.circuits, {SCHEMA}.channel_outages to {to};"
    )


def to_run(role: str) -> str:
    """Return the statements that let `role` be the daemon's on a schema that another role owns."""
    to = quoted(role)
    return (
        f"grant usage, create on schema {SCHEMA} to {to};"
        f" grant select, insert, update, delete on all tables in schema {SCHEMA} to {to};"
    )


def for_commands(role: str) -> str:
    """Return what lets `role` use the store's commands, the looking ones first."""
    return f"to let {role} look: {to_read(role)} To let it answer as well: {to_answer(role)}"


def for_daemon(role: str) -> str:
    """Return what lets `role` run the daemon."""
    return f"to let {role} run the daemon: {to_run(role)}"


def missing(refused: str, role: str | None, grants: Grants) -> RightsMissing:
    """Return the error for a statement that PostgreSQL `refused` to `role`, with the grants that help."""
    return RightsMissing(
        f"PostgreSQL refuses: {refused}. As the owner of the schema {SCHEMA}, {grants(role or _UNKNOWN_ROLE)}"
    )


async def check_daemon_rights(tx: Any) -> None:
    """Refuse a role that cannot do the daemon's work on a schema that is there; `tx` is a transaction.

    Raises:
        RightsMissing: with every table that the role may not use as the daemon does, and the grants.
        StoreUnavailable: it could, were its sessions not read-only.
    """
    wanted = [(table, right) for table, rights in DAEMON_NEEDS.items() for right in rights.split()]
    rows = await tx.fetch(
        "select t as name, string_agg(r, ', ' order by r) as lacking from unnest($2::text[], $3::text[]) as wanted (t, r)"
        " join pg_class c on c.relname = t join pg_namespace n on n.oid = c.relnamespace and n.nspname = $1"
        " where not has_table_privilege(c.oid, r) group by t"
        " union all select 'the schema', 'usage' where not has_schema_privilege($1, 'usage')",
        SCHEMA,
        [table for table, _ in wanted],
        [right for _, right in wanted],
    )
    if rows:
        role = await tx.fetchval("select current_user")
        lacking = ", ".join(f"{row['name']} ({row['lacking']})" for row in rows)
        raise RightsMissing(
            f"the role {role} lacks rights on {lacking}. Let the daemon use the role that owns the schema {SCHEMA}; or as"
            f" that owner: {to_run(role)}"
        )
    if await tx.fetchval("select current_setting('transaction_read_only')::boolean"):
        raise StoreUnavailable(
            "PostgreSQL: sessions are read-only: default_transaction_read_only is on, for the role or for the server"
            " (managed services turn it on when the disk is full)"
        )


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
