"""Owns LEH's AI worker in miniature; the one rule: it fails as the real one does - loudly, or swallowing its own error.

It takes S3's notifications from the worker's queue, or evidence ids from the admin API, takes each record from `processing` to
`processed`, and says in CloudWatch Logs what Lambda would. Nothing is analysed.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any, Final

from leh_guardian.adapters.aws import open_aws
from leh_guardian.clock import SystemClock
from leh_guardian.evidence.inventory import index_of
from leh_guardian.local.aws import REGION
from leh_guardian.local.search import Indexes
from leh_guardian.model.letter import read_letter

LOG_GROUP: Final = "/aws/lambda/leh-ai-worker"
_AT_WORK: Final = 60
"""Seconds for which a message is the worker's: a slow machine must not let it die for that alone."""
_AGAIN: Final = 1
"""Seconds after which one that failed is tried again."""
_STREAM = "2026/11/22/[$LATEST]0123456789abcdef0123456789abcdef"


@dataclass
class Script:
    """What is wrong with the worker; all of it may be changed while it works."""

    outage: bool = False
    """The provider answers 503 until told otherwise."""
    bug: bool = False
    """Its code fails on every piece until it is deployed anew."""
    flaky: set[str] = field(default_factory=set)
    """Evidence at which the provider drops the connection until told otherwise."""
    poison: set[str] = field(default_factory=set)
    """Evidence that it never can read."""
    swallows: bool = False
    """Whether it catches its own errors and says that all went well: its record stays at `processing`, no message dies."""

    def error(self, evidence: str) -> tuple[str, Sequence[str]] | None:
        """Return type and message of the error that this piece ends in, with the frames of its traceback, None for none."""
        if self.outage:
            said = "InternalServerError: Error code: 503 - {'error': {'message': 'The server is overloaded', 'type': 'server_error'}}"
            return said, (
                '  File "/var/task/analyse.py", line 61, in analyse',
                "    answer = client.responses.create(**asked)",
            )
        if self.bug:
            return "KeyError: 'speaker_labels'", (
                '  File "/var/task/transcript.py", line 88, in merge',
                "    labels = segment['speaker_labels']",
            )
        if evidence in self.flaky:
            return "APIConnectionError: Connection error.", (
                '  File "/var/task/analyse.py", line 61, in analyse',
                "    answer = client.responses.create(**asked)",
            )
        if evidence in self.poison:
            return "UnidentifiedImageError: cannot identify image file", (
                '  File "/var/task/images.py", line 20, in load',
                "    image = Image.open(stream)",
            )
        return None


class LocalWorker:
    """The worker, on the AWS that its clients point at."""

    def __init__(
        self, clients: dict[str, Any], queue_url: str, table: str, keys: Sequence[str], script: Script
    ) -> None:
        self._clients = clients
        self._queue_url = queue_url
        self.table = table
        self._keys = tuple(keys)
        self.script = script
        self.cases: dict[str, str] = {}
        """The case of each piece that it has heard of: the admin API names the evidence alone."""
        self.finished: list[str] = []
        """What it has processed, in order; twice where it did so twice."""
        self.indexes: Indexes | None = None
        """Where it writes a document of each piece of a case that it knows."""

    async def work_once(self) -> int:
        """Take up to ten messages from the queue and work on them; returns how many there were. What fails becomes visible again."""
        sqs, url = self._clients["sqs"], self._queue_url
        answer = await sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=_AT_WORK)
        messages = answer.get("Messages", [])
        for message in messages:
            letter = read_letter(message["Body"].encode(), {})
            self.cases |= letter.cases_by_evidence
            receipt = message["ReceiptHandle"]
            if all([await self.process(evidence) for evidence in letter.evidence]):
                await sqs.delete_message(QueueUrl=url, ReceiptHandle=receipt)
            else:
                await sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=_AGAIN)
        return len(messages)

    async def process(self, evidence: str) -> bool:
        """Process one piece; False where the invocation failed."""
        request = str(uuid.uuid4())
        await self._write(evidence, "processing")
        failed = self.script.error(evidence)
        lines = [f"START RequestId: {request} Version: $LATEST"]
        if failed is None:
            await self._write(evidence, "processed")
            self.finished.append(evidence)
            self._index(self.cases.get(evidence), evidence)
            lines.append(f"[INFO]\t{_stamp()}\t{request}\tevidence {evidence} processed")
        elif self.script.swallows:
            lines.append(f"[ERROR]\t{_stamp()}\t{request}\tevidence {evidence} failed: {failed[0]}")
        else:
            await self._write(evidence, "failed")
            lines.append("\n".join([f"[ERROR] {failed[0]}", "Traceback (most recent call last):", *failed[1]]))
        lines.append(f"END RequestId: {request}")
        report = "Duration: 812.11 ms\tBilled Duration: 813 ms\tMemory Size: 1024 MB\tMax Memory Used: 312 MB\t"
        lines.append(f"REPORT RequestId: {request}\t{report}")
        await self._say(lines)
        return failed is None or self.script.swallows

    @property
    def dynamodb(self) -> Any:
        """The client that it writes its records with."""
        return self._clients["dynamodb"]

    async def reindex(self, case: str) -> None:
        """Build the index of a case anew from its finished records, as the backend does."""
        asked: dict[str, Any] = {
            "TableName": self.table,
            "FilterExpression": "case_id = :case and #status = :processed",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {":case": {"S": case}, ":processed": {"S": "processed"}},
        }
        while True:
            answer = await self._clients["dynamodb"].scan(**asked)
            for item in answer["Items"]:
                self._index(case, item["evidence_id"]["S"])
            if "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _index(self, case: str | None, evidence: str) -> None:
        if self.indexes is not None and case is not None:
            self.indexes.put(index_of(case), evidence, evidence_id=evidence, case_id=case)

    async def _write(self, evidence: str, status: str) -> None:
        item = {"evidence_id": evidence}
        if evidence in self.cases:
            item["case_id"] = self.cases[evidence]
        values = {"status": status, "updated_at": _stamp(), **{n: v for n, v in item.items() if n not in self._keys}}
        await self._clients["dynamodb"].update_item(
            TableName=self.table,
            Key={name: {"S": item[name]} for name in self._keys},
            UpdateExpression="set " + ", ".join(f"#{name} = :{name}" for name in values),
            ExpressionAttributeNames={f"#{name}": name for name in values},
            ExpressionAttributeValues={f":{name}": {"S": value} for name, value in values.items()},
        )

    async def _say(self, lines: Sequence[str]) -> None:
        now = int(SystemClock().now().timestamp() * 1000)
        await self._clients["logs"].put_log_events(
            logGroupName=LOG_GROUP,
            logStreamName=_STREAM,
            logEvents=[{"timestamp": now, "message": line} for line in lines],
        )


@asynccontextmanager
async def hired(queue_url: str, table: str, *keys: str, script: Script | None = None) -> AsyncIterator[LocalWorker]:
    """Make the evidence table (by default by `evidence_id`) and the log group where they are lacking, and a worker on both."""
    keys = keys or ("evidence_id",)
    async with open_aws(REGION) as aws:
        clients = {service: await aws.client(service) for service in ("sqs", "dynamodb", "logs")}
        tables = (await clients["dynamodb"].list_tables())["TableNames"]
        if table not in tables:
            await clients["dynamodb"].create_table(
                TableName=table,
                KeySchema=[
                    {"AttributeName": name, "KeyType": kind}
                    for name, kind in zip(keys, ("HASH", "RANGE"), strict=False)
                ],
                AttributeDefinitions=[
                    {"AttributeName": name, "AttributeType": "S"} for name in dict.fromkeys((*keys, "case_id"))
                ],
                BillingMode="PAY_PER_REQUEST",
                **_by_case(keys),
            )
        groups = await clients["logs"].describe_log_groups(logGroupNamePrefix=LOG_GROUP)
        if not groups["logGroups"]:
            await clients["logs"].create_log_group(logGroupName=LOG_GROUP)
            await clients["logs"].create_log_stream(logGroupName=LOG_GROUP, logStreamName=_STREAM)
        yield LocalWorker(clients, queue_url, table, keys, script or Script())


def _by_case(keys: Sequence[str]) -> dict[str, Any]:
    """Return the index by which a table that is known by evidence alone is asked for a case."""
    if "case_id" in keys:
        return {}
    by_case = [{"AttributeName": "case_id", "KeyType": "HASH"}]
    index = {"IndexName": "case_id-index", "KeySchema": by_case, "Projection": {"ProjectionType": "ALL"}}
    return {"GlobalSecondaryIndexes": [index]}


async def work(worker: LocalWorker, pause: float = 0.2) -> None:
    """Work until cancelled."""
    clock = SystemClock()
    while True:
        if not await worker.work_once():
            await clock.sleep(pause)


def _stamp() -> str:
    return SystemClock().now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
