"""The worker in miniature: what it writes, what it says, and how it fails."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from leh_guardian.adapters.aws import Aws
from leh_guardian.diagnosis import Verdict
from leh_guardian.diagnosis.diagnoser import Diagnoser
from leh_guardian.local.worker import LOG_GROUP, LocalWorker, Script, hired
from leh_guardian.rules.signatures import table_of
from tests.support.sqs import Queues, make_queues

BODY = json.dumps({"Records": [{"s3": {"object": {"key": "cases/case_1/raw/ev_1_a+b.pdf"}}}]})


@pytest.fixture
async def queues(aws: Aws) -> Queues:
    """Its queue, with a DLQ."""
    return await make_queues(await aws.client("sqs"))


@pytest.fixture
async def worker(aws: Aws, queues: Queues) -> AsyncIterator[LocalWorker]:
    """A worker whose table is new."""
    async with hired(queues.source_url, f"evidence-{uuid.uuid4().hex[:8]}") as made:
        yield made


async def record(aws: Aws, worker: LocalWorker, evidence: str = "ev_1") -> dict[str, str]:
    """What is in the table."""
    client = await aws.client("dynamodb")
    answer = await client.get_item(TableName=worker.table, Key={"evidence_id": {"S": evidence}})
    return {name: value["S"] for name, value in answer.get("Item", {}).items()}


async def said(aws: Aws) -> list[str]:
    """What its log says."""
    client = await aws.client("logs")
    return [event["message"] for event in (await client.filter_log_events(logGroupName=LOG_GROUP))["events"]]


async def test_it_works_on_its_queue(aws: Aws, worker: LocalWorker, queues: Queues) -> None:
    """A notification becomes a finished record, and the message is gone; the log is Lambda's."""
    await queues.fill(queues.source_url, [BODY])
    before = len(await said(aws))
    assert await worker.work_once() == 1
    item = await record(aws, worker)
    assert (item["status"], item["case_id"]) == ("processed", "case_1")
    assert worker.finished == ["ev_1"]
    assert await queues.depth(queues.source_url) == 0
    first, told, *rest = (await said(aws))[before:]
    assert first.startswith("START RequestId: ")
    assert told.endswith("evidence ev_1 processed")
    assert [line.partition(" ")[0] for line in rest] == ["END", "REPORT"]


@pytest.mark.parametrize(
    ("wrong", "status", "left", "word"),
    [
        ({"bug": True}, "failed", 1, "KeyError"),
        ({"outage": True}, "failed", 1, "Error code: 503"),
        ({"poison": {"ev_1"}}, "failed", 1, "UnidentifiedImageError"),
        ({"bug": True, "swallows": True}, "processing", 0, "evidence ev_1 failed: KeyError"),
    ],
)
async def test_it_fails_as_the_real_one(
    wrong: dict[str, Any], status: str, left: int, word: str, aws: Aws, worker: LocalWorker, queues: Queues
) -> None:
    """Loudly: the message stays for its DLQ. Or it swallows its error: then the log alone tells of it."""
    worker.script = Script(**wrong)
    await queues.fill(queues.source_url, [BODY])
    before = len(await said(aws))
    await worker.work_once()
    assert (await record(aws, worker))["status"] == status
    assert await queues.depth(queues.source_url) == left
    assert word in "\n".join((await said(aws))[before:])
    assert worker.finished == []


@pytest.mark.parametrize(
    ("wrong", "verdict"), [({"bug": True}, Verdict.CODE_BUG), ({"bug": True, "swallows": True}, Verdict.CODE_BUG)]
)
async def test_what_it_says_is_understood(
    wrong: dict[str, Any], verdict: Verdict, aws: Aws, worker: LocalWorker
) -> None:
    """The diagnosis takes its log for what it plays."""
    worker.script = Script(**wrong)
    before = len(await said(aws))
    for number in range(6):
        worker.cases[f"ev_{number}"] = f"case_{number}"
        await worker.process(f"ev_{number}")
    diagnoser = Diagnoser(table_of())
    for number, text in enumerate((await said(aws))[before:], 1):
        diagnoser.feed_event(number, text, stream="2026/11/22/[$LATEST]aaaa")
    assert diagnoser.finish().verdict is verdict
