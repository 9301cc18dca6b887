"""Owns what counts as one effort; the one rule: a file that is sent again because sending failed is one file.

A bad network makes the same overwrites and duplicates as an attacker does. It is told by three things: the same content under
the same name, soon after the last attempt, a few times only. What goes on beyond that explains itself no longer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from leh_guardian.uploads.names import file_name
from leh_guardian.uploads.record import Record

_SOON: Final = 1800.0
"""Seconds between two attempts: a person who sees the error, and uploads that were parked in a tunnel."""
_MOST: Final = 6
"""Retries in a row that are believed; the browser's upload gives up after fewer."""


class Efforts(NamedTuple):
    """The uploads without what was only sent again."""

    made: tuple[Record, ...]
    """The last attempt of each, in order of time."""
    retries: int
    """Attempts that are explained as sent again."""


def efforts(uploads: Iterable[Record]) -> Efforts:
    """Return the efforts in uploads that are sorted by time."""
    last: dict[tuple[str | None, ...], tuple[int, int]] = {}
    made: list[Record] = []
    retries = 0
    for record in uploads:
        name = _identity(record)
        position, again = last.get(name, (-1, 0))
        if position >= 0 and again < _MOST and _sent_again(made[position], record):
            retries += 1
            made[position] = _merged(made[position], record)
            last[name] = (position, again + 1)
        else:
            last[name] = (len(made), again if position >= 0 and again >= _MOST else 0)
            made.append(record)
    return Efforts(tuple(made), retries)


def _identity(record: Record) -> tuple[str | None, ...]:
    # A new try may get a new evidence id, and with it a new key: the name that the user gave stays.
    name = file_name(record.key, record.evidence)
    return (record.case, name) if name else (record.case, record.evidence or record.digest)


def _sent_again(before: Record, now: Record) -> bool:
    if now.at - before.at > _SOON:
        return False
    if before.digest is not None and now.digest is not None:
        return before.digest == now.digest
    if before.size is not None and now.size is not None and before.size != now.size:
        return before.failed  # what broke off has no size of its own
    return before.failed or (before.size is not None and before.size == now.size)


def _merged(before: Record, now: Record) -> Record:
    """Return the attempt that counts, with what only the earlier one's source knew."""
    known = {
        name: value
        for name, value in before._asdict().items()
        if value is not None and getattr(now, name) is None and name != "status"
    }
    return now._replace(**known) if known else now
