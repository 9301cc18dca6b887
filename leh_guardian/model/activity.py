"""Owns what accounts of the service did, as its audit log tells; the one rule: an action in no known word is none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

_WORDS: Final = re.compile(r"[a-z]+")
_MEANS: Final = (
    # The first that has a word of the action; what asks for an address to upload to is no upload yet.
    ("presign", frozenset({"presign", "presigned", "url"})),
    ("upload", frozenset({"upload", "uploaded"})),
    ("login", frozenset({"login", "signin", "logon"})),
    (
        "view",
        frozenset({"view", "viewed", "read", "get", "list", "search", "download", "downloaded", "open", "opened"}),
    ),
)


class Line(NamedTuple):
    """One line of the log."""

    user: str
    action: str
    """As it is written there."""
    object: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Activity:
    """Lines of the log, and what else is known of whom they name."""

    lines: tuple[Line, ...]
    """The newest first."""
    created: Mapping[str, datetime] = field(default_factory=dict)
    """When accounts were made, as far as that is known."""
    cases: tuple[str, ...] = ()
    """Of the objects in the lines such as are cases."""
    whole: bool = True
    """False: there are older lines that were not read."""


def kind_of(action: str) -> str | None:
    """Return what an action of the log is for the judgement of uploads: UPLOAD_EVIDENCE is an upload; None for another one."""
    words = set(_WORDS.findall(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", action).lower()))
    joined = {a + b for a, b in (("sign", "in"), ("log", "in"), ("log", "on")) if {a, b} <= words}
    return next((kind for kind, means in _MEANS if means & (words | joined)), None)
