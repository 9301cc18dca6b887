"""Owns what a dead letter tells: what the worker was given, whose it is, what it died of; the one rule: unknown stays unknown.

Shapes, after the Amazon SQS and AWS Lambda Developer Guides:

* a message that SQS moved to its dead-letter queue: the body as it was sent, no word of the error;
* what Lambda put into the dead-letter queue of an asynchronous invocation: the payload as body, the error in the message
  attributes `ErrorCode` and `ErrorMessage` ("Capturing records of Lambda asynchronous invocations");
* a record of Lambda's on-failure destination: the payload in `requestPayload`, the error in `responsePayload`.

Everything in it is data that a stranger may have chosen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import unquote_plus
from uuid import UUID

import orjson

from leh_guardian.model.text import storable, storable_key

_MOST_NODES = 5_000
_DEEPEST = 40
_MOST_IDS = 20
_LONGEST_ID = 200
_RAW = "raw"


class Shape(StrEnum):
    """Who put it into the queue, and how it is brought back."""

    SQS = "sqs"
    """Sent to the queue that it died in."""
    LAMBDA_DLQ = "lambda_dlq"
    """By Lambda, with the payload as it was."""
    LAMBDA_DESTINATION = "lambda_destination"
    """By Lambda, with the payload wrapped up in a record."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter, read."""

    shape: Shape
    payload: bytes
    """What the worker was given."""
    fingerprint: UUID
    """The same for the same payload: a letter that comes back has another message id."""
    content: Any
    """The payload as JSON, or as text where it is none."""
    error: str = ""
    """The error's type or code, empty where the letter does not say."""
    message: str = ""
    """The error's message."""
    evidence: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    cases_by_evidence: Mapping[str, str] = field(default_factory=dict)
    """The case of each piece of evidence, of those that the letter tells it of."""
    function: str = ""
    """The ARN of the function that failed, as a destination's record names it: whoever can write to the queue chooses it."""


def read_letter(body: bytes, attributes: Mapping[str, Any]) -> Letter:
    """Read a dead letter: its body, and its message attributes as SQS gives them. Never raises: what is no JSON is text."""
    content = _parsed(body)
    if _is_destination_record(content):
        payload = content["requestPayload"]
        answer, context = content.get("responsePayload"), content["requestContext"]
        error, message = _told_by(answer)
        if not error:
            error = _text(_member(content.get("responseContext"), "functionError")) or _text(context.get("condition"))
        function = _text(context.get("functionArn"))
        return _letter(Shape.LAMBDA_DESTINATION, _dumped(payload), payload, error, message, function)
    texts = {name: _text(_member(value, "StringValue")) for name, value in attributes.items()}
    if "RequestID" in texts and ("ErrorCode" in texts or "ErrorMessage" in texts):
        message = texts.get("ErrorMessage", "")
        error, said = _told_by(_parsed(message.encode())) if message.startswith("{") else ("", "")
        return _letter(Shape.LAMBDA_DLQ, body, content, error or texts.get("ErrorCode", ""), said or message)
    return _letter(Shape.SQS, body, content, "", "")


def _letter(shape: Shape, payload: bytes, content: Any, error: str, message: str, function: str = "") -> Letter:
    fingerprint = UUID(bytes=hashlib.sha256(payload).digest()[:16])
    evidence, cases, by_evidence = _ids(content)
    return Letter(shape, payload, fingerprint, content, error, message, evidence, cases, by_evidence, function)


def _is_destination_record(content: Any) -> bool:
    return (
        isinstance(content, dict)
        and "requestPayload" in content
        and isinstance(context := content.get("requestContext"), dict)
        and "functionArn" in context
    )


def _told_by(answer: Any) -> tuple[str, str]:
    """Return type and message of an error as Lambda's runtimes write it."""
    return _text(_member(answer, "errorType")), _text(_member(answer, "errorMessage"))


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None


def _text(value: Any) -> str:
    return storable(value[:2000]) if isinstance(value, str) else ""


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def _dumped(payload: Any) -> bytes:
    # The invocation API takes JSON; sorted nowhere, so that what Lambda sent is what it gets.
    return orjson.dumps(payload)


def _ids(content: Any) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, str]]:
    """Return the evidence and case ids that a payload names, in the order of their appearance, and which belong together."""
    evidence: dict[str, None] = {}
    cases: dict[str, None] = {}
    together: dict[str, str] = {}
    for name, value in _texts(content):
        match name.replace("_", "").lower():
            case "evidenceid":
                evidence[value] = None
            case "caseid":
                cases[value] = None
            case "key" | "s3key" | "objectkey":
                case, item = _of_key(value)
                cases |= dict.fromkeys([case] if case else [])
                evidence |= dict.fromkeys([item] if item else [])
                together |= {item: case} if item and case else {}
    if len(cases) == 1:
        together = dict.fromkeys(evidence, next(iter(cases)))
    named, of = _bounded(evidence), _bounded(cases)
    return named, of, {item: case for item, case in together.items() if item in named and case in of}


def _bounded(ids: Mapping[str, None]) -> tuple[str, ...]:
    return tuple(storable_key(each) for each in list(ids)[:_MOST_IDS] if len(each) <= _LONGEST_ID)


def _of_key(key: str) -> tuple[str, str]:
    """Return case and evidence of an object's key `cases/{case}/raw/{evidence}_{filename}`, encoded or not."""
    parts = (unquote_plus(key) if "%" in key else key).split("/", 3)
    if len(parts) < 4 or parts[0] != "cases" or parts[2] != _RAW:
        return "", ""
    return parts[1], evidence_of(parts[3])


def evidence_of(name: str) -> str:
    """Return the evidence id before a file's own name: `ev_1a2b` of `ev_1a2b_계약서.pdf`; empty where there is none."""
    prefix, separator, rest = name.partition("_")
    if prefix != "ev" or not separator:
        return ""
    number = rest.partition("_")[0].partition(".")[0]
    return f"ev_{number}" if number else ""


def _texts(content: Any) -> Iterator[tuple[str, str]]:
    """Yield every text of a payload with its name, also of JSON that is wrapped up in a text; bounded, whatever it is."""
    open_: list[tuple[str, Any, int]] = [("", content, 0)]
    for _ in range(_MOST_NODES):
        if not open_:
            return
        name, value, depth = open_.pop()
        if depth > _DEEPEST:
            continue
        if isinstance(value, dict):
            open_.extend((str(key), item, depth + 1) for key, item in reversed(value.items()))
        elif isinstance(value, list):
            open_.extend((name, item, depth + 1) for item in reversed(value[:_MOST_NODES]))
        elif isinstance(value, str):
            if value[:1] in {"{", "["} and not isinstance(inner := _parsed(value.encode("utf-8", "replace")), str):
                open_.append((name, inner, depth + 10))
            else:
                yield name, value
