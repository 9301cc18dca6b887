"""Owns the reading of CloudWatch's log groups; the one rule: a group is read whole, or windows of its time are that chance has drawn.

How much a group holds is not known before it is read. So it is read from its beginning, and if it ends before `whole_bytes` that was
all of it. If it does not, what was read says how dense it is: the time is cut into windows of about a tenth of a page, as many are
drawn of each day as the confidence asks for, and each is read whole - for within a minute lines are alike, and a thousand of one
minute prove no more than that minute.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from random import Random
from statistics import median
from typing import Final

from leh_guardian.checks.audit import wording as say
from leh_guardian.checks.audit.covered import WINDOWS, Covered
from leh_guardian.checks.audit.run import DAY, Run, in_thread
from leh_guardian.checks.audit.sightings import Place
from leh_guardian.checks.audit.sizes import allot_parts, effective, ranked
from leh_guardian.ports.audit import AuditGroups, LogLine

SOURCE: Final = "logs"
_LENGTHS: Final = (1, 5, 15, 60, 300, 900, 3600)
"""Seconds that a window may be long; each divides a day."""
_AIM: Final = 100_000
"""Bytes that a window should hold."""
_PAGES: Final = 50
"""Pages of a window that are read: what is still longer is a gap."""
_DAY: Final = 86_400


async def look_at_group(groups: AuditGroups, covered: Covered, run: Run) -> None:
    """Look through what a group says within the run's time.

    Raises:
        HandlerError: it cannot be read; what was found until then is in `covered` and in the run's sightings.
    """
    last: Sequence[LogLine] = ()
    token: str | None = None
    while covered.bytes < run.design.whole_bytes:
        if run.over(covered):
            return
        page = await groups.page(covered.place, run.since, run.until, token)
        covered.leaking += await _look(page.lines, covered, run)
        covered.looked = covered.lines
        last, token = page.lines or last, page.following
        if token is None:
            covered.there, covered.ended = covered.lines, True
            return
    await _sample(groups, covered, run, _length(run, covered, last))
    covered.ended = True


def _length(run: Run, covered: Covered, last: Sequence[LogLine]) -> int:
    """Return how many seconds a window is long that holds about what it should, told by how far the reading came."""
    came = median(line.at.timestamp() for line in last) - run.since.timestamp()
    wanted = _AIM * max(1.0, came) / covered.bytes
    return max((length for length in _LENGTHS if length <= wanted), default=_LENGTHS[0])


async def _sample(groups: AuditGroups, covered: Covered, run: Run, length: int) -> None:
    """Look at windows that chance draws, of each day its part."""
    there = _windows(run, length)
    wanted = allot_parts(run.design, there)
    covered.unit, covered.window_seconds, covered.strata = WINDOWS, length, len(there)
    covered.there, covered.looked, covered.beside, covered.leaking = sum(there.values()), 0, covered.leaking, 0
    looked, dense = Counter[str](), 0
    for day, begins, ends in _drawn(run, covered.place, there, wanted, length):
        if run.over(covered):
            break
        leaks, whole = await _window(groups, covered, run, begins, ends)
        looked[day] += 1
        covered.looked += 1
        covered.leaking += leaks > 0
        dense += not whole
    if dense:
        covered.gap(say.too_dense(covered.place, dense, length), say.OTHER_SOURCE)
    covered.effective = effective(there, looked)
    if covered.leaking:
        covered.estimate = covered.leaking / covered.looked


async def _window(
    groups: AuditGroups, covered: Covered, run: Run, begins: datetime, ends: datetime
) -> tuple[int, bool]:
    """Look at a window; returns how many lines disclose something, and whether that was all of it."""
    leaks, token = 0, None
    for _ in range(_PAGES):
        page = await groups.page(covered.place, max(begins, run.since), min(ends, run.until), token)
        leaks += await _look(page.lines, covered, run)
        token = page.following
        if token is None:
            return leaks, True
    return leaks, False


async def _look(lines: Sequence[LogLine], covered: Covered, run: Run) -> int:
    covered.lines += len(lines)
    covered.bytes += sum(len(line.text.encode("utf-8", "surrogatepass")) for line in lines)
    given = [(Place(SOURCE, covered.place, line.stream, line.at, line.id), line.text) for line in lines]
    return await in_thread(run.seen.texts, given) if given else 0


def _windows(run: Run, length: int) -> dict[str, int]:
    """Return how many windows each day has."""
    return {day: -(-(ends - begins) // length) for day, begins, ends in _days(run)}


def _days(run: Run) -> Iterator[tuple[str, int, int]]:
    """Yield each day of the time: its name, and its seconds by the epoch, as far as they are in it."""
    begins, last = int(run.since.timestamp()), math.ceil(run.until.timestamp())
    while begins < last:
        ends = min(begins - begins % _DAY + _DAY, last)
        yield _instant(begins, run).strftime(DAY), begins, ends
        begins = ends


def _drawn(
    run: Run, group: str, there: dict[str, int], wanted: dict[str, int], length: int
) -> Iterator[tuple[str, datetime, datetime]]:
    """Yield from when to when the windows are that are drawn."""
    for day, begins, ends in _days(run):
        chance = Random(ranked(run.seed, SOURCE, group, day))  # noqa: S311 - a draw that can be repeated, no secret
        for index in sorted(chance.sample(range(there[day]), wanted[day])):
            first = begins + index * length
            yield day, _instant(first, run), _instant(min(first + length, ends), run)


def _instant(seconds: int, run: Run) -> datetime:
    return datetime.fromtimestamp(seconds, run.since.tzinfo)
