"""Owns the fields of JSON records; the one rule: keys are known by their words, whatever the library's spelling.

Lambda's JSON format, structlog (text and dict tracebacks), Powertools, python-json-logger, loguru (serialize), ECS, EMF, and the
worker's own answer `{"status": "error", "error": …}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

from leh_guardian.diagnosis.levels import Level, parse_level
from leh_guardian.diagnosis.literals import read_literal
from leh_guardian.diagnosis.mentions import is_exception, mentioned, structured
from leh_guardian.diagnosis.reading import parse_object
from leh_guardian.diagnosis.tracebacks import BEGINS, Raised, libraries_of, read_traceback, split_name

_DEEPEST: Final = 3
_MOST: Final = 100
_LEVELS: Final = ("level", "severity", "levelname", "loglevel", "lvl", "severitytext")
_MESSAGES: Final = ("message", "msg", "event", "text", "description")
_LONGEST: Final = 8000
_BODY: Final = re.compile(r"""\{["']error["']: ?[{"']""")
_NESTED: Final = ("message", "error", "body", "result", "response", "event")
_TRACES: Final = (
    "stacktrace",
    "exception",
    "excinfo",
    "traceback",
    "exctext",
    "errorstacktrace",
    "errorstack",
    "stack",
    "exceptionstacktrace",
)
_CLASSES: Final = (
    "errortype",
    "exceptionname",
    "exceptiontype",
    "exctype",
    "errorclass",
    "errorname",
    "exceptionclass",
    "errorkind",
)
_TEXTS: Final = (
    "errormessage",
    "exceptionmessage",
    "excvalue",
    "errormsg",
    "exceptionvalue",
    "errordetail",
    "errorreason",
)
_LOOSE: Final = ("error", "err", "exc", "reason", "cause", "failure", "lasterror", "detail")
_STATUSES: Final = ("statuscode", "httpstatus", "httpstatuscode", "errorstatus", "status", "responsestatus")
_CODES: Final = ("errorcode", "code")
_OUTCOMES: Final = ("status", "outcome", "result", "state", "processingstatus")
_FAILED: Final = frozenset({"error", "failed", "failure", "fail", "errored"})
_REQUESTS: Final = ("requestid", "awsrequestid", "functionrequestid", "lambdarequestid", "correlationid")


@dataclass(frozen=True, slots=True)
class Said:
    """What a record says of a failure."""

    level: Level | None = None
    message: str = ""
    chain: tuple[Raised, ...] = ()
    """The exceptions that it tells of, the one that got out first."""
    traced: bool = False
    """Whether a traceback, or the fields of an exception, is among it."""
    failed: bool = False
    """Whether it states that the work failed."""
    request: str = ""
    metric: bool = False
    known: Mapping[str, Any] = field(default_factory=dict)
    """Status, code and type where they have fields of their own."""


def read_structured(data: Mapping[str, Any], depth: int = 0) -> Said:
    """Return what a JSON record says."""
    record = data.get("record")
    if isinstance(record, Mapping) and isinstance(data.get("text"), str) and isinstance(record.get("level"), Mapping):
        return _of_loguru(data["text"], record)
    fields = _fields(data)
    inner = next((one for name in _NESTED if (one := _object(fields.get(name))) is not None), None)
    nested = read_structured(inner, depth + 1) if isinstance(inner, Mapping) and depth < _DEEPEST else Said()
    chain, traced = _chain(fields)
    message = next((text for name in _MESSAGES if isinstance(text := fields.get(name), str) and text), nested.message)
    level = next((level for name in _LEVELS if (level := parse_level(fields.get(name)))), nested.level)
    said = Said(
        level=level,
        message=message,
        chain=chain or nested.chain or mentioned(message),
        traced=traced or nested.traced,
        failed=nested.failed or _failed(fields),
        request=next((text.lower() for name in _REQUESTS if isinstance(text := fields.get(name), str)), nested.request),
        metric="_aws" in data,
        known={**nested.known, **_known(fields)},
    )
    return with_embedded(said) if depth == 0 else said


def _object(value: Any) -> Mapping[str, Any] | None:
    """Return the object that a field holds, as it is or, as API Gateway's `body`, as text."""
    return value if isinstance(value, Mapping) else parse_object(value) if isinstance(value, str) else None


def with_embedded(said: Said) -> Said:
    """Return what a record says, with the error body that its message ends in: `call failed: {"error": …}`."""
    if any(structured(one.message) for one in said.chain) or not (found := _BODY.search(said.message[:_LONGEST])):
        return said
    value, _ = read_literal(said.message[found.start() :])
    if not isinstance(value, Mapping):
        return said
    body = read_structured(value, 1)
    return replace(said, chain=(*body.chain, *said.chain), known={**said.known, **body.known})


def _fields(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields by their names in small letters without signs; those of `error` and the like as `error…`."""
    found: dict[str, Any] = {}
    for key, value in list(data.items())[:_MOST]:
        name = _plain(str(key))
        found.setdefault(name, value)
        if name in {"error", "err", "exception", "exc"} and isinstance(value, Mapping):
            for inner, part in list(value.items())[:_MOST]:
                found.setdefault(f"error{_plain(str(inner))}", part)
    if isinstance(value := found.get("log"), Mapping):
        found.setdefault("level", value.get("level"))
    return found


@lru_cache(maxsize=2000)
def _plain(key: str) -> str:
    small = key[:100].lower()
    return "level" if small == "log.level" else "".join(letter for letter in small if letter.isalnum())


def _chain(fields: Mapping[str, Any]) -> tuple[tuple[Raised, ...], bool]:
    traces = [_trace(fields[name]) for name in _TRACES if fields.get(name)]
    full = next((trace for trace in traces if trace and trace[0].name), ())
    libraries = next((trace[0].libraries for trace in traces if trace and trace[0].libraries), ())
    name = next((text for key in _CLASSES if isinstance(text := fields.get(key), str) and is_exception(text)), "")
    text = next((text for key in _TEXTS if isinstance(text := fields.get(key), str)), "")
    if full and (not name or full[0].name == split_name(name)[1]):
        return full, True
    if name:
        module, bare = split_name(name)
        loose = text or next((v for key in _LOOSE if isinstance(v := fields.get(key), str)), "")
        return (Raised(bare, module, _without_class(loose, bare), libraries), *full), True
    found = [
        one
        for value in [text, *(fields.get(key) for key in _LOOSE)]
        if isinstance(value, str)
        for one in mentioned(value)
    ]
    if found:
        return tuple(found), bool(text)
    loose = next((v for value in [text, *(fields.get(key) for key in _LOOSE)] if isinstance(v := value, str) and v), "")
    return ((Raised("", "", loose, libraries),) if loose else ()), bool(text or full)


def _without_class(text: str, bare: str) -> str:
    head, colon, rest = text.partition(": ")
    return rest if colon and head.rpartition(".")[2] == bare else text


def _trace(value: Any) -> tuple[Raised, ...]:
    if isinstance(value, Mapping):  # Powertools
        value = [{"exc_type": value.get("type"), "exc_value": value.get("value", value.get("message")), **value}]
    if isinstance(value, list):
        if all(isinstance(part, str) for part in value[:_MOST]):
            text = "\n".join(part.rstrip("\n") for part in value[:1000])
            return (
                read_traceback(text.split("\n"))
                if BEGINS in text
                else (Raised("", "", "", libraries_of(text.split("\n"))),)
            )
        return tuple(_stacks(value))
    if isinstance(value, str):
        if BEGINS in value:
            return read_traceback(value.split("\n"))
        return mentioned(value)
    return ()


def _stacks(stacks: list[Any]) -> Iterator[Raised]:
    """Yield the exceptions of structlog's dict tracebacks: the one that got out first."""
    for stack in stacks[:20]:
        if isinstance(stack, Mapping) and isinstance(name := stack.get("exc_type"), str):
            frames = stack.get("frames")
            files = [
                f'File "{frame.get("filename", frame.get("file"))}", line 1'
                for frame in (frames if isinstance(frames, list) else [])[:200]
                if isinstance(frame, Mapping)
            ]
            module, bare = split_name(name)
            yield Raised(
                bare, module or str(stack.get("module") or ""), str(stack.get("exc_value") or ""), libraries_of(files)
            )


def _failed(fields: Mapping[str, Any]) -> bool:
    if any(isinstance(value := fields.get(name), str) and value.lower() in _FAILED for name in _OUTCOMES):
        return True
    if fields.get("success") is False or fields.get("ok") is False:
        return True
    return isinstance(fields.get("statuscode"), int) and fields["statuscode"] >= 500 and "body" in fields


def _known(fields: Mapping[str, Any]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for name in _STATUSES:
        value = fields.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 400 <= value <= 599:
            known.setdefault("status", value)
    for name in _CODES:
        if isinstance(value := fields.get(name), str) and value and len(value) < 100:
            known.setdefault("code", value)
    kind = fields.get("errortype")
    if isinstance(kind, str) and kind and not is_exception(kind) and len(kind) < 100:
        known["type"] = kind
    return known


def _of_loguru(text: str, record: Mapping[str, Any]) -> Said:
    level = parse_level(record["level"].get("name"))
    message = record.get("message")
    message = message if isinstance(message, str) else ""
    exception = record.get("exception")
    chain: tuple[Raised, ...] = ()
    if isinstance(exception, Mapping):
        chain = read_traceback(text.split("\n"))
        if not (chain and chain[0].name):
            chain = (Raised(str(exception.get("type") or ""), "", str(exception.get("value") or "")),)
    extra = record.get("extra")
    request = str(extra.get("request_id") or "") if isinstance(extra, Mapping) else ""
    return Said(level, message, chain or mentioned(message), bool(chain), request=request)
