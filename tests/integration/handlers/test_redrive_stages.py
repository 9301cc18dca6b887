"""A redrive in stages: which letters, the first few, what comes back, what is never sent again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from leh_guardian.adapters import sqs
from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.sqs import SqsQueues
from leh_guardian.clock import SystemClock
from leh_guardian.context import ActionContext, Capabilities
from leh_guardian.errors import Refused
from leh_guardian.handlers.dlq_redrive import DlqRedriveParams, dlq_redrive
from leh_guardian.model.outcome import Done, Failed, NoOp, Outcome, Wait
from leh_guardian.redrive import mover, stages
from leh_guardian.redrive.goal import return_seconds
from leh_guardian.telemetry import failpoints
from tests.support.attempt import Memory, again, attempt
from tests.support.clock import FakeClock
from tests.support.letters import Remembered
from tests.support.sqs import Queues, make_queues


@pytest.fixture
async def client(aws: Aws) -> Any:
    """A plain SQS client for the test's own looks."""
    return await aws.client("sqs")


@pytest.fixture
def letters() -> Remembered:
    """What guardian remembers."""
    return Remembered()


@pytest.fixture
async def can(aws: Aws, client: Any, letters: Remembered) -> AsyncIterator[Capabilities]:
    """The handler's view; failpoints are disarmed at the end."""
    yield Capabilities(queues=SqsQueues(aws, client), channels={}, letters=letters)
    failpoints.arm(None)


@pytest.fixture
async def queues(client: Any) -> Queues:
    """A queue and its dead-letter queue."""
    return await make_queues(client)


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let messages that a crashed attempt has hidden come back while the next attempt looks for them."""
    monkeypatch.setattr(mover, "VISIBILITY", 2)
    monkeypatch.setattr(sqs, "_RECEIVE_WAIT", 0)
    monkeypatch.setattr(mover, "EMPTY_RECEIVES", 1)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a receive wait as long as it does in earnest: what a crashed attempt has hidden comes back meanwhile."""
    monkeypatch.setattr(sqs, "_RECEIVE_WAIT", 1)


def cases(*of: str) -> list[str]:
    """Letters of cases, one each."""
    return [json.dumps({"evidence_id": f"ev_{n}", "case_id": case}) for n, case in enumerate(of)]


async def to_the_end(ctx: ActionContext, params: DlqRedriveParams, clock: FakeClock, rounds: int = 200) -> Outcome:
    """Run attempts, each after the wait of the one before."""
    for _ in range(rounds):
        outcome = await dlq_redrive(ctx, params)
        if not isinstance(outcome, Wait):
            return outcome
        clock.advance(seconds=(outcome.until - clock.now()).total_seconds())
        ctx = again(ctx)
    raise AssertionError(f"there is no end: {outcome}")


async def test_the_first_few_go_first_and_the_rest_when_none_has_come_back(
    client: Any, can: Capabilities, queues: Queues
) -> None:
    """After the canary it waits for as long as a failure takes to return, then moves the rest, then waits again and reports."""
    await queues.fill(queues.dlq_url, [str(n) for n in range(30)])
    clock = FakeClock()
    params = DlqRedriveParams(queue=queues.dlq, canary=4, rate=1000.0)
    ctx = attempt(can, clock=clock)
    first = await dlq_redrive(ctx, params)
    assert isinstance(first, Wait)
    assert first.facts["moved"] == await queues.depth(queues.source_url) == 4
    source = await can.queues.info(queues.source)
    waited = (first.until - clock.now()).total_seconds()
    assert waited == pytest.approx(return_seconds(source), abs=1)
    assert return_seconds(source) >= source.visibility_timeout * (source.max_receive_count or 0)
    early = await dlq_redrive(again(ctx), params)
    assert isinstance(early, Wait)
    assert await queues.depth(queues.source_url) == 4
    clock.advance(seconds=waited)
    outcome = await to_the_end(again(ctx), params, clock)
    assert isinstance(outcome, Done)
    assert (outcome.facts["moved"], outcome.facts["returned"], outcome.facts["left"]) == (30, 0, 0)
    assert await queues.bodies(queues.source_url) == {str(n): 1 for n in range(30)}


async def test_when_one_of_the_first_comes_back_nothing_more_is_sent(
    client: Any, can: Capabilities, queues: Queues
) -> None:
    """The cause is still there: it fails, and the rest stays where it is."""
    await queues.fill(queues.dlq_url, [str(n) for n in range(30)])
    clock, params = FakeClock(), DlqRedriveParams(queue=queues.dlq, canary=4, rate=1000.0)
    ctx = attempt(can, clock=clock)
    waiting = await dlq_redrive(ctx, params)
    assert isinstance(waiting, Wait)
    died = (await queues.read(queues.source_url))[0]["Body"]
    await queues.fill(queues.dlq_url, [died])
    clock.advance(seconds=(waiting.until - clock.now()).total_seconds())
    outcome = await dlq_redrive(again(ctx), params)
    assert isinstance(outcome, Failed)
    assert "died again" in outcome.reason
    assert (outcome.facts["moved"], outcome.facts["returned"]) == (4, 1)
    assert await queues.depth(queues.dlq_url) == 27


async def test_a_canary_that_is_all_there_is_ends_with_its_proof(
    client: Any, can: Capabilities, queues: Queues
) -> None:
    """Fewer letters than the canary: one wait, then done."""
    await queues.fill(queues.dlq_url, ["a", "b"])
    clock, params = FakeClock(), DlqRedriveParams(queue=queues.dlq, canary=5)
    ctx = attempt(can, clock=clock)
    assert isinstance(await dlq_redrive(ctx, params), Wait)
    clock.advance(hours=1)
    outcome = await dlq_redrive(again(ctx), params)
    assert isinstance(outcome, Done)
    assert outcome.facts["moved"] == 2


async def test_a_letter_that_dies_again_and_again_is_kept(
    client: Any, can: Capabilities, queues: Queues, letters: Remembered
) -> None:
    """Sent back as often as the rule allows, it goes to quarantine, whole, and never round again; the others go on."""
    params = DlqRedriveParams(queue=queues.dlq, max_redrives=2)
    attributes = {"kind": {"DataType": "Binary", "BinaryValue": b"\x00"}}
    await queues.fill(queues.dlq_url, ["독"], MessageAttributes=attributes)
    for _ in range(2):
        outcome = await dlq_redrive(attempt(can), params)
        assert isinstance(outcome, Done)
        assert outcome.facts["moved"] == 1
        await queues.read(queues.source_url)
        await queues.fill(queues.dlq_url, ["독"], MessageAttributes=attributes)
    await queues.fill(queues.dlq_url, ["good"])
    outcome = await dlq_redrive(attempt(can), params)
    assert isinstance(outcome, Done)
    assert (outcome.facts["moved"], outcome.facts["quarantined"], outcome.facts["left"]) == (1, 1, 0)
    assert "quarantine" in outcome.summary
    [kept] = letters.kept.values()
    assert (kept.message.body, kept.redrives) == ("독".encode(), 2)
    assert kept.message.attributes["kind"]["BinaryValue"] == b"\x00"
    assert await queues.depth(queues.dlq_url) == 0
    assert [m["Body"] for m in await queues.read(queues.source_url)][-1] == "good"


async def test_letters_of_one_payload_are_letters_of_their_own(
    client: Any, can: Capabilities, queues: Queues, letters: Remembered
) -> None:
    """A hundred equal messages all go back, in any number of redrives that none of them has been part of; none counts for another."""
    for _ in range(2):
        await queues.fill(queues.dlq_url, ["same"] * 35)
        clock = FakeClock(SystemClock().now())
        outcome = await to_the_end(
            attempt(can, clock=clock), DlqRedriveParams(queue=queues.dlq, canary=4, rate=3000.0), clock
        )
        assert isinstance(outcome, Done)
        assert (outcome.facts["moved"], outcome.facts["returned"], outcome.facts["left"]) == (35, 0, 0)
        assert await queues.bodies(queues.source_url) == {"same": 35}
    assert not letters.kept


@pytest.mark.usefixtures("patient")
async def test_a_crash_between_keeping_and_deleting_keeps_one(
    client: Any, can: Capabilities, queues: Queues, letters: Remembered
) -> None:
    """The letter is still in the queue and in quarantine: the next attempt deletes it and keeps no second."""
    params = DlqRedriveParams(queue=queues.dlq, max_redrives=1)
    await queues.fill(queues.dlq_url, ["x"])
    await dlq_redrive(attempt(can), params)
    await queues.fill(queues.dlq_url, ["x"])

    def crash(name: str) -> None:
        if name == "redrive.kept":
            raise SystemExit

    failpoints.arm(crash)
    ctx = attempt(can)
    with pytest.raises(SystemExit):
        await dlq_redrive(ctx, params)
    failpoints.arm(None)
    assert isinstance(await to_the_end(again(ctx), params, FakeClock()), Done)
    assert len(letters.kept) == 1
    assert await queues.depth(queues.dlq_url) == 0
    assert await queues.depth(queues.source_url) == 1


async def test_what_was_sent_is_known_even_without_a_checkpoint(
    client: Any, can: Capabilities, queues: Queues, letters: Remembered
) -> None:
    """A later redrive that finds a letter which an earlier one sent and could not delete, deletes it."""
    await queues.fill(queues.dlq_url, ["a", "b"])
    real = can.queues.delete

    async def nothing(*_: Any) -> int:
        return 0

    can.queues.delete = nothing  # type: ignore[method-assign]
    with pytest.raises(AssertionError, match="no end"):
        await to_the_end(attempt(can, clock=FakeClock()), DlqRedriveParams(queue=queues.dlq), FakeClock(), 1)
    can.queues.delete = real  # type: ignore[method-assign]
    with anyio.fail_after(30):
        while (await can.queues.info(queues.dlq)).depth.visible < 2:  # noqa: ASYNC110 - SQS does not call back
            await anyio.sleep(0.1)
    outcome = await to_the_end(attempt(can), DlqRedriveParams(queue=queues.dlq), FakeClock())
    assert not isinstance(outcome, Failed)
    assert await queues.bodies(queues.source_url) == {"a": 1, "b": 1}
    assert await queues.depth(queues.dlq_url) == 0


async def test_only_what_is_meant_goes(client: Any, can: Capabilities, queues: Queues) -> None:
    """By case: the others stay, visible, and the plan says how many there are and why they are left out."""
    await queues.fill(queues.dlq_url, cases("case_a", "case_b", "case_a", "case_c"))
    params = DlqRedriveParams.model_validate({"queue": queues.dlq, "select": {"cases": ["case_a"]}})
    plan = await dlq_redrive(attempt(can, dry_run=True), params)
    assert isinstance(plan, Done)
    assert plan.facts == {
        "source": queues.dlq,
        "destination": queues.source,
        "messages": 4,
        "selected": 2,
        "skipped": {"of another case": 2},
    }
    outcome = await dlq_redrive(attempt(can, limits={"messages": 2}), params)
    assert isinstance(outcome, Done)
    assert (outcome.facts["moved"], outcome.facts["left"]) == (2, 2)
    assert sorted(await queues.bodies(queues.source_url)) == sorted(cases("case_a", "case_b", "case_a")[::2])
    assert isinstance(await dlq_redrive(attempt(can), params), NoOp)


async def test_a_selection_is_held_to_the_limit(client: Any, can: Capabilities, queues: Queues) -> None:
    """What is meant counts, not what lies in the queue; too much of it is refused before anything is sent."""
    await queues.fill(queues.dlq_url, cases("case_a", "case_b", "case_a", "case_c"))
    params = DlqRedriveParams.model_validate({"queue": queues.dlq, "select": {"cases": ["case_a"]}})
    with pytest.raises(Refused, match="would touch 2 messages"):
        await dlq_redrive(attempt(can, limits={"messages": 1}), params)
    assert await queues.depth(queues.source_url) == 0
    assert await queues.depth(queues.dlq_url) == 4


async def test_a_ramp_stops_when_too_much_dies_again(client: Any, can: Capabilities, queues: Queues) -> None:
    """What comes back is left alone and counted; above a fifth of what went, nothing more is sent."""
    await queues.fill(queues.dlq_url, [str(n) for n in range(200)])
    clock, params = FakeClock(), DlqRedriveParams(queue=queues.dlq, canary=1, rate=3000.0)
    ctx = attempt(can, clock=clock)
    assert isinstance(await dlq_redrive(ctx, params), Wait)
    clock.advance(hours=1)
    real = can.queues.send

    async def bounce(queue: Any, messages: Any) -> Any:
        refused = await real(queue, messages)
        await queues.fill(queues.dlq_url, [m.body.decode() for m in messages])
        return refused

    can.queues.send = bounce  # type: ignore[method-assign]
    outcome = await to_the_end(again(ctx), params, clock)
    assert isinstance(outcome, Failed)
    assert "have died again" in outcome.reason
    arrived = await queues.bodies(queues.source_url)
    assert max(arrived.values()) == 1
    assert outcome.facts["returned"] >= stages.ENOUGH


async def test_a_redrive_that_an_older_version_began_goes_on(client: Any, can: Capabilities, queues: Queues) -> None:
    """Its checkpoint has none of what is new."""
    await queues.fill(queues.dlq_url, ["a", "b"])
    began = {"planned": 2, "moved": 0, "refused": {}, "stopped": [], "sent": [], "waits": 0}
    ctx = attempt(can, memory=Memory({"progress": began}))
    outcome = await dlq_redrive(ctx, DlqRedriveParams(queue=queues.dlq, canary=1))
    assert isinstance(outcome, Wait)
    assert await queues.bodies(queues.source_url) == {"a": 1, "b": 1}


async def test_a_long_redrive_waits_instead_of_running_into_its_timeout(
    client: Any, can: Capabilities, queues: Queues, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It moves for some minutes, writes down where it is, and goes on in the next attempt."""
    monkeypatch.setattr(stages, "SLICE", 0.0)
    await queues.fill(queues.dlq_url, ["a", "b"])
    params = DlqRedriveParams(queue=queues.dlq)
    ctx = attempt(can)
    paused = await dlq_redrive(ctx, params)
    assert isinstance(paused, Wait)
    assert "moved 0 of 2 so far" in paused.reason
    monkeypatch.undo()
    outcome = await dlq_redrive(again(ctx), params)
    assert isinstance(outcome, Done)
    assert outcome.facts["moved"] == 2
