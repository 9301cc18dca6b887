"""Owns the events that are rebuilt from AWS's own word; the one rule: spelt as EventBridge does, and what is not known is left out.

"Alarm events and EventBridge" (CloudWatch User Guide) · "Overview of events for Amazon RDS" (RDS User Guide). Not known are an alarm's
previous state, its tags, and the EventID of an event of RDS: a rule that asks for one of those does not match what is rebuilt.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from leh_guardian.model.event import Event
from leh_guardian.model.happening import ALARM_CHANGE, ALARMS, RDS, Happening, alarm_subject, rds_subject
from leh_guardian.ports import AlarmNow, DatabaseEvent

_PARTS: Final = 6
"""Parts of an ARN: arn, partition, service, region, account, resource."""
_RDS_KINDS: Final = {
    "db-instance": ("RDS DB Instance Event", "DB_INSTANCE"),
    "db-cluster": ("RDS DB Cluster Event", "CLUSTER"),
    "db-snapshot": ("RDS DB Snapshot Event", "SNAPSHOT"),
    "db-cluster-snapshot": ("RDS DB Cluster Snapshot Event", "CLUSTER_SNAPSHOT"),
    "db-parameter-group": ("RDS DB Parameter Group Event", "DB_PARAM"),
    "db-security-group": ("RDS DB Security Group Event", "DB_SECURITY_GROUP"),
    "db-proxy": ("RDS DB Proxy Event", "DB_PROXY"),
    "blue-green-deployment": ("RDS Blue Green Deployment Event", "BLUE_GREEN_DEPLOYMENT"),
    "custom-engine-version": ("RDS Custom Engine Version Event", "CUSTOM_ENGINE_VERSION"),
}
"""{SourceType of the API: (the event's type, its SourceType)}; of others EventBridge is not known to tell."""


def place_of(arn: str) -> tuple[str, str] | None:
    """Return (region, account) of an ARN; None where it is none."""
    parts = arn.split(":", _PARTS - 1)
    return (parts[3], parts[4]) if len(parts) == _PARTS and parts[0] == "arn" else None


def alarm_change(alarm: AlarmNow) -> tuple[Happening, Event] | None:
    """Return what an alarm's present state says to have happened, and its event; None where its ARN is none."""
    happening = Happening(alarm_subject(alarm.name, alarm.state), alarm.since)
    state = {"value": alarm.state, "reason": alarm.reason, "timestamp": _stamp(alarm.since)}
    if alarm.reason_data:
        state["reasonData"] = alarm.reason_data
    detail = {"alarmName": alarm.name, "state": state, "configuration": dict(alarm.configuration)}
    return _event(happening, ALARMS, ALARM_CHANGE, alarm.arn, detail)


def database_event(told: DatabaseEvent) -> tuple[Happening, Event] | None:
    """Return what RDS says to have happened, and its event; None where EventBridge does not tell of its kind."""
    if told.kind not in _RDS_KINDS:
        return None
    kind, source_type = _RDS_KINDS[told.kind]
    happening = Happening(rds_subject(told.arn, told.message), told.at)
    detail = {
        "EventCategories": list(told.categories),
        "SourceType": source_type,
        "SourceArn": told.arn,
        "Date": _stamp(told.at, "Z"),
        "Message": told.message,
        "SourceIdentifier": told.identifier,
    }
    return _event(happening, RDS, kind, told.arn, detail)


def _event(
    happening: Happening, source: str, kind: str, arn: str, detail: Mapping[str, Any]
) -> tuple[Happening, Event] | None:
    place = place_of(arn)
    if place is None:
        return None
    region, account = place
    envelope = {
        "version": "0",
        "id": happening.rebuilt,
        "detail-type": kind,
        "source": source,
        "account": account,
        "time": happening.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [arn],
        "detail": dict(detail),
    }
    return happening, Event(f"eventbridge:{happening.rebuilt}", envelope)


def _stamp(at: datetime, zone: str = "+0000") -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", zone)
