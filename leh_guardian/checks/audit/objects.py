"""Owns the reading of objects below a prefix; the one rule: chance says in what order, so that wherever it ends they are a sample.

Of each day those with the smallest hash of key and seed come first, each day in proportion. Reading ends when all were read, or when
there are as many as the confidence asks for and it would become long: of `whole_bytes`, of thousands of objects, or of time. An
object is read as it comes, unpacked where it is gzip, in bounded memory; what would not be seen in it (other archives, UTF-16) and
what is longer than a bound is a gap.
"""

from __future__ import annotations

import gzip
import heapq
import io
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import anyio.from_thread

from leh_guardian.checks.audit import wording as say
from leh_guardian.checks.audit.covered import OBJECTS, Covered
from leh_guardian.checks.audit.run import DAY, Run, in_thread
from leh_guardian.checks.audit.sightings import Place, Sightings
from leh_guardian.checks.audit.sizes import allot_parts, effective, ranked
from leh_guardian.disclosure.stream import NotText
from leh_guardian.errors import HandlerError, NotFound, Refused
from leh_guardian.ports.audit import AuditObjects, Body
from leh_guardian.ports.checks import Buckets, Stored

SOURCE: Final = "objects"
LONGEST: Final = 256 << 20
"""Bytes of an object, unpacked, that are looked at."""
_PAGES: Final = 2000
"""Pages of a thousand keys that are listed."""
_KEPT: Final = 40_000
"""Objects that may be read, as many of each day; of more, chance has chosen these."""
_ALL: Final = 3000
"""Objects up to which all are read, however small they are."""
_PIECE: Final = 1 << 18
"""Bytes that are fetched at a time."""
_GZIP: Final = b"\x1f\x8b"
_FORMS: Final = {b"PAR1": "Parquet", b"ORC": "ORC", b"Obj\x01": "Avro"}
"""Forms of tables, whose values are packed one by one: as text nothing of them would be seen."""


@dataclass(slots=True)
class _Listed:
    """What is known of the objects of the run's time: numbers by day, and the first ones in the order of reading."""

    most: int
    """How many of a day are kept."""
    there: Counter[str] = field(default_factory=Counter)
    first: dict[str, list[tuple[int, str, Stored]]] = field(default_factory=dict)
    """Heaps, the last one in the order on top."""

    def add(self, found: Iterable[Stored], run: Run, bucket: str) -> None:
        for one in found:
            if one.size and run.since <= one.at < run.until:
                day = one.at.strftime(DAY)
                self.there[day] += 1
                kept = self.first.setdefault(day, [])
                entry = (-ranked(run.seed, SOURCE, bucket, one.key), one.key, one)
                if len(kept) < self.most:
                    heapq.heappush(kept, entry)
                else:
                    heapq.heappushpop(kept, entry)

    def in_order(self) -> list[tuple[str, Stored]]:
        """Return them as they are to be read: each day in proportion to its number."""
        places = [
            (place / self.there[day], day, one)
            for day, kept in self.first.items()
            for place, (_, _, one) in enumerate(sorted(kept, key=lambda entry: (-entry[0], entry[1])), 1)
        ]
        return [(day, one) for _, day, one in sorted(places, key=lambda each: (each[0], each[1]))]


async def look_at_objects(
    buckets: Buckets, objects: AuditObjects, bucket: str, prefix: str, covered: Covered, run: Run
) -> None:
    """Look through the objects below a prefix that were stored within the run's time.

    Raises:
        HandlerError: they cannot be listed or read; what was found until then is in `covered` and in the run's sightings.
    """
    covered.unit = OBJECTS
    listed = await _list(buckets, bucket, prefix, covered, run)
    covered.there, covered.strata = listed.there.total(), len(listed.there)
    wanted = allot_parts(run.design, listed.there)
    looked = Counter[str]()
    for day, one in listed.in_order():
        enough = all(looked[each] >= number for each, number in wanted.items())
        long = covered.bytes >= run.design.whole_bytes or looked.total() >= _ALL or run.left <= 0
        if (enough and long) or run.over(covered):
            break
        if await _read(objects, bucket, one, covered, run):
            looked[day] += 1
        else:
            listed.there[day] -= 1
            wanted[day] = min(wanted[day], listed.there[day])
    covered.there, covered.looked = listed.there.total(), looked.total()
    covered.effective = effective(+listed.there, looked)
    if covered.leaking:
        covered.estimate = covered.leaking / covered.looked
    covered.ended = True


async def _list(buckets: Buckets, bucket: str, prefix: str, covered: Covered, run: Run) -> _Listed:
    days = max(1, (run.until - run.since).days + 1)
    listed, after = _Listed(max(1, _KEPT // days)), None
    for _ in range(_PAGES):
        if run.over(covered):
            return listed
        page = await buckets.objects(bucket, prefix, after)
        listed.add(page.found, run, bucket)
        after = page.following
        if after is None:
            return listed
    covered.gap(say.listing_cut(covered.place), say.NARROWER)
    return listed


async def _read(objects: AuditObjects, bucket: str, one: Stored, covered: Covered, run: Run) -> bool:
    """Look at an object; tells whether it is still there."""
    place = Place(SOURCE, bucket, one.key, one.at)
    name = run.seen.safe(one.key)
    try:
        async with objects.opened(bucket, one.key) as body:
            read = await in_thread(_through, run.seen, place, body)
    except NotFound:
        # Its lifecycle's end between the listing and now: nothing of it can be disclosed any more.
        return False
    except Refused as error:
        covered.gap(say.object_refused(bucket, name, str(error)))
        return True
    covered.lines += read.lines
    covered.bytes += read.bytes
    covered.leaking += read.leaking > 0
    if read.why is not None:
        covered.gap(say.object_unseen(bucket, name, read.why))
    return True


@dataclass(slots=True)
class _Through:
    """What was looked through of an object."""

    leaking: int = 0
    lines: int = 0
    bytes: int = 0
    why: str | None = None
    """Why not all of it was seen."""


def _through(seen: Sightings, place: Place, body: Body) -> _Through:
    """Look at an object's lines, in a thread: its bytes are asked for as they are needed."""
    done = _Through(leaking=int(seen.key_of(place)))
    packed = io.BufferedReader(_Arriving(body), _PIECE)
    source: Any = gzip.GzipFile(fileobj=packed) if packed.peek(2)[:2] == _GZIP else packed
    try:
        lines = io.BufferedReader(_Measured(source, done), _PIECE)
        if form := next((name for magic, name in _FORMS.items() if lines.peek(4).startswith(magic)), None):
            done.why = f"it is {form}, which is not text"
        else:
            done.leaking += seen.stream(place, lines, _STREAM)
    except _TooLong:
        done.why = f"it holds more than {LONGEST >> 20} MB"
    except NotText as error:
        done.why = str(error)
    except (gzip.BadGzipFile, zlib.error, EOFError):
        done.why = "its gzip is damaged or cut off"
    return done


class _TooLong(Exception):
    """An object is longer than what is looked at."""


_STREAM: Final = (_TooLong, OSError, EOFError, zlib.error, HandlerError)
"""What may go wrong with the bytes, and says nothing of them."""


class _Arriving(io.RawIOBase):
    """An object's bytes, which the event loop fetches."""

    def __init__(self, body: Body) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = anyio.from_thread.run(self._body.read, len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _Measured(io.RawIOBase):
    """Bytes and lines, counted on their way."""

    def __init__(self, source: Any, done: _Through) -> None:
        self._source, self._done = source, done
        self._open_line = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._source.read1(len(buffer))
        buffer[: len(data)] = data
        self._done.bytes += len(data)
        self._done.lines += data.count(b"\n")
        if data:
            self._open_line = not data.endswith(b"\n")
        elif self._open_line:
            self._done.lines, self._open_line = self._done.lines + 1, False
        if self._done.bytes > LONGEST:
            raise _TooLong
        return len(data)
