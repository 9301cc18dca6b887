"""A redrive while an AI provider is away: it waits, keeps what would expire meanwhile, and sends it when the wait is over."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.sqs import SqsQueues
from leh_guardian.clock import SystemClock
from leh_guardian.context import ActionContext, Capabilities
from leh_guardian.errors import Halted, Refused, StoreUnavailable
from leh_guardian.handlers.dlq_redrive import DlqRedriveParams, dlq_redrive
from leh_guardian.handlers.keep_letters import KeepLettersParams, keep_letters
from leh_guardian.model.outcome import Done, Escalate, NoOp, Outcome, Wait
from leh_guardian.model.provider.outage import Outage, Phase
from leh_guardian.redrive import keeping, mover
from leh_guardian.store.pool import Pool
from leh_guardian.store.provider_outages import StoreOutages
from leh_guardian.telemetry import failpoints
from tests.support.attempt import Memory, again, attempt
from tests.support.clock import FakeClock
from tests.support.letters import Remembered
from tests.support.sqs_server import REGION, SqsServer

QUEUE, DLQ = "worker", "worker-dlq"
DAY = 86_400
RETENTION = 4 * DAY
"""SQS's own default, in seconds."""
HOLD = timedelta(minutes=30)


class Outside:
    """A queue with a DLQ, a provider, and one time for all of them."""

    def __init__(self, sqs: SqsServer, outages: StoreOutages) -> None:
        self.sqs, self.outages = sqs, outages
        self.clock = FakeClock(SystemClock().now())
        self.letters = Remembered()
        self.version = 0
        sqs.make_pair(QUEUE)

    def pass_(self, seconds: float) -> None:
        """Let time pass."""
        self.sqs.advance(seconds)
        self.clock.advance(seconds=seconds)

    async def provider(self, phase: Phase, name: str = "openai") -> None:
        """Say how a provider is; what is said holds for half an hour."""
        before = await self.outages.newest(name)
        now = self.clock.now()
        known = Outage(name, UUID(int=1), phase, None, now, now, now + HOLD, version=before.version if before else 0)
        assert await self.outages.follow(replace(known, version=known.version + 1))


@pytest.fixture
def sqs() -> Iterator[SqsServer]:
    """Queues."""
    with SqsServer() as server:
        server.tune(longest_wait=0.01)
        yield server


@pytest.fixture
def outside(sqs: SqsServer, pool: Pool) -> Outside:
    """All of it."""
    return Outside(sqs, StoreOutages(pool))


@pytest.fixture
async def can(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Capabilities]:
    """The handlers' view; failpoints are disarmed at the end."""
    for name, value in outside.sqs.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(mover, "EMPTY_RECEIVES", 1)
    monkeypatch.setattr(keeping, "EMPTY_RECEIVES", 1)
    async with open_aws(REGION) as aws:
        queues = SqsQueues(aws, await aws.client("sqs"))
        yield Capabilities(queues=queues, channels={}, letters=outside.letters, outages=outside.outages)
    failpoints.arm(None)


def params(**more: object) -> DlqRedriveParams:
    """A redrive."""
    return DlqRedriveParams.model_validate({"queue": DLQ, "rate": 1000.0, **more})


def bodies(*numbers: int) -> list[str]:
    """Letters."""
    return [json.dumps({"n": number}) for number in numbers]


async def test_nothing_goes_while_a_provider_is_away(outside: Outside, can: Capabilities) -> None:
    """It waits, an attempt costs nothing, and goes when the way is free; what came meanwhile goes as well."""
    outside.sqs.put(DLQ, bodies(1))
    await outside.provider(Phase.OPEN)
    ctx = attempt(can, clock=outside.clock)
    for _ in range(3):
        waiting = await dlq_redrive(ctx, params())
        assert isinstance(waiting, Wait)
        assert "openai is away" in waiting.reason
        outside.pass_(60)
        ctx = again(ctx)
    outside.sqs.put(DLQ, bodies(2))
    await outside.provider(Phase.OVER)
    outcome = await dlq_redrive(ctx, params())
    assert isinstance(outcome, Done)
    assert set(outside.sqs.bodies(QUEUE)) == set(bodies(1, 2))


@pytest.mark.parametrize(("provider", "waits"), [(None, True), ("openai", True), ("anthropic", False), ("none", False)])
async def test_whose_outage_holds_it(outside: Outside, can: Capabilities, provider: str | None, waits: bool) -> None:
    """Anybody's, unless a provider is named; `none` is nobody's. An empty queue is nothing to wait for."""
    asked = params(provider=provider) if provider else params()
    await outside.provider(Phase.OPEN)
    assert isinstance(await dlq_redrive(attempt(can, clock=outside.clock), asked), NoOp)
    outside.sqs.put(DLQ, bodies(1))
    outcome = await dlq_redrive(attempt(can, clock=outside.clock), asked)
    assert isinstance(outcome, Wait if waits else Done)


async def test_an_outage_that_begins_between_two_slices_holds_the_rest(
    outside: Outside, can: Capabilities, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has gone has gone; the rest waits, and its plan goes on afterwards."""
    outside.sqs.put(DLQ, bodies(*range(4)))
    clock, asked = outside.clock, params(canary=2)
    ctx = attempt(can, clock=clock)
    assert isinstance(await dlq_redrive(ctx, asked), Wait)
    assert len(outside.sqs.bodies(QUEUE)) == 2
    outside.pass_(300)
    await outside.provider(Phase.OPEN)
    waiting = await dlq_redrive(again(ctx), asked)
    assert isinstance(waiting, Wait)
    assert "is away" in waiting.reason
    assert len(outside.sqs.bodies(QUEUE)) == 2
    await outside.provider(Phase.OVER)
    await dlq_redrive(again(ctx), asked)
    assert len(outside.sqs.bodies(QUEUE)) == 4


async def test_a_record_that_cannot_be_read_is_waited_for(
    outside: Outside, can: Capabilities, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows whether the provider is away: nothing is sent, and no attempt has failed."""

    async def away(*_: object) -> None:
        raise StoreUnavailable

    outside.sqs.put(DLQ, bodies(1))
    ctx = attempt(can, clock=outside.clock)
    with monkeypatch.context() as broken:
        broken.setattr(outside.outages, "all_held", away)
        assert isinstance(await dlq_redrive(ctx, params()), Wait)
    assert not outside.sqs.bodies(QUEUE)
    assert isinstance(await dlq_redrive(again(ctx), params()), Done)


async def test_it_does_not_wait_for_ever(outside: Outside, can: Capabilities) -> None:
    """After its time people are asked."""
    outside.sqs.put(DLQ, bodies(1))
    ctx, outcome = attempt(can, clock=outside.clock), None
    for _ in range(5):
        await outside.provider(Phase.OPEN)
        outcome = await dlq_redrive(ctx, params(give_up_after="1h"))
        outside.pass_(1000)
        ctx = again(ctx)
    assert isinstance(outcome, Escalate)
    assert not outside.sqs.bodies(QUEUE)


async def test_what_would_expire_is_kept_and_sent_from_there(outside: Outside, can: Capabilities) -> None:
    """The old ones leave the queue before SQS deletes them; when the provider is back, all of them go, the oldest first."""
    attributes = {"kind": {"DataType": "String", "StringValue": "k"}}
    outside.sqs.call(lambda: outside.sqs._account.named(DLQ).send(outside.sqs._account.now(), "t", "old", attributes))
    outside.pass_(RETENTION - DAY / 4)
    outside.sqs.put(DLQ, ["young"])
    await outside.provider(Phase.OPEN)
    ctx = attempt(can, clock=outside.clock)
    waiting = await dlq_redrive(ctx, params())
    assert isinstance(waiting, Wait)
    assert waiting.facts["kept"] == 1
    [kept] = outside.letters.kept.values()
    assert (kept.message.body, kept.reason.split(":")[0]) == (b"old", "retention")
    outside.pass_(DAY / 2)
    await outside.provider(Phase.OVER)
    outcome = await dlq_redrive(again(ctx), params())
    assert isinstance(outcome, Done)
    told = [outcome.facts[name] for name in ("messages", "kept", "selected", "moved", "released", "left")]
    assert told == [1, 1, 2, 2, 1, 0]
    assert outside.sqs.bodies(QUEUE) == {"old": 1, "young": 1}
    arrived = [entry["body"] for entry in outside.sqs.ledger(QUEUE)]
    assert arrived == ["old", "young"]
    assert not outside.letters.kept


async def test_kept_ones_are_waited_for_when_nothing_else_is_left(outside: Outside, can: Capabilities) -> None:
    """They would die as well: an empty queue with kept letters is held like a full one, and a canary is taken from them."""
    outside.sqs.put(DLQ, bodies(*range(4)))
    outside.pass_(RETENTION - DAY / 4)
    await outside.provider(Phase.OPEN)
    for _ in range(2):
        assert isinstance(await dlq_redrive(attempt(can, clock=outside.clock), params()), Wait)
    assert len(outside.letters.kept) == 4
    await outside.provider(Phase.OVER)
    waiting = await dlq_redrive(attempt(can, clock=outside.clock), params(canary=3))
    assert isinstance(waiting, Wait)
    assert len(outside.sqs.bodies(QUEUE)) == 3
    assert len(outside.letters.kept) == 1


@pytest.mark.parametrize("point", ["keeping.kept", "redrive.sent", "redrive.deleted"])
async def test_a_crash_loses_none_of_them(outside: Outside, can: Capabilities, point: str) -> None:
    """Killed while they are kept or sent, each arrives; only one between sending and remembering arrives twice."""
    outside.sqs.put(DLQ, bodies(*range(3)))
    outside.pass_(RETENTION - DAY / 4)
    await outside.provider(Phase.OPEN)

    def crash(name: str) -> None:
        if name == point:
            raise SystemExit

    ctx = attempt(can, clock=outside.clock)
    failpoints.arm(crash)
    outcome: Outcome | None = None
    for round_ in range(8):
        if round_ == 1:
            await outside.provider(Phase.OVER)
        try:
            outcome = await dlq_redrive(ctx, params())
        except SystemExit:
            failpoints.arm(None)
        ctx = again(ctx)
        outside.pass_(150)
    assert isinstance(outcome, Done | NoOp)
    arrived = outside.sqs.bodies(QUEUE)
    assert set(arrived) == set(bodies(*range(3)))
    assert sum(arrived.values()) == (6 if point == "redrive.sent" else 3)
    assert not outside.letters.kept


async def test_a_letter_that_is_kept_and_still_in_the_queue_is_sent_once(outside: Outside, can: Capabilities) -> None:
    """Killed between keeping and deleting: the redrive sends it out of quarantine, and deletes what it finds in the queue."""
    outside.sqs.put(DLQ, bodies(1))
    outside.pass_(RETENTION - DAY / 4)
    ctx = attempt(can, clock=outside.clock, memory=Memory(stop_at=1))
    with pytest.raises(Halted):
        await keep_letters(ctx, KeepLettersParams(queue=DLQ))
    assert len(outside.letters.kept) == 1
    outside.pass_(keeping.VISIBILITY)
    outcome = await dlq_redrive(attempt(can, clock=outside.clock), params())
    assert isinstance(outcome, Done)
    assert outside.sqs.bodies(QUEUE) == {bodies(1)[0]: 1}
    assert outcome.facts["left"] == 0


async def test_a_letter_that_only_rests_is_not_taken_for_sent(outside: Outside, can: Capabilities) -> None:
    """A redrive that does not mean it deletes what is left of it in the queue, and leaves it in quarantine; the next one sends it."""
    outside.sqs.put(DLQ, [json.dumps({"case_id": "case_1"})])
    outside.pass_(RETENTION - DAY / 4)
    ctx = attempt(can, clock=outside.clock, memory=Memory(stop_at=1))
    with pytest.raises(Halted):
        await keep_letters(ctx, KeepLettersParams(queue=DLQ))
    outside.pass_(keeping.VISIBILITY)
    outside.sqs.put(DLQ, [json.dumps({"case_id": "case_2"})])
    outcome = await dlq_redrive(attempt(can, clock=outside.clock), params(select={"cases": ["case_2"]}))
    assert isinstance(outcome, Done)
    assert (len(outside.letters.kept), outcome.facts["left"]) == (1, 0)
    outcome = await dlq_redrive(attempt(can, clock=outside.clock), params())
    assert isinstance(outcome, Done)
    assert outcome.facts["released"] == 1
    assert sorted(outside.sqs.bodies(QUEUE)) == [json.dumps({"case_id": case}) for case in ("case_1", "case_2")]


def _numbers(messages: Sequence[bytes]) -> set[int]:
    return {json.loads(body)["n"] for body in messages}


async def kept_by(ctx: ActionContext, **more: object) -> Outcome:
    """Keep letters."""
    return await keep_letters(ctx, KeepLettersParams.model_validate({"queue": DLQ, **more}))


async def test_a_step_keeps_what_would_not_outlive_the_wait_after_it(outside: Outside, can: Capabilities) -> None:
    """By the age that each has in its own right; the others stay, and are visible again."""
    for number in range(4):
        outside.sqs.put(DLQ, bodies(number))
        outside.pass_(DAY * 7 / 8)
    dry = await kept_by(attempt(can, clock=outside.clock, dry_run=True), within="36h")
    assert isinstance(dry, Done)
    assert not outside.letters.kept
    with pytest.raises(Refused, match="limit"):
        await kept_by(attempt(can, clock=outside.clock, limits={"kept": 3}), within="36h")
    outcome = await kept_by(attempt(can, clock=outside.clock), within="36h")
    assert isinstance(outcome, Done)
    assert (outcome.facts["kept"], outcome.facts["messages"], outcome.facts["whole"]) == (2, 4, True)
    assert _numbers([each.message.body for each in outside.letters.kept.values()]) == {0, 1}
    assert (await can.queues.info(DLQ)).depth.visible == 2
    once_more = await kept_by(attempt(can, clock=outside.clock), within="1h")
    assert isinstance(once_more, Done)
    assert once_more.facts["kept"] == 0


async def test_an_empty_queue_keeps_nothing(outside: Outside, can: Capabilities) -> None:
    """There is nothing to do."""
    assert isinstance(await kept_by(attempt(can, clock=outside.clock)), NoOp)
