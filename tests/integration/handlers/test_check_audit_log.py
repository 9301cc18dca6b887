"""The check of audit logs through its adapters: PostgreSQL, CloudWatch Logs and S3, whole and sampled, refused and cut short."""

from __future__ import annotations

import gzip
import json
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
import tenacity

from leh_guardian.adapters import audit_sources
from leh_guardian.adapters.aws import Aws, open_aws
from leh_guardian.adapters.leh_database.audit_rows import LehAuditRows
from leh_guardian.checks.audit import groups, objects
from leh_guardian.checks.audit.look import Wanted, look
from leh_guardian.checks.audit.sizes import Design
from leh_guardian.clock import SystemClock
from leh_guardian.errors import Unavailable
from leh_guardian.handlers.check_audit_log import CheckAuditLogParams, check_audit_log
from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.model.outcome import Done, Failed
from leh_guardian.ports.checks import Checking
from tests.support.attempt import attempt
from tests.support.audit_outside import BUCKET, FILTER, GET, GROUP, LIST, PREFIX, REGION, AuditOutside
from tests.support.checking import can_check, checking
from tests.support.clock import FakeClock
from tests.support.faults import refuse
from tests.support.installation import client
from tests.support.leh_product import Product, make_product

NOW = SystemClock().now().astimezone(UTC)
RRN, PASSWORD, AWS_KEY = "900101-1234568", "hunter2-Canary!", "AKIACANARYCANARYCANA"
SMALL = Design(confidence=0.9, rate=0.05, part_rate=0.1, recall=1.0, whole_lines=50, whole_bytes=2000)


@pytest.fixture(autouse=True)
def _its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 dates objects by the real clock: minutes may have gone by since this file was read."""
    monkeypatch.setitem(globals(), "NOW", SystemClock().now().astimezone(UTC))


@pytest.fixture(scope="module")
async def product(postgres: EmbeddedPostgres) -> Product:
    """LEH's tables, with a column of details."""
    postgres.create_database("leh_checked")
    made = await make_product(postgres.dsn("leh_checked"), closed=False)
    await made.do("alter table audit_logs add column details jsonb")
    return made


async def write(product: Product, *details: Any, number: int = 0) -> None:
    """Let the table hold these lines, and so many clean ones."""
    await product.do("truncate audit_logs")
    sql = (
        "insert into audit_logs (user_id, action, object_id, timestamp, details)"
        " select 'user_1', 'LOGIN', 'case_3f9c', $1, one::jsonb from unnest($2::text[]) as one"
    )
    clean = {"ip": "10.0.0.1", "agent": "curl"}
    lines = [json.dumps(one, ensure_ascii=False) for one in (*details, *[clean] * number)]
    await product.do(sql, NOW - timedelta(hours=3), lines)


@pytest.fixture
def logs(aws_server: EmbeddedAws) -> Iterator[Any]:
    """CloudWatch Logs."""
    with client("logs", aws_server.environment()) as opened:
        yield opened


@pytest.fixture
def s3(aws_server: EmbeddedAws) -> Iterator[Any]:
    """S3."""
    with client("s3", aws_server.environment()) as opened:
        yield opened


def group_of(logs: Any, *messages: str, ago: timedelta = timedelta(hours=3), apart: float = 0.0) -> str:
    """Make a log group that says this, its messages so many seconds apart."""
    group = f"/leh/audit-{uuid.uuid4().hex[:8]}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    first = (NOW - ago).timestamp()
    events = [{"timestamp": int((first + n * apart) * 1000), "message": one} for n, one in enumerate(messages)]
    for start in range(0, len(events), 1000):
        logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events[start : start + 1000])
    return group


def bucket_of(s3: Any, **objects_: bytes) -> str:
    """Make a bucket with these objects."""
    bucket = f"audit-{uuid.uuid4().hex[:10]}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
    for name, content in objects_.items():
        s3.put_object(Bucket=bucket, Key=f"audit/{name}", Body=content)
    return bucket


def given_of(aws: Aws, product: Product | None = None, **more: Any) -> Checking:
    """What the check looks through."""
    table = LehAuditRows(product.dsn, product.names) if product else None
    return checking(aws, table=table, key=b"a key of sixteen", **more)


async def run(checks: Checking, **params: Any) -> Any:
    """One attempt."""
    clock = FakeClock(NOW + timedelta(minutes=5))
    return await check_audit_log(attempt(can_check(checks), clock=clock), CheckAuditLogParams(**params))


async def facts(checks: Checking, design: Design = SMALL, **wanted: Any) -> Any:
    """What a small design comes to."""
    clock = FakeClock(NOW + timedelta(minutes=5))
    return (await look(checks.audit, checks.buckets, Wanted(design, **wanted), clock)).facts()


async def test_all_is_clean(aws: Aws, product: Product, logs: Any, s3: Any) -> None:
    """Everything small is read whole, and the sentences say so."""
    await write(product, number=3)
    group = group_of(logs, "login user_1", '{"user_id": "user_2", "action": "VIEW"}')
    bucket = bucket_of(s3, a=b"view case_3f9c\nview case_3f9d\n", b=gzip.compress(b"view"))
    outcome = await run(given_of(aws, product, groups=(group,), prefixes=((bucket, "audit/"),)))
    assert isinstance(outcome, Done)
    assert outcome.facts["status"] == "OK"
    assert [(row["how"], row["lines"]) for row in outcome.facts["measured"]["sources"]] == [
        ("whole", 3),
        ("whole", 2),
        ("whole", 3),
    ]
    assert "3줄 전부 확인" in outcome.facts["reasons"][0]["ko"]


async def test_what_is_disclosed_is_placed_and_not_told(aws: Aws, product: Product, logs: Any, s3: Any) -> None:
    """Type, place, field, time and fingerprint of each finding: in the row, the event and the packed object; and never the value."""
    await write(product, {"memo": f"주민번호 {RRN}"}, {"login": {"password": PASSWORD}}, number=3)
    group = group_of(logs, f"POST /login password={PASSWORD}")
    bucket = bucket_of(s3, packed=gzip.compress(f"fine\nkey {AWS_KEY}\n".encode()))
    outcome = await run(given_of(aws, product, groups=(group,), prefixes=((bucket, "audit/"),)))
    assert isinstance(outcome, Failed)
    found = outcome.facts["evidence"]["findings"]
    assert [(one["type"], one["source"], one["place"], one["field"], one["line"]) for one in found] == [
        ("kr_rrn", "database", "audit_logs", "$.details.memo", None),
        ("password", "database", "audit_logs", "$.details.login.password", None),
        ("password", "logs", group, None, None),
        ("aws_access_key", "objects", bucket, None, 2),
    ]
    assert [one["key"] for one in found[2:]] == ["s", "audit/packed"]
    assert found[0]["key"].isdigit()
    assert found[2]["event"]
    assert all(datetime.fromisoformat(one["time"]) > NOW - timedelta(days=1) for one in found)
    assert found[1]["fingerprint"] == found[2]["fingerprint"] != found[0]["fingerprint"]
    assert outcome.facts["measured"]["different_values"] == 3
    told = json.dumps(outcome.facts, ensure_ascii=False) + outcome.reason
    assert not any(value in told for value in (RRN, RRN[7:], PASSWORD, AWS_KEY))


async def test_what_is_not_certain_is_a_warning(aws: Aws, product: Product) -> None:
    """A number that may be an order's, and a telephone number, can wait until tomorrow."""
    await write(product, {"ref": "900101-1234567"}, {"memo": "연락처 010-2345-6789"})
    outcome = await run(given_of(aws, product))
    assert isinstance(outcome, Done)
    assert (outcome.facts["status"], outcome.facts["measured"]["serious"]) == ("WARN", 0)
    assert outcome.facts["measured"]["findings"] == 2


async def test_nothing_named(aws: Aws) -> None:
    """Nothing that is looked at proves nothing; what is not named among others is said."""
    assert (await run(given_of(aws))).facts["status"] == "UNKNOWN"


async def test_an_empty_week_and_sources_not_named(aws: Aws, product: Product) -> None:
    """An audit log without a line is not well; sources that nobody named are told as that."""
    await write(product)
    outcome = await run(given_of(aws, product))
    assert outcome.facts["status"] == "WARN"
    assert outcome.facts["evidence"]["not_configured"] == ["logs", "objects"]


async def test_a_sample_of_rows(aws: Aws, product: Product) -> None:
    """A large table is sampled, the bound is in the sentence, and seed and instant draw the same again: the same finding."""
    await write(product, *[{"memo": f"주민번호 {RRN}"}] * 900, number=2100)
    checks = given_of(aws, product)
    first = await facts(checks)
    [row] = first["measured"]["sources"]
    assert (row["how"], row["there"]) == ("sample", 3000)
    assert 45 <= row["looked_at"] < 150
    assert 0.05 < row["estimated_rate"] < 0.6
    seed, until = first["evidence"]["seed"], datetime.fromisoformat(first["evidence"]["until"])
    again = await facts(checks, seed=seed, until=until)
    assert again["evidence"] == first["evidence"]
    assert (await facts(checks, until=until))["evidence"]["findings"] != first["evidence"]["findings"]
    await write(product, number=3000)
    clean = await facts(checks)
    assert clean["status"] == "OK"
    [row] = clean["measured"]["sources"]
    assert row["bound"] <= SMALL.rate
    assert f"무작위 {row['looked_at']}개에 평문 노출 없음 - 90 % 신뢰도로 전체의" in clean["reasons"][0]["ko"]


async def test_a_sample_of_windows(aws: Aws, logs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A group that is longer than is read whole is sampled by windows; leaks met before they were drawn are still told."""
    monkeypatch.setattr(audit_sources, "_PAGE", 20)
    monkeypatch.setattr(groups, "_AIM", 1000)
    noise = [f"view case {n} {'x' * 100}" for n in range(600)]
    group = group_of(logs, *noise, ago=timedelta(hours=2), apart=10)
    checks = given_of(aws, groups=(group,))
    clean = await facts(checks, over=timedelta(hours=2))
    [row] = clean["measured"]["sources"]
    assert (clean["status"], row["how"], row["unit"]) == ("OK", "sample", "windows")
    assert row["looked_at"] >= 22
    assert "시간 구간" in clean["reasons"][0]["ko"]
    leaking = group_of(logs, f"password={PASSWORD}", *noise, ago=timedelta(minutes=110), apart=10)
    outcome = await facts(given_of(aws, groups=(leaking,)), over=timedelta(hours=2))
    assert (outcome["status"], outcome["measured"]["findings"]) == ("FAIL", 1)


async def test_a_sample_of_objects(aws: Aws, s3: Any) -> None:
    """As many objects are read as the confidence asks for, in an order that the seed tells."""
    bucket = bucket_of(s3, **{f"o{n}": b"view\n" * 100 for n in range(60)})
    checks = given_of(aws, prefixes=((bucket, "audit/"),))
    found = await facts(checks)
    [row] = found["measured"]["sources"]
    assert (found["status"], row["how"], row["unit"], row["there"]) == ("OK", "sample", "objects", 60)
    assert 22 <= row["looked_at"] <= 24


UNSEEN = {
    "an archive": (b"PK\x03\x04 whatever", "ZIP"),
    "a packed table": (gzip.compress(b"PAR1\x15\x04 whatever"), "Parquet"),
    "UTF-16": ("password=hunter2-Canary!".encode("utf-16"), "UTF-16"),
    "a packed one that is cut off": (gzip.compress(b"fine\n" * 1000)[:-20], "gzip"),
    "a packed one that is damaged": (b"\x1f\x8b\x08\x00 whatever it is", "gzip"),
}


@pytest.mark.parametrize(("content", "why"), UNSEEN.values(), ids=UNSEEN)
async def test_objects_that_are_not_seen(aws: Aws, s3: Any, content: bytes, why: str) -> None:
    """What would not be seen in an object is unknown, and what was seen of others stays."""
    bucket = bucket_of(s3, a=content, b=b"fine\n")
    outcome = await run(given_of(aws, prefixes=((bucket, "audit/"),)))
    assert outcome.facts["status"] == "UNKNOWN"
    assert why in outcome.facts["reasons"][0]["en"]
    assert PASSWORD not in json.dumps(outcome.facts)


async def test_bounds_make_it_unknown(
    aws: Aws, product: Product, logs: Any, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time that is over, an object that unpacks without end, a window that is too dense: each is unknown, and says what it is."""
    await write(product, number=3)
    late = await facts(given_of(aws, product), time=timedelta(0))
    assert (late["status"], late["measured"]["sources"][0]["how"]) == ("UNKNOWN", "part")
    monkeypatch.setattr(objects, "LONGEST", 5000)
    bucket = bucket_of(s3, bomb=gzip.compress(b"fine\n" * 1_000_000))
    bomb = await facts(given_of(aws, prefixes=((bucket, "audit/"),)))
    assert (bomb["status"], bomb["measured"]["bytes"] < 1_000_000) == ("UNKNOWN", True)
    monkeypatch.setattr(groups, "_PAGES", 2)
    monkeypatch.setattr(audit_sources, "_PAGE", 20)
    dense = await facts(
        given_of(aws, groups=(group_of(logs, *["x" * 100] * 200),)),
        until=NOW - timedelta(hours=2),
        over=timedelta(hours=2),
    )
    assert "구간" in dense["reasons"][0]["ko"]
    assert dense["status"] == "UNKNOWN"


async def test_names_that_disclose(aws: Aws, s3: Any) -> None:
    """A key that holds somebody's number is itself a finding, told by a fingerprint."""
    bucket = bucket_of(s3, **{f"주민번호_{RRN}": b"fine\n"})
    outcome = await run(given_of(aws, prefixes=((bucket, "audit/"),)))
    [found] = outcome.facts["evidence"]["findings"]
    assert (found["type"], found["field"], found["key"][:5]) == ("kr_rrn", "key", "hmac:")
    assert RRN not in json.dumps(outcome.facts, ensure_ascii=False) + outcome.reason


async def test_what_is_not_there(aws: Aws, product: Product, s3: Any) -> None:
    """A group or bucket that there is not is unknown and named, and what was found elsewhere stays a failure."""
    await write(product, {"password": PASSWORD})
    checks = given_of(aws, product, groups=("/leh/none",), prefixes=(("audit-none", "x/"),))
    outcome = await run(checks)
    assert outcome.facts["status"] == "FAIL"
    said = " ".join(reason["en"] for reason in outcome.facts["reasons"])
    assert "/leh/none" in said
    assert "audit-none" in said


@pytest.fixture
async def unreadable(product: Product) -> AsyncIterator[Product]:
    """Its table may not be read by a role."""
    role = f"nobody_{uuid.uuid4().hex[:8]}"
    await product.do(f"create role {role} login password 'pw'")
    await product.do(f"grant usage on schema {product.schema} to {role}")
    login = product.dsn.split("://")[1].split("@", maxsplit=1)[0]
    yield Product(product.dsn.replace(login, f"{role}:pw"), product.schema, product.shape, product.names)
    await product.do(f"drop owned by {role}")
    await product.do(f"drop role {role}")


async def test_no_right_to_read_the_table(aws: Aws, unreadable: Product) -> None:
    """Unknown, with the statement that would allow it."""
    outcome = await run(given_of(aws, unreadable))
    assert outcome.facts["status"] == "UNKNOWN"
    assert "grant select on" in outcome.facts["reasons"][0]["en"]


@pytest.fixture
async def outside(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[AuditOutside, Checking]]:
    """A log group of several pages and two objects on a server that can go wrong."""
    monkeypatch.setattr(tenacity, "wait_random_exponential", lambda **_: tenacity.wait_none())
    with AuditOutside() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        server.page, server.stored_at = 2, NOW - timedelta(hours=2)
        server.lines = [(NOW - timedelta(hours=2), f"view {number}") for number in range(5)]
        server.objects = {f"{PREFIX}{name}": b"view\n" for name in "ab"}
        async with open_aws(REGION) as aws:
            yield server, given_of(aws, groups=(GROUP,), prefixes=((BUCKET, PREFIX),))


@pytest.mark.parametrize(
    ("operation", "permission"),
    [(FILTER, "logs:FilterLogEvents"), (LIST, "s3:ListBucket"), (GET, "s3:GetObject")],
)
async def test_a_permission_that_is_missing(
    outside: tuple[AuditOutside, Checking], operation: str, permission: str
) -> None:
    """It is unknown, and names the permission; what the other source discloses stays a failure."""
    server, checks = outside
    server.faults.always(operation, refuse(403, "AccessDeniedException"))
    outcome = await run(checks)
    assert outcome.facts["status"] == "UNKNOWN"
    assert permission in outcome.reason
    server.lines.append((NOW - timedelta(hours=1), f"password={PASSWORD}"))
    server.objects[f"{PREFIX}c"] = f"password={PASSWORD}".encode()
    outcome = await run(checks)
    assert outcome.facts["status"] == "FAIL"
    assert permission in json.dumps(outcome.facts["reasons"])


async def test_pages_and_throttling(outside: tuple[AuditOutside, Checking]) -> None:
    """Every page is read, and four refusals in a row for asking too often are waited out."""
    server, checks = outside
    server.faults.script(FILTER, *[refuse(400, "ThrottlingException")] * 4)
    outcome = await run(checks)
    assert [row["lines"] for row in outcome.facts["measured"]["sources"]] == [5, 2]
    assert outcome.facts["status"] == "OK"


async def test_a_source_that_is_away(outside: tuple[AuditOutside, Checking]) -> None:
    """It is tried again by the rule, unless something certain is known already: that is told at once."""
    server, checks = outside
    server.faults.always(LIST, refuse(503, "ServiceUnavailable"))
    with pytest.raises(Unavailable):
        await run(checks)
    server.lines.append((NOW - timedelta(hours=1), f"password={PASSWORD}"))
    outcome = await run(checks)
    assert outcome.facts["status"] == "FAIL"
    assert any("no answer" in reason["en"] for reason in outcome.facts["reasons"])


async def test_many_small_objects(outside: tuple[AuditOutside, Checking], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all would take too long, though they hold little, those that were read by then are the sample that was asked for."""
    server, checks = outside
    server.objects = {f"{PREFIX}{number}": b"view\n" for number in range(60)}
    monkeypatch.setattr(objects, "_ALL", 30)
    found = await facts(checks)
    row = found["measured"]["sources"][1]
    assert (found["status"], row["how"], row["looked_at"], row["there"]) == ("OK", "sample", 30, 60)


async def test_an_object_that_is_gone(outside: tuple[AuditOutside, Checking]) -> None:
    """What was removed since the listing discloses nothing any more."""
    server, checks = outside
    server.gone.add(f"{PREFIX}a")
    outcome = await run(checks)
    assert (outcome.facts["status"], outcome.facts["measured"]["sources"][1]["there"]) == ("OK", 1)


@pytest.mark.parametrize("error", [aiohttp.ClientPayloadError(PASSWORD), ConnectionResetError(PASSWORD)])
async def test_an_object_that_breaks_off(error: Exception) -> None:
    """It can be tried again, and what the library says of it is not said."""

    class Broken:
        async def read(self, most: int) -> bytes:
            raise error

    with pytest.raises(Unavailable) as caught:
        await audit_sources._Body(Broken(), "leh-audit").read(1)
    assert PASSWORD not in str(caught.value)
