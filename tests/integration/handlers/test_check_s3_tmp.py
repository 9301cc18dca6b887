"""The check of temporary files, through the adapter: rules as S3 writes them, late objects, versions, uploads, and what is refused."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import tenacity

from leh_guardian.adapters.aws import Aws, open_aws
from leh_guardian.adapters.buckets import S3Buckets
from leh_guardian.adapters.regional import Clients
from leh_guardian.checks.s3_tmp import Wanted, look
from leh_guardian.context import Capabilities
from leh_guardian.errors import Throttled, Unavailable
from leh_guardian.handlers.check_s3_tmp import CheckS3TmpParams, check_s3_tmp
from leh_guardian.model.outcome import Done, Failed, Outcome
from tests.support.attempt import attempt
from tests.support.checking import can_check, checking
from tests.support.clock import FakeClock
from tests.support.faults import garbage, refuse
from tests.support.installation import client
from tests.support.s3_outside import BUCKET, REGION, Entry, S3Outside

NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
EXPIRES = "<Expiration><Days>7</Days></Expiration>"
ABORTS = "<AbortIncompleteMultipartUpload><DaysAfterInitiation>3</DaysAfterInitiation></AbortIncompleteMultipartUpload>"
PREFIX = "<Filter><Prefix>tmp/</Prefix></Filter>"
NONCURRENT = "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>"


def rule(inside: str, status: str = "Enabled") -> str:
    """A rule's XML."""
    return f"<Rule><ID>tmp</ID><Status>{status}</Status>{inside}</Rule>"


def entry(key: str, days: float, **more: Any) -> Entry:
    """Something so many days old."""
    return Entry(key, NOW - timedelta(days=days), **more)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Outside]:
    """A bucket whose rule covers everything, with young objects."""
    monkeypatch.setattr(tenacity, "wait_random_exponential", lambda **_: tenacity.wait_none())
    with S3Outside() as opened:
        for name, value in opened.environment().items():
            monkeypatch.setenv(name, value)
        opened.rules = rule(PREFIX + EXPIRES + ABORTS)
        opened.put(entry("tmp/가 나.pdf", 1, size=5), entry("tmp/b", 9, size=7))
        yield opened


@pytest.fixture
async def given(s3: S3Outside) -> AsyncIterator[Capabilities]:
    """What the handler sees of it."""
    async with open_aws(REGION) as aws:
        yield can_check(checking(aws, bucket=BUCKET))


async def run(can: Capabilities, **params: Any) -> Outcome:
    """One attempt."""
    return await check_s3_tmp(attempt(can, clock=FakeClock(NOW)), CheckS3TmpParams(**params))


async def test_all_is_well(s3: S3Outside, given: Capabilities) -> None:
    """The rule covers, nothing is late: done, with the numbers, and no key in the facts."""
    outcome = await run(given)
    assert isinstance(outcome, Done)
    measured = outcome.facts["measured"]
    assert outcome.facts["status"] == "OK"
    assert (measured["objects_count"], measured["objects_bytes"], measured["objects_whole"]) == (2, 12, True)
    assert outcome.facts["threshold"]["expires_after_days"] == 7
    assert "가 나" not in str(outcome.facts)


@pytest.mark.parametrize(
    ("rules", "status"),
    [
        ("", "FAIL"),
        (rule(PREFIX + EXPIRES + ABORTS, "Disabled"), "FAIL"),
        (rule("<Filter><Prefix>temp/</Prefix></Filter>" + EXPIRES + ABORTS), "FAIL"),
        (rule(PREFIX + "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"), "FAIL"),
        (rule(PREFIX + NONCURRENT + ABORTS), "FAIL"),
        (rule(PREFIX + EXPIRES), "WARN"),
        (rule("<Prefix>tmp/</Prefix>" + EXPIRES + ABORTS), "OK"),
        (rule("<Filter/>" + EXPIRES + ABORTS), "OK"),
        (rule("<Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter>" + EXPIRES), "WARN"),
        (rule("<Filter><ObjectSizeGreaterThan>1</ObjectSizeGreaterThan></Filter>" + EXPIRES), "WARN"),
        (
            rule("<Filter><And><Prefix>tmp/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter>" + EXPIRES),
            "WARN",
        ),
        (
            rule(
                "<Filter><And><Prefix>temp/</Prefix><ObjectSizeLessThan>9</ObjectSizeLessThan></And></Filter>" + EXPIRES
            ),
            "FAIL",
        ),
    ],
)
async def test_rules_as_they_are_written(s3: S3Outside, given: Capabilities, rules: str, status: str) -> None:
    """Prefix, And, tags, sizes and the older form at the rule's level, through the SDK."""
    s3.rules = rules
    outcome = await run(given)
    assert outcome.facts["status"] == status  # type: ignore[union-attr]
    assert isinstance(outcome, Done if status != "FAIL" else Failed)


async def test_what_is_late(s3: S3Outside, given: Capabilities) -> None:
    """A rule that deletes nothing is found out by what is still there; a new rule, once somebody says that it is, only warns."""
    s3.put(entry("tmp/a", 10.5, size=3), entry("tmp/b", 9.9))
    outcome = await run(given)
    assert isinstance(outcome, Failed)
    assert outcome.facts["measured"]["objects_overdue"] == 1
    assert len(outcome.facts["evidence"]["objects_oldest_key_sha256"]) == 16
    assert isinstance(await run(given, rule_since="2026-11-26"), Done)
    assert isinstance(await run(given, rule_since="2026-11-24"), Failed)
    assert isinstance(await run(given, grace="4d"), Done)


async def test_versions_and_uploads(s3: S3Outside, given: Capabilities) -> None:
    """Where versions are kept expired objects cost on; unfinished uploads are in no listing of objects."""
    s3.put_versions(entry("tmp/a", 1), entry("tmp/a", 9, latest=False))
    outcome = await run(given)
    assert isinstance(outcome, Done)
    assert (outcome.facts["status"], outcome.facts["measured"]["versions_count"]) == ("WARN", 1)
    s3.rules = rule(PREFIX + EXPIRES + ABORTS + NONCURRENT)
    assert (await run(given)).facts["status"] == "OK"  # type: ignore[union-attr]
    s3.put_versions(entry("tmp/a", 6), entry("tmp/a", 9, latest=False))
    assert (await run(given)).facts["status"] == "FAIL"  # type: ignore[union-attr]
    s3.put_versions(entry("tmp/a", 30, marker=True))
    assert (await run(given)).facts["status"] == "WARN"  # type: ignore[union-attr]
    s3.put_versions()
    s3.begin_uploads(entry("tmp/u", 5))
    assert (await run(given)).facts["status"] == "OK"  # type: ignore[union-attr]
    s3.begin_uploads(entry("tmp/u", 7))
    assert (await run(given)).facts["status"] == "FAIL"  # type: ignore[union-attr]


async def test_a_long_listing_is_read_to_its_end_or_is_unknown(s3: S3Outside, given: Capabilities) -> None:
    """The one late object of many is on a page in the middle; a page cap makes the rest unknown, and never OK."""
    s3.objects = (12_000, lambda index: entry(f"tmp/{index:07}", 20 if index == 7_300 else 1))
    outcome = await run(given)
    assert isinstance(outcome, Failed)
    assert (outcome.facts["measured"]["objects_count"], outcome.facts["measured"]["objects_overdue"]) == (12_000, 1)
    outcome = await run(given, pages=3)
    assert isinstance(outcome, Failed)
    assert (outcome.facts["status"], outcome.facts["measured"]["objects_count"]) == ("UNKNOWN", 3000)


@pytest.mark.parametrize(
    ("operation", "permission"),
    [
        ("GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration"),
        ("GetBucketVersioning", "s3:GetBucketVersioning"),
        ("ListObjectsV2", "s3:ListBucket"),
        ("ListObjectVersions", "s3:ListBucketVersions"),
        ("ListMultipartUploads", "s3:ListBucketMultipartUploads"),
    ],
)
async def test_what_is_refused_is_unknown(s3: S3Outside, given: Capabilities, operation: str, permission: str) -> None:
    """The permission is named, and the rest is looked at all the same."""
    s3.rules = rule(PREFIX + EXPIRES + ABORTS + NONCURRENT)
    s3.put_versions(entry("tmp/a", 1))
    s3.faults.always(operation, refuse(403, "AccessDenied"))
    outcome = await run(given)
    assert isinstance(outcome, Failed)
    assert outcome.facts["status"] == "UNKNOWN"
    assert permission in outcome.facts["reasons"][0]["en"]
    assert s3.faults.hits["ListMultipartUploads"] == 1


@pytest.mark.parametrize(("fault", "error"), [(refuse(503, "SlowDown"), Throttled), (garbage(), Unavailable)])
async def test_what_may_pass_is_tried_again(
    s3: S3Outside, given: Capabilities, fault: Any, error: type[Exception]
) -> None:
    """The engine tries again; a listing is not taken for empty."""
    s3.faults.always("ListObjectsV2", fault)
    with pytest.raises(error):
        await run(given)


async def test_against_another_s3(aws: Aws) -> None:
    """Moto's S3 tells the adapter the same: its rules, listings, versions and uploads."""
    buckets = S3Buckets(aws, Clients(aws))
    with client("s3", _environment()) as s3:
        s3.create_bucket(Bucket="checks-tmp", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket="checks-tmp", VersioningConfiguration={"Status": "Enabled"})
        for body in (b"one", b"three"):
            s3.put_object(Bucket="checks-tmp", Key="tmp/가 나", Body=body)
        s3.put_object(Bucket="checks-tmp", Key="tmp/b", Body=b"")
        s3.delete_object(Bucket="checks-tmp", Key="tmp/b")
        s3.create_multipart_upload(Bucket="checks-tmp", Key="tmp/u")
        clock = FakeClock(datetime(2026, 11, 22, 18, tzinfo=UTC))
        result = await look(buckets, Wanted("checks-tmp"), clock)
        assert (result.status, result.measured["rule"]) == ("FAIL", "none")
        rules = [{"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 3}}]
        s3.put_bucket_lifecycle_configuration(Bucket="checks-tmp", LifecycleConfiguration={"Rules": rules})
        result = await look(buckets, Wanted("checks-tmp"), clock)
    assert (result.status, result.measured["rule"], result.measured["objects_count"]) == ("WARN", "all", 1)
    assert (result.measured["versions_count"], result.measured["uploads_count"]) == (2, 1)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
