"""Owns incident rows; the one rule: they are read for change only under their row lock, and the database keeps one open per key."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from leh_guardian.model.escalation import Escalation
from leh_guardian.model.incident import Incident, IncidentStatus
from leh_guardian.model.plan import Plan, Severity
from leh_guardian.model.policy import Policy
from leh_guardian.model.text import dump_json
from leh_guardian.store.transaction import Transaction

_COLUMNS = (
    "i.id, i.rule_id, i.rule_revision, i.dedup_key, i.status, i.severity, i.level, i.plan::text, i.event_id,"
    " i.serialize_key, i.opened_at, i.last_trigger_at, i.ok_at, i.event_count, i.run, i.number, i.resolved_at, i.policy::text,"
    " i.escalation::text"
)

RuleKey = tuple[str, str]
"""(rule id, dedup key)."""


@dataclass(frozen=True, slots=True)
class RunEvent:
    """The event that started a run, by its (storable) identity and envelope."""

    id: str
    envelope: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AlarmIncident:
    """An open incident whose present run was started by an event of CloudWatch's."""

    id: UUID
    rule_id: str
    dedup_key: str
    last_trigger_at: datetime
    ok_at: datetime | None
    waits_for_ok: bool
    envelope: Mapping[str, Any]

    @property
    def key(self) -> RuleKey:
        """What it is known by."""
        return self.rule_id, self.dedup_key


async def lock_rules(tx: Transaction, rule_ids: Collection[str]) -> None:
    """Serialise planning per rule over all replicas until the transaction ends: guards are then atomic.

    Ordered, so that two batches wait for each other instead of deadlocking.
    """
    await tx.execute(
        "select pg_advisory_xact_lock(hashtextextended('leh_guardian/rule/' || r, 0)) from unnest($1::text[]) r",
        sorted(rule_ids),
    )


async def lock_open(tx: Transaction, keys: Collection[RuleKey]) -> dict[RuleKey, Incident]:
    """Lock and return the open incidents of `keys`."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from incidents i join unnest($1::text[], $2::text[]) k(rule_id, dedup_key)"
        " on i.rule_id = k.rule_id and i.dedup_key = k.dedup_key"
        " where i.status <> 'resolved' order by i.id for update of i",
        [rule_id for rule_id, _ in keys],
        [dedup_key for _, dedup_key in keys],
    )
    return {(row["rule_id"], row["dedup_key"]): _incident(row) for row in rows}


async def lock_ended(tx: Transaction, keys: Collection[RuleKey], since: datetime) -> dict[RuleKey, Incident]:
    """Lock and return the incident of each of `keys` that was resolved last, if that was after `since`."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from incidents i join unnest($1::text[], $2::text[]) k(rule_id, dedup_key)"
        " on i.rule_id = k.rule_id and i.dedup_key = k.dedup_key where i.status = 'resolved' and i.resolved_at > $3"
        " order by i.resolved_at, i.id for update of i",
        [rule_id for rule_id, _ in keys],
        [dedup_key for _, dedup_key in keys],
        since,
    )
    return {(row["rule_id"], row["dedup_key"]): _incident(row) for row in rows}


async def lock(tx: Transaction, incident_id: UUID) -> Incident | None:
    """Lock and return one incident, resolved ones too; None when there is none of that id."""
    row = await tx.fetchrow(
        f"select {_COLUMNS} from incidents i where i.id = $1 for update",
        incident_id,
    )
    return _incident(row) if row else None


async def get(tx: Transaction, incident_id: UUID) -> Incident | None:
    """Return one incident, as it is and not locked; None when there is none of that id."""
    row = await tx.fetchrow(f"select {_COLUMNS} from incidents i where i.id = $1", incident_id)
    return _incident(row) if row else None


async def numbered(tx: Transaction, number: int) -> UUID | None:
    """Return the id of the incident that people call by `number`, None when there is none."""
    found: UUID | None = await tx.fetchval("select id from incidents where number = $1", number)
    return found


async def of_action(tx: Transaction, action_id: UUID) -> Incident | None:
    """Return the incident of an action, as it is and not locked; None for an unknown action."""
    row = await tx.fetchrow(
        f"select {_COLUMNS} from incidents i join actions a on a.incident_id = i.id where a.id = $1", action_id
    )
    return _incident(row) if row else None


async def lock_orphans(tx: Transaction, known: Collection[str], said: str) -> list[Incident]:
    """Lock and return open incidents that wait for the OK of a rule which is not `known`, at most a hundred.

    Left out are those whose journal has a line of kind `said`.
    """
    rows = await tx.fetch(
        f"select {_COLUMNS} from incidents i where i.status <> 'resolved' and i.rule_id <> all($1::text[])"
        " and (i.plan->>'resolves_on_event')::boolean and not exists"
        " (select 1 from journal j where j.incident_id = i.id and j.kind = $2) order by i.id limit 100 for update of i",
        list(known),
        said,
    )
    return [_incident(row) for row in rows]


async def of_alarms(tx: Transaction, most: int) -> list[AlarmIncident]:
    """Return open incidents that an event of CloudWatch's started, the newest first and not locked."""
    rows = await tx.fetch(
        "select id, rule_id, dedup_key, last_trigger_at, ok_at, (plan->>'resolves_on_event')::boolean as waits, event::text"
        # The text is looked at: a part of a hostile event cannot be taken out of it without an error.
        " from incidents where status <> 'resolved' and strpos(event::text, '\"aws.cloudwatch\"') > 0"
        " order by last_trigger_at desc, id limit $1",
        most,
    )
    return [_of_alarm(row) for row in rows]


async def lock_untold(tx: Transaction, ids: Collection[UUID], said: str) -> list[Incident]:
    """Lock and return the open ones of `ids` whose journal has no line of kind `said`."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from incidents i where i.id = any($1::uuid[]) and i.status <> 'resolved' order by i.id for update of i",
        list(ids),
    )
    # By a statement of its own: one that waited for a row's lock does not see what was written meanwhile.
    told = await tx.fetch(
        "select distinct incident_id from journal where incident_id = any($1::uuid[]) and kind = $2", list(ids), said
    )
    already = {row["incident_id"] for row in told}
    return [_incident(row) for row in rows if row["id"] not in already]


async def open_among(tx: Transaction, rule_ids: Collection[str]) -> list[str]:
    """Return those of `rule_ids` that have an open incident, in order."""
    rows = await tx.fetch(
        "select distinct rule_id from incidents where status <> 'resolved' and rule_id = any($1::text[]) order by rule_id",
        list(rule_ids),
    )
    return [row["rule_id"] for row in rows]


async def causes(tx: Transaction, rule_ids: Collection[str], beginning: str) -> set[tuple[str, str]]:
    """Return (rule, cause) of open incidents whose people were told last for a cause that begins so."""
    rows = await tx.fetch(
        "select distinct rule_id, escalation->>'cause' as cause from incidents where status <> 'resolved'"
        " and escalation is not null and rule_id = any($1::text[]) and starts_with(escalation->>'cause', $2)",
        list(rule_ids),
        beginning,
    )
    return {(row["rule_id"], row["cause"]) for row in rows}


async def opened_since(tx: Transaction, since: datetime, rule_ids: Collection[str]) -> dict[str, int]:
    """Return how many incidents of each rule were opened after `since`."""
    rows = await tx.fetch(
        "select rule_id, count(*) as opened from incidents where rule_id = any($1::text[]) and opened_at > $2 group by rule_id",
        list(rule_ids),
        since,
    )
    return {row["rule_id"]: row["opened"] for row in rows}


async def run_event(tx: Transaction, incident_id: UUID) -> RunEvent:
    """Return the event that started the incident's present run."""
    row = await tx.fetchrow("select event_id, event::text from incidents where id = $1", incident_id)
    return RunEvent(row["event_id"], json.loads(row["event"]))


async def insert(tx: Transaction, now: datetime, new: Sequence[tuple[Incident, RunEvent]]) -> None:
    """Store new incidents."""
    if not new:
        return
    columns = (
        "id rule_id rule_revision dedup_key status severity plan event_id event serialize_key opened_at updated_at"
        " last_trigger_at ok_at event_count run level policy escalation"
    ).split()
    await tx.copy_rows(
        "incidents",
        columns,
        [
            (
                i.id,
                i.rule_id,
                i.rule_revision,
                i.dedup_key,
                i.status.value,
                i.severity.value,
                dump_json(i.plan.to_json()),
                event.id,
                dump_json(event.envelope),
                i.serialize_key,
                i.opened_at,
                now,
                i.last_trigger_at,
                i.ok_at,
                i.event_count,
                i.run,
                i.level,
                dump_json(i.escalation.policy.to_json()) if i.escalation else None,
                dump_json(i.escalation.to_json()) if i.escalation else None,
            )
            for i, event in new
        ],
    )


async def save(tx: Transaction, now: datetime, changed: Sequence[Incident]) -> None:
    """Write back what may change about incidents that this transaction has locked."""
    if not changed:
        return
    await tx.execute(
        "update incidents i set status = u.status, severity = u.severity, level = u.level, last_trigger_at = u.last_trigger_at,"
        " ok_at = u.ok_at, event_count = u.event_count, policy = coalesce(u.policy::json, i.policy),"
        " escalation = u.escalation::json, updated_at = $7,"
        " acknowledged_at = case when u.status = 'acknowledged' then coalesce(i.acknowledged_at, $7) else i.acknowledged_at"
        " end, resolved_at = case when u.status <> 'resolved' then null when i.status = 'resolved' then i.resolved_at else $7 end"
        " from unnest($1::uuid[], $2::text[], $3::int[], $4::timestamptz[], $5::timestamptz[], $6::bigint[], $8::text[],"
        " $9::text[], $10::text[])"
        " u(id, status, level, last_trigger_at, ok_at, event_count, severity, policy, escalation) where i.id = u.id",
        [i.id for i in changed],
        [i.status.value for i in changed],
        [i.level for i in changed],
        [i.last_trigger_at for i in changed],
        [i.ok_at for i in changed],
        [i.event_count for i in changed],
        now,
        [i.severity.value for i in changed],
        # An incident gets a policy once; another one only where worse news bring it.
        [dump_json(i.escalation.policy.to_json()) if i.escalation else None for i in changed],
        [dump_json(i.escalation.to_json()) if i.escalation else None for i in changed],
    )


async def start_run(tx: Transaction, now: datetime, incident: Incident, event: RunEvent) -> None:
    """Begin another run of an open incident, with the rule as it is now."""
    await tx.execute(
        "update incidents set run = $2, event_id = $3, event = $4, plan = $5, rule_revision = $6, began_at = $7 where id = $1",
        incident.id,
        incident.run,
        event.id,
        dump_json(event.envelope),
        dump_json(incident.plan.to_json()),
        incident.rule_revision,
        now,
    )


def _of_alarm(row: Any) -> AlarmIncident:
    return AlarmIncident(
        id=row["id"],
        rule_id=row["rule_id"],
        dedup_key=row["dedup_key"],
        last_trigger_at=row["last_trigger_at"],
        ok_at=row["ok_at"],
        waits_for_ok=row["waits"],
        envelope=json.loads(row["event"]),
    )


def _incident(row: Any) -> Incident:
    return Incident(
        id=row["id"],
        rule_id=row["rule_id"],
        rule_revision=row["rule_revision"],
        dedup_key=row["dedup_key"],
        status=IncidentStatus(row["status"]),
        severity=Severity(row["severity"]),
        level=row["level"],
        plan=Plan.from_json(json.loads(row["plan"])),
        event_id=row["event_id"],
        serialize_key=row["serialize_key"],
        opened_at=row["opened_at"],
        last_trigger_at=row["last_trigger_at"],
        ok_at=row["ok_at"],
        event_count=row["event_count"],
        run=row["run"],
        number=row["number"],
        ended_at=row["resolved_at"],
        escalation=Escalation.from_json(_policy(row["policy"]), json.loads(row["escalation"]))
        if row["escalation"]
        else None,
    )


@lru_cache(maxsize=256)
def _policy(text: str) -> Policy:
    """Return a policy by its row's text: thousands of incidents share a few."""
    return Policy.from_json(json.loads(text))
