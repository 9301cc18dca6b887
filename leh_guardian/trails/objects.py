"""Owns the reading of logs that lie in S3 by date; the one rule: the newest first, so that what a bound leaves out is the oldest.

An object is listed by the day in its key and read whole, unpacked where it is gzip: within bounds of objects, bytes and time, none of
which an object can push (a bomb ends at its bound, and is told).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import anyio
import anyio.to_thread

from leh_guardian.errors import HandlerError, NotFound
from leh_guardian.ports.audit import AuditObjects
from leh_guardian.ports.checks import Buckets, Stored
from leh_guardian.ports.trails import Below
from leh_guardian.trails.told import Told

_DAY: Final = timedelta(days=1)
_PAGES: Final = 20
"""Pages of a thousand keys that are listed of a day."""
_AT_ONCE: Final = 8
"""Objects that are fetched side by side; they are taken apart one after the other."""
_PIECE: Final = 1 << 18
_GZIP: Final = b"\x1f\x8b"
_ANY_GZIP: Final = 16 + zlib.MAX_WBITS

BY_FOLDER: Final = "%Y/%m/%d/"
"""How CloudTrail and WAF name their files, and S3's access logs where they are partitioned by date."""
BY_NAME: Final = "%Y-%m-%d-"
"""How S3's access logs are named otherwise."""


@dataclass
class Bounds:
    """What may still be read of one log."""

    objects: int = 3_000
    bytes: int = 256 << 20
    """Of all objects, unpacked."""
    longest: int = 32 << 20
    """Of one."""

    @property
    def spent(self) -> str:
        """Which bound is reached; empty where none is."""
        if self.objects <= 0:
            return "more objects than are read at a time"
        return "more bytes than are read at a time" if self.bytes <= 0 else ""


class _TooLong(Exception):
    """An object holds more than is read of one."""


class DatedObjects:
    """Logs in S3, by date."""

    def __init__(self, buckets: Buckets, objects: AuditObjects) -> None:
        self._buckets = buckets
        self._objects = objects

    async def read(
        self,
        where: Below,
        forms: Sequence[str],
        span: tuple[datetime, datetime],
        take: Callable[[bytes, Told[Any]], None],
        told: Told[Any],
        bounds: Bounds | None = None,
    ) -> None:
        """Have `take` read the content of what was put below a prefix in a span of time, day by day, the newest first.

        Raises:
            HandlerError: it cannot be listed or read; what was read before is in `told`.
        """
        left = bounds or Bounds()
        for day in _days(*span):
            for form in forms:
                listed = await self._list(where, day.strftime(form), span[0], told)
                for place in range(0, len(listed), _AT_ONCE):
                    if left.spent:
                        told.cut = told.cut or left.spent
                        return
                    await self._read(where.bucket, listed[place : place + _AT_ONCE], take, told, left)

    async def _list(self, where: Below, day: str, since: datetime, told: Told[Any]) -> list[Stored]:
        found, after = list[Stored](), None
        for _ in range(_PAGES):
            page = await self._buckets.objects(where.bucket, where.prefix + day, after)
            # What was put before an instant tells nothing of what came after it.
            found += [one for one in page.found if one.size and one.at >= since]
            after = page.following
            if after is None:
                break
        else:
            told.cut = told.cut or f"more than {_PAGES} pages of objects in a day"
        return sorted(found, key=lambda one: (one.at, one.key), reverse=True)

    async def _read(
        self,
        bucket: str,
        some: Sequence[Stored],
        take: Callable[[bytes, Told[Any]], None],
        told: Told[Any],
        left: Bounds,
    ) -> None:
        fetched: list[bytes | HandlerError | None] = [None] * len(some)

        async def fetch(number: int, key: str) -> None:
            try:
                fetched[number] = await self._fetch(bucket, key, left.longest)
            except HandlerError as error:
                fetched[number] = error

        async with anyio.create_task_group() as tasks:
            for number, one in enumerate(some):
                tasks.start_soon(fetch, number, one.key)
        for packed in fetched:
            left.objects -= 1
            if isinstance(packed, NotFound):
                continue  # gone by its lifecycle since it was listed
            if isinstance(packed, HandlerError):
                raise packed
            told.objects += 1
            await self._take(packed, take, told, left)

    async def _fetch(self, bucket: str, key: str, longest: int) -> bytes | None:
        """Return an object as it lies there, None where it is longer than any may be."""
        parts, size = list[bytes](), 0
        async with self._objects.opened(bucket, key) as body:
            while piece := await body.read(_PIECE):
                size += len(piece)
                if size > longest:
                    return None
                parts.append(piece)
        return b"".join(parts)

    async def _take(
        self, packed: bytes | None, take: Callable[[bytes, Told[Any]], None], told: Told[Any], left: Bounds
    ) -> None:
        if packed is None:
            told.line(None)
            told.cut = told.cut or f"an object of more than {left.longest >> 20} MB"
            return
        try:
            data = await anyio.to_thread.run_sync(partial(unpacked, packed, left.longest), abandon_on_cancel=True)
        except (zlib.error, EOFError):
            told.line(None)
            return
        except _TooLong:
            told.line(None)
            told.cut = told.cut or f"an object of more than {left.longest >> 20} MB"
            return
        left.bytes -= len(data)
        # Into one of its own: a thread that is left behind goes on writing.
        piece: Told[Any] = Told()
        await anyio.to_thread.run_sync(take, data, piece, abandon_on_cancel=True)
        told.add(piece)


def unpacked(packed: bytes, longest: int) -> bytes:
    """Return what an object holds, unpacked where it is gzip, of one member or many.

    Raises:
        _TooLong: it is more than `longest` bytes.
        zlib.error, EOFError: it is damaged or cut off.
    """
    if not packed.startswith(_GZIP):
        return packed
    parts, size = list[bytes](), 0
    while packed:
        member = zlib.decompressobj(_ANY_GZIP)
        part = member.decompress(packed, longest - size + 1)
        size += len(part)
        if size > longest:
            raise _TooLong
        if not member.eof:
            raise EOFError
        parts.append(part)
        packed = member.unused_data
    return b"".join(parts)


def _days(since: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the days of UTC that a span lies in, the newest first."""
    day = until.replace(hour=0, minute=0, second=0, microsecond=0)
    while day + _DAY > since:
        yield day
        day -= _DAY
