"""Owns what is expected and not seen yet; the one rule: what is known at the end does not depend on the order of what was heard.

Of a key the newest `after` counts, and it is done if a completion happened no earlier than it. Notifications are doubled, late
and out of order, so both are remembered by when they happened at their source, to the second: EventBridge tells no finer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from leh_guardian.model.text import TOO_DEEP, dump_json, storable_key

MANY: Final = "*"
"""The key of the incident about all that is missed beyond what a rule may open by name."""
MOST_OF_EVENT: Final = 16 * 1024
"""Characters of JSON of an event that are kept; an S3 event has two thousand."""
_ALWAYS: Final = ("source", "detail-type")
_DEEPEST: Final = 8
_MOST_ITEMS: Final = 40
_LONGEST_TEXT: Final = 1200
"""An S3 key has 1,024 bytes at most."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An `after` event."""

    mark: str
    """What tells it from the next one of the same key; the same in every spelling and copy of it."""
    event_id: str
    envelope: Mapping[str, Any]
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is known of one key of an absence rule."""

    rule_id: str
    key: str
    mark: str | None = None
    """None: only a completion was heard of."""
    event_id: str | None = None
    envelope: Mapping[str, Any] | None = None
    """The `after` event, while it is open."""
    happened_at: datetime | None = None
    heard_at: datetime | None = None
    due_at: datetime | None = None
    """When to look; None: nothing is expected."""
    missed_at: datetime | None = None
    """When it was due first."""
    done_at: datetime | None = None
    fired: bool = False
    """Whether the rule has fired for it, and no completion was heard of since."""

    @property
    def open(self) -> bool:
        """Whether it is still expected."""
        return self.due_at is not None

    @property
    def finished(self) -> bool:
        """Whether a completion happened no earlier than the newest `after`."""
        if self.done_at is None or self.happened_at is None:
            return False
        return _second(self.done_at) >= _second(self.happened_at)

    def settled(self, *, fired: bool = False) -> Expectation:
        """Return it with nothing expected any more: found, finished, or (`fired`) missed."""
        return replace(self, due_at=None, missed_at=None, event_id=None, envelope=None, fired=fired)

    def heard(self, after: Heard, now: datetime, within: timedelta) -> Expectation | None:
        """Return it after an `after` event; None where that changes nothing: it is a copy, or older than what is known.

        The time begins when guardian hears of it, so that a backlog after an outage is not missed before it is read.
        """
        if after.mark == self.mark or self._is_older(after):
            return None
        newest = replace(self, mark=after.mark, happened_at=after.happened_at, heard_at=now, fired=False)
        if newest.finished:
            return newest.settled()
        event = bounded(after.envelope)
        # A file that is uploaded again and again must not put off the look for ever.
        due_at = self.due_at or now + within
        return replace(newest, event_id=after.event_id, envelope=event, due_at=due_at)

    def completed(self, happened_at: datetime, within: timedelta) -> Expectation:
        """Return it after a completion. One older than the newest `after` belongs to an upload before: that one has its own time."""
        newest = replace(self, done_at=max(happened_at, self.done_at or happened_at))
        if newest.mark is None:
            return newest
        if newest.finished:
            return newest.settled()
        if newest.open and newest.missed_at is None and newest.heard_at is not None:
            return replace(newest, due_at=newest.heard_at + within)
        return newest

    def _is_older(self, after: Heard) -> bool:
        return self.happened_at is not None and _second(after.happened_at) < _second(self.happened_at)


def mark_of(event_id: str, envelope: Mapping[str, Any]) -> str:
    """Return what tells an event from the next one of its key.

    An upload is told of by EventBridge and by S3's own notifications, each with ids of its own; the object's version, sequencer
    and etag are in both (Amazon S3 User Guide, "Event message structure").
    """
    detail = envelope.get("detail")
    thing = detail.get("object") if envelope.get("source") == "aws.s3" and isinstance(detail, Mapping) else None
    if isinstance(thing, Mapping):
        for name in ("version-id", "sequencer", "etag"):
            value = thing.get(name)
            if isinstance(value, str) and value not in {"", "null"}:
                return storable_key(f"{name} {value}")
    return storable_key(event_id)


def bounded(envelope: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an event as it is kept: whole if of an ordinary size, else texts and lists cut, and the largest fields left out."""
    if len(dump_json(envelope)) <= MOST_OF_EVENT:
        return envelope
    cut = {name: _cut(value, _DEEPEST) for name, value in envelope.items() if name != "detail"}
    given = envelope.get("detail")
    detail = {name: _cut(value, _DEEPEST) for name, value in given.items()} if isinstance(given, Mapping) else {}
    fields = [(place, name, value) for place in (cut, detail) for name, value in place.items()]
    room = MOST_OF_EVENT
    # What every event has first, then the small ones: what tells one from another is small.
    for place, name, value in sorted(fields, key=lambda field: (field[1] not in _ALWAYS, len(dump_json(field[2])))):
        room -= len(dump_json({name: value}))
        if room < 0:
            del place[name]
    return {**cut, "detail": detail}


def _cut(value: Any, levels: int) -> Any:
    if isinstance(value, str):
        return value[:_LONGEST_TEXT]
    if isinstance(value, Mapping | list | tuple) and levels == 0:
        return TOO_DEEP
    if isinstance(value, Mapping):
        return {name: _cut(item, levels - 1) for name, item in list(value.items())[:_MOST_ITEMS]}
    if isinstance(value, list | tuple):
        return [_cut(item, levels - 1) for item in value[:_MOST_ITEMS]]
    return value


def _second(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)
