"""A reprocessing that is killed at any instant and goes on: no piece lost, none given to the worker twice, with keys and without."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from leh_guardian.adapters.aws import Aws
from leh_guardian.errors import Halted
from leh_guardian.handlers.reprocess_evidence import ReprocessEvidenceParams, reprocess_evidence
from leh_guardian.model.outcome import Done, Outcome, Unknown, Wait
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from leh_guardian.telemetry import failpoints
from tests.support.attempt import Memory, again
from tests.support.reprocessing import Leh, leh
from tests.support.sqs_server import SqsServer

PIECES = 3
DOUBTFUL = "reprocess.asking"
"""Between the row and the request: only there nobody can know afterwards."""


@pytest.fixture
async def service(pool: Pool, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Leh]:
    """The service."""
    with SqsServer() as sqs:
        sqs.tune(longest_wait=0.01)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", sqs.url)
        async with leh(pool, aws, sqs) as made:
            yield made
    failpoints.arm(None)


class Killed(BaseException):
    """kill -9, as far as a test in the same process can have it."""


class Plan:
    """Ends the attempt at the n-th time that a point is passed; counts what was passed."""

    def __init__(self, point: str = "", hit: int = 0) -> None:
        self.passed: Counter[str] = Counter()
        self._end = (point, hit)
        failpoints.arm(self._pass)

    def _pass(self, name: str) -> None:
        self.passed[name] += 1
        if (name, self.passed[name]) == self._end:
            failpoints.arm(None)
            raise Killed


async def run(service: Leh, pieces: list[str], *, point: str, hit: int, save: int = 0) -> tuple[Outcome, Plan]:
    """Have pieces processed by an action that is killed once, and goes on when its lease is over."""
    service.bury(*pieces)
    params = ReprocessEvidenceParams.model_validate(
        {"source": service.dlq, "rate": 3000.0, "concurrency": 2, "finish_within": "1m"}
    )
    ctx, plan = service.attempt(), Plan(point, hit)
    memory = ctx.checkpoints
    assert isinstance(memory, Memory)
    memory.stop_at = save or None
    for _ in range(60):
        try:
            outcome = await reprocess_evidence(ctx, params)
            pause = (outcome.until - service.clock.now()).total_seconds() if isinstance(outcome, Wait) else 0.0
        except (Killed, Halted):
            outcome, pause = Wait(service.clock.now(), "killed"), 61.0
        if not isinstance(outcome, Wait):
            failpoints.arm(None)
            return outcome, plan
        service.travel(pause)
        ctx = again(ctx)
    raise AssertionError(f"there is no end: {outcome}")


async def places(service: Leh) -> Iterator[tuple[str, int, int]]:
    """Return (failpoint, hit, checkpoint) of every place that a quiet run passes."""
    outcome, plan = await run(service, [f"ev_quiet{n}" for n in range(PIECES)], point="", hit=0)
    assert isinstance(outcome, Done)
    assert DOUBTFUL in plan.passed
    points = [(name, hit, 0) for name, hits in sorted(plan.passed.items()) for hit in range(1, hits + 1)]
    return iter(points + [("", 0, save) for save in range(1, 6)])


async def kept(service: Leh) -> set[str]:
    """The evidence of letters that are still in quarantine."""
    async with transaction(service.pool) as tx:
        rows = await tx.fetch("select evidence from quarantine where status = 'kept'")
    return {each for row in rows for each in row["evidence"]}


@pytest.mark.parametrize("idempotent", [True, False], ids=["keys", "no-keys"])
async def test_killed_at_every_place(service: Leh, idempotent: bool) -> None:
    """All finish once where the API honours keys. Without, a request that may have gone out does not go out again: a person looks."""
    service.honouring(idempotent)
    unknown: list[Any] = []
    for number, (point, hit, save) in enumerate(await places(service)):
        pieces = [f"ev_{number:02}x{n}" for n in range(PIECES)]
        outcome, _ = await run(service, pieces, point=point, hit=hit, save=save)
        where = f"killed at {point or 'checkpoint'} {hit or save}: {outcome}"
        effects = {each: service.effects.get(each, 0) for each in pieces}
        assert max(effects.values()) <= 1, where
        assert service.left(service.dlq) == 0, where
        if not idempotent and point == DOUBTFUL:
            assert isinstance(outcome, Unknown), where
            [lacking] = [each for each in pieces if "not known" in outcome.facts["stragglers"].get(each, "")]
            assert not effects[lacking], where
            assert lacking in outcome.reason, where
            assert lacking in await kept(service), where
            unknown.append(lacking)
        else:
            assert isinstance(outcome, Done), where
            assert set(effects.values()) == {1}, where
            assert not set(pieces) & await kept(service), where
    assert len(unknown) == (0 if idempotent else PIECES)
