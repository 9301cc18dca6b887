"""Addresses, programs and refusals of uploads: read from CloudTrail, S3's access logs and WAF where these are, joined, and told."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from leh_guardian.adapters.audit_sources import S3Bodies
from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.buckets import S3Buckets
from leh_guardian.adapters.logs import CloudWatchLogs
from leh_guardian.adapters.regional import Clients
from leh_guardian.clock import SystemClock
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.ports.trails import Below, TrailSources
from leh_guardian.trails.objects import BY_FOLDER, BY_NAME
from tests.support.trails import access_line, event, trail_file, waf_record
from tests.support.upload_outside import BUCKET, CASE, Leh, leh_of

LOGS, TRAIL, WAF = "leh-logs", "/leh/trail", "aws-waf-logs-leh"
OFFICE = "121.130.7.9"
NAMES = ("준비서면", "진술서", "녹취록", "사실조회 회신", "계약서", "영수증", "통장사본", "등기부등본")


@dataclass
class Requested:
    """What is told of requests, and a case whose uploads it may be about."""

    leh: Leh
    aws: Aws
    s3: Any
    logs: Any

    async def sources(self, **named: Any) -> None:
        """Say where logs of requests are."""
        clients = Clients(self.aws)
        logs = CloudWatchLogs(self.aws, self.logs)
        found = TrailSources(logs, logs, S3Buckets(self.aws, clients), S3Bodies(self.aws, clients), **named)
        self.leh.can = replace(self.leh.can, trails=found)

    async def put(self, key: str, *lines: str | bytes, packed: bool = False) -> None:
        """Put a log's object."""
        raw = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
        await self.s3.put_object(Bucket=LOGS, Key=key, Body=gzip.compress(raw) if packed else raw)

    async def say(self, group: str, *messages: str) -> None:
        """Write into a log group."""
        now = int(SystemClock().now().timestamp() * 1000)
        events = [{"timestamp": now, "message": message} for message in messages]
        await self.logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)

    async def stored(self) -> list[tuple[str, datetime]]:
        """Every version with its time, in order."""
        listed = (await self.s3.list_object_versions(Bucket=BUCKET))["Versions"]
        return sorted(((one["Key"], one["LastModified"]) for one in listed), key=lambda one: one[1])


@pytest.fixture(scope="session")
def dsn(postgres: EmbeddedPostgres) -> str:
    """A database of LEH's."""
    postgres.create_database("leh_requests")
    return postgres.dsn("leh_requests")


@pytest.fixture
async def at(aws: Aws, dsn: str) -> AsyncIterator[Requested]:
    """The case, a bucket for logs, and two log groups."""
    s3, logs = await aws.client("s3"), await aws.client("logs")
    await s3.create_bucket(Bucket=LOGS, CreateBucketConfiguration={"LocationConstraint": aws.region})
    for group in (TRAIL, WAF):
        await logs.create_log_group(logGroupName=group)
        await logs.create_log_stream(logGroupName=group, logStreamName="s")
    async with leh_of(aws, dsn) as leh:
        yield Requested(leh, aws, s3, logs)
    for each in (await s3.list_objects_v2(Bucket=LOGS)).get("Contents", ()):
        await s3.delete_object(Bucket=LOGS, Key=each["Key"])
    await s3.delete_bucket(Bucket=LOGS)
    for group in (TRAIL, WAF):
        await logs.delete_log_group(logGroupName=group)


def day(form: str = BY_FOLDER) -> str:
    """Today, as keys have it."""
    return SystemClock().now().strftime(form)


async def mass(at: Requested) -> None:
    """Many small files with people's names, by an account of two hours: suspicious, and no more than that."""
    await at.leh.put(*(f"cases/{CASE}/raw/ev_{n}_{NAMES[n % 8]} {n}.pdf" for n in range(40)))
    for number in range(40):
        await at.leh.log("user_1", "UPLOAD", f"ev_{number}")


async def office(at: Requested) -> None:
    """Five new people of a firm file what they have: as many new accounts at once as a botnet begins with."""
    for user in range(5):
        await at.leh.product.do(
            "insert into users (id, email, role, created_at)"
            f" select 'new_{user}', 'new_{user}@firm', role, now() - interval '3 hours' from users limit 1"
        )
    await at.leh.put(*(f"cases/{CASE}/raw/ev_{n}_{NAMES[n % 8]}.pdf" for n in range(40)))
    for number in range(40):
        await at.leh.log(f"new_{number // 8}", "UPLOAD", f"ev_{number}")


async def test_the_same_burst_is_an_attack_by_its_addresses(at: Requested) -> None:
    """Without them it is suspicious; a program in seventeen places of rented servers, that WAF had refused, makes it an attack."""
    await mass(at)
    blind = await at.leh.facts()
    assert (blind["verdict"], blind["missing"]) == ("suspicious", ["cloudtrail", "s3_access_logs", "waf"])
    assert "uploads.access_log_prefix" in blind["unread"]["s3_access_logs"]
    await at.sources(access_logs=Below(LOGS, "access/"), waf_group=WAF)
    stored = await at.stored()
    ips = [f"45.77.{n % 17}.9" for n in range(len(stored))]
    lines = [
        access_line(key, when, ip, agent="python-requests/2.31") for (key, when), ip in zip(stored, ips, strict=True)
    ]
    await at.put(f"access/{day(BY_NAME)}00-00-00-ABC", *lines)
    asns = (20473, 14061, 24940, 16276)
    now = SystemClock().now()
    seen = [waf_record(now, ip, action="ALLOW", path="/", clientAsn=asns[n % 4]) for n, ip in enumerate(ips)]
    seen += [waf_record(now - timedelta(seconds=n), ips[0], path=f"/cases/{CASE}/evidence") for n in range(30)]
    seen += [
        waf_record(now, "198.51.100.1", path=f"/cases/{CASE}/evidence"),
        waf_record(now, ips[0], path="/cases/other/evidence"),
    ]
    await at.say(WAF, *seen)
    facts = await at.leh.facts()
    assert facts["verdict"] == "attack", facts
    fired = {one["id"] for one in facts["signals"]}
    assert {"many-places", "hopping", "many-networks", "hosted", "scripted-agent", "refused"} <= fired
    assert (facts["missing"], facts["uploads"], facts["user"]) == (["cloudtrail"], 40, "user_1")
    assert facts["measured"]["refused_ratio"] == pytest.approx(30 / 70, abs=0.001)
    assert facts["sources"]["waf"]["refused"] == 30
    assert facts["sources"]["waf"]["rules"] == {"rate-of-uploads": 31}
    assert "40 uploads attack" in facts["brief_in"]["en"]
    assert "업로드 40건 공격" in facts["brief_in"]["ko"]
    assert facts["networks"][0]["network"].endswith(".0/24")
    assert not any(ip in str(facts) for ip in (*ips, "198.51.100.1"))


async def test_the_same_burst_is_legitimate_by_its_addresses(at: Requested) -> None:
    """Without them five new accounts are a crowd; that all of them sit in one office says what they are. A trail's group is enough."""
    await office(at)
    blind = await at.leh.facts()
    assert blind["verdict"] == "suspicious"
    assert "crowd" in {one["id"] for one in blind["signals"]}
    await at.sources(cloudtrail_group=TRAIL)
    await at.say(
        TRAIL, "no JSON", *(orjson.dumps(event(key, when, OFFICE)).decode() for key, when in await at.stored())
    )
    facts = await at.leh.facts()
    assert (facts["verdict"], facts["held"]) == ("legitimate", ""), facts
    assert "one-office" in {one["id"] for one in facts["counter_evidence"]}
    told = facts["sources"]["cloudtrail"]
    assert (told["lines"], told["unreadable"], told["whole"]) == (41, 1, True)
    assert told["uploads"] == {
        "told": 40,
        "by_the_service": 0,
        "untold": 0,
        "not_come_yet": 0,
        "refused": 0,
        "used": True,
    }
    assert facts["coverage"]["fields"]["ip"] == facts["coverage"]["fields"]["agent"] == 1.0
    await at.leh.log("new_0", "VIEW", CASE)
    mine = await at.leh.facts(scope="user", key="new_0")
    assert (mine["uploads"], mine["coverage"]["fields"]["ip"]) == (8, 1.0)
    assert OFFICE not in str(facts)


async def test_the_files_of_a_trail_and_both_forms_of_access_logs(at: Requested) -> None:
    """Packed and by folder, plain and by name: what both tell of is one request; what lies elsewhere, is damaged or a bomb is none."""
    await mass(at)
    stored = await at.stored()
    await at.sources(cloudtrail=Below(LOGS, "AWSLogs/1/CloudTrail/r/"), access_logs=Below(LOGS, "access/"))
    events = [event(key, when, OFFICE, requestID=f"R{n}") for n, (key, when) in enumerate(stored[:30])]
    await at.put(f"AWSLogs/1/CloudTrail/r/{day()}1_CloudTrail_x.json.gz", trail_file(*events), packed=True)
    await at.put(f"AWSLogs/1/CloudTrail/r/{day()}2_torn.json.gz", gzip.compress(trail_file(*events))[:-20])
    await at.put("AWSLogs/1/CloudTrail/r/2001/01/01/old.json.gz", trail_file(*events), packed=True)
    lines = [access_line(key, when, OFFICE, request=f"R{n}") for n, (key, when) in enumerate(stored)]
    await at.put(f"access/{day(BY_NAME)}00-00-00-A", *lines[:20])
    await at.put(f"access/{day()}{day(BY_NAME)}00-00-00-B", *lines[20:], "torn", packed=True)
    facts = await at.leh.facts()
    trail, access = facts["sources"]["cloudtrail"], facts["sources"]["s3_access_logs"]
    assert (trail["requests"], trail["unreadable"], access["requests"], access["unreadable"]) == (30, 1, 40, 1)
    assert trail["uploads"]["told"] == 40
    assert facts["uploads"] == 40
    assert facts["measured"]["places_used"] == 1


async def test_what_has_not_come_yet_is_no_evidence(at: Requested) -> None:
    """Access logs come hours late: of a burst of which a third is told nothing of that is used, and how much is awaited is said."""
    await mass(at)
    await at.sources(access_logs=Below(LOGS, "access/"))
    stored = await at.stored()
    first = stored[0][1]
    early = [(key, when) for key, when in stored if when == first][:10]
    assert early
    lines = [access_line(key, when, f"45.77.{n}.9", agent="curl/8") for n, (key, when) in enumerate(early)]
    refused = [access_line("cases/case_3f9c/raw/ev_x_a.pdf", first, "45.77.1.9", status=403, code="AccessDenied")] * 3
    await at.put(f"access/{day(BY_NAME)}00-00-00-A", *lines, *refused)
    facts = await at.leh.facts()
    uploads = facts["sources"]["s3_access_logs"]["uploads"]
    assert (uploads["told"], uploads["untold"], uploads["used"]) == (len(early), 40 - len(early), False)
    assert uploads["not_come_yet"] == sum(when > first for _, when in stored)
    assert facts["measured"]["places_used"] is None
    assert facts["measured"]["refused_ratio"] is None
    assert f"addresses of {uploads['untold']} uploads not known yet" in facts["brief_in"]["en"]
    assert "ip" not in {name for name, share in facts["coverage"]["fields"].items() if share}


async def test_a_log_that_cannot_be_read_takes_nothing_from_the_others(at: Requested) -> None:
    """What it is called, and why it is unread, is among the facts and in the message; without what was stored nothing is looked up."""
    await mass(at)
    await at.sources(cloudtrail_group="/leh/none", access_logs=Below(LOGS, "access/"), waf=Below("leh-none", "w/"))
    lines = [access_line(key, when, OFFICE) for key, when in await at.stored()]
    await at.put(f"access/{day(BY_NAME)}00-00-00-A", *lines)
    facts = await at.leh.facts()
    assert (facts["missing"], facts["measured"]["places_used"]) == (["cloudtrail", "waf"], 1)
    assert "/leh/none" in facts["unread"]["cloudtrail"]
    assert "leh-none" in facts["unread"]["waf"]
    assert "CloudTrail unread, WAF log unread" in facts["brief_in"]["en"]
    at.leh.can = replace(at.leh.can, evidence_bucket=None)
    blind = await at.leh.facts(scope="user", key="user_1")
    assert blind["unread"]["cloudtrail"] == "what was stored is unknown"
    assert blind["missing"] == ["s3", "cloudtrail", "s3_access_logs", "waf"]


async def test_uploads_by_the_service_itself_have_no_address(at: Requested) -> None:
    """What the backend stored with its own name tells of the backend: nobody is a program for that."""
    await mass(at)
    await at.sources(access_logs=Below(LOGS, "access/"))
    own = [
        access_line(key, when, "10.0.0.7", agent="Boto3/1.35", signed="AuthHeader") for key, when in await at.stored()
    ]
    await at.put(f"access/{day(BY_NAME)}00-00-00-A", *own)
    facts = await at.leh.facts()
    assert facts["sources"]["s3_access_logs"]["uploads"]["by_the_service"] == 40
    assert (facts["measured"]["scripted_ratio"], facts["measured"]["places_used"]) == (None, None)


async def test_requests_without_a_version(at: Requested) -> None:
    """A refused one is tried work without a key; one whose object is gone is the past that new places are compared with."""
    await mass(at)
    await at.sources(cloudtrail_group=TRAIL)
    now = SystemClock().now()
    past = [event(f"cases/{CASE}/raw/ev_0_{n}.pdf", now - timedelta(days=3 + n % 4), OFFICE) for n in range(12)]
    tried = [
        event(f"cases/{CASE}/raw/ev_0_x.pdf", now - timedelta(minutes=n), OFFICE, errorCode="AccessDenied")
        for n in range(9)
    ]
    kept = [event(key, when, OFFICE) for key, when in await at.stored()]
    await at.say(TRAIL, *(orjson.dumps(one).decode() for one in (*past, *tried, *kept)))
    facts = await at.leh.facts()
    assert facts["measured"]["new_place_ratio"] == 0
    assert facts["measured"]["versions_per_key"] == 1
    assert facts["measured"]["refused_ratio"] == pytest.approx(9 / 49, abs=0.001)
    assert facts["uploads"] == 40
