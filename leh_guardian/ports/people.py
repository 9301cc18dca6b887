"""Owns the ways to people, and what is looked at for them; the one rule: every text is data, a channel escapes it for its medium."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Notice:
    """What people are told. Every text in it is data: a channel escapes it for its own medium."""

    id: str
    """The action's id: receivers may deduplicate by it."""
    title: str
    lines: Sequence[str]
    incident: str
    rule: str
    severity: str
    facts: Mapping[str, Any] = field(default_factory=dict)


class Channel(Protocol):
    """A way to reach people."""

    async def send(self, notice: Notice) -> str:
        """Deliver `notice`; returns what the other side called it, or an empty text."""


class Pulse(Protocol):
    """A place outside that takes heartbeats, and tells somebody when they stay away."""

    async def beat(self) -> None:
        """Send one heartbeat."""


class Pingable(Protocol):
    """Anything that `/readyz` and `doctor` look at."""

    async def ping(self) -> None:
        """Raise when it cannot be used, with what to do about it."""
