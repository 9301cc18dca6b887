"""Owns what a post-mortem is made of: one incident's facts, counted and put in order; the one rule: read in one look, and redacted.

Times per level count from the level's first call: to the first acknowledgement before another level was called (MTTA), to the
incident's end (MTTR).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from leh_guardian.model.journal import Kind
from leh_guardian.store import deliveries, overview
from leh_guardian.store.transaction import Transaction
from leh_guardian.telemetry.redaction import redact, redact_all

_WITHOUT_DELIVERY = ("scheduled", "running", "waiting", "failed", "needs_human")


async def history(tx: Transaction, incident_id: UUID) -> dict[str, Any]:
    """Return everything about an incident that is there, as plain data in which secrets and people's numbers are masked."""
    found = await overview.incident(tx, incident_id)
    assert found is not None  # noqa: S101 - its id was just found
    sent = [_delivery(row) for row in await deliveries.of_incident(tx, incident_id)]
    actions = [_action(one) for one in found.pop("actions")]
    lines = [{**line, "reason": redact(line["reason"]), "data": redact_all(line["data"])} for line in found["journal"]]
    told = {one["action"] for one in sent}
    return {
        **{name: redact_all(value) if isinstance(value, str) else value for name, value in found.items()},
        "event": redact_all(found["event"]),
        "journal": lines,
        "times": times(found, lines),
        "levels": levels(lines, found["resolved_at"]),
        "actions": [one for one in actions if one["role"] != "tell"],
        "deliveries": sent,
        "untold": [
            one
            for one in actions
            if one["role"] == "tell" and one["id"] not in told and one["status"] in _WITHOUT_DELIVERY
        ],
    }


def times(incident: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return when it was first called, acknowledged and resolved, with the seconds since it opened; None for what was not."""
    opened = incident["opened_at"]
    first = {
        "called": _first(lines, Kind.CALLED),
        "acknowledged": incident["acknowledged_at"] or _first(lines, Kind.ACKNOWLEDGED),
        "resolved": incident["resolved_at"],
    }
    seconds = {f"{name}_seconds": (at - opened).total_seconds() if at else None for name, at in first.items()}
    return {**{f"{name}_at": at for name, at in first.items()}, **seconds}


def levels(lines: Sequence[Mapping[str, Any]], resolved: datetime | None) -> list[dict[str, Any]]:
    """Return each level that was called, in order of its first call, with its MTTA and MTTR in seconds."""
    calls: dict[int, datetime] = {}
    for line in lines:
        if line["kind"] == Kind.CALLED:
            calls.setdefault(int(line["data"]["level"]), line["at"])
    begun, found = list(calls.items()), []
    for number, (level, at) in enumerate(begun, 1):
        ends_at = begun[number][1] if number < len(begun) else None
        answers = [line["at"] for line in lines if line["kind"] == Kind.ACKNOWLEDGED and line["at"] >= at]
        answered = next((one for one in answers if ends_at is None or one < ends_at), None)
        found.append(
            {
                "level": level,
                "called_at": at,
                "acknowledged_seconds": (answered - at).total_seconds() if answered else None,
                "resolved_seconds": (resolved - at).total_seconds() if resolved and resolved >= at else None,
            }
        )
    return found


def _first(lines: Sequence[Mapping[str, Any]], kind: Kind) -> datetime | None:
    return next((line["at"] for line in lines if line["kind"] == kind), None)


def _delivery(row: Any) -> dict[str, Any]:
    names = ("target", "channel", "kind", "sent_at", "again", "receipt", "receipt_at")
    return {"action": str(row["action_id"]), "title": redact(row["title"]), **{name: row[name] for name in names}}


def _action(one: Mapping[str, Any]) -> dict[str, Any]:
    names = "id step role handler status attempt dry_run approved_by run created_at updated_at due_at".split()
    return {**{name: one[name] for name in names}, **{name: redact_all(one[name]) for name in ("params", "outcome")}}
