"""guardian ends between asking for a piece and its answer, and the API honours no keys: what the piece's record tells, and when."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from leh_guardian.adapters.aws import Aws
from leh_guardian.handlers.reconcile_case import ReconcileCaseParams, reconcile_case
from leh_guardian.model.outcome import Done, Outcome, Unknown, Wait
from leh_guardian.ports import AdminApi
from leh_guardian.store.pool import Pool
from tests.support.attempt import again
from tests.support.case_outside import CaseOutside, case_outside

PIECES = ["ev_1", "ev_2", "ev_3"]
WITHIN = timedelta(minutes=15)


class Ended(Exception):
    """The process is gone."""


@dataclass
class EndsOnce:
    """The API, in whose first request for a piece the process ends: before it went out, or before its answer was heard."""

    real: AdminApi
    sent: bool
    ended: str = ""
    """The piece at which it was."""

    idempotent = False

    async def reprocess(self, evidence: str, key: str) -> str:
        """Ask, and end, once; after that only ask."""
        if self.ended:
            return await self.real.reprocess(evidence, key)
        self.ended = evidence
        if self.sent:
            await self.real.reprocess(evidence, key)
        raise Ended

    async def reindex(self, case: str, key: str) -> str:
        """Ask."""
        return await self.real.reindex(case, key)


@pytest.fixture
async def leh(pool: Pool, aws: Aws) -> AsyncIterator[CaseOutside]:
    """A case with three files and no record; its API honours no keys."""
    async with case_outside(pool, aws, "evidence_id") as made:
        made.honouring(False)
        await made.files(*PIECES)
        yield made


async def record(leh: CaseOutside, evidence: str, **more: str | int) -> None:
    """Write a piece's record, as the worker would now."""
    item: dict[str, Any] = {"evidence_id": evidence, "case_id": leh.case, **more}
    typed = {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in item.items()}
    await leh.dynamodb.put_item(TableName=leh.worker.table, Item=typed)


async def played(leh: CaseOutside, *, sent: bool, story: Callable[[float], Any] | None = None) -> tuple[Outcome, str]:
    """Let the process end once and another go on to the end; `story` is what the worker does, by the seconds since then."""
    admin = EndsOnce(leh.can.admin, sent)  # type: ignore[arg-type]
    leh.can = replace(leh.can, admin=admin)
    params = ReconcileCaseParams(case=leh.case, rate=1000.0, poll=timedelta(minutes=3), finish_within=WITHIN)
    ctx, begun = leh.attempt(), leh.clock.now()
    with pytest.raises(Ended):
        await reconcile_case(ctx, params)
    for _ in range(200):
        if story is not None:
            await story((leh.clock.now() - begun).total_seconds())
        ctx = again(ctx)
        outcome = await reconcile_case(ctx, params)
        if not isinstance(outcome, Wait):
            return outcome, admin.ended
        leh.clock.advance(seconds=max(1.0, (outcome.until - leh.clock.now()).total_seconds()))
    raise AssertionError(f"there is no end: {outcome}")


async def test_what_was_taken_completes_by_itself(leh: CaseOutside) -> None:
    """The worker has it: no person is asked, nothing is asked for twice, and the others follow."""
    outcome, _ = await played(leh, sent=True)
    assert isinstance(outcome, Done), outcome
    assert leh.effects == dict.fromkeys(PIECES, 1)


@pytest.mark.parametrize(
    "at_work",
    [{"status": "processing", "updated_at": True}, {"status": "queued"}, {"status": "working", "attempts": 2}],
    ids=["processing", "a word of its own", "a count"],
)
async def test_a_record_that_moves_shows_that_it_was_taken(leh: CaseOutside, at_work: dict[str, Any]) -> None:
    """It is at work for longer than a request is doubted: its record, written since it was asked for, is waited with to its end."""
    slow, process = PIECES[0], leh.api.process
    assert process is not None
    if "attempts" in at_work:
        # It had failed once before; its worker counts, and leaves the word until it is done.
        await record(leh, slow, status="failed", attempts=1)

    async def all_but_the_slow_one(evidence: str) -> None:
        if evidence != slow:
            await process(evidence)

    leh.api.process = all_but_the_slow_one

    async def story(seconds: float) -> None:
        now = {"updated_at": leh.clock.now().isoformat()} if "updated_at" in at_work else {}
        if 600 < seconds < WITHIN.total_seconds() + 300:
            await record(leh, slow, **{**at_work, **now})
        elif seconds >= WITHIN.total_seconds() + 300:
            await process(slow)

    outcome, ended = await played(leh, sent=True, story=story)
    assert ended == slow
    assert isinstance(outcome, Done), outcome
    assert leh.effects == dict.fromkeys(PIECES, 1)


async def test_what_never_went_out_is_a_persons_and_nothing_else_is(leh: CaseOutside) -> None:
    """Its record does not move until the deadline: that piece alone is told, with what to do; what can be processed is."""
    outcome, ended = await played(leh, sent=False)
    assert isinstance(outcome, Unknown), outcome
    others = [one for one in PIECES if one != ended]
    assert leh.effects == dict.fromkeys(others, 1)
    assert f"알 수 없는 증거 1건: {ended} -" in outcome.reason
    assert f"leh-guardian case restore {leh.case} --reason" in outcome.reason
    # What that command does then.
    leh.honouring(False)
    assert isinstance(await leh.reconcile(), Done)
    assert leh.effects == dict.fromkeys(PIECES, 1)
