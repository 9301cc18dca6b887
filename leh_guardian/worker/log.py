"""Owns the way from a log group to a diagnosis; the one rule: what is newest is read first, and the event loop goes on meanwhile.

A log that is larger than what may be read of it must not hide the present behind the past: the last quarter of the time has half
of the bytes to itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import anyio.lowlevel

from leh_guardian.diagnosis import Diagnoser, Diagnosis, Table
from leh_guardian.errors import HandlerError
from leh_guardian.ports import LogMessage, Logs

_TURN: Final = 64 * 1024
"""Characters that are diagnosed at a stretch: about 12 ms."""
_NEWEST: Final = 4
"""The newest part of the time, as its divisor."""


@dataclass(frozen=True, slots=True)
class LogReading:
    """What was read of a log group."""

    group: str
    since: datetime
    until: datetime
    messages: Sequence[LogMessage]
    trouble: str = ""
    """Why it is not everything, if it is not."""


async def read_log(logs: Logs, group: str, since: datetime, until: datetime, *, most_bytes: int) -> LogReading:
    """Return what a log group says between two instants, or the newest of it.

    Raises:
        HandlerError: nothing could be read.
    """
    middle = until - (until - since) / _NEWEST
    newest = await logs.read(group, middle, until, most_bytes=most_bytes // 2)
    cut = f"more than {most_bytes} bytes, or more pages than may be read" if not newest.whole else ""
    left = most_bytes - sum(len(message.text.encode("utf-8", "surrogatepass")) for message in newest.messages)
    try:
        older = await logs.read(group, since, middle, most_bytes=left)
    except HandlerError as error:
        return LogReading(group, middle, until, newest.messages, f"what is older: {error}")
    if not older.whole:
        cut = f"more than {most_bytes} bytes, or more pages than may be read"
    return LogReading(group, since, until, [*older.messages, *newest.messages], cut)


async def diagnosed(messages: Sequence[LogMessage], table: Table, deployed_at: datetime | None = None) -> Diagnosis:
    """Return the diagnosis of a log's messages; others get their turns while it is made."""
    diagnoser = Diagnoser(table, deployed_at=deployed_at.timestamp() if deployed_at else None)
    fed = 0
    for n, message in enumerate(messages, 1):
        diagnoser.feed_event(n, message.text, stream=message.stream, at=message.at)
        fed += len(message.text) + 100
        if fed > _TURN:
            fed = 0
            await anyio.lowlevel.checkpoint()
    return diagnoser.finish()
