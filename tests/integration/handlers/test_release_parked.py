"""The release of parked work: from DynamoDB (moto) back to the tests' SQS and Lambda, and never anywhere else."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.dynamo import DynamoTables
from leh_guardian.adapters.functions import LambdaFunctions
from leh_guardian.adapters.parked import ParkedTable
from leh_guardian.adapters.sqs import SqsQueues
from leh_guardian.context import Capabilities
from leh_guardian.errors import Halted, Refused
from leh_guardian.handlers.release_parked import ReleaseParkedParams, release_parked
from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.model.outcome import Done, Failed, NoOp, Wait
from tests.support.attempt import Memory, again, attempt
from tests.support.clock import FakeClock
from tests.support.gate_tables import Tables, tables
from tests.support.lambda_server import LambdaServer, arn_of
from tests.support.letters import Remembered
from tests.support.sqs_server import ACCOUNT, REGION, SqsServer

NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
OWN = f"sqs:https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/worker"


@pytest.fixture
def sqs() -> Iterator[SqsServer]:
    """The worker's queue, and one that is none of its."""
    with SqsServer() as server:
        server.make_pair("worker")
        server.make_pair("worker.fifo")
        server.make_queue("other")
        yield server


@pytest.fixture
def functions() -> Iterator[LambdaServer]:
    """The worker's function, and one that is none of its."""
    with LambdaServer() as server:
        server.make_function("worker", "live")
        server.make_function("other")
        yield server


@pytest.fixture
def store(aws_server: EmbeddedAws) -> Iterator[Tables]:
    """The tables."""
    with tables(aws_server.environment()) as made:
        yield made


@pytest.fixture
async def can(
    store: Tables, sqs: SqsServer, functions: LambdaServer, aws_server: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Capabilities]:
    """The handler's view of all three."""
    for name, value in (aws_server.environment() | functions.environment()).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", sqs.url)
    async with open_aws(REGION) as aws:
        dynamo = await aws.client("dynamodb")
        yield Capabilities(
            queues=SqsQueues(aws, await aws.client("sqs")),
            channels={},
            letters=Remembered(),
            functions=LambdaFunctions(aws, await aws.client("lambda")),
            tables=DynamoTables(aws, dynamo),
            parked=ParkedTable(aws, dynamo, store.parked),
            breaker_table=store.breaker,
        )


def park(store: Tables, number: int, *, case: str = "case_a", origin: str = OWN, age: int = 0, **more: Any) -> str:
    """Put an item as the gate does; returns its body."""
    body = json.dumps({"case_id": case, "evidence_id": f"ev_{number}"})
    first = (NOW - timedelta(minutes=age)).isoformat()
    item = {"evidence_id": f"ev_{number}", "origin": origin, "body": body, "copy": f"c{number}", "first_seen": first}
    store.put(store.parked, case_id=case, item=f"ev_{number}#1", **{**item, "parked_at": NOW.isoformat(), **more})
    return str({**item, **more}["body"])


def orders(**more: Any) -> ReleaseParkedParams:
    """Back to the worker's queue, at once."""
    return ReleaseParkedParams(
        **{"case": "case_a", "queue": "worker", "rate": 3000.0, "ramp": False, "settle": "0s", **more}
    )


def order_of_arrival(sqs: SqsServer, queue: str = "worker") -> list[str]:
    """Return the bodies in a queue."""
    return [entry["body"] for entry in sqs.ledger(queue)]


async def test_what_waits_longest_goes_first(store: Tables, sqs: SqsServer, can: Capabilities) -> None:
    """Everything of the case, and of no other; each item is gone once it is sent, and the numbers say so."""
    bodies = [park(store, number, age=age) for number, age in ((1, 10), (2, 30), (3, 20))]
    park(store, 4, case="case_b")
    outcome = await release_parked(attempt(can), orders())
    assert isinstance(outcome, Done)
    assert order_of_arrival(sqs) == [bodies[1], bodies[2], bodies[0]]
    told = {name: outcome.facts[name] for name in ("parked", "released", "skipped", "left", "unfit")}
    assert told == {"parked": 3, "released": 3, "skipped": 0, "left": 0, "unfit": {}}
    assert [item["case_id"] for item in store.items()] == ["case_b"]
    outcome = await release_parked(attempt(can), orders())
    assert isinstance(outcome, NoOp), "nothing is left"


async def test_a_message_is_what_it_was(store: Tables, sqs: SqsServer, can: Capabilities) -> None:
    """Body, attributes and group; into a FIFO queue under an id that is the same for the same copy, however often it is sent."""
    raw = base64.b64encode(b"\x00\x01").decode()
    told = {"trace": {"DataType": "String", "StringValue": "t-1"}, "raw": {"DataType": "Binary", "BinaryValue": raw}}
    fifo = {"origin": f"{OWN}.fifo", "group": "case_a", "attributes": json.dumps(told)}
    for _ in range(2):
        body = park(store, 1, **fifo)
        assert isinstance(await release_parked(attempt(can), orders(queue="worker.fifo")), Done)
    assert order_of_arrival(sqs, "worker.fifo") == [body], "the second is the same copy"
    park(store, 1, **fifo, copy="another")
    assert isinstance(await release_parked(attempt(can), orders(queue="worker.fifo")), Done)
    assert order_of_arrival(sqs, "worker.fifo") == [body] * 2
    queue = await can.queues.info("worker.fifo")
    [received] = await can.queues.receive(queue, 1, 10)
    assert received.attributes["raw"]["BinaryValue"] == b"\x00\x01"
    assert (received.attributes["trace"]["StringValue"], received.group) == ("t-1", "case_a")


async def test_a_function_gets_its_event_again(store: Tables, functions: LambdaServer, can: Capabilities) -> None:
    """Asynchronously, under the alias that the rule names, with the payload as it was."""
    body = park(store, 1, origin="lambda:worker")
    outcome = await release_parked(attempt(can), orders(queue=None, function="worker:live"))
    assert isinstance(outcome, Done)
    assert functions.invoked == [("worker", "live", body.encode())]


HOSTILE = [
    "sqs:https://sqs.ap-northeast-2.amazonaws.com/123456789012/other",
    "sqs:https://evil.example/999999999999/worker",
    "sqs:https://evil.example/?/worker",
    "sqs:worker",
    "sqs:http://[::1/123456789012/worker",
    "lambda:other",
    f"lambda:{arn_of('worker').replace('123456789012', '999999999999')}",
    "lambda:worker/../other",
    "https://evil.example/",
    "",
]


async def test_an_origin_is_never_followed(
    store: Tables, sqs: SqsServer, functions: LambdaServer, can: Capabilities
) -> None:
    """Whatever it says, work goes to the queue or the function that the rule names, or stays; and a host means nothing."""
    for number, origin in enumerate(HOSTILE):
        park(store, number, origin=origin)
    outcome = await release_parked(attempt(can), orders(function=arn_of("worker")))
    assert isinstance(outcome, Failed)
    assert outcome.facts["unfit"] == {"of another origin than the rule names": len(HOSTILE)}
    assert (functions.invoked, order_of_arrival(sqs), order_of_arrival(sqs, "other")) == ([], [], [])
    assert len(store.items()) == len(HOSTILE)
    park(store, 99, origin=f"sqs:https://vpce-1.evil.example/{ACCOUNT}/worker")
    outcome = await release_parked(attempt(can), orders())
    assert isinstance(outcome, Done)
    assert len(order_of_arrival(sqs)) == 1, "it went to the queue that the rule names, not to that host"


async def test_what_is_not_taken_stays_and_is_told(
    store: Tables, sqs: SqsServer, functions: LambdaServer, can: Capabilities
) -> None:
    """Attributes that are none, a payload that is no JSON, a FIFO queue without a group: the others go."""
    for number, text in enumerate(("{", "[]", '{"a": "b"}', '{"a": {"DataType": "Binary", "BinaryValue": "%"}}')):
        park(store, number, attributes=text)
    park(store, 10, origin="lambda:worker", body="no json")
    good = park(store, 11)
    outcome = await release_parked(attempt(can), orders(function="worker"))
    assert isinstance(outcome, Done)
    assert order_of_arrival(sqs) == [good]
    assert sum(outcome.facts["unfit"].values()) == outcome.facts["left"] == 5
    assert "its attributes cannot be read" in outcome.summary


async def test_finished_evidence_is_not_done_again(store: Tables, sqs: SqsServer, can: Capabilities) -> None:
    """Finished after it happened: the item goes, nothing is sent. Finished before, or at an unknown time: it is sent."""
    store._make("evidence-" + store.parked, "evidence_id")
    for number, record in enumerate(
        (
            {"status": "processed", "updated_at": NOW.isoformat()},
            {"status": "processed", "updated_at": (NOW - timedelta(hours=1)).isoformat()},
            {"status": "processed"},
            {"status": "failed", "updated_at": NOW.isoformat()},
            {"status": "processed", "updated_at": NOW.isoformat(), "case_id": "case_b"},
        )
    ):
        park(store, number, age=30)
        store.put("evidence-" + store.parked, evidence_id=f"ev_{number}", **record)
    outcome = await release_parked(attempt(replace(can, evidence_table="evidence-" + store.parked)), orders())
    assert isinstance(outcome, Done)
    assert (outcome.facts["released"], outcome.facts["skipped"], outcome.facts["left"]) == (4, 1, 0)
    assert not any("ev_0" in body for body in order_of_arrival(sqs))


@pytest.mark.parametrize(
    ("name", "state"),
    [("case#case_a", "open"), ("case#case_a", "forced_open"), ("fleet", "open"), ("case#case_a", "half_open")],
)
async def test_nothing_goes_while_the_circuit_is_open(
    store: Tables, sqs: SqsServer, can: Capabilities, name: str, state: str
) -> None:
    """It waits a little, for the table follows guardian's record; then it says why nothing went."""
    park(store, 1)
    store.circuit(name, state, until=(NOW - timedelta(hours=1)).isoformat())
    clock = FakeClock(NOW)
    ctx = attempt(can, clock=clock)
    assert isinstance(await release_parked(ctx, orders()), Wait)
    clock.advance(minutes=3)
    outcome = await release_parked(again(ctx), orders())
    assert isinstance(outcome, NoOp)
    assert f"{name} is" in outcome.reason
    assert (order_of_arrival(sqs), len(store.items())) == ([], 1)


async def test_what_workers_park_late_goes_back_too(store: Tables, sqs: SqsServer, can: Capabilities) -> None:
    """The circuit lets work through, and workers still believe that it is paused: what they park then goes with the rest."""
    clock = FakeClock(NOW)
    ctx = attempt(can, clock=clock)
    outcome = await release_parked(ctx, orders(settle="16s"))
    assert isinstance(outcome, Wait)
    assert outcome.until == NOW + timedelta(seconds=16)
    body = park(store, 1)
    clock.advance(seconds=10)
    assert isinstance(await release_parked(again(ctx), orders(settle="16s")), Wait)
    clock.advance(seconds=6)
    assert isinstance(await release_parked(again(ctx), orders(settle="16s")), Done)
    assert (order_of_arrival(sqs), store.items()) == ([body], [])


async def test_a_circuit_that_opens_meanwhile_begins_it_anew(store: Tables, sqs: SqsServer, can: Capabilities) -> None:
    """Open again while workers were given time, and closed once more: they are given it once more."""
    park(store, 1)
    clock = FakeClock(NOW)
    ctx = attempt(can, clock=clock)
    assert isinstance(await release_parked(ctx, orders(settle="16s")), Wait)
    store.circuit("case#case_a", "open")
    clock.advance(seconds=8)
    assert isinstance(await release_parked(again(ctx), orders(settle="16s")), Wait)
    store.close("case#case_a")
    clock.advance(seconds=10)
    outcome = await release_parked(again(ctx), orders(settle="16s"))
    assert isinstance(outcome, Wait)
    assert outcome.until == NOW + timedelta(seconds=34)
    assert order_of_arrival(sqs) == []


async def test_it_stops_where_the_circuit_opens_again(store: Tables, sqs: SqsServer, can: Capabilities) -> None:
    """After the second piece it opens: two have gone, and the rest is parked."""
    for number in range(5):
        park(store, number)

    class Watching(Memory):
        async def save(self, name: str, value: Any) -> None:
            await super().save(name, value)
            if value["released"] == 2:
                store.circuit("case#case_a", "open")

    outcome = await release_parked(attempt(can, memory=Watching()), orders())
    assert isinstance(outcome, Done)
    assert (outcome.facts["released"], outcome.facts["left"]) == (2, 3)
    assert outcome.facts["stopped"] == "case#case_a is open"
    assert len(order_of_arrival(sqs)) == 2


@pytest.mark.parametrize(
    ("more", "released"),
    [({"max_items": 2}, 2), ({"max_tokens": 50_000}, 2), ({"max_tokens": 5, "tokens_per_item": 10}, 1), ({}, 4)],
)
async def test_a_trial_is_bounded(
    store: Tables, sqs: SqsServer, can: Capabilities, more: dict[str, int], released: int
) -> None:
    """By a number of items, or by an allowance of tokens: one at least."""
    store.circuit("case#case_a", "half_open", until=(NOW + timedelta(hours=1)).isoformat())
    for number in range(4):
        park(store, number)
    outcome = await release_parked(attempt(can), orders(**more))
    assert isinstance(outcome, Done)
    assert (outcome.facts["released"], outcome.facts["left"]) == (released, 4 - released)


async def test_a_dry_run_changes_nothing(store: Tables, sqs: SqsServer, can: Capabilities) -> None:
    """It says what would go, also where the circuit is open; above the limit nothing goes at all."""
    for number in range(3):
        park(store, number)
    store.circuit("case#case_a", "open")
    outcome = await release_parked(attempt(can, dry_run=True), orders(max_items=2))
    assert isinstance(outcome, Done)
    assert outcome.summary == "would send back 2 of 3 pieces of work of case_a"
    store.close("case#case_a")
    with pytest.raises(Refused, match="3 items, the rule's limit is 2"):
        await release_parked(attempt(can, limits={"items": 2}), orders())
    assert (order_of_arrival(sqs), len(store.items())) == ([], 3)


async def test_what_was_sent_is_only_deleted(store: Tables, sqs: SqsServer, can: Capabilities) -> None:
    """Stopped between sending and deleting, the next attempt deletes it, also where the circuit is open; nothing goes twice."""
    for number in range(3):
        park(store, number)
    ctx = attempt(can, memory=Memory(stop_at=2))
    with pytest.raises(Halted):
        await release_parked(ctx, orders())
    assert (len(order_of_arrival(sqs)), len(store.items())) == (1, 3)
    store.circuit("case#case_a", "open")
    outcome = await release_parked(again(ctx), orders())
    assert isinstance(outcome, Done)
    assert (len(order_of_arrival(sqs)), len(store.items()), outcome.facts["released"]) == (1, 2, 1)
    store.close("case#case_a")
    await release_parked(attempt(can), orders())
    assert (len(set(order_of_arrival(sqs))), len(order_of_arrival(sqs)), store.items()) == (3, 3, [])


async def test_what_is_parked_again_meanwhile_stays(store: Tables, sqs: SqsServer, can: Capabilities) -> None:
    """A worker receives what was just sent, finds the circuit open and parks it anew before it is deleted: it is not lost."""
    park(store, 1)

    class Quick(Memory):
        async def save(self, name: str, value: Any) -> None:
            await super().save(name, value)
            if value["released"] == 1:
                park(store, 1, copy="parked anew")

    outcome = await release_parked(attempt(can, memory=Quick()), orders())
    assert isinstance(outcome, Done)
    assert (outcome.facts["released"], outcome.facts["left"]) == (1, 1)
    assert [item["copy"] for item in store.items()] == ["parked anew"]


async def test_the_table_is_counted(store: Tables, can: Capabilities) -> None:
    """How many each case has, which waits longest, and whether that is all; a time that is none is long ago."""
    assert can.parked is not None
    for number, age in ((1, 10), (2, 90), (3, 20)):
        park(store, number, case="case_a" if number < 3 else "case_b", age=age)
    seen = await can.parked.count()
    assert seen.oldest is not None
    assert (dict(seen.by_case), seen.oldest.item, seen.whole) == ({"case_a": 2, "case_b": 1}, "ev_2#1", True)
    assert not (await can.parked.count(most=2)).whole
    park(store, 4, first_seen="soon", parked_at="later")
    assert [mark.item for mark in await can.parked.of_case("case_a")] == ["ev_4#1", "ev_2#1", "ev_1#1"]
