"""Owns the EventType: a name, who sends it, and what the whole event looks like, envelope included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from leh_guardian.rules.shapes.envelope import ENVELOPE
from leh_guardian.rules.shapes.kinds import Shape


@dataclass(frozen=True, slots=True, eq=False)
class EventType:
    """What is known of the events with one `detail-type`."""

    sources: tuple[str, ...]
    """Who sends it; `aws.*` is any service of AWS."""
    name: str
    detail: Shape = field(repr=False)
    event: Mapping[str, Shape] = field(init=False, repr=False)
    """The shape of the whole event."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "event", {**ENVELOPE, "detail": self.detail})

    def comes_from(self, source: str) -> bool:
        """Tell whether `source` sends such events."""
        return source in self.sources or ("aws.*" in self.sources and source.startswith("aws."))
