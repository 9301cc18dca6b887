"""Owns the check of audit logs, source by source, and what it comes to; the one rule: one that is away hides nothing of the others.

What is known to leak stays FAIL whatever else could not be seen; only where nothing certain was found is a source that is away for
the moment a reason to try it all again.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from leh_guardian.checks.audit import groups, objects, rows
from leh_guardian.checks.audit import wording as say
from leh_guardian.checks.audit.covered import Covered
from leh_guardian.checks.audit.run import Run
from leh_guardian.checks.audit.sightings import Sighting, Sightings, is_serious
from leh_guardian.checks.audit.sizes import Design
from leh_guardian.checks.audit.statement import statement
from leh_guardian.checks.result import CheckResult, Findings, Status, not_named
from leh_guardian.clock import Clock
from leh_guardian.disclosure import Scanner, Seal
from leh_guardian.errors import Transient
from leh_guardian.language import Text
from leh_guardian.model.text import told
from leh_guardian.ports.audit import AuditSources
from leh_guardian.ports.checks import Buckets
from leh_guardian.telemetry.dumps import forbid_dumps

NAME: Final = "check_audit_log"
_PLACES: Final = 3
_SEOUL: Final = ZoneInfo("Asia/Seoul")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked at, and how far."""

    design: Design = field(default_factory=Design)
    over: timedelta = timedelta(days=7)
    until: datetime | None = None
    """Up to when; now if left out."""
    seed: str | None = None
    """What the draws are told by, of a sample that is to be drawn again; chance if left out."""
    time: timedelta = timedelta(minutes=8)


@dataclass(frozen=True, slots=True)
class _Source:
    """One table, log group or prefix."""

    what: Text
    covered: Covered
    read: Callable[[Covered, Run], Awaitable[None]]


async def look(given: AuditSources | None, buckets: Buckets, wanted: Wanted, clock: Clock) -> CheckResult:
    """Look through audit logs.

    Raises:
        Transient: a source does not answer as it should, and nothing certain was found; what is refused for good is in the result.
    """
    sources = _sources(given, buckets) if given is not None else []
    if given is None or not sources:
        return not_named(NAME, say.NOTHING_NAMED, say.NAME_ONE)
    # From here on this process has held lines of audit logs.
    forbid_dumps()
    found = Findings()
    seals: list[Seal] = []
    with found.part(say.KEY):
        seals.append(Seal(given.key()))
    if not seals:
        return found.result(NAME, {}, {}, {})
    now = clock.now()
    until = wanted.until or now
    seen = Sightings(Scanner(now.astimezone(_SEOUL).date(), seals[0]))
    ends = clock.monotonic() + wanted.time.total_seconds()
    seed = wanted.seed or secrets.token_hex(16)
    run = Run(
        wanted.design, seed, (until - wanted.over).astimezone(UTC), until.astimezone(UTC), seen, clock.monotonic, ends
    )
    away = await _read(sources, run, found)
    if away and not seen.serious:
        raise away[0][1]
    for source, error in away:
        found.add(Status.UNKNOWN, say.away(source.what, told(error, 300)))
    return _judge(given, [source.covered for source in sources], run, found)


def _sources(given: AuditSources, buckets: Buckets) -> list[_Source]:
    found: list[_Source] = []
    if (table := given.table) is not None:
        found.append(
            _Source(say.DATABASE, Covered(rows.SOURCE, "audit_logs"), lambda c, r: rows.look_at_rows(table, c, r))
        )
    found += [
        _Source(say.LOGS, Covered(groups.SOURCE, group), lambda c, r: groups.look_at_group(given.groups, c, r))
        for group in given.named_groups
    ]
    found += [_below(given, buckets, bucket, prefix) for bucket, prefix in given.prefixes]
    return found


def _below(given: AuditSources, buckets: Buckets, bucket: str, prefix: str) -> _Source:
    async def read(covered: Covered, run: Run) -> None:
        await objects.look_at_objects(buckets, given.objects, bucket, prefix, covered, run)

    return _Source(say.OBJECTS, Covered(objects.SOURCE, f"s3://{bucket}/{prefix}"), read)


async def _read(sources: list[_Source], run: Run, found: Findings) -> list[tuple[_Source, Transient]]:
    """Look through each source; returns those that do not answer."""
    away = []
    for number, source in enumerate(sources):
        share = run.left / (len(sources) - number)
        with found.part(source.what):
            try:
                await source.read(source.covered, replace(run, ends=run.monotonic() + share))
            except Transient as error:
                away.append((source, error))
    return away


def _judge(given: AuditSources, covered: list[Covered], run: Run, found: Findings) -> CheckResult:
    design, seen = run.design, run.seen
    for certain in (True, False):
        if told_of := _disclosed(seen, certain=certain):
            found.add(Status.FAIL if certain else Status.WARN, told_of, say.REMOVE if certain else say.LOOK)
    if seen.unscanned:
        found.add(Status.UNKNOWN, say.unscanned(seen.unscanned))
    for one in covered:
        one.judge(design, found)
    named = {rows.SOURCE: given.table, groups.SOURCE: given.named_groups, objects.SOURCE: given.prefixes}
    absent = [source for source, there in named.items() if not there]
    for source in absent:
        found.add(Status.OK, say.NOT_NAMED[source])
    measured = {
        "lines": sum(one.lines for one in covered),
        "bytes": sum(one.bytes for one in covered),
        "findings": seen.counts.total(),
        "serious": seen.serious,
        "different_values": seen.values,
        "by_type": [
            {"type": kind.value, "tier": tier.value, "count": n} for (kind, tier), n in sorted(seen.counts.items())
        ],
        "sources": [one.row(design) for one in covered],
    }
    threshold = {
        "confidence": design.confidence,
        "rate": design.rate,
        "part_rate": design.part_rate,
        "recall": design.recall,
        "lines_needed": design.lines,
        "parts_needed": design.least,
        "whole_lines": design.whole_lines,
        "whole_bytes": design.whole_bytes,
    }
    evidence: dict[str, Any] = {
        "seed": run.seed,
        "since": run.since.isoformat(),
        "until": run.until.isoformat(),
        "not_configured": absent,
        "findings": [sighting.row() for sighting in seen.told],
    }
    if (said := statement(covered, design)) is not None:
        evidence["statement"] = {"ko": said.ko, "en": said.en}
    return found.result(NAME, measured, threshold, evidence)


def _disclosed(seen: Sightings, *, certain: bool) -> Text | None:
    """Return what was found of one sort, and where the first of it are."""
    of_sort = [one for one in seen.told if one.serious is certain]
    if not of_sort:
        return None
    counts = Counter[str]()
    for (kind, tier), number in seen.counts.items():
        if is_serious(kind, tier) is certain:
            counts[kind.value] += number
    return say.disclosed(dict(counts.most_common()), [_where(one) for one in of_sort[:_PLACES]], certain=certain)


def _where(sighting: Sighting) -> str:
    place = sighting.place
    line = f":{place.line}" if place.line else ""
    return f"{place.name} {place.key}{line}" + (f" {sighting.field}" if sighting.field else "")
