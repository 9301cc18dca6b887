"""Guardian's own looks at what LEH depends on: each says how it is, and what may not be asked is unknown, never fine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from leh_guardian.adapters import probes
from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.dynamo import DynamoTables
from leh_guardian.adapters.health import REGION as HEALTH_REGION
from leh_guardian.adapters.health import AwsHealth
from leh_guardian.adapters.opensearch import OpenSearch
from leh_guardian.adapters.probes import SearchProbe, TableProbe
from leh_guardian.errors import Unavailable
from leh_guardian.model.provider.snapshot import ComponentStatus, PageState
from leh_guardian.ports import StatusPage
from tests.support.clock import FakeClock
from tests.support.evidence_server import REGION, EvidenceServer
from tests.support.faults import cut_before, garbage, hang, refuse
from tests.support.worker_outside import HEALTH, WorkerOutside

FINE, MAJOR = ComponentStatus.OPERATIONAL, ComponentStatus.MAJOR
PARTIAL, SLOW = ComponentStatus.PARTIAL, ComponentStatus.DEGRADED


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[EvidenceServer]:
    """DynamoDB and OpenSearch."""
    with EvidenceServer() as opened:
        for name, value in opened.environment().items():
            monkeypatch.setenv(name, value)
        opened.make_table("evidence", "case_id", "evidence_id")
        yield opened
        opened.let_go()


@pytest.fixture
async def dynamodb(server: EvidenceServer) -> AsyncIterator[StatusPage]:
    """The table."""
    async with open_aws(REGION) as aws:
        yield TableProbe(DynamoTables(aws, await aws.client("dynamodb")), "evidence")


@pytest.fixture
async def opensearch(server: EvidenceServer) -> AsyncIterator[StatusPage]:
    """The cluster."""
    search = OpenSearch(server.url)
    yield SearchProbe(search)
    await search.close()


@pytest.mark.parametrize(
    ("fault", "worst"),
    [
        (None, FINE),
        (refuse(400, "ProvisionedThroughputExceededException"), SLOW),
        (refuse(500, "InternalServerError"), MAJOR),
        (cut_before(), MAJOR),
        (hang(), MAJOR),
        (refuse(400, "AccessDeniedException"), None),
        (refuse(400, "ResourceNotFoundException"), None),
    ],
)
async def test_dynamodb(
    server: EvidenceServer, dynamodb: StatusPage, fault: Any, worst: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By an item that there is not: an answer is all that is asked for; a missing right says nothing of DynamoDB."""
    monkeypatch.setattr(probes, "_DEADLINE", 2.0 if fault != hang() else 0.3)
    if fault is not None:
        server.faults.always("GetItem", fault)
    page = await dynamodb.look()
    assert page.worst is worst
    state = PageState.UNKNOWN if worst is None else PageState.GOOD if worst is FINE else PageState.BAD
    assert (page.state, page.affected) == (state, ("DynamoDB",) if state is PageState.BAD else ())
    assert bool(page.reasons) is (worst is not FINE)


@pytest.mark.parametrize(
    ("fault", "worst"),
    [
        (None, FINE),
        (garbage(b'{"status": "yellow"}'), FINE),
        (garbage(b'{"status": "red"}'), PARTIAL),
        (garbage(b'{"status": "purple"}'), SLOW),
        (refuse(429, "es_rejected_execution_exception"), SLOW),
        (refuse(503, "cluster_block_exception"), MAJOR),
        (garbage(b"<html>"), MAJOR),
        (garbage(b"[]"), MAJOR),
        (cut_before(), MAJOR),
        (refuse(401, "unauthorized"), None),
        (refuse(403, "security_exception"), None),
    ],
)
async def test_opensearch(server: EvidenceServer, opensearch: StatusPage, fault: Any, worst: Any) -> None:
    """By the cluster's own colour; who may not ask for it knows nothing."""
    if fault is not None:
        server.faults.always("health", fault)
    page = await opensearch.look()
    assert page.worst is worst
    assert page.affected == (("OpenSearch",) if worst not in {FINE, None} else ())


async def test_a_cluster_that_is_not_there() -> None:
    """Nobody listens: it is away."""
    search = OpenSearch("http://127.0.0.1:1")
    assert (await SearchProbe(search).look()).worst is MAJOR
    await search.close()


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerOutside]:
    """AWS Health."""
    with WorkerOutside() as opened:
        for name, value in opened.environment().items():
            monkeypatch.setenv(name, value)
        yield opened


@pytest.fixture
async def health(outside: WorkerOutside) -> AsyncIterator[AwsHealth]:
    """The adapter, for two services."""
    async with open_aws(REGION) as aws:
        client = await aws.client("health", region=HEALTH_REGION)
        yield AwsHealth(aws, client, REGION, ["LAMBDA", "S3"], FakeClock())


def issue(service: str) -> dict[str, str]:
    """An open issue, as AWS Health tells of it."""
    code = f"AWS_{service}_OPERATIONAL_ISSUE"
    return {
        "arn": f"arn:aws:health:::event/{service}/{code}/1",
        "service": service,
        "eventTypeCode": code,
        "statusCode": "open",
    }


async def test_aws_health(outside: WorkerOutside, health: AwsHealth) -> None:
    """Open issues of the named services, on every page of the answer; others are not asked about."""
    assert (await health.look()).state is PageState.GOOD
    asked = outside.asked[0]["filter"]
    assert (asked["services"], asked["regions"], asked["eventStatusCodes"]) == (
        ["LAMBDA", "S3"],
        [REGION, "global"],
        ["open"],
    )
    outside.events = [issue("EC2"), issue("LAMBDA"), issue("S3")]
    page = await health.look()
    assert (page.state, page.worst, page.affected) == (PageState.BAD, PARTIAL, ("LAMBDA", "S3"))
    assert [one.name for one in page.incidents] == ["AWS_LAMBDA_OPERATIONAL_ISSUE", "AWS_S3_OPERATIONAL_ISSUE"]


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (refuse(400, "SubscriptionRequiredException"), "support plan"),
        (cut_before(), "cannot ask"),
        (garbage(b"{}"), "cannot ask"),
    ],
)
async def test_aws_health_that_may_not_be_asked(
    outside: WorkerOutside, health: AwsHealth, fault: Any, why: str
) -> None:
    """Without the support plan, or without an answer, nothing is known; a ping says so, and asks once a minute."""
    outside.faults.always(HEALTH, fault)
    page = await health.look()
    assert page.state is PageState.UNKNOWN
    assert why in page.reasons[0]
    before = outside.faults.hits[HEALTH]
    for _ in range(3):
        with pytest.raises(Unavailable, match=why):
            await health.ping()
    assert outside.faults.hits[HEALTH] == before
