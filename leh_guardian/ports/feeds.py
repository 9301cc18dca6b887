"""Owns what feeds a Lambda function, as handlers see it; the one rule: each setting is read before it is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class FeedMapping:
    """An event source mapping."""

    id: str
    source: str
    """ARN of the queue or stream."""
    state: str
    """Creating, Enabling, Enabled, Disabling, Disabled, Updating or Deleting."""

    @property
    def settled(self) -> bool:
        """Whether it is not on its way to another state."""
        return self.state in {"Enabled", "Disabled"}


@dataclass(frozen=True, slots=True)
class Catch:
    """What becomes of asynchronous events that a function does not take."""

    places: tuple[str, ...]
    """ARNs of its dead-letter queue and its failure destination; none: they are dropped."""
    oldest: float
    """Seconds after which Lambda gives an event up."""


class Feeds(Protocol):
    """What feeds functions. `function` is a name or an ARN, with an alias or without, as the trigger names it."""

    async def mappings(self, function: str) -> Sequence[FeedMapping]:
        """Return the event source mappings of a function."""

    async def switch(self, mapping: str, *, on: bool) -> None:
        """Enable or disable a mapping; it takes Lambda a moment."""

    async def reserved(self, function: str) -> int | None:
        """Return the reserved concurrency of a function, None for none. It is the whole function's, whatever the alias."""

    async def reserve(self, function: str, amount: int | None) -> None:
        """Set it; None takes it away."""

    async def catch(self, function: str) -> Catch:
        """Return what becomes of events that the function does not take."""
