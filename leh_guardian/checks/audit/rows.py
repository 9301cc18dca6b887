"""Owns the reading of LEH's table of audit lines; the one rule: what is drawn is read a few rows at a time, in one snapshot.

All columns are looked at, whatever they are: leaks are in the details. PostgreSQL counts strata and draws rows by a hash of their
ids and the seed, in one pass each: TABLESAMPLE would draw whole pages (leaks lie side by side) or go through all of the table for
one week of it, and neither knows strata. Only where rows lie comes back; what they hold is fetched then, and dropped again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Final

from leh_guardian.checks.audit import wording as say
from leh_guardian.checks.audit.covered import Covered
from leh_guardian.checks.audit.run import Run, in_thread
from leh_guardian.checks.audit.sightings import Place
from leh_guardian.checks.audit.sizes import allot, chance, effective, estimate, ranked
from leh_guardian.ports.audit import AuditTable, Row, Rows, Stratum

SOURCE: Final = "database"
BATCH: Final = 100
"""Rows that are in memory at a time."""


async def look_at_rows(table: AuditTable, covered: Covered, run: Run) -> None:
    """Look through the rows of the run's time.

    Raises:
        HandlerError: it cannot be read; what was found until then is in `covered` and in the run's sightings.
    """
    async with table.opened(run.since, run.until, run.left) as rows:
        covered.place = rows.place
        for missing in rows.unread:
            covered.gap(say.unread(covered.place, missing), say.GRANT)
        there = await rows.count()
        covered.there, covered.strata = sum(there.values()), len(there)
        wanted = allot(run.design, there)
        shares = {stratum: chance(wanted[stratum], number) for stratum, number in there.items()}
        looked, leaking = await _read(rows, shares, covered, run)
    if covered.cut:
        covered.gap(say.values_cut(covered.place, covered.cut))
    covered.effective = effective(there, looked)
    covered.thinnest = min(
        (looked[stratum] for stratum, number in there.items() if looked[stratum] < number), default=None
    )
    if covered.leaking:
        covered.estimate = estimate(there, looked, leaking)
    covered.ended = True


async def _read(
    rows: Rows, shares: Mapping[Stratum, float], covered: Covered, run: Run
) -> tuple[Counter[Stratum], Counter[Stratum]]:
    """Look at what is drawn; returns how many of each stratum were looked at, and how many of those disclose something."""
    looked, leaking = Counter[Stratum](), Counter[Stratum]()
    async with aclosing(rows.draw(shares, ranked(run.seed, SOURCE))) as pieces:
        async for drawn in pieces:
            for start in range(0, len(drawn), BATCH):
                if run.over(covered):
                    return looked, +leaking
                await _look(await rows.read(drawn[start : start + BATCH]), looked, leaking, covered, run)
    return looked, +leaking


async def _look(
    read: Sequence[Row], looked: Counter[Stratum], leaking: Counter[Stratum], covered: Covered, run: Run
) -> None:
    given = [(Place(SOURCE, covered.place, row.id, row.at), row.values) for row in read]
    for row, leaks in zip(read, await in_thread(run.seen.records, given), strict=True):
        looked[row.drawn.stratum] += 1
        leaking[row.drawn.stratum] += leaks
        covered.cut += row.cut
        covered.bytes += sum(map(len, row.values.values()))
    covered.looked = covered.lines = looked.total()
    covered.leaking = leaking.total()
