"""Owns CloudTrail's data events of S3; the one rule: only what stores an object below a wanted prefix is a sighting.

"CloudTrail record contents" (AWS CloudTrail User Guide) and "CloudTrail log file entries for Amazon S3" (Amazon S3 User Guide): keys
are not encoded there, a user agent stands in brackets, and `AuthenticationMethod` is QueryString for an address that was presigned.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from leh_guardian.model.sighting import LONGEST_AGENT, Sighting, address_of
from leh_guardian.trails.told import Told

_PART: Final = "UploadPart"
_WRITES: Final = {"PutObject": True, "PostObject": True, "CreateMultipartUpload": False, _PART: False}
"""What stores an object, and whether by itself. An upload in parts has the time of its beginning; of its parts one is enough."""
_PRESIGNED: Final = frozenset({"QueryString", "HtmlForm"})
_STATUS: Final = {
    "AccessDenied": 403,
    "AllAccessDisabled": 403,
    "ExpiredToken": 403,
    "InvalidAccessKeyId": 403,
    "RequestTimeTooSkewed": 403,
    "SignatureDoesNotMatch": 403,
    "RequestTimeout": 408,
    "PreconditionFailed": 412,
    "EntityTooLarge": 413,
    "InternalError": 500,
    "ServiceUnavailable": 503,
    "SlowDown": 503,
}
"""By "Error responses" (Amazon S3 API Reference); CloudTrail tells the code alone."""
_LARGEST: Final = 1 << 50
_LONGEST_KEY: Final = 1024


def status_of(code: str | None) -> int:
    """Return the HTTP status of an error code of S3's, 200 for none; of one that nobody knows it is the client's fault."""
    return _STATUS.get(code, 400) if code else 200


def read_file(bucket: str, prefixes: Collection[str], data: bytes, told: Told[Sighting]) -> None:
    """Take in a file of a trail: one JSON document with its records."""
    try:
        records = orjson.loads(data)["Records"]
        events = list(records) if isinstance(records, list) else None
    except (orjson.JSONDecodeError, KeyError, TypeError):
        events = None
    if events is None:
        told.line(None)
        return
    for event in events:
        _take(event, bucket, prefixes, told)


def read_message(bucket: str, prefixes: Collection[str], text: str | bytes, told: Told[Sighting]) -> None:
    """Take in a message of the trail's log group: one event."""
    try:
        _take(orjson.loads(text), bucket, prefixes, told)
    except orjson.JSONDecodeError:
        told.line(None)


def _take(event: Any, bucket: str, prefixes: Collection[str], told: Told[Sighting]) -> None:
    at = _instant(event.get("eventTime")) if isinstance(event, Mapping) else None
    told.line(at)
    if at is None or event.get("eventSource") != "s3.amazonaws.com":
        return
    asked = _mapping(event.get("requestParameters"))
    name, key = event.get("eventName"), asked.get("key")
    if not isinstance(name, str) or name not in _WRITES or asked.get("bucketName") != bucket:
        return
    if not isinstance(key, str) or len(key) > _LONGEST_KEY or not key.startswith(tuple(prefixes)):
        return
    if name == _PART and str(asked.get("partNumber")) != "1":
        return
    more = _mapping(event.get("additionalEventData"))
    code = event.get("errorCode")
    told.keep(
        Sighting(
            _text(event.get("requestID"), 100) or "",
            at,
            (key,),
            status_of(code if isinstance(code, str) else None),
            address_of(event.get("sourceIPAddress")),
            _agent(event.get("userAgent")),
            more.get("AuthenticationMethod") in _PRESIGNED,
            _WRITES[name],
            _size(more.get("bytesTransferredIn")) if _WRITES[name] else None,
            part=name == _PART,
        )
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any, longest: int) -> str | None:
    return value[:longest] if isinstance(value, str) else None


def _agent(value: Any) -> str | None:
    text = _text(value, LONGEST_AGENT)
    return text.removeprefix("[").removesuffix("]").strip() if text is not None else None


def _size(value: Any) -> int | None:
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _LARGEST
    return int(value) if good else None


def _instant(value: Any) -> float | None:
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo is not None and moment.year >= 2000 else None
