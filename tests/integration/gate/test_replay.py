"""A paused case from end to end: workers with the gate, SQS, DynamoDB and guardian's release; whatever happens, nothing is lost."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.dynamo import DynamoTables
from leh_guardian.adapters.parked import ParkedTable
from leh_guardian.adapters.sqs import SqsQueues
from leh_guardian.context import Capabilities
from leh_guardian.errors import Halted
from leh_guardian.gate import Gate, Paused, Work, handle_sqs
from leh_guardian.handlers.release_parked import ReleaseParkedParams, release_parked
from tests.support.attempt import Memory, attempt
from tests.support.gate_tables import EventBus, Tables
from tests.support.letters import Remembered
from tests.support.sqs_server import ACCOUNT, REGION, SqsServer

Container = Callable[..., Gate]
VISIBILITY = 30
_LIVE = {"ready", "delayed", "in_flight"}


class Worker:
    """A worker whose cache is always old, so that it sees what a circuit is now."""

    def __init__(self, sqs: SqsServer, client: Any, gate: Gate) -> None:
        self._sqs, self._client, self.gate = sqs, client, gate
        self.done: list[str] = []
        self.queue, self.dlq = sqs.make_pair("worker")
        self._url = f"{sqs.url}/{ACCOUNT}/{self.queue}"

    def process(self, piece: Work) -> None:
        """Work on a piece."""
        with self.gate.call(piece, model="gpt", estimate=10) as call:
            call.used(10, 0)
        self.done.append(piece.evidence_id)

    def turn(self, process: Any = None, *, killed: bool = False) -> int:
        """Take a batch and work on it, as Lambda's mapping does; killed, it deletes nothing. Returns how many it took."""
        asked = {"MessageSystemAttributeNames": ["All"], "MaxNumberOfMessages": 10, "VisibilityTimeout": VISIBILITY}
        taken = self._client.receive_message(QueueUrl=self._url, **asked).get("Messages", [])
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.queue}"
        records = [
            {"messageId": m["MessageId"], "body": m["Body"], "attributes": m["Attributes"], "eventSourceARN": arn}
            for m in taken
        ]
        self.gate._seen.clear()
        failed = {one["itemIdentifier"] for one in handle_sqs(self.gate, {"Records": records}, process or self.process)[
            "batchItemFailures"
        ]}  # fmt: skip
        for message in taken:
            if message["MessageId"] not in failed and not killed:
                self._client.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return len(taken)

    def drain(self, process: Any = None) -> None:
        """Work until the queue is empty."""
        while self.live():
            self.turn(process)
            self._sqs.advance(VISIBILITY + 1)

    def live(self) -> set[str]:
        """What is in the queue."""
        return {named(entry["body"]) for entry in self._sqs.ledger(self.queue) if entry["state"] in _LIVE}

    def dead(self) -> set[str]:
        """What is in its DLQ."""
        return {named(entry["body"]) for entry in self._sqs.ledger(self.dlq)}


def named(body: str) -> str:
    """Return the evidence that a body names."""
    return str(json.loads(body)["Records"][0]["s3"]["object"]["key"].split("/")[3].rpartition("_")[0])


@pytest.fixture
def worker(container: Container, monkeypatch: pytest.MonkeyPatch, bus: EventBus) -> Iterator[Worker]:
    """A worker with an empty queue."""
    import boto3

    with SqsServer() as sqs:
        sqs.tune(longest_wait=0.01)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", sqs.url)
        client = boto3.client("sqs")
        yield Worker(sqs, client, container())
        client.close()


@pytest.fixture
async def can(worker: Worker, store: Tables) -> AsyncIterator[Capabilities]:
    """The view that guardian has."""
    async with open_aws(REGION) as aws:
        dynamo = await aws.client("dynamodb")
        yield Capabilities(
            queues=SqsQueues(aws, await aws.client("sqs")),
            channels={},
            letters=Remembered(),
            tables=DynamoTables(aws, dynamo),
            parked=ParkedTable(aws, dynamo, store.parked),
            breaker_table=store.breaker,
        )


def send(worker: Worker, case: str, count: int) -> set[str]:
    """Put pieces of a case into the queue; returns their names."""
    names = {f"ev_{case}-{number}" for number in range(count)}
    objects = [{"key": f"cases/{case}/raw/{name}_a.pdf", "eTag": "e1"} for name in sorted(names)]
    worker._sqs.put(worker.queue, [json.dumps({"Records": [{"s3": {"object": each}}]}) for each in objects])
    return names


def orders(case: str) -> ReleaseParkedParams:
    """Everything, at once."""
    return ReleaseParkedParams(case=case, queue="worker", rate=3000, ramp=False, settle="0s")


async def test_forty_of_forty(store: Tables, worker: Worker, can: Capabilities) -> None:
    """Twenty of a paused case among twenty others: none is lost or dead, and all are done after the release."""
    sent = send(worker, "paused", 20) | send(worker, "other", 20)
    store.circuit("case#paused", "open")
    worker.drain()
    assert {name.split("-")[0] for name in worker.done} == {"ev_other"}
    assert (len(worker.done), len(store.items()), worker.dead()) == (20, 20, set())
    store.close("case#paused")
    await release_parked(attempt(can), orders("paused"))
    worker.drain()
    assert sorted(worker.done) == sorted(sent)
    assert (store.items(), worker.dead()) == ([], set())


async def test_what_reporting_a_failure_would_do(store: Tables, worker: Worker) -> None:
    """The same without parking, as a worker without the helper would do it: the paused case dies. So the test above can fail."""
    send(worker, "paused", 20)
    send(worker, "other", 20)
    store.circuit("case#paused", "open")

    def report(piece: Work) -> None:
        try:
            worker.process(piece)
        except Paused as paused:
            raise RuntimeError(str(paused)) from paused

    worker.gate.check = lambda case_id, user_id=None: None  # type: ignore[method-assign]
    worker.drain(report)
    assert (len(worker.done), len(worker.dead()), store.items()) == (20, 20, [])


class Meddling(Memory):
    """What happens to a release between sending a piece and deleting it: the circuit opens and a worker is quick; or it is killed."""

    def __init__(self, chance: random.Random, store: Tables, worker: Worker, case: str) -> None:
        super().__init__()
        self._chance, self._store, self._worker, self._case = chance, store, worker, case

    async def save(self, name: str, value: Any) -> None:
        """Remember, and meddle."""
        await super().save(name, value)
        drawn = self._chance.random()
        if drawn < 0.4:
            self._store.circuit(f"case#{self._case}", "open")
            self._worker.turn()
        elif drawn < 0.6:
            raise Halted


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_nothing_is_lost(store: Tables, worker: Worker, can: Capabilities, seed: int) -> None:
    """Random histories of openings, kills between parking and deleting, releases that are cut off: parked + done + dead = sent."""
    chance, sent = random.Random(seed), send(worker, "a", 6) | send(worker, "b", 6)
    store.circuit("case#a", "open")
    store.circuit("case#b", "open")
    worker.turn()

    def there() -> set[str]:
        return worker.live() | worker.dead() | set(worker.done) | {item["evidence_id"] for item in store.items()}

    for _ in range(14):
        case = chance.choice("ab")
        match chance.choice(("work", "killed", "open", "open", "close", "release", "release")):
            case "work" | "killed" as how:
                worker.turn(killed=how == "killed")
                worker._sqs.advance(VISIBILITY + 1)
            case "open":
                store.circuit(f"case#{case}", "open")
            case "close":
                store.close(f"case#{case}")
            case _:
                store.close(f"case#{case}")
                try:
                    await release_parked(attempt(can, memory=Meddling(chance, store, worker, case)), orders(case))
                except Halted:
                    continue
        assert there() == sent
    for case in "ab":
        store.close(f"case#{case}")
        await release_parked(attempt(can), orders(case))
    worker.drain()
    assert set(worker.done) | worker.dead() == sent
    assert store.items() == []
