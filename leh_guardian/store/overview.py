"""Owns what people and programs read of the store: lists, counts, one incident whole; the one rule: it writes nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from leh_guardian.model.canary import CANARY
from leh_guardian.model.escalation import Escalation
from leh_guardian.model.incident_status import IncidentStatus
from leh_guardian.model.mode import Mode
from leh_guardian.model.outlook import next_call
from leh_guardian.model.policy import Policy
from leh_guardian.model.text import storable
from leh_guardian.model.timer import TimerKind
from leh_guardian.store import control, journal, probes, provider_outages
from leh_guardian.store.transaction import Transaction

_INCIDENT = (
    "id, number, rule_id, rule_revision, dedup_key, status, severity, level, event_id, event_count, run, opened_at, updated_at,"
    " acknowledged_at, resolved_at, ok_at, policy::text, escalation::text,"
    " (select json_object_agg(t.kind, t.due_at) from timers t where t.incident_id = incidents.id)::text as timers"
)
_ACTION = (
    "id, incident_id, run, role, step_id, handler, params::text, mode_rank, status, due_at, attempt, failures, dry_run,"
    " approved_by, outcome::text, held, created_at, updated_at"
)
_KINDS = frozenset(kind.value for kind in TimerKind)


async def list_incidents(
    tx: Transaction, *, statuses: Sequence[str] = (), rule: str | None = None, limit: int = 100
) -> list[Any]:
    """Return incidents, newest first."""
    # Conditions only where they are asked for: "all, or one of these" keeps every index from being used.
    wanted, values = _conditions(
        ("status = any({}::text[])", list(statuses)),
        # Canaries are shown to whoever asks for them.
        ("rule_id = {}", None if rule is None else storable(rule)),
        ("rule_id <> {}", CANARY if rule is None else None),
    )
    rows = await tx.fetch(
        f"select {_INCIDENT} from incidents{wanted} order by opened_at desc, id limit ${len(values) + 1}",
        *values,
        limit,
    )
    return [_incident(row) for row in rows]


async def find(tx: Transaction, table: str, prefix: str) -> list[UUID]:
    """Return the ids in a table whose rows people name that begin with `prefix`, at most two."""
    if table not in {"incidents", "actions", "quarantine", "silences", "duty_overrides"}:
        raise ValueError(table)
    digits = prefix.lower().replace("-", "")
    try:
        least, most = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
    except ValueError:
        return []
    rows = await tx.fetch(f"select id from {table} where id between $1 and $2 order by id limit 2", least, most)
    return [row["id"] for row in rows]


async def incident(tx: Transaction, incident_id: UUID) -> dict[str, Any] | None:
    """Return one incident with its event, actions and journal; None when there is none."""
    row = await tx.fetchrow(f"select {_INCIDENT}, event::text from incidents where id = $1", incident_id)
    if row is None:
        return None
    actions = await tx.fetch(
        f"select {_ACTION} from actions where incident_id = $1 order by created_at, step_index, id",
        incident_id,
    )
    lines = await journal.of_incident(tx, incident_id)
    return {
        **_incident(row),
        "event": json.loads(row["event"]),
        "actions": [_action(action) for action in actions],
        "journal": [
            {
                "at": line["at"],
                "kind": line["kind"],
                "reason": line["reason"],
                "action": str(line["action_id"]) if line["action_id"] else None,
                "author": line["author"],
                "data": json.loads(line["data"]),
            }
            for line in lines
        ],
    }


async def troubles(tx: Transaction, limit: int = 1000) -> list[Any]:
    """Return what is open now, newest first: id, rule_id, severity, kind, level, dedup_key, opened_at; no canaries."""
    return await tx.fetch(
        "select id, rule_id, severity, coalesce(plan->>'kind', '') as kind, level, dedup_key, opened_at from incidents"
        " where status in ('triggered', 'acknowledged') and rule_id <> $1 order by opened_at desc, id limit $2",
        CANARY,
        limit,
    )


async def remedy(tx: Transaction, incident_id: UUID) -> list[Any]:
    """Return what has been tried in an incident's present run: step, handler, status, outcome (JSON text), oldest first."""
    return await tx.fetch(
        "select a.step_id, a.handler, a.status, a.dry_run, a.outcome::text from actions a join incidents i on i.id = a.incident_id"
        " where i.id = $1 and a.run = i.run and a.role in ('step', 'verify') order by a.created_at, a.step_index, a.id",
        incident_id,
    )


async def list_actions(tx: Transaction, *, statuses: Sequence[str] = (), limit: int = 100) -> list[Any]:
    """Return actions, newest first."""
    wanted, values = _conditions(("status = any({}::text[])", list(statuses)), ("handler <> {}", CANARY))
    rows = await tx.fetch(
        f"select {_ACTION} from actions{wanted} order by created_at desc, step_index desc, id limit ${len(values) + 1}",
        *values,
        limit,
    )
    return [_action(row) for row in rows]


async def counts(tx: Transaction, now: datetime) -> dict[str, Any]:
    """Return the numbers of `/status`, without canaries.

    Open incidents, actions by status, untold messages, overdue timers, modes, outages of providers, probes.
    """
    levels = await tx.fetch(
        "select level, count(*) as n from incidents where status <> 'resolved' and rule_id <> $1 group by level order by level",
        CANARY,
    )
    # Two questions, each to one end of an index: joined by "or" they are answered by reading every row.
    statuses = await tx.fetch(
        "select status, count(*) as n from actions where status in ('proposed', 'scheduled', 'running', 'waiting')"
        " and handler <> $2 group by status union all"
        " select status, count(*) from actions where status in ('succeeded', 'skipped', 'failed', 'needs_human', 'rejected')"
        " and handler <> $2 and updated_at > $1 group by status order by status",
        now - timedelta(days=1),
        CANARY,
    )
    untold = await tx.fetchval(
        "select count(*) from actions where status in ('scheduled', 'running', 'waiting', 'failed', 'needs_human')"
        " and updated_at > $1 and role = 'tell' and failures > 0",
        now - timedelta(days=1),
    )
    overdue = await tx.fetchval("select count(*) from timers where due_at < $1", now - timedelta(minutes=1))
    switches = await control.modes(tx)
    return {
        "incidents": {"open": sum(r["n"] for r in levels), "by_level": {str(r["level"]): r["n"] for r in levels}},
        "actions": {"by_status": {r["status"]: r["n"] for r in statuses}},
        "messages": {"untold": untold},
        "timers": {"overdue": overdue},
        "modes": {row["scope"]: list(Mode)[row["mode_rank"]].value for row in switches},
        "providers": {outage.provider: outage.report() for outage in await provider_outages.listed(tx)},
        "probes": {track.name: track.report() for track in await probes.known(tx)},
    }


def _conditions(*asked: tuple[str, Any]) -> tuple[str, list[Any]]:
    """Return the where clause, and its values, of those conditions that have a value."""
    given = [(text, value) for text, value in asked if value]
    clause = " and ".join(text.format(f"${n}") for n, (text, _) in enumerate(given, 1))
    return f" where {clause}" if clause else "", [value for _, value in given]


def _incident(row: Any) -> dict[str, Any]:
    policy = Policy.from_json(json.loads(row["policy"])) if row["policy"] else None
    escalation = Escalation.from_json(policy, json.loads(row["escalation"])) if policy and row["escalation"] else None
    timers = {
        TimerKind(kind): datetime.fromisoformat(due_at)
        for kind, due_at in json.loads(row["timers"] or "{}").items()
        if kind in _KINDS
    }
    coming = next_call(escalation, IncidentStatus(row["status"]), timers)
    return {
        "id": str(row["id"]),
        "number": row["number"],
        "rule": row["rule_id"],
        "dedup_key": row["dedup_key"],
        "status": row["status"],
        "severity": row["severity"],
        "level": row["level"],
        "opened_at": row["opened_at"],
        "updated_at": row["updated_at"],
        "acknowledged_at": row["acknowledged_at"],
        "acknowledged_by": list(escalation.acked_by) if escalation else [],
        "as_of": escalation.seq if escalation else None,
        "next_call": {"at": coming.at, "level": coming.level} if coming else None,
        "resolved_at": row["resolved_at"],
        "ok_at": row["ok_at"],
        "events": row["event_count"],
        "event_id": row["event_id"],
        "run": row["run"],
        "rule_revision": row["rule_revision"],
    }


def _action(row: Any) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "incident": str(row["incident_id"]),
        "handler": row["handler"],
        "step": row["step_id"],
        "role": row["role"],
        "status": row["status"],
        "attempt": row["attempt"],
        "failures": row["failures"],
        "mode": list(Mode)[row["mode_rank"]].value,
        "dry_run": row["dry_run"],
        "held": row["held"] is not None,
        "approved_by": row["approved_by"],
        "due_at": row["due_at"],
        "params": json.loads(row["params"]),
        "outcome": json.loads(row["outcome"]) if row["outcome"] else None,
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "run": row["run"],
    }
