"""Owns the JSON fields that need no look; the one rule: both the key and the form of the value must be known to be harmless.

A key alone proves nothing: people put anything into `user_id`. Times, ids made of hexadecimal digits, UUIDs, addresses of the
network, counters and levels of logs are most of an audit line.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)?(?:Z|[+-]\d\d:?\d\d)?|1[4-9]\d{8}(?:\d{3}){0,3}(?:\.\d{1,9})?"
)
_ID: Final = re.compile(
    r"(?:[a-z]{1,12}[_-])?(?:[0-9a-f]{4,40}|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})|1-[0-9a-f]{8}-[0-9a-f]{24}|\d{1,8}"
)
_ADDRESS: Final = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?|[0-9a-fA-F:]{2,39}")
_COUNT: Final = re.compile(r"-?\d{1,9}(?:\.\d{1,9})?")
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z_.]{0,40}")
_DIGITS: Final = re.compile(r"[0-9]{9}")
_ARN: Final = re.compile(r"arn:aws[a-z-]{0,8}:[a-z0-9-]{1,30}:[a-z0-9-]{0,20}:\d{12}:[A-Za-z_/:.-]{1,120}")
_KEY: Final = re.compile(
    r"cases/[a-z]{1,8}_[0-9a-f]{4,16}/(?:raw|processed)/ev_[0-9a-f]{2,16}_[가-힣A-Za-z_ ]{0,40}\.[a-z0-9]{2,4}"
)

_FORMS: Final = (
    (re.compile(r"(?i)(?:\A|[_@])(?:timestamp|time|ts|date|datetime|at)\Z|(?<=[a-z])(?-i:Time|At)\Z"), _TIME),
    (
        re.compile(
            r"(?i)\A(?:request|trace|span|correlation|session|message|event|case|evidence|user|job|batch|object|log|record|tenant)?_?id\Z"
            r"|\A(?:etag|sha256|version_?id)\Z"
        ),
        _ID,
    ),
    (re.compile(r"(?i)\A(?:client|remote|source)?_?(?:ip|addr|address|ip_?address)\Z"), _ADDRESS),
    (
        re.compile(
            r"(?i)(?:\A|_)(?:tokens|count|size|bytes|ms|duration|status|status_code|line|lineno|port|attempts?|total|took|elapsed)\Z"
        ),
        _COUNT,
    ),
    (
        re.compile(
            r"(?i)\A(?:level|severity|logger|module|action|method|service|env|environment|region|status|event|type|source|function|event_?name)\Z"
        ),
        _WORD,
    ),
    (re.compile(r"(?i)(?:\A|_)arn\Z"), _ARN),
    (re.compile(r"(?i)\A(?:s3_?|object_?)?key\Z|\Aobject_?id\Z"), _KEY),
)
"""Keys, and the form that their values must have."""


@lru_cache(maxsize=4096)
def _form_of(key: str) -> tuple[re.Pattern[str], ...]:
    return tuple(form for keys, form in _FORMS if keys.search(key))


def is_safe(key: str, value: str) -> bool:
    """Tell whether a field needs no look."""
    for form in _form_of(key):
        if form.fullmatch(value):
            # An id of digits alone could be anybody's number.
            return form is not _ID or not _DIGITS.search(value)
    return False
