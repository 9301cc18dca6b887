"""Logs of requests on a server that can go wrong: each refusal names its permission, and every bound that was reached is said."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import anyio
import pytest
import tenacity

from leh_guardian.adapters.audit_sources import S3Bodies
from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.buckets import S3Buckets
from leh_guardian.adapters.logs import CloudWatchLogs
from leh_guardian.adapters.regional import Clients
from leh_guardian.clock import SystemClock
from leh_guardian.ports.trails import Below, TrailSources
from leh_guardian.trails.look import UNSET, Trails, Wanted, look, screen
from leh_guardian.trails.objects import BY_FOLDER, Bounds, DatedObjects
from leh_guardian.trails.told import Told
from tests.support.audit_outside import BUCKET, FILTER, GET, GROUP, LIST, REGION, AuditOutside
from tests.support.faults import refuse
from tests.support.trails import BUCKET as EVIDENCE
from tests.support.trails import access_line, event, trail_file, waf_record

NOW = SystemClock().now()
KEY, IP = "cases/case_1/raw/ev_1_계약서.pdf", "203.0.113.7"
WANTED = Wanted(EVIDENCE, ("case_1",), NOW - timedelta(days=3), timedelta(hours=24), NOW)
TODAY = NOW.strftime(BY_FOLDER)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AuditOutside]:
    """Nothing is there yet."""
    monkeypatch.setattr(tenacity, "wait_random_exponential", lambda **_: tenacity.wait_none())
    with AuditOutside() as opened:
        for name, value in opened.environment().items():
            monkeypatch.setenv(name, value)
        opened.stored_at = NOW - timedelta(minutes=5)
        yield opened


@pytest.fixture
async def sources(server: AuditOutside) -> AsyncIterator[TrailSources]:
    """The adapters, and no log that is named."""
    async with open_aws(REGION) as aws:
        clients, logs = Clients(aws), CloudWatchLogs(aws, await aws.client("logs"))
        yield TrailSources(logs, logs, S3Buckets(aws, clients), S3Bodies(aws, clients))


async def test_what_nobody_named(server: AuditOutside, sources: TrailSources) -> None:
    """Nothing is asked, and each log says which setting would name it."""
    for given in (None, sources):
        trails = await look(given, WANTED)
        await screen(trails, given, WANTED, {IP})
        assert (trails.unread(), trails.told(), trails.sightings) == (UNSET, {}, [])
    assert not server.asked


@pytest.mark.parametrize(
    ("operation", "permission", "named"),
    [
        (FILTER, "logs:FilterLogEvents", {"cloudtrail_group": GROUP}),
        (LIST, "s3:ListBucket", {"cloudtrail": Below(BUCKET, "t/")}),
        (GET, "s3:GetObject", {"cloudtrail": Below(BUCKET, "t/")}),
    ],
)
async def test_a_permission_that_is_missing(
    server: AuditOutside, sources: TrailSources, operation: str, permission: str, named: dict[str, object]
) -> None:
    """It is named, and nothing is known; what lies elsewhere is read all the same."""
    server.objects[f"t/{TODAY}a.json.gz"] = gzip.compress(trail_file(event(KEY, NOW, IP)))
    server.faults.always(operation, refuse(403, "AccessDeniedException"))
    trails = await look(replace(sources, **named), WANTED)  # type: ignore[arg-type]
    assert not trails.told()["cloudtrail"].read
    assert permission in trails.unread()["cloudtrail"]
    if operation == FILTER:
        both = await look(replace(sources, cloudtrail_group=GROUP, cloudtrail=Below(BUCKET, "t/")), WANTED)
        assert [one.ip for one in both.sightings] == [IP]
        assert permission in both.unread()["cloudtrail"]


async def test_a_permission_on_the_log_of_waf_that_is_missing(server: AuditOutside, sources: TrailSources) -> None:
    """The same; and where no address is known, it is asked nothing."""
    server.faults.always(FILTER, refuse(403, "AccessDeniedException"))
    named = replace(sources, waf_group=GROUP)
    for ips, said in ((set[str](), ""), ({IP}, "logs:FilterLogEvents")):
        trails = Trails()
        await screen(trails, named, WANTED, ips)
        assert said in trails.unread().get("waf", "")
        assert trails.screened is not None
        assert trails.screened.read is (not ips)


async def test_files_of_waf(server: AuditOutside, sources: TrailSources) -> None:
    """They lie by date; of the burst those are read, and of the addresses that upload."""
    server.objects[f"w/{TODAY}03/05/a.log.gz"] = gzip.compress(waf_record(NOW, IP, path="/").encode())
    server.objects["w/2001/01/01/a.log.gz"] = gzip.compress(waf_record(NOW, IP, path="/").encode() * 2)
    trails = Trails()
    await screen(trails, replace(sources, waf=Below(BUCKET, "w/")), WANTED, {IP})
    assert trails.screened is not None
    assert [one.ip for one in trails.screened.found] == [IP]


async def test_a_group_is_read_newest_first(server: AuditOutside, sources: TrailSources) -> None:
    """The burst, then day by day what was before: each line once, whatever page it is on."""
    server.page = 2
    times = [NOW - timedelta(hours=hours) for hours in (1, 2, 23, 25, 30, 47, 60, 71, 80)]
    server.lines = [(at, json.dumps(event(KEY, at, IP))) for at in times]
    trails = await look(replace(sources, cloudtrail_group=GROUP), WANTED)
    assert sorted(one.at for one in trails.sightings) == sorted(int(at.timestamp()) for at in times[:-1])
    asked = [request for request in server.asked if server.operation(request) == FILTER]
    assert b"cases/case_1/raw/*" in asked[0].body


async def test_bounds_are_said(server: AuditOutside, sources: TrailSources) -> None:
    """Objects, bytes, the size of one, and time: what was read stays, the newest of it, and the reason is told."""
    days = [NOW - timedelta(days=back) for back in range(3)]
    for number, at in enumerate(days):
        server.objects[f"a/{at.strftime(BY_FOLDER)}x"] = access_line(KEY, at, f"203.0.113.{number}").encode()
    reader = DatedObjects(sources.buckets, sources.objects)

    async def read(bounds: Bounds) -> Told[object]:
        told: Told[object] = Told()  # type: ignore[type-var]
        span = (NOW - timedelta(days=2), NOW)
        server.stored_at = NOW
        await reader.read(
            Below(BUCKET, "a/"),
            (BY_FOLDER,),
            span,
            lambda data, piece: piece.line(float(data.count(b"\n"))),
            told,
            bounds,
        )
        return told

    assert ((told := await read(Bounds())).objects, told.cut) == (3, "")
    assert ((told := await read(Bounds(objects=2))).objects, told.cut) == (2, "more objects than are read at a time")
    assert ((told := await read(Bounds(bytes=1))).objects, told.cut) == (1, "more bytes than are read at a time")
    told = await read(Bounds(longest=10))
    assert (told.objects, told.unreadable, told.cut) == (3, 3, "an object of more than 0 MB")


async def test_a_log_that_does_not_answer(
    server: AuditOutside, sources: TrailSources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is left after its time, and what it is that is not known is said; the other log is read meanwhile."""

    async def never(*_: object) -> None:
        await anyio.sleep_forever()

    monkeypatch.setattr(sources.buckets, "objects", never)
    server.lines = [(NOW - timedelta(hours=1), json.dumps(event(KEY, NOW, IP)))]
    named = replace(sources, cloudtrail_group=GROUP, access_logs=Below(BUCKET, "a/"))
    trails = await look(named, WANTED, seconds=2.0)
    assert len(trails.sightings) == 1
    assert trails.unread() == {"s3_access_logs": "more than can be read in 2 s", "waf": UNSET["waf"]}
