"""Owns one message and all that ever happened to it; the one rule: nothing of it is forgotten when it is deleted."""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tests.support.sqs_server.errors import SqsError, invalid

_UNWANTED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that SQS refuses (API Reference, "SendMessage")."""


class State(StrEnum):
    """Where a message is."""

    READY = "ready"
    DELAYED = "delayed"
    IN_FLIGHT = "in_flight"
    DELETED = "deleted"
    MOVED = "moved"
    EXPIRED = "expired"
    PURGED = "purged"


@dataclass(slots=True, eq=False)
class Message:
    """A message in one queue; one that moves to another queue goes on there as another object of the same id."""

    serial: int
    """Its place in the order of arrival, in its queue."""
    id: str
    body: str
    attributes: Mapping[str, Mapping[str, Any]]
    sent_at: float
    sent_by: str
    group: str | None = None
    deduplication_id: str | None = None
    trace: str | None = None
    source_arn: str | None = None
    """The queue that it died in."""
    state: State = State.READY
    place: int = 0
    """Counts its changes of state: what a line remembers of an earlier place is void."""
    valid_from: int = 1
    """The first receive whose receipt still holds."""
    hidden_until: float = 0.0
    received: list[tuple[float, str]] = field(default_factory=list)
    """(when, by whom) of each receive."""
    deletes: list[tuple[float, str]] = field(default_factory=list)
    """(when, by whom) of each delete that SQS confirmed, those that did nothing included."""
    died: int = 0
    """How often it had been received in the queue that it died in."""
    repeated: int = 0
    """How often the same deduplication id was sent again and swallowed."""

    @property
    def sequence(self) -> str:
        """The sequence number of FIFO messages: 20 digits that grow."""
        return f"{18849496460467696128 + self.serial:020d}"

    def move_to(self, state: State) -> None:
        """Change its state."""
        self.state = state
        self.place += 1

    def entry(self) -> dict[str, Any]:
        """Return what the ledger tells of it, as JSON knows it."""
        return {
            "id": self.id,
            "body": self.body,
            "state": self.state.value,
            "group": self.group,
            "sent_at": self.sent_at,
            "sent_by": self.sent_by,
            "received": list(self.received),
            "deletes": list(self.deletes),
            "repeated": self.repeated,
            "source_arn": self.source_arn,
        }


def check_body(body: object, longest: int) -> str:
    """Return a body that SQS takes.

    Raises:
        SqsError: it is missing, too long or holds characters that SQS does not take.
    """
    if not isinstance(body, str) or not body:
        raise SqsError("MissingParameter", "The request must contain the parameter MessageBody.")
    if _UNWANTED.search(body):
        raise SqsError("InvalidMessageContents", "Invalid characters were found in the message body.")
    if len(body) * 4 > longest and len(body.encode()) > longest:
        raise SqsError(
            "InvalidParameterValue",
            f"One or more parameters are invalid. Reason: Message must be shorter than {longest} bytes.",
        )
    return body


def check_attributes(attributes: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Return attributes that SQS takes.

    Raises:
        SqsError: too many, of an unknown type, or without a value.
    """
    if len(attributes) > 10:
        raise SqsError("InvalidParameterValue", "Number of message attributes [11] exceeds the allowed maximum [10].")
    for name, value in attributes.items():
        kind = str(value.get("DataType", "")).split(".")[0]
        if kind not in {"String", "Number", "Binary"}:
            raise invalid("MessageAttribute", name, "The message attribute type is not supported.")
        if not value.get("BinaryValue" if kind == "Binary" else "StringValue"):
            raise invalid("MessageAttribute", name, "The message attribute must contain a non-empty value.")
    return attributes


def weight(body: str, attributes: Mapping[str, Mapping[str, Any]]) -> int:
    """Return a message's size in bytes."""
    return len(body.encode("utf-8", "surrogatepass")) + sum(
        len(name) + sum(len(str(part)) for part in value.values()) for name, value in attributes.items()
    )


def md5(text: str) -> str:
    """Return MD5OfBody."""
    return hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def md5_of_attributes(attributes: Mapping[str, Mapping[str, Any]]) -> str:
    """Return MD5OfMessageAttributes (Developer Guide, "Calculating the MD5 message digest for message attributes")."""
    digest = hashlib.md5(usedforsecurity=False)

    def put(part: bytes) -> None:
        digest.update(struct.pack("!I", len(part)) + part)

    for name in sorted(attributes):
        value = attributes[name]
        put(name.encode())
        put(value["DataType"].encode())
        if value["DataType"].startswith("Binary"):
            digest.update(b"\x02")
            put(base64.b64decode(value["BinaryValue"]))
        else:
            digest.update(b"\x01")
            put(value["StringValue"].encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
