"""Owns the Event and the reading of message bodies; the one rule: a body becomes events or `MalformedEvent`, never a crash.

Four spellings are read, each made into the EventBridge envelope that patterns see:

* the EventBridge envelope itself (Amazon EventBridge User Guide, "AWS service event metadata");
* an SNS notification around any of the others (Amazon SNS Developer Guide, "Parsing Amazon SNS message formats");
* the CloudWatch alarm JSON that SNS carries, made into a "CloudWatch Alarm State Change";
* S3 notification records (Amazon S3 User Guide, "Event message structure"), made into "Object Created" and so on.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn
from urllib.parse import unquote_plus
from uuid import UUID

import orjson

from leh_guardian.errors import MalformedEvent
from leh_guardian.model.identity import key

_MAX_WRAPS = 3
"""SNS in SNS is met once in a while; deeper is an attack."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Stamps before it are no times but "not set": Go's zero time is in year 1, which PostgreSQL's driver reads as -infinity."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, as the EventBridge envelope that patterns match."""

    id: str
    """What makes the event itself: EventBridge's id, else SNS's, else S3 key, version and sequencer, else a digest."""
    envelope: dict[str, Any]

    @property
    def key(self) -> UUID:
        """The id as the inbox keeps it; made when asked for, since most events match nothing and are never asked."""
        return key(self.id)

    @property
    def source(self) -> str:
        """The service that tells of it, such as aws.cloudwatch."""
        return str(self.envelope["source"])

    @property
    def detail_type(self) -> str:
        """What kind of happening it is."""
        return str(self.envelope["detail-type"])

    @property
    def detail(self) -> dict[str, Any]:
        """The happening itself."""
        detail: dict[str, Any] = self.envelope["detail"]
        return detail

    @property
    def occurred_at(self) -> datetime | None:
        """When it happened at the source, in UTC; an alarm's own time stamp is finer than the envelope's second."""
        state = self.detail.get("state")
        stamp = state.get("timestamp") if isinstance(state, dict) else None
        return _instant(stamp) or _instant(self.envelope.get("time"))


def parse_body(body: bytes) -> list[Event]:
    """Read a message body.

    Returns its events: one, or one per S3 record; none for S3's test message.

    Raises:
        MalformedEvent: the body is no event in any known spelling; the text says why.
    """
    return _events(_load(body), None, body, _MAX_WRAPS)


def _load(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as strict:
        # orjson is strict about lone surrogates, numbers beyond a double and depth; the standard library reads
        # the first two. NaN and Infinity are no JSON and stay refused.
        try:
            return json.loads(body.decode("utf-8", "surrogatepass"), parse_constant=_refuse_constant)
        except RecursionError:
            raise MalformedEvent("nested too deeply to be an event") from None
        except (ValueError, MalformedEvent):
            raise MalformedEvent(f"not JSON: {strict}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedEvent(f"{name} is not JSON")


def _events(data: Any, sns_id: str | None, body: bytes, wraps: int) -> list[Event]:
    match data:
        case {"source": str(), "detail-type": str(), "detail": dict()}:
            given = data.get("id")
            return [
                Event(f"eventbridge:{given}" if isinstance(given, str) and given else _fallback(sns_id, body), data)
            ]
        case {"Type": "Notification", "MessageId": str(inner_id), "Message": str(text)} if wraps:
            inner = text.encode("utf-8", "surrogatepass")
            return _events(_load(inner), inner_id, inner, wraps - 1)
        case {"AlarmName": str(), "NewStateValue": str()}:
            return [Event(_fallback(sns_id, body), _alarm_envelope(data))]
        case {"Records": [*records]} if records:
            return [_s3_event(record) for record in records]
        case {"Service": "Amazon S3", "Event": "s3:TestEvent"}:
            return []
        case dict():
            known = ", ".join(sorted(map(repr, list(data)[:8])))
            raise MalformedEvent(
                f"no EventBridge envelope, SNS notification, CloudWatch alarm or S3 notification (keys: {known})"
            )
        case _:
            raise MalformedEvent(f"a JSON {type(data).__name__} is not an event")


def _fallback(sns_id: str | None, body: bytes) -> str:
    return f"sns:{sns_id}" if sns_id else f"sha256:{hashlib.sha256(body).hexdigest()}"


def _alarm_envelope(alarm: dict[str, Any]) -> dict[str, Any]:
    """Spell SNS's alarm JSON as EventBridge's "CloudWatch Alarm State Change" ("Alarm events and EventBridge")."""
    arn = alarm.get("AlarmArn")
    parts = arn.split(":") if isinstance(arn, str) else []
    time = alarm.get("StateChangeTime")
    detail: dict[str, Any] = {
        "alarmName": alarm["AlarmName"],
        "state": {"value": alarm["NewStateValue"], "reason": alarm.get("NewStateReason"), "timestamp": time},
        "previousState": {"value": alarm.get("OldStateValue")},
        "configuration": {
            "description": alarm.get("AlarmDescription"),
            "metrics": _alarm_metrics(alarm.get("Trigger")),
        },
    }
    return {
        "version": "0",
        "source": "aws.cloudwatch",
        "detail-type": "CloudWatch Alarm State Change",
        "account": alarm.get("AWSAccountId"),
        "region": parts[3] if len(parts) > 6 else alarm.get("Region"),
        "time": time,
        "resources": [arn] if isinstance(arn, str) else [],
        "detail": detail,
    }


def _alarm_metrics(trigger: Any) -> list[dict[str, Any]]:
    if not isinstance(trigger, dict) or "Namespace" not in trigger:
        return []
    given = trigger.get("Dimensions")
    dimensions = {
        str(d.get("name", d.get("Name"))): d.get("value", d.get("Value"))
        for d in (given if isinstance(given, list) else [])
        if isinstance(d, dict)
    }
    metric = {"namespace": trigger["Namespace"], "name": trigger.get("MetricName"), "dimensions": dimensions}
    return [
        {
            "id": "m1",
            "metricStat": {"metric": metric, "period": trigger.get("Period"), "stat": trigger.get("Statistic")},
        }
    ]


_S3_TYPES = {
    "ObjectCreated": "Object Created",
    "ObjectRemoved": "Object Deleted",
    "ObjectRestore": "Object Restore Completed",
    "LifecycleExpiration": "Object Deleted",
}


def _s3_event(record: Any) -> Event:
    """Spell an S3 notification record as EventBridge's S3 event; there the key is plain, in the record URL-encoded."""
    match record:
        case {
            "eventSource": "aws:s3",
            "eventName": str(name),
            "s3": {"bucket": {"name": str(bucket)}, "object": {"key": str(raw_key), **thing}},
        }:
            pass
        case _:
            raise MalformedEvent("a record in 'Records' is no S3 notification record")
    object_key = unquote_plus(raw_key)
    version, sequencer = thing.get("versionId"), thing.get("sequencer")
    category = name.removeprefix("s3:").partition(":")[0]
    detail: dict[str, Any] = {
        "version": "0",
        "bucket": {"name": bucket},
        "object": {
            "key": object_key,
            "size": thing.get("size"),
            "etag": thing.get("eTag"),
            "version-id": version,
            "sequencer": sequencer,
        },
        "reason": name,
    }
    envelope: dict[str, Any] = {
        "version": "0",
        "source": "aws.s3",
        "detail-type": _S3_TYPES.get(category, category),
        "region": record.get("awsRegion"),
        "time": record.get("eventTime"),
        "resources": [f"arn:aws:s3:::{bucket}"],
        "detail": detail,
    }
    # The sequencer alone orders the events of one key; without it, time and name are all that tells two apart.
    tail = sequencer if sequencer is not None else f"{record.get('eventTime')}/{name}"
    return Event(f"s3:{bucket}/{object_key}?{version}&{tail}", envelope)


def _instant(text: Any) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        instant = stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp.astimezone(UTC)
    except OverflowError:
        return None
    return instant if instant >= _EPOCH else None
