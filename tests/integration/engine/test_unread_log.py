"""Use that the evidence table tells of: only while the worker and its log tell nothing, each attempt once, and every refusal named."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from leh_guardian.adapters.aws import Aws, open_aws
from leh_guardian.adapters.dynamo import DynamoTables
from leh_guardian.adapters.logs import CloudWatchLogs
from leh_guardian.engine.swallowed import Swallowed
from leh_guardian.engine.unread_log import UnreadLog
from leh_guardian.errors import AccessDenied, NotFound
from leh_guardian.evidence.record import EvidenceRecords
from leh_guardian.model.event import Event
from leh_guardian.model.spend.prices import Prices
from leh_guardian.model.spend.usage import priced
from leh_guardian.rules.signatures import table_of
from leh_guardian.worker.assumed import Job, PerKind
from leh_guardian.worker.estimates import Estimates
from tests.support.clock import FakeClock
from tests.support.evidence_server import REGION, EvidenceServer
from tests.support.faults import refuse
from tests.support.house import NoQueue

JOB = Job("gpt-4o", 1000, 100, {"text": PerKind(0, 300)})
LAG = timedelta(seconds=75)


class Evidence:
    """A table, and who looks at it."""

    def __init__(self, aws: Aws, client: Any, keys: tuple[str, ...]) -> None:
        self.client = client
        self.name = f"evidence-{uuid4().hex[:8]}"
        self.keys = keys
        self.tables = DynamoTables(aws, client)
        self.clock, self.queue, self.told = FakeClock(), NoQueue(), False
        records = EvidenceRecords(self.tables, self.name, None)
        self.estimates = Estimates(JOB, lambda: self.told, aws.region, records)

    async def put(self, evidence: str, at: datetime, status: str = "processed", **more: Any) -> None:
        """Write a record as the worker does."""
        item = {"evidence_id": evidence, "case_id": "case_1", "status": status, "updated_at": at.isoformat()}
        numbers = {name: {"N": str(value)} for name, value in more.items() if isinstance(value, int)}
        texts = {name: {"S": value} for name, value in (item | more).items() if isinstance(value, str)}
        await self.client.put_item(TableName=self.name, Item=texts | numbers)

    def looks(self, *, named: bool = False) -> UnreadLog:
        """A replica."""
        every = timedelta(minutes=5)
        return UnreadLog(
            self.queue, self.tables, self.name, self.estimates, self.clock, named=named, lag=LAG, every=every
        )  # type: ignore[arg-type]

    async def events(self, looks: UnreadLog, minutes: int = 6) -> list[dict[str, Any]]:
        """What goes out while so many minutes pass."""
        before = len(self.queue.sent)
        await looks.run_once()
        self.clock.advance(minutes=minutes)
        await looks.run_once()
        return [json.loads(body) for body in self.queue.sent[before:]]


@pytest.fixture(params=[("evidence_id",), ("case_id", "evidence_id")], ids=["by evidence", "by case"])
async def evidence(aws: Aws, request: pytest.FixtureRequest) -> AsyncIterator[Evidence]:
    """The table, in either layout."""
    made = Evidence(aws, await aws.client("dynamodb"), request.param)
    await made.client.create_table(
        TableName=made.name,
        KeySchema=[{"AttributeName": n, "KeyType": k} for n, k in zip(made.keys, ("HASH", "RANGE"), strict=False)],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in made.keys],
        BillingMode="PAY_PER_REQUEST",
    )
    yield made
    await made.client.delete_table(TableName=made.name)


async def test_without_a_log_the_table_tells(evidence: Evidence) -> None:
    """What has ended since the last look, by size, marked as estimated from the table, priced like any record, and once."""
    looks, now = evidence.looks(), evidence.clock.now()
    await evidence.put("ev_1", now, size=10_240, content_type="text/plain", attempts=1)
    await evidence.put("ev_2", now, "failed")
    await evidence.put("ev_3", now, "processing")
    await evidence.put("ev_4", now - timedelta(hours=1))
    [event] = await evidence.events(looks)
    assert {name: event["detail"][name] for name in event["detail"] if name != "model"} == {
        "case_id": "case_1",
        "prompt_tokens": 4000,
        "completion_tokens": 200,
        "attempts": 2,
        "estimated": True,
        "estimated_from": "table",
        "sized": 1,
    }
    assert event["time"] == now.isoformat(timespec="seconds")
    _, usage = priced(Event(event["id"], event), Prices({}))
    assert usage is not None
    assert (usage.tokens, usage.attempts, usage.estimated) == (4200, 2, True)
    assert await evidence.events(looks) == []
    # Three more times of the one; the one at work has died.
    await evidence.put("ev_1", evidence.clock.now(), size=10_240, content_type="text/plain", attempts=4)
    again = await evidence.events(looks)
    assert [one["detail"]["attempts"] for one in again] == [3, 1]
    # Another replica, or this one after a restart, tells of the same.
    evidence.estimates = Estimates(JOB, lambda: False, REGION)
    other = await evidence.events(evidence.looks(), minutes=1)
    assert {one["id"] for one in other} <= {one["id"] for one in [event, *again]}


async def test_where_others_tell_the_table_is_not_asked(evidence: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    """No scan costs anything then."""
    await evidence.put("ev_1", evidence.clock.now())
    looks, asked = evidence.looks(named=True), 0

    async def scan(*_: Any) -> None:
        nonlocal asked
        asked += 1

    monkeypatch.setattr(evidence.tables, "scan", scan)
    evidence.told = True
    assert await evidence.events(looks, 60) == []
    evidence.told = False
    for _ in range(30):
        evidence.clock.advance(minutes=1)
        evidence.estimates.read_until = evidence.clock.now() - timedelta(minutes=2)
        await looks.run_once()
    assert asked == 0


async def test_a_log_that_is_away_is_waited_for(evidence: Evidence) -> None:
    """It is read later; after ten minutes the table tells of what nobody has heard."""
    evidence.estimates.read_until = evidence.clock.now()
    looks = evidence.looks(named=True)
    await evidence.put("ev_1", evidence.clock.now() + timedelta(minutes=1))
    assert await evidence.events(looks, 12) == []
    [event] = await evidence.events(looks, 2)
    assert event["detail"]["attempts"] == 1


async def test_a_log_that_is_not_there_is_not_waited_for(evidence: Evidence, aws: Aws) -> None:
    """Its loop says so and goes on trying; the table tells meanwhile, and no more once the log is there."""
    group = f"/leh/{uuid4().hex[:8]}"
    client = await aws.client("logs")
    log = Swallowed(
        evidence.queue,  # type: ignore[arg-type]
        CloudWatchLogs(aws, client),
        group,
        table_of,
        evidence.clock,
        region=aws.region,
        lag=LAG,
        estimates=evidence.estimates,
    )
    with pytest.raises(NotFound):
        await log.run_once()
    looks = evidence.looks(named=True)
    await evidence.put("ev_1", evidence.clock.now() - timedelta(minutes=3))
    [event] = await evidence.events(looks, 2)
    assert (event["detail"]["attempts"], event["detail"]["estimated_from"]) == (1, "table")
    await client.create_log_group(logGroupName=group)
    await client.create_log_stream(logGroupName=group, logStreamName="s")
    for _ in range(30):
        await log.run_once()
    assert not evidence.estimates.refused
    await evidence.put("ev_2", evidence.clock.now() - timedelta(minutes=2))
    assert await evidence.events(looks, 1) == []
    await client.delete_log_group(logGroupName=group)


async def test_what_cannot_be_sent_or_scanned_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """The permission that is missing is named; what was found and not sent goes out at the next round, and once."""
    with EvidenceServer() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        async with open_aws(REGION) as aws:
            evidence = Evidence(aws, await aws.client("dynamodb"), ("evidence_id",))
            server.make_table(evidence.name, "evidence_id")
            at = evidence.clock.now().isoformat()
            server.put(evidence.name, evidence_id="ev_1", case_id="case_1", status="processed", updated_at=at)
            looks = evidence.looks()
            await looks.run_once()
            evidence.clock.advance(minutes=6)
            server.faults.always("Scan", refuse(400, "AccessDeniedException"))
            with pytest.raises(AccessDenied, match=r"dynamodb:Scan.*worker\.table"):
                await looks.run_once()
            server.faults.off()

            async def refuses(_: str) -> None:
                raise AccessDenied("no")

            with monkeypatch.context() as patched:
                patched.setattr(evidence.queue, "send", refuses)
                for _ in range(2):
                    with pytest.raises(AccessDenied):
                        await looks.run_once()
            await looks.run_once()
            await looks.run_once()
            assert [json.loads(body)["detail"]["attempts"] for body in evidence.queue.sent] == [1]


async def test_a_table_is_scanned_page_by_page_within_bounds(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every page, or as many as may be read; what was left out is said."""
    for number in range(7):
        await evidence.put(f"ev_{number}", evidence.clock.now(), size=number)
    whole = evidence.client.scan
    monkeypatch.setattr(evidence.client, "scan", lambda **asked: whole(**asked, Limit=2), raising=False)

    async def scan(pages: int) -> tuple[int, bool]:
        found = await evidence.tables.scan(
            evidence.name, ("size", "status", "size"), lambda item: item["size"] > 0, pages, 9.0
        )
        assert all(item.keys() == {"size", "status"} for item in found.items)
        return len(found.items), found.whole

    assert await scan(9) == (6, True)
    assert (await scan(2))[1] is False
