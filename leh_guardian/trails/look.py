"""Owns the look through every log of requests for one judgement; the one rule: one that cannot be read takes nothing from the others.

First who stored objects (CloudTrail, access logs), then what WAF saw of the addresses that these name. Each is read the newest first
and within bounds; a trail is read in its log group, and in its files where that is not named, or not enough.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import anyio
import anyio.to_thread

from leh_guardian.errors import HandlerError
from leh_guardian.model.sighting import Screened, Sighting
from leh_guardian.ports.aws import LogMessage, Logs
from leh_guardian.ports.trails import TrailSources
from leh_guardian.trails import access_log, cloudtrail, waf
from leh_guardian.trails.objects import BY_FOLDER, BY_NAME, DatedObjects
from leh_guardian.trails.told import Told

CLOUDTRAIL: Final = "cloudtrail"
ACCESS_LOGS: Final = "s3_access_logs"
WAF: Final = "waf"
NAMES: Final = (CLOUDTRAIL, ACCESS_LOGS, WAF)
UNSET: Final = {
    CLOUDTRAIL: "not configured: set uploads.cloudtrail_log_group or uploads.cloudtrail_prefix",
    ACCESS_LOGS: "not configured: set uploads.access_log_prefix",
    WAF: "not configured: set uploads.waf_log_group or uploads.waf_prefix",
}
SECONDS: Final = 40.0
"""Seconds for each of the two steps."""
_DAY: Final = timedelta(days=1)
_MOST_BYTES: Final = 48_000_000
"""Of a log group, all its pieces together."""
_LONGEST_PATTERN: Final = 1000
"""Characters; CloudWatch takes 1,024 ("FilterLogEvents", Amazon CloudWatch Logs API Reference)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for."""

    bucket: str
    cases: Collection[str]
    """Ids that are known to be some."""
    since: datetime
    window: timedelta
    """How much of the newest time is the burst: that is read first."""
    until: datetime

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What the keys of these cases' uploads begin with."""
        return tuple(f"cases/{case}/raw/" for case in self.cases)

    @property
    def span(self) -> tuple[datetime, datetime]:
        """From when to when."""
        return self.since, self.until


@dataclass
class Trails:
    """What all of them told."""

    stored: dict[str, Told[Sighting]] = field(default_factory=dict)
    screened: Told[Screened] | None = None
    """None: WAF's log was not looked at."""
    idle: dict[str, str] = field(default_factory=dict)
    """Why a log was not looked at at all."""

    @property
    def sightings(self) -> list[Sighting]:
        """Each request once, however many logs tell of it."""
        once: dict[str, Sighting] = {}
        loose = list[Sighting]()
        for told in self.stored.values():
            for one in told.found:
                if one.request:
                    once.setdefault(one.request, one)
                else:
                    loose.append(one)
        return [*once.values(), *loose]

    def told(self) -> dict[str, Told[Any]]:
        """Return what was read, by the names of the logs that were looked at."""
        return {**self.stored, **({WAF: self.screened} if self.screened else {})}

    def unread(self) -> dict[str, str]:
        """Return why a log is unread, or not read whole."""
        return self.idle | {name: told.why for name, told in self.told().items() if told.why}


def idle(sources: TrailSources | None, why: str) -> dict[str, str]:
    """Return why logs are not looked at: because nobody named them, or else for `why`."""
    named = set[str]()
    if sources is not None:
        named |= {CLOUDTRAIL} if sources.cloudtrail_group or sources.cloudtrail else set()
        named |= {ACCESS_LOGS} if sources.access_logs else set()
        named |= {WAF} if sources.waf_group or sources.waf else set()
    return {name: why if name in named else unset for name, unset in UNSET.items() if why or name not in named}


async def look(sources: TrailSources | None, wanted: Wanted, seconds: float = SECONDS) -> Trails:
    """Read who stored objects below the wanted prefixes."""
    trails = Trails(idle=idle(sources, "" if wanted.cases else "no case is known to look for"))
    if sources is None or not wanted.cases:
        return trails
    ways: list[tuple[str, Callable[[Told[Sighting]], Awaitable[None]]]] = []
    if CLOUDTRAIL not in trails.idle:
        ways.append((CLOUDTRAIL, partial(_cloudtrail, sources, wanted)))
    if ACCESS_LOGS not in trails.idle:
        ways.append((ACCESS_LOGS, partial(_access_logs, sources, wanted)))
    async with anyio.create_task_group() as tasks:
        for name, way in ways:
            trails.stored[name] = Told()
            tasks.start_soon(_bounded, way, trails.stored[name], seconds)
    return trails


async def screen(
    trails: Trails, sources: TrailSources | None, wanted: Wanted, ips: Collection[str], seconds: float = SECONDS
) -> None:
    """Read what WAF saw of some addresses in the burst."""
    if sources is None or WAF in trails.idle:
        return
    trails.screened = Told()
    if ips:
        await _bounded(partial(_waf, sources, wanted, frozenset(ips)), trails.screened, seconds)


async def _bounded(way: Callable[[Told[Any]], Awaitable[None]], told: Told[Any], seconds: float) -> None:
    with anyio.move_on_after(seconds) as scope:
        try:
            await way(told)
        except HandlerError as error:
            told.error = error
    if scope.cancelled_caught:
        told.cut = told.cut or f"more than can be read in {seconds:g} s"


async def _cloudtrail(sources: TrailSources, wanted: Wanted, told: Told[Sighting]) -> None:
    if group := sources.cloudtrail_group:
        take = partial(cloudtrail.read_message, wanted.bucket, wanted.prefixes)
        try:
            await _group(sources.logs, group, _objects_of(wanted), _spans(wanted), take, told)
        except HandlerError as error:
            if sources.cloudtrail is None:
                raise
            told.cut = f"its log group: {error}"
        if sources.cloudtrail is None or not told.cut:
            return
    if where := sources.cloudtrail:
        read = partial(cloudtrail.read_file, wanted.bucket, wanted.prefixes)
        await DatedObjects(sources.buckets, sources.objects).read(where, (BY_FOLDER,), wanted.span, read, told)


async def _access_logs(sources: TrailSources, wanted: Wanted, told: Told[Sighting]) -> None:
    if where := sources.access_logs:
        read = partial(access_log.read_lines, wanted.bucket, wanted.prefixes)
        await DatedObjects(sources.buckets, sources.objects).read(where, (BY_FOLDER, BY_NAME), wanted.span, read, told)


async def _waf(sources: TrailSources, wanted: Wanted, ips: frozenset[str], told: Told[Screened]) -> None:
    burst = (wanted.until - wanted.window, wanted.until)
    if group := sources.waf_group:
        take = partial(waf.read_message, ips)
        await _group(sources.waf_logs, group, _requests_of(ips), [burst], take, told)
    elif where := sources.waf:
        read = partial(waf.read_lines, ips)
        await DatedObjects(sources.buckets, sources.objects).read(where, (BY_FOLDER,), burst, read, told)


async def _group(
    logs: Logs,
    group: str,
    pattern: str,
    spans: Iterable[tuple[datetime, datetime]],
    take: Callable[[str, Told[Any]], None],
    told: Told[Any],
) -> None:
    left = _MOST_BYTES
    for since, until in spans:
        if left <= 0:
            told.cut = told.cut or "more bytes than are read at a time"
            return
        sample = await logs.read(group, since, until, pattern=pattern, most_bytes=left)
        piece: Told[Any] = Told()
        # Into one of its own: a thread that is left behind goes on writing.
        await anyio.to_thread.run_sync(_take_all, take, sample.messages, piece, abandon_on_cancel=True)
        told.add(piece)
        left -= sum(len(message.text) for message in sample.messages)
        if not sample.whole:
            told.cut = told.cut or "more than is read of a log group at a time"


def _take_all(take: Callable[[str, Told[Any]], None], messages: Iterable[LogMessage], told: Told[Any]) -> None:
    for message in messages:
        take(message.text, told)


def _spans(wanted: Wanted) -> Iterator[tuple[datetime, datetime]]:
    """Yield the burst, then the days before it, the newest first: where bounds cut, it is the history."""
    until = wanted.until
    since = until - wanted.window
    yield since, until
    while since > wanted.since:
        until, since = since, max(wanted.since, since - _DAY)
        yield since, until


def _objects_of(wanted: Wanted) -> str:
    """Return CloudWatch's filter for what was done to the wanted objects; the ids in it are known to be some."""
    keys = [f'($.requestParameters.key = "{prefix}*")' for prefix in wanted.prefixes]
    of = f'($.eventSource = "s3.amazonaws.com") && ($.requestParameters.bucketName = "{wanted.bucket}")'
    narrow = f"{{ {of} && ({' || '.join(keys)}) }}"
    return narrow if len(narrow) <= _LONGEST_PATTERN else f'{{ {of} && ($.requestParameters.key = "cases/*") }}'


def _requests_of(ips: Collection[str]) -> str:
    """Return CloudWatch's filter for what WAF saw of some addresses; of too many of them for what it let nobody do."""
    asked = " || ".join(f'($.httpRequest.clientIp = "{ip}")' for ip in sorted(ips))
    narrow = f"{{ {asked} }}"
    return narrow if len(narrow) <= _LONGEST_PATTERN else '{ $.action != "ALLOW" }'
