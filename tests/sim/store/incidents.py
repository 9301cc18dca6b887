"""Owns the twins of store/incidents.py; the one rule: as there."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from leh_guardian.model.incident import Incident
from leh_guardian.model.text import dump_json
from leh_guardian.store import incidents as real
from leh_guardian.store.incidents import AlarmIncident, RuleKey, RunEvent
from leh_guardian.store.transaction import Transaction
from tests.sim.store.locks import Mode
from tests.sim.store.pool import statement
from tests.sim.store.tables import ACTIONS, INCIDENTS, JOURNAL, Row


def _open(row: Row) -> bool:
    return bool(row["status"] != "resolved")


async def lock_rules(tx: Transaction, rule_ids: Collection[str]) -> None:
    """Do as the real one."""
    async with statement(tx, "incidents.lock_rules") as work:
        for rule_id in sorted(rule_ids):
            await work.database.locks.acquire(work, ("rule", rule_id), Mode.UPDATE)


async def lock_open(tx: Transaction, keys: Collection[RuleKey]) -> dict[RuleKey, Incident]:
    """Do as the real one."""
    asked = list(keys)
    async with statement(tx, "incidents.lock_open") as work:
        among = [row for row in work.rows(INCIDENTS) if (row["rule_id"], row["dedup_key"]) in asked]
        rows = await work.locked(INCIDENTS, sorted(among, key=lambda row: row["id"]), _open)
    return {(row["rule_id"], row["dedup_key"]): real._incident(row) for row in rows}


async def lock_ended(tx: Transaction, keys: Collection[RuleKey], since: datetime) -> dict[RuleKey, Incident]:
    """Do as the real one."""
    asked = list(keys)

    def wanted(row: Row) -> bool:
        return not _open(row) and row["resolved_at"] is not None and row["resolved_at"] > since

    async with statement(tx, "incidents.lock_ended") as work:
        among = [row for row in work.rows(INCIDENTS) if (row["rule_id"], row["dedup_key"]) in asked and wanted(row)]
        rows = await work.locked(INCIDENTS, sorted(among, key=lambda row: (row["resolved_at"], row["id"])), wanted)
    return {(row["rule_id"], row["dedup_key"]): real._incident(row) for row in rows}


async def lock(tx: Transaction, incident_id: UUID) -> Incident | None:
    """Do as the real one."""
    async with statement(tx, "incidents.lock") as work:
        rows = await work.locked(INCIDENTS, work.find(INCIDENTS, incident_id))
    return real._incident(rows[0]) if rows else None


async def get(tx: Transaction, incident_id: UUID) -> Incident | None:
    """Do as the real one."""
    async with statement(tx, "incidents.get") as work:
        rows = work.find(INCIDENTS, incident_id)
    return real._incident(rows[0]) if rows else None


async def numbered(tx: Transaction, number: int) -> UUID | None:
    """Do as the real one."""
    async with statement(tx, "incidents.numbered") as work:
        return next((row["id"] for row in work.rows(INCIDENTS) if row["number"] == number), None)


async def of_action(tx: Transaction, action_id: UUID) -> Incident | None:
    """Do as the real one."""
    async with statement(tx, "incidents.of_action") as work:
        rows = [row for action in work.find(ACTIONS, action_id) for row in work.find(INCIDENTS, action["incident_id"])]
    return real._incident(rows[0]) if rows else None


async def lock_orphans(tx: Transaction, known: Collection[str], said: str) -> list[Incident]:
    """Do as the real one."""
    async with statement(tx, "incidents.lock_orphans") as work:
        told = [row["incident_id"] for row in work.rows(JOURNAL) if row["kind"] == said]

        def wanted(row: Row) -> bool:
            waits = json.loads(row["plan"]).get("resolves_on_event")
            return bool(_open(row) and row["rule_id"] not in known and waits and row["id"] not in told)

        among = sorted(work.rows(INCIDENTS), key=lambda row: row["id"])
        rows = await work.locked(INCIDENTS, among, wanted, limit=100)
    return [real._incident(row) for row in rows]


async def of_alarms(tx: Transaction, most: int) -> list[AlarmIncident]:
    """Do as the real one."""
    async with statement(tx, "incidents.of_alarms") as work:
        rows = [row for row in work.rows(INCIDENTS) if _open(row) and '"aws.cloudwatch"' in row["event"]]
    rows.sort(key=lambda row: (-row["last_trigger_at"].timestamp(), row["id"]))
    waits = [json.loads(row["plan"])["resolves_on_event"] for row in rows]
    return [real._of_alarm({**row, "waits": wait}) for row, wait in zip(rows[:most], waits, strict=False)]


async def lock_untold(tx: Transaction, ids: Collection[UUID], said: str) -> list[Incident]:
    """Do as the real one."""
    async with statement(tx, "incidents.lock_untold") as work:
        among = sorted((row for row in work.rows(INCIDENTS) if row["id"] in ids), key=lambda row: row["id"])
        rows = await work.locked(INCIDENTS, among, _open)
    async with statement(tx, "incidents.lock_untold") as work:
        told = {row["incident_id"] for row in work.rows(JOURNAL) if row["kind"] == said}
    return [real._incident(row) for row in rows if row["id"] not in told]


async def open_among(tx: Transaction, rule_ids: Collection[str]) -> list[str]:
    """Do as the real one."""
    async with statement(tx, "incidents.open_among") as work:
        return sorted({row["rule_id"] for row in work.rows(INCIDENTS) if _open(row) and row["rule_id"] in rule_ids})


async def causes(tx: Transaction, rule_ids: Collection[str], beginning: str) -> set[tuple[str, str]]:
    """Do as the real one."""
    async with statement(tx, "incidents.causes") as work:
        among = [row for row in work.rows(INCIDENTS) if _open(row) and row["rule_id"] in rule_ids and row["escalation"]]
    told = {(row["rule_id"], json.loads(row["escalation"])["cause"]) for row in among}
    return {(rule_id, cause) for rule_id, cause in told if cause.startswith(beginning)}


async def opened_since(tx: Transaction, since: datetime, rule_ids: Collection[str]) -> dict[str, int]:
    """Do as the real one."""
    async with statement(tx, "incidents.opened_since") as work:
        rows = [row for row in work.rows(INCIDENTS) if row["rule_id"] in rule_ids and row["opened_at"] > since]
        return dict(Counter(row["rule_id"] for row in rows))


async def run_event(tx: Transaction, incident_id: UUID) -> RunEvent:
    """Do as the real one."""
    async with statement(tx, "incidents.run_event") as work:
        [row] = work.find(INCIDENTS, incident_id)
    return RunEvent(row["event_id"], json.loads(row["event"]))


async def insert(tx: Transaction, now: datetime, new: Sequence[tuple[Incident, RunEvent]]) -> None:
    """Do as the real one."""
    if new:
        async with statement(tx, "incidents.insert") as work:
            await work.insert(INCIDENTS, [_row(now, incident, event) for incident, event in new])


def _row(now: datetime, incident: Incident, event: RunEvent) -> dict[str, Any]:
    copied = (
        "id rule_id rule_revision dedup_key serialize_key opened_at last_trigger_at ok_at event_count run level"
    ).split()
    return {
        **{name: getattr(incident, name) for name in copied},
        "status": incident.status.value,
        "severity": incident.severity.value,
        "plan": dump_json(incident.plan.to_json()),
        "event_id": event.id,
        "event": dump_json(event.envelope),
        "updated_at": now,
        **_escalation(incident),
    }


def _escalation(incident: Incident) -> dict[str, Any]:
    escalation = incident.escalation
    return {
        "policy": dump_json(escalation.policy.to_json()) if escalation else None,
        "escalation": dump_json(escalation.to_json()) if escalation else None,
    }


async def save(tx: Transaction, now: datetime, changed: Sequence[Incident]) -> None:
    """Do as the real one."""
    if not changed:
        return
    async with statement(tx, "incidents.save") as work:
        for new in changed:
            for row in await work.locked(INCIDENTS, work.find(INCIDENTS, new.id), mode=Mode.NO_KEY_UPDATE):
                acknowledged = row["acknowledged_at"]
                if new.status.value == "acknowledged" and acknowledged is None:
                    acknowledged = now
                await work.update(
                    INCIDENTS,
                    row,
                    status=new.status.value,
                    severity=new.severity.value,
                    level=new.level,
                    last_trigger_at=new.last_trigger_at,
                    ok_at=new.ok_at,
                    event_count=new.event_count,
                    updated_at=now,
                    acknowledged_at=acknowledged,
                    **_escalation(new) if new.escalation else {"escalation": None},
                    resolved_at=_ended(row, new, now),
                )


def _ended(row: Row, new: Incident, now: datetime) -> datetime | None:
    if new.status.value != "resolved":
        return None
    return row["resolved_at"] if row["status"] == "resolved" else now


async def start_run(tx: Transaction, now: datetime, incident: Incident, event: RunEvent) -> None:
    """Do as the real one."""
    async with statement(tx, "incidents.start_run") as work:
        for row in await work.locked(INCIDENTS, work.find(INCIDENTS, incident.id), mode=Mode.NO_KEY_UPDATE):
            await work.update(
                INCIDENTS,
                row,
                run=incident.run,
                event_id=event.id,
                event=dump_json(event.envelope),
                plan=dump_json(incident.plan.to_json()),
                rule_revision=incident.rule_revision,
                began_at=now,
            )
