"""The worker as a whole stopped and started again, on moto's Lambda: what nobody keeps is not stopped, and all is put back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import tenacity

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.feeds import LambdaFeeds
from leh_guardian.context import Capabilities
from leh_guardian.errors import Halted, Refused, Unavailable
from leh_guardian.handlers.pause_worker import PauseWorkerParams, pause_worker
from leh_guardian.handlers.resume_worker import Before, ResumeWorkerParams, resume_worker
from leh_guardian.model.outcome import Done, Escalate, Failed, NoOp, Wait
from tests.support.attempt import Memory, again, attempt
from tests.support.clock import FakeClock
from tests.support.faults import refuse
from tests.support.lambda_front import LambdaFront
from tests.support.sqs_server import REGION


@pytest.fixture
def front(monkeypatch: pytest.MonkeyPatch) -> Iterator[LambdaFront]:
    """A function that a queue feeds, and whose events are caught."""
    monkeypatch.setattr(tenacity, "wait_random_exponential", lambda **_: tenacity.wait_none())
    with LambdaFront() as made:
        for name, value in made.environment().items():
            monkeypatch.setenv(name, value)
        yield made


@pytest.fixture
async def can(front: LambdaFront) -> AsyncIterator[Capabilities]:
    """The handlers' view."""
    async with open_aws(REGION) as aws:
        yield Capabilities(None, {}, None, feeds=LambdaFeeds(aws, await aws.client("lambda")))  # type: ignore[arg-type]


def pause(front: LambdaFront, **more: Any) -> PauseWorkerParams:
    """Stop it."""
    return PauseWorkerParams(function=front.function, **more)


def resume(front: LambdaFront, outcome: Any) -> ResumeWorkerParams:
    """Start it as it was."""
    return ResumeWorkerParams(function=front.function, before=Before(**outcome.facts["before"]))


@pytest.mark.parametrize("reserved", [None, 7])
async def test_it_is_put_back_as_it_was(front: LambdaFront, can: Capabilities, reserved: int | None) -> None:
    """Mapping and reserved concurrency, whatever that was; both handlers find nothing to do when asked again."""
    if reserved is not None:
        front.client.put_function_concurrency(FunctionName=front.function, ReservedConcurrentExecutions=reserved)
    stopped = await pause_worker(attempt(can), pause(front, direct=True))
    assert isinstance(stopped, Done)
    assert (front.state(), front.reserved()) == ("Disabled", 0)
    assert stopped.facts["before"] == {"mappings": [front.mapping], "direct": True, "reserved": reserved}
    assert stopped.facts["oldest_seconds"] == 3600
    assert isinstance(await pause_worker(attempt(can), pause(front, direct=True)), NoOp)
    assert isinstance(await resume_worker(attempt(can), resume(front, stopped)), Done)
    assert (front.state(), front.reserved()) == ("Enabled", reserved)
    assert isinstance(await resume_worker(attempt(can), resume(front, stopped)), NoOp)


async def test_without_being_asked_direct_invocations_go_on(front: LambdaFront, can: Capabilities) -> None:
    """Only the mappings are stopped; the facts say that the rest was not touched."""
    stopped = await pause_worker(attempt(can), pause(front))
    assert isinstance(stopped, Done)
    assert (front.state(), front.reserved()) == ("Disabled", None)
    assert stopped.facts["before"]["direct"] is False
    front.client.put_function_concurrency(FunctionName=front.function, ReservedConcurrentExecutions=0)
    assert isinstance(await resume_worker(attempt(can), resume(front, stopped)), Done)
    assert (front.state(), front.reserved()) == ("Enabled", 0), "somebody else has stopped that"


async def test_a_mapping_that_was_off_stays_off(front: LambdaFront, can: Capabilities) -> None:
    """Resume enables what pause disabled, and nothing that was disabled before."""
    front.client.update_event_source_mapping(UUID=front.mapping, Enabled=False)
    stopped = await pause_worker(attempt(can), pause(front, direct=True))
    assert isinstance(stopped, Done)
    assert isinstance(await resume_worker(attempt(can), resume(front, stopped)), Done)
    assert (front.state(), front.reserved()) == ("Disabled", None)


async def test_what_somebody_set_meanwhile_is_left_alone(front: LambdaFront, can: Capabilities) -> None:
    """A reserved concurrency that is no longer 0 is not written over."""
    stopped = await pause_worker(attempt(can), pause(front, direct=True))
    front.client.put_function_concurrency(FunctionName=front.function, ReservedConcurrentExecutions=3)
    assert isinstance(await resume_worker(attempt(can), resume(front, stopped)), Done)
    assert (front.state(), front.reserved()) == ("Enabled", 3)


@pytest.mark.parametrize(
    ("fed", "caught", "direct", "why"),
    [
        (False, False, False, "say `direct: true`"),
        (True, False, True, "would be lost"),
        (False, False, True, "neither a dead-letter queue nor a failure destination"),
    ],
)
async def test_what_would_lose_work_is_refused(
    monkeypatch: pytest.MonkeyPatch, fed: bool, caught: bool, direct: bool, why: str
) -> None:
    """Events that nobody would catch, and a function that no mapping feeds: nothing is changed, and the reason says what to do."""
    with LambdaFront(fed=fed, caught=caught) as front:
        for name, value in front.environment().items():
            monkeypatch.setenv(name, value)
        async with open_aws(REGION) as aws:
            feeds = LambdaFeeds(aws, await aws.client("lambda"))
            can = Capabilities(None, {}, None, feeds=feeds)  # type: ignore[arg-type]
            with pytest.raises(Refused, match=why):
                await pause_worker(attempt(can), pause(front, direct=direct))
        assert not front.changes


async def test_it_waits_until_lambda_has_done_it(front: LambdaFront, can: Capabilities) -> None:
    """While a mapping is Disabling it is looked at again, and asked for once; after a time people are."""
    front.lingers, clock = 3, FakeClock()
    ctx = attempt(can, clock=clock)
    for look in range(3):
        outcome = await pause_worker(ctx if not look else again(ctx), pause(front))
        assert isinstance(outcome, Wait)
        assert "Disabling" in outcome.reason
        front._lingering = max(front._lingering, 2 if look < 2 else 0)
    clock.advance(minutes=11)
    front._lingering = 2
    assert isinstance(await pause_worker(again(ctx), pause(front)), Escalate)
    stopped = await pause_worker(again(ctx), pause(front))
    assert isinstance(stopped, Done)
    assert front.changes == {"mapping off": 1}
    assert front.faults.hits["UpdateEventSourceMapping"] == 1
    assert stopped.facts["before"]["mappings"] == [front.mapping], "as it was before the first attempt"


async def test_what_it_was_is_remembered_before_it_is_changed(front: LambdaFront, can: Capabilities) -> None:
    """Stopped right after writing that down, the next attempt changes it, and knows what it was."""
    ctx = attempt(can, memory=Memory(stop_at=1))
    with pytest.raises(Halted):
        await pause_worker(ctx, pause(front, direct=True))
    assert not front.changes
    front.client.put_function_concurrency(FunctionName=front.function, ReservedConcurrentExecutions=0)
    stopped = await pause_worker(again(ctx), pause(front, direct=True))
    assert isinstance(stopped, Done)
    assert stopped.facts["before"] == {"mappings": [front.mapping], "direct": True, "reserved": None}


async def test_a_dry_run_and_a_limit_change_nothing(front: LambdaFront, can: Capabilities) -> None:
    """Both say how much it would be."""
    outcome = await pause_worker(attempt(can, dry_run=True), pause(front, direct=True))
    assert isinstance(outcome, Done)
    assert "would disable 1 mappings" in outcome.summary
    with pytest.raises(Refused, match="2 switches"):
        await pause_worker(attempt(can, limits={"switches": 1}), pause(front, direct=True))
    before = Before(mappings=(front.mapping,))
    front.client.update_event_source_mapping(UUID=front.mapping, Enabled=False)
    params = ResumeWorkerParams(function=front.function, before=before)
    assert isinstance(await resume_worker(attempt(can, dry_run=True), params), Done)
    assert front.state() == "Disabled"
    assert not front.changes


async def test_a_mapping_that_is_gone_is_told(front: LambdaFront, can: Capabilities) -> None:
    """Nothing is guessed: people have to look."""
    params = ResumeWorkerParams(function=front.function, before=Before(mappings=("nowhere",)))
    outcome = await resume_worker(attempt(can), params)
    assert isinstance(outcome, Failed)
    assert outcome.facts["gone"] == ["nowhere"]


async def test_a_change_that_is_under_way_is_waited_for(front: LambdaFront, can: Capabilities) -> None:
    """Lambda's word that a mapping is in use is no refusal."""
    front.faults.script("UpdateEventSourceMapping", refuse(400, "ResourceInUseException"))
    with pytest.raises(Unavailable):
        await pause_worker(attempt(can), pause(front))
