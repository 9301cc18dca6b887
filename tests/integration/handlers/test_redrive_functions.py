"""The redrive of what Lambda put into a queue: the function is invoked anew."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.functions import LambdaFunctions
from leh_guardian.adapters.sqs import SqsQueues
from leh_guardian.context import Capabilities
from leh_guardian.handlers.dlq_redrive import DlqRedriveParams, dlq_redrive
from leh_guardian.model.outcome import Done, Failed, Wait
from leh_guardian.redrive import mover
from tests.support.attempt import again, attempt
from tests.support.clock import FakeClock
from tests.support.lambda_server import LambdaServer, arn_of
from tests.support.letters import Remembered
from tests.support.sqs_server import REGION, SqsServer

FAILED = {
    "RequestID": {"DataType": "String", "StringValue": "r"},
    "ErrorCode": {"DataType": "Number", "StringValue": "200"},
    "ErrorMessage": {"DataType": "String", "StringValue": "'text'"},
}


@pytest.fixture
def sqs() -> Iterator[SqsServer]:
    """Queues."""
    with SqsServer() as server:
        server.tune(longest_wait=0.01)
        yield server


@pytest.fixture
def functions() -> Iterator[LambdaServer]:
    """Two functions."""
    with LambdaServer() as server:
        server.make_function("worker", "live", timeout=10)
        server.make_function("other")
        yield server


@pytest.fixture
async def can(sqs: SqsServer, functions: LambdaServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Capabilities]:
    """The handler's view of both."""
    for name, value in (functions.environment() | sqs.environment()).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(mover, "EMPTY_RECEIVES", 1)
    async with open_aws(REGION) as aws:
        queues = SqsQueues(aws, await aws.client("sqs"))
        yield Capabilities(
            queues=queues,
            channels={},
            letters=Remembered(),
            functions=LambdaFunctions(aws, await aws.client("lambda")),
        )


def record(payload: Any, function: str = "worker") -> str:
    """A record of a failure destination."""
    context = {"functionArn": f"{arn_of(function)}:$LATEST", "condition": "RetriesExhausted"}
    return json.dumps({"requestContext": context, "requestPayload": payload, "responsePayload": {}})


def dead(sqs: SqsServer, queue: str, *payloads: str) -> None:
    """Put payloads where Lambda puts those of failed invocations."""

    def put() -> None:
        target = sqs._account.named(queue)
        for payload in payloads:
            target.send(sqs._account.now(), "lambda", payload, FAILED)

    sqs.call(put)


async def test_each_gets_what_it_was_given_before(sqs: SqsServer, functions: LambdaServer, can: Capabilities) -> None:
    """Dead letters and records alike, under the alias that was named; the queue needs no redrive policy that points at it."""
    sqs.make_queue("failures")
    sqs.put("failures", [record({"n": 1})])
    dead(sqs, "failures", '{"n": 2,  "key": "계약서.pdf"}')
    outcome = await dlq_redrive(attempt(can), DlqRedriveParams(queue="failures", function="worker:live"))
    assert isinstance(outcome, Done)
    assert (outcome.facts["moved"], outcome.facts["left"], outcome.facts["destination"]) == (2, 0, "function worker")
    assert {of for _, of, _ in functions.invoked} == {"live"}
    assert sorted(functions.payloads()) == sorted([b'{"n":1}', '{"n": 2,  "key": "계약서.pdf"}'.encode()])


async def test_only_the_function_that_was_named_is_invoked(
    sqs: SqsServer, functions: LambdaServer, can: Capabilities
) -> None:
    """A record that names another one, whoever wrote it, stays, as does what no Lambda put there; both are told."""
    sqs.make_queue("failures")
    sqs.put("failures", [record({"n": 1}), record({"n": 2}, "other"), '{"n": 3}'])
    params = DlqRedriveParams(queue="failures", function="worker")
    outcome = await dlq_redrive(attempt(can), params)
    assert isinstance(outcome, Done)
    assert functions.payloads() == [b'{"n":1}']
    assert (outcome.facts["moved"], outcome.facts["left"]) == (1, 2)
    assert sum(outcome.facts["unfit"].values()) == 2
    assert "of another function" in outcome.summary
    outcome = await dlq_redrive(attempt(can), params)
    assert isinstance(outcome, Failed), "nothing went, and nothing will"


async def test_what_lambda_put_there_is_never_sent_to_a_queue(sqs: SqsServer, can: Capabilities) -> None:
    """Nobody would unwrap it there: it stays, and the reason names what to do."""
    queue, dlq = sqs.make_pair("worker")
    sqs.put(dlq, [record({"n": 1})])
    dead(sqs, dlq, '{"n": 2}')
    outcome = await dlq_redrive(attempt(can), DlqRedriveParams(queue=dlq))
    assert isinstance(outcome, Failed)
    assert "name its `function`" in outcome.reason
    assert not sqs.bodies(queue)
    assert outcome.facts["left"] == 2


async def test_a_payload_that_lambda_refuses_is_left_and_told(
    sqs: SqsServer, functions: LambdaServer, can: Capabilities
) -> None:
    """The others go; that one stays in its queue, with Lambda's reason."""
    sqs.make_queue("failures")
    dead(sqs, "failures", '{"n": 1}', "no json")
    outcome = await dlq_redrive(attempt(can), DlqRedriveParams(queue="failures", function="worker"))
    assert isinstance(outcome, Failed)
    assert functions.payloads() == [b'{"n": 1}']
    assert "InvalidRequestContentException" in outcome.reason
    assert outcome.facts["left"] == 1


async def test_a_canary_waits_as_long_as_lambda_tries(
    sqs: SqsServer, functions: LambdaServer, can: Capabilities
) -> None:
    """Three attempts and the pauses between them; one that failed has another wrapping, and is known all the same."""
    sqs.make_queue("failures")
    sqs.put("failures", [record({"n": n}) for n in range(6)])
    clock, params = FakeClock(), DlqRedriveParams(queue="failures", function="worker", canary=2, rate=1000.0)
    ctx = attempt(can, clock=clock)
    waiting = await dlq_redrive(ctx, params)
    assert isinstance(waiting, Wait)
    assert (waiting.until - clock.now()).total_seconds() == pytest.approx(3 * 10 + 180 + 15, abs=1)
    assert len(functions.payloads()) == 2
    failed = json.loads(functions.payloads()[0])
    again_ = json.loads(record(failed))
    sqs.put("failures", [json.dumps(again_ | {"timestamp": "later"})])
    clock.advance(seconds=300)
    outcome = await dlq_redrive(again(ctx), params)
    assert isinstance(outcome, Failed)
    assert (outcome.facts["moved"], outcome.facts["returned"]) == (2, 1)
