"""Owns the shapes of S3's events.

Source: Amazon S3 User Guide, "EventBridge event message structure" and "Using EventBridge" (the list of types). S3
notifications that arrive without EventBridge are spelt the same by `model.event`: their `reason` is the notification's
event name, and what EventBridge has no type for keeps the notification's name.
"""

from __future__ import annotations

from typing import Final

from leh_guardian.rules.shapes.event_type import EventType
from leh_guardian.rules.shapes.kinds import FLAG, NUMBER, OPEN, TEXT, Shape, one_of, texts

_OBJECT: Final[dict[str, Shape]] = {
    **texts("key etag version-id sequencer"),
    "size": NUMBER,
    "has-object-annotation": FLAG,
}
_DETAIL: Final[dict[str, Shape]] = {
    **texts("version event-version request-id requester source-ip-address reason"),
    "bucket": {"name": TEXT},
    "object": _OBJECT,
    "aws-generated-tags": OPEN,
}
_ANNOTATION: Final[dict[str, Shape]] = {"object-annotation": {"name": TEXT, "size": NUMBER, "etag": TEXT}}
_OF_THE_TYPE: Final[dict[str, dict[str, Shape]]] = {
    "Object Created": {},
    "Object Deleted": {"deletion-type": one_of("Permanently Deleted", "Delete Marker Created")},
    "Object Restore Initiated": {"source-storage-class": TEXT},
    "Object Restore Completed": texts("source-storage-class restore-expiry-time"),
    "Object Restore Expired": {},
    "Object Storage Class Changed": {"destination-storage-class": TEXT},
    "Object Access Tier Changed": {"destination-access-tier": TEXT},
    "Object ACL Updated": {},
    "Object Tags Added": {},
    "Object Tags Deleted": {},
    "Object Annotation Created": _ANNOTATION,
    "Object Annotation Removed": _ANNOTATION,
}
_NOTIFICATIONS_ONLY: Final = (
    *("ObjectTagging", "ObjectAcl", "ReducedRedundancyLostObject", "Replication"),
    *("LifecycleTransition", "IntelligentTiering"),
)

EVENTS: Final = (
    *(EventType(("aws.s3",), name, {**_DETAIL, **own}) for name, own in _OF_THE_TYPE.items()),
    *(EventType(("aws.s3",), name, _DETAIL) for name in _NOTIFICATIONS_ONLY),
    EventType(("aws.s3",), "Async Copy Completion", OPEN),
)
