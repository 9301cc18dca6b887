"""Owns parameter types with good messages; the one rule: a value a person wrote is refused with what to write instead."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from leh_guardian.model.deployment import function_name

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d|w)", re.ASCII)
_QUEUE_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo", re.ASCII)
_FUNCTION: Final = re.compile(
    r"(?:arn:aws[a-z-]*:lambda:(?P<owner>[a-z0-9-]+:\d{12}):function:)?(?P<name>[A-Za-z0-9_-]{1,64})"
    r"(?::(?P<qualifier>\$LATEST|[A-Za-z0-9_-]{1,128}))?",
    re.ASCII,
)
_CASE: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.)){0,127}", re.ASCII)
_QUEUE_ARN: Final = re.compile(r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:([A-Za-z0-9_.-]{1,80})", re.ASCII)


def parse_duration(value: Any) -> timedelta:
    """Read 15m, 1h, 250ms.

    Raises:
        ValueError: `value` is no such text.
    """
    if isinstance(value, timedelta):
        return value
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("write a duration as a number and one of ms, s, m, h, d, w, like 15m")
    try:
        return timedelta(seconds=float(found[1]) * _UNITS[found[2]])
    except OverflowError:
        raise ValueError("write a duration of at most 999999999d") from None


def format_duration(value: timedelta) -> str:
    """Write a duration so that `parse_duration` reads the same again, in its largest whole unit."""
    milliseconds = round(value.total_seconds() * 1000)
    for unit in ("d", "h", "m", "s"):
        size = round(_UNITS[unit] * 1000)
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


def _queue(value: str) -> str:
    if _QUEUE_NAME.fullmatch(value) or _QUEUE_ARN.fullmatch(value):
        return value
    raise ValueError(
        "write a queue as its name (leh-ai-worker-dlq) or its ARN (arn:aws:sqs:region:account:name); URLs are not taken"
    )


def queue_name(reference: str) -> str:
    """Return the name in a queue's name, ARN or URL."""
    return reference.rstrip("/").rpartition("/")[2].rpartition(":")[2]


def _function(value: str) -> str:
    if _FUNCTION.fullmatch(value):
        return value
    raise ValueError(
        "write a function as its name (leh-ai-worker) or its ARN (arn:aws:lambda:region:account:function:name), either with :alias"
        " or without"
    )


def function_parts(reference: str) -> tuple[str, str, str] | None:
    """Return (region:account, name, alias or version) of a function's name or ARN, empty where it does not say; None for neither."""
    found = _FUNCTION.fullmatch(reference)
    return (found["owner"] or "", found["name"], found["qualifier"] or "") if found else None


def is_case_id(text: str) -> bool:
    """Tell whether `text` can be the id of a case: it goes into SQL, keys of S3, names of indexes and paths."""
    return _CASE.fullmatch(text) is not None


def _number_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _case(value: str) -> str:
    if is_case_id(value):
        return value
    raise ValueError(
        "write the id of a case: letters, digits and _ - . (like case_3f9c), at most 128, beginning with a letter or digit"
    )


def _user(value: str) -> str:
    if is_case_id(value):
        return value
    raise ValueError("write the id of an account: letters, digits and _ - . (like user_1), at most 128")


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?(ms|s|m|h|d|w)$", "examples": ["15m", "1h"]}),
]
"""A length of time, written like 15m."""


def _told_function(value: str) -> str:
    if function_name(value) is None:
        raise ValueError(
            "this names no Lambda function: neither a name (leh-ai-worker), nor an ARN, nor the end of one"
        )
    return value


QueueRef = Annotated[str, AfterValidator(_queue)]
"""An SQS queue by name or ARN."""

CaseId = Annotated[str, BeforeValidator(_number_as_text), AfterValidator(_case)]
"""The id of a case of LEH's; a number, where its cases have numbers."""

UserId = Annotated[str, BeforeValidator(_number_as_text), AfterValidator(_user)]
"""The id of an account of LEH's, of the same form."""

FunctionRef = Annotated[str, AfterValidator(_function)]
"""A Lambda function by name or ARN, either with `:alias` or without."""

ToldFunction = Annotated[str, AfterValidator(_told_function)]
"""A Lambda function as CloudTrail names it: by name, ARN or partial ARN, with `:alias` or without."""

ChannelName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
"""A way to reach people, by its name in the settings."""

ProviderName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
"""An AI provider, by its name in the settings."""

Rate = Annotated[float, Field(gt=0, le=3000)]
"""Things a second."""
