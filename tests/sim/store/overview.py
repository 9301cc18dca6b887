"""Owns the twins of store/overview.py; the one rule: as there, it writes nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from leh_guardian.model.action import OPEN
from leh_guardian.model.canary import CANARY
from leh_guardian.model.mode import Mode
from leh_guardian.model.text import dump_json, storable
from leh_guardian.store import overview as real
from leh_guardian.store.transaction import Transaction
from tests.sim.store import control, journal, probes, provider_outages
from tests.sim.store.pool import statement
from tests.sim.store.tables import ACTIONS, DUTY_OVERRIDES, INCIDENTS, SILENCES, TIMERS, Row
from tests.sim.store.work import Work


async def list_incidents(
    tx: Transaction, *, statuses: Sequence[str] = (), rule: str | None = None, limit: int = 100
) -> list[Any]:
    """Do as the real one."""
    async with statement(tx, "overview.list_incidents") as work:
        rows = [
            row
            for row in sorted(work.rows(INCIDENTS), key=lambda row: row["id"])
            if (not statuses or row["status"] in statuses) and _of(row, rule)
        ]
        rows = sorted(rows, key=lambda row: row["opened_at"], reverse=True)[:limit]
        return [real._incident({**row, "timers": _timers(work, row)}) for row in rows]


def _timers(work: Work, incident: Row) -> str | None:
    """Return the timers of an incident as the real one asks for them."""
    set_ = {row["kind"]: row["due_at"] for row in work.rows(TIMERS) if row["incident_id"] == incident["id"]}
    return dump_json(set_) if set_ else None


def _of(row: Row, rule: str | None) -> bool:
    """Tell whether an incident is of `rule`; without one, whether it is no canary's."""
    return bool(row["rule_id"] == storable(rule) if rule else row["rule_id"] != CANARY)


async def find(tx: Transaction, table: str, prefix: str) -> list[UUID]:
    """Do as the real one."""
    tables = {"incidents": INCIDENTS, "actions": ACTIONS, "silences": SILENCES, "duty_overrides": DUTY_OVERRIDES}
    if table not in tables:
        raise ValueError(table)
    digits = prefix.lower().replace("-", "")
    try:
        least, most = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
    except ValueError:
        return []
    async with statement(tx, "overview.find") as work:
        return sorted(row["id"] for row in work.rows(tables[table]) if least <= row["id"] <= most)[:2]


async def incident(tx: Transaction, incident_id: UUID) -> dict[str, Any] | None:
    """Do as the real one."""
    async with statement(tx, "overview.incident") as work:
        found = [{**row, "timers": _timers(work, row)} for row in work.find(INCIDENTS, incident_id)]
    if not found:
        return None
    async with statement(tx, "overview.incident") as work:
        actions = [row for row in work.rows(ACTIONS) if row["incident_id"] == incident_id]
    lines = await journal.of_incident(tx, incident_id)
    return {
        **real._incident(found[0]),
        "event": json.loads(found[0]["event"]),
        "actions": [
            real._action(row)
            for row in sorted(actions, key=lambda row: (row["created_at"], row["step_index"], row["id"]))
        ],
        "journal": [
            {
                **{name: line[name] for name in ("at", "kind", "reason", "author")},
                "action": str(line["action_id"]) if line["action_id"] else None,
                "data": json.loads(line["data"]),
            }
            for line in lines
        ],
    }


async def troubles(tx: Transaction, limit: int = 1000) -> list[Any]:
    """Do as the real one."""
    columns = ("id", "rule_id", "severity", "level", "dedup_key", "opened_at")
    async with statement(tx, "overview.troubles") as work:
        rows = [
            row
            for row in work.rows(INCIDENTS)
            if row["status"] in {"triggered", "acknowledged"} and row["rule_id"] != CANARY
        ]
    rows.sort(key=lambda row: row["id"])
    rows.sort(key=lambda row: row["opened_at"], reverse=True)
    kinds = [json.loads(row["plan"]).get("kind", "") for row in rows]
    return [{**{name: row[name] for name in columns}, "kind": kind} for row, kind in zip(rows, kinds, strict=True)][
        :limit
    ]


async def remedy(tx: Transaction, incident_id: UUID) -> list[Any]:
    """Do as the real one."""
    columns = ("step_id", "handler", "status", "dry_run", "outcome")
    async with statement(tx, "overview.remedy") as work:
        [incident] = work.find(INCIDENTS, incident_id)
        rows = [
            row
            for row in work.rows(ACTIONS)
            if row["incident_id"] == incident_id and row["run"] == incident["run"] and row["role"] in {"step", "verify"}
        ]
    rows.sort(key=lambda row: (row["created_at"], row["step_index"], row["id"]))
    return [{name: row[name] for name in columns} for row in rows]


async def list_actions(tx: Transaction, *, statuses: Sequence[str] = (), limit: int = 100) -> list[Any]:
    """Do as the real one."""
    async with statement(tx, "overview.list_actions") as work:
        rows = sorted(work.rows(ACTIONS), key=lambda row: row["id"])
    rows = [row for row in rows if (not statuses or row["status"] in statuses) and row["handler"] != CANARY]
    rows.sort(key=lambda row: (row["created_at"], row["step_index"]), reverse=True)
    return [real._action(row) for row in rows[:limit]]


async def counts(tx: Transaction, now: datetime) -> dict[str, Any]:
    """Do as the real one."""
    day_ago = now - timedelta(days=1)
    async with statement(tx, "overview.counts") as work:
        levels = Counter(row["level"] for row in work.rows(INCIDENTS) if row["status"] != "resolved" and _of(row, None))
    async with statement(tx, "overview.counts") as work:
        statuses = Counter(
            row["status"]
            for row in work.rows(ACTIONS)
            if (row["status"] in OPEN or row["updated_at"] > day_ago) and row["handler"] != CANARY
        )
    untold = {"scheduled", "running", "waiting", "failed", "needs_human"}
    async with statement(tx, "overview.counts") as work:
        messages = [
            row
            for row in work.rows(ACTIONS)
            if row["status"] in untold and row["updated_at"] > day_ago and row["role"] == "tell" and row["failures"] > 0
        ]
    async with statement(tx, "overview.counts") as work:
        overdue = sum(row["due_at"] < now - timedelta(minutes=1) for row in work.rows(TIMERS))
    switches = await control.modes(tx)
    return {
        "incidents": {"open": levels.total(), "by_level": {str(level): levels[level] for level in sorted(levels)}},
        "actions": {"by_status": {status: statuses[status] for status in sorted(statuses)}},
        "messages": {"untold": len(messages)},
        "timers": {"overdue": overdue},
        "modes": {row["scope"]: list(Mode)[row["mode_rank"]].value for row in switches},
        "providers": {outage.provider: outage.report() for outage in await provider_outages.listed(tx)},
        "probes": {track.name: track.report() for track in await probes.known(tx)},
    }
