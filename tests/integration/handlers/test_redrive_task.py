"""The redrive by SQS's own move task."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.sqs import SqsQueues
from leh_guardian.context import Capabilities
from leh_guardian.errors import Halted, Refused, Unavailable
from leh_guardian.handlers.dlq_redrive import DlqRedriveParams, dlq_redrive
from leh_guardian.model.outcome import Done, Escalate, Failed, NoOp, Wait
from leh_guardian.redrive import task
from leh_guardian.telemetry import failpoints
from tests.support.attempt import Memory, again, attempt
from tests.support.clock import FakeClock
from tests.support.faults import lose_reply
from tests.support.letters import Remembered
from tests.support.sqs_server import REGION, SqsServer

QUEUE, DLQ = "worker", "worker-dlq"
PARAMS = DlqRedriveParams(queue=DLQ, by="sqs", rate=10.0)


class ServerClock(FakeClock):
    """A clock whose sleeps the server sleeps with."""

    def __init__(self, server: SqsServer) -> None:
        super().__init__()
        self._server = server

    async def sleep(self, seconds: float) -> None:
        """Let time pass for both."""
        self._server.advance(seconds)
        await super().sleep(seconds)


@pytest.fixture
def sqs() -> Iterator[SqsServer]:
    """A queue with a DLQ."""
    with SqsServer() as server:
        server.tune(longest_wait=0.01)
        server.make_pair(QUEUE)
        yield server


@pytest.fixture
async def can(sqs: SqsServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Capabilities]:
    """The handler's view; failpoints are disarmed at the end."""
    for name, value in sqs.environment().items():
        monkeypatch.setenv(name, value)
    async with open_aws(REGION) as aws:
        yield Capabilities(queues=SqsQueues(aws, await aws.client("sqs")), channels={}, letters=Remembered())
    failpoints.arm(None)


def fill(sqs: SqsServer, count: int) -> None:
    """Let letters die: what is only put into a DLQ has no queue that SQS would know of."""
    sqs.put(QUEUE, [str(n) for n in range(count)])

    def die() -> None:
        account, queue = sqs._account, sqs._account.named(QUEUE)
        while message := queue.take_out(account.now()):
            account.copy(message, account.named(DLQ), account.arn(queue))

    sqs.call(die)


async def test_sqs_moves_everything_to_where_it_died(sqs: SqsServer, can: Capabilities) -> None:
    """At the rate that was asked for; what it says it has moved is reported."""
    fill(sqs, 25)
    outcome = await dlq_redrive(attempt(can, clock=ServerClock(sqs)), PARAMS)
    assert isinstance(outcome, Done)
    assert outcome.facts == {
        "source": DLQ,
        "destination": "where each died",
        "messages": 25,
        "selected": 25,
        "by": "sqs",
        "moved": 25,
        "left": 0,
        "in_flight": 0,
    }
    assert sqs.faults.hits["StartMessageMoveTask"] == 1
    assert not sqs.faults.hits["ReceiveMessage"]
    assert isinstance(await dlq_redrive(attempt(can), PARAMS), NoOp)


async def test_a_dry_run_and_a_limit_start_nothing(sqs: SqsServer, can: Capabilities) -> None:
    """What it would move is told; too much is refused whole."""
    fill(sqs, 3)
    outcome = await dlq_redrive(attempt(can, dry_run=True), PARAMS)
    assert isinstance(outcome, Done)
    assert outcome.facts["selected"] == 3
    with pytest.raises(Refused, match="limit is 2"):
        await dlq_redrive(attempt(can, limits={"messages": 2}), PARAMS)
    assert not sqs.faults.hits["StartMessageMoveTask"]


@pytest.mark.parametrize("trouble", ["killed", "reply lost"])
async def test_what_an_attempt_has_started_the_next_one_finds(sqs: SqsServer, can: Capabilities, trouble: str) -> None:
    """Killed after its start, or left without an answer: SQS's list tells, and no second task is started."""
    fill(sqs, 25)
    ctx = attempt(can, clock=ServerClock(sqs))

    def crash(name: str) -> None:
        if name == "redrive.task_started":
            raise SystemExit

    if trouble == "killed":
        failpoints.arm(crash)
    else:
        sqs.faults.script("StartMessageMoveTask", lose_reply())
    with pytest.raises(SystemExit if trouble == "killed" else Unavailable):
        await dlq_redrive(ctx, PARAMS)
    failpoints.arm(None)
    outcome = await dlq_redrive(again(ctx), PARAMS)
    assert isinstance(outcome, Done)
    assert outcome.facts["moved"] == 25
    assert sqs.faults.hits["StartMessageMoveTask"] == 1


async def test_a_kill_switch_cancels_the_task_and_its_end_starts_another(sqs: SqsServer, can: Capabilities) -> None:
    """What was moved stays moved and is counted; the rest waits, and goes when the mode is raised."""
    fill(sqs, 100)
    ctx = attempt(can, clock=ServerClock(sqs), memory=Memory(stop_at=3))
    with pytest.raises(Halted):
        await dlq_redrive(ctx, PARAMS)
    moved = (await can.queues.info(QUEUE)).depth.visible
    sqs.advance(3600)
    assert 0 < moved == (await can.queues.info(QUEUE)).depth.visible < 100
    outcome = await dlq_redrive(again(ctx), PARAMS)
    assert isinstance(outcome, Done)
    assert outcome.facts["moved"] == 100
    assert sqs.faults.hits["StartMessageMoveTask"] == 2


async def test_somebody_elses_task_is_waited_for(sqs: SqsServer, can: Capabilities) -> None:
    """It moves the same messages; when it takes too long, people are asked."""
    fill(sqs, 100)
    queue = await can.queues.info(DLQ)
    await can.queues.start_move(queue, None, 1)
    ctx = attempt(can, clock=ServerClock(sqs))
    waiting = await dlq_redrive(ctx, PARAMS)
    assert isinstance(waiting, Wait)
    assert "somebody's move task" in waiting.reason
    ctx.clock.advance(hours=13)  # type: ignore[attr-defined]
    assert isinstance(await dlq_redrive(again(ctx), PARAMS), Escalate)
    [theirs] = await can.queues.moves(queue)
    assert theirs.handle
    await can.queues.cancel_move(theirs.handle)
    outcome = await dlq_redrive(again(ctx), PARAMS)
    assert isinstance(outcome, Done)


async def test_a_long_move_is_watched_slice_by_slice(
    sqs: SqsServer, can: Capabilities, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt ends in time; the next one goes on watching."""
    fill(sqs, 25)
    monkeypatch.setattr(task, "SLICE", 0.0)
    ctx = attempt(can, clock=ServerClock(sqs))
    assert isinstance(await dlq_redrive(ctx, PARAMS), Wait)
    monkeypatch.undo()
    outcome = await dlq_redrive(again(ctx), PARAMS)
    assert isinstance(outcome, Done)
    assert outcome.facts["moved"] == 25


async def test_a_task_that_fails_says_why(sqs: SqsServer, can: Capabilities) -> None:
    """A message that was put there by hand has no queue to go back to; with a destination it has."""
    sqs.put(DLQ, ["by hand"])
    outcome = await dlq_redrive(attempt(can, clock=ServerClock(sqs)), PARAMS)
    assert isinstance(outcome, Failed)
    assert "CouldNotDetermineMessageSource" in outcome.reason
    named = PARAMS.model_copy(update={"destination": QUEUE})
    outcome = await dlq_redrive(attempt(can, clock=ServerClock(sqs)), named)
    assert isinstance(outcome, Done)
    assert sqs.bodies(QUEUE)["by hand"] == 1


@pytest.mark.parametrize(
    "more",
    [{"canary": 5}, {"max_messages": 3}, {"max_redrives": 5}, {"function": "worker"}, {"select": {"cases": ["c"]}}],
)
def test_what_sqs_does_not_know_is_refused(more: dict[str, Any]) -> None:
    """Nobody is to think that it is held to; what a planned row holds of the defaults is none of it."""
    assert DlqRedriveParams.model_validate_json(PARAMS.model_dump_json()) == PARAMS
    with pytest.raises(ValidationError, match="SQS's own task knows no"):
        DlqRedriveParams.model_validate({"queue": DLQ, "by": "sqs", **more})
