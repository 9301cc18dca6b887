"""What becomes of letters that went back: by the records of their evidence, or by their not returning."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.dynamo import DynamoTables
from leh_guardian.adapters.sqs import SqsQueues
from leh_guardian.context import ActionContext, Capabilities
from leh_guardian.handlers.dlq_redrive import DlqRedriveParams, dlq_redrive
from leh_guardian.handlers.redriven_finished import RedrivenFinishedParams, redriven_finished
from leh_guardian.model.outcome import Done, Failed, Outcome, Wait
from leh_guardian.redrive import mover, proof
from leh_guardian.telemetry import failpoints
from tests.support.attempt import again, attempt
from tests.support.clock import FakeClock
from tests.support.evidence_server import EvidenceServer
from tests.support.faults import refuse
from tests.support.letters import Remembered
from tests.support.sqs_server import REGION, SqsServer

TABLE, QUEUE, DLQ = "evidence", "worker", "worker-dlq"
RETURNS = 3 * 30 + 15
"""Seconds that a failure takes to return to DLQ."""


class Outside:
    """Queues and a table, and what a test does with them."""

    def __init__(self, sqs: SqsServer, tables: EvidenceServer) -> None:
        self.sqs, self.tables, self.clock = sqs, tables, FakeClock()
        self.letters = Remembered()
        sqs.make_pair(QUEUE)
        tables.make_table(TABLE, "evidence_id")

    def die(self, *evidence: str) -> None:
        """Let a letter die for each piece of evidence."""
        self.sqs.put(DLQ, [json.dumps({"evidence_id": each, "case_id": "case_1"}) for each in evidence])

    def say(self, status: str, *evidence: str) -> None:
        """Let the records say something."""
        for each in evidence:
            self.tables.put(TABLE, evidence_id=each, case_id="case_1", status=status)


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    """Both servers."""
    with SqsServer() as sqs, EvidenceServer() as tables:
        sqs.tune(longest_wait=0.01)
        for name, value in (tables.environment() | sqs.environment()).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", tables.url)
        monkeypatch.setattr(mover, "EMPTY_RECEIVES", 1)
        yield Outside(sqs, tables)


@pytest.fixture
async def can(outside: Outside) -> AsyncIterator[Capabilities]:
    """The handlers' view."""
    async with open_aws(REGION) as aws:
        yield Capabilities(
            queues=SqsQueues(aws, await aws.client("sqs")),
            channels={},
            letters=outside.letters,
            tables=DynamoTables(aws, await aws.client("dynamodb")),
            evidence_table=TABLE,
        )


async def look_again(ctx: ActionContext, params: DlqRedriveParams, outside: Outside) -> Outcome:
    """The next attempt, a few seconds later."""
    outside.clock.advance(seconds=10)
    return await dlq_redrive(again(ctx), params)


CANARY = DlqRedriveParams(queue=DLQ, canary=2, rate=1000.0)


async def test_a_canary_goes_on_as_soon_as_its_records_are_finished(outside: Outside, can: Capabilities) -> None:
    """Long before a failure would have returned; until then it looks every few seconds. So does the proof of the whole."""
    outside.die(*(f"ev_{n}" for n in range(6)))
    outside.say("processing", *(f"ev_{n}" for n in range(6)))
    ctx = attempt(can, clock=outside.clock)
    waiting = await dlq_redrive(ctx, CANARY)
    assert isinstance(waiting, Wait)
    assert (waiting.until - outside.clock.now()).total_seconds() < RETURNS / 2
    sent = [json.loads(body)["evidence_id"] for body in outside.sqs.bodies(QUEUE)]
    outside.say("processed", sent[0])
    assert isinstance(await look_again(ctx, CANARY, outside), Wait)
    assert len(outside.sqs.bodies(QUEUE)) == 2, "one of two is not enough"
    outside.say("processed", sent[1])
    ramp = await look_again(ctx, CANARY, outside)
    assert isinstance(ramp, Wait)
    assert len(outside.sqs.bodies(QUEUE)) == 6
    outside.say("processed", *(f"ev_{n}" for n in range(5)))
    assert isinstance(await look_again(ctx, CANARY, outside), Wait), "one is at work"
    outside.say("processed", "ev_5")
    outcome = await look_again(ctx, CANARY, outside)
    assert isinstance(outcome, Done)
    assert (outcome.facts["moved"], outcome.facts["returned"]) == (6, 0)


async def test_a_record_that_fails_anew_ends_the_canary_at_once(outside: Outside, can: Capabilities) -> None:
    """One that says so from before does not, until it was seen otherwise, or until a failure would have returned."""
    outside.die("ev_1", "ev_2", "ev_3")
    outside.say("failed", "ev_1", "ev_2", "ev_3")
    ctx = attempt(can, clock=outside.clock)
    assert isinstance(await dlq_redrive(ctx, CANARY), Wait)
    assert isinstance(await look_again(ctx, CANARY, outside), Wait)
    outside.say("processing", "ev_1", "ev_2", "ev_3")
    assert isinstance(await look_again(ctx, CANARY, outside), Wait)
    outside.say("failed", "ev_1", "ev_2", "ev_3")
    outcome = await look_again(ctx, CANARY, outside)
    assert isinstance(outcome, Failed)
    assert "have failed by their records" in outcome.reason
    assert outcome.facts["moved"] == 2


async def test_a_failure_that_the_worker_swallowed_is_seen_in_the_end(outside: Outside, can: Capabilities) -> None:
    """Nothing has returned, and the records still say that they failed."""
    outside.die("ev_1", "ev_2", "ev_3")
    outside.say("failed", "ev_1", "ev_2", "ev_3")
    ctx = attempt(can, clock=outside.clock)
    assert isinstance(await dlq_redrive(ctx, CANARY), Wait)
    outside.clock.advance(seconds=RETURNS)
    assert isinstance(await dlq_redrive(again(ctx), CANARY), Failed)
    assert len(outside.sqs.bodies(QUEUE)) == 2


async def test_where_records_say_nothing_it_is_waited_for_the_return(outside: Outside, can: Capabilities) -> None:
    """No evidence in a letter, a table that does not answer, or none that is configured: non-return is the proof."""
    outside.die("ev_1", "ev_2", "ev_3")
    outside.say("processed", "ev_1", "ev_2", "ev_3")
    outside.tables.faults.script("GetItem", *[refuse(400, "AccessDeniedException")] * 9)
    for others in (can, replace(can, evidence_table=None), replace(can, tables=None)):
        ctx = attempt(others, clock=outside.clock)
        waiting = await dlq_redrive(ctx, CANARY)
        assert isinstance(waiting, Wait)
        assert (waiting.until - outside.clock.now()).total_seconds() == pytest.approx(RETURNS, abs=1)
        outside.die("ev_1", "ev_2")


async def test_several_cases_of_one_letter_prove_nothing(outside: Outside, can: Capabilities) -> None:
    """Nobody knows whose the evidence is, so a table that needs the case cannot be asked."""
    outside.tables.make_table(TABLE, "case_id", "evidence_id")
    letter = {"evidence_id": "ev_1", "case_id": "case_1", "other": {"caseId": "case_2"}}
    outside.say("processed", "ev_1")
    outside.sqs.put(DLQ, [json.dumps(letter | {"n": n}) for n in range(3)])
    waiting = await dlq_redrive(attempt(can, clock=outside.clock), CANARY)
    assert isinstance(waiting, Wait)
    assert (waiting.until - outside.clock.now()).total_seconds() == pytest.approx(RETURNS, abs=1)


async def redriven(outside: Outside, can: Capabilities, *evidence: str) -> ActionContext:
    """Redrive letters at once; returns the verification that follows in the same incident."""
    outside.die(*evidence)
    ctx = attempt(can, clock=outside.clock)
    assert isinstance(await dlq_redrive(ctx, DlqRedriveParams(queue=DLQ, rate=1000.0)), Done)
    return replace(attempt(can, clock=outside.clock), incident_id=ctx.incident_id)


VERIFY = RedrivenFinishedParams(queue=DLQ)


async def test_finished_records_are_proof_at_once(outside: Outside, can: Capabilities) -> None:
    """Each letter ended in a finished record: nobody waits for what cannot return."""
    outside.say("processed", "ev_1", "ev_2")
    verify = await redriven(outside, can, "ev_1", "ev_2")
    outcome = await redriven_finished(verify, VERIFY)
    assert isinstance(outcome, Done)
    told = {name: outcome.facts[name] for name in ("moved", "finished", "unfinished", "unknown", "returned", "left")}
    assert told == {"moved": 2, "finished": 2, "unfinished": 0, "unknown": 0, "returned": 0, "left": 0}


async def test_an_unfinished_record_is_waited_for_and_then_told(outside: Outside, can: Capabilities) -> None:
    """Until a failure would have returned, and its patience is over; which they are is told."""
    outside.say("processed", "ev_1")
    outside.say("processing", "ev_2")
    verify = await redriven(outside, can, "ev_1", "ev_2")
    seen = 0
    while isinstance(outcome := await redriven_finished(verify, VERIFY), Wait):
        seen += 1
        assert outcome.facts["unfinished_evidence"] == ["ev_2"]
        outside.clock.advance(seconds=(outcome.until - outside.clock.now()).total_seconds())
        verify = again(verify)
    assert isinstance(outcome, Failed)
    assert "1 letters are not finished: ev_2" in outcome.reason
    assert seen > 2


async def test_a_record_that_fails_meanwhile_is_told_at_once(outside: Outside, can: Capabilities) -> None:
    """It was seen at work, and failed."""
    outside.say("processing", "ev_1")
    verify = await redriven(outside, can, "ev_1")
    assert isinstance(await redriven_finished(verify, VERIFY), Wait)
    outside.say("failed", "ev_1")
    outcome = await redriven_finished(again(verify), VERIFY)
    assert isinstance(outcome, Failed)
    assert "failed again: ev_1" in outcome.reason


async def test_without_records_it_is_as_strong_as_an_empty_queue(outside: Outside, can: Capabilities) -> None:
    """Not before a failure would have returned, and not while the queue holds anything, whose ever it is."""
    blind = replace(can, evidence_table=None)
    verify = await redriven(outside, blind, "ev_1")
    outcome = await redriven_finished(verify, VERIFY)
    assert isinstance(outcome, Wait)
    outside.clock.advance(seconds=RETURNS - 1)
    assert isinstance(await redriven_finished(again(verify), VERIFY), Wait)
    outside.die("ev_9")
    outside.clock.advance(seconds=2)
    assert isinstance(await redriven_finished(again(verify), VERIFY), Wait), "it holds another letter"
    assert isinstance(await redriven_finished(again(verify), VERIFY.model_copy(update={"at_most": None})), Done)
    outside.clock.advance(minutes=5)
    outcome = await redriven_finished(again(verify), VERIFY)
    assert isinstance(outcome, Failed)
    assert (outcome.facts["returned"], "holds 1 messages" in outcome.reason) == (0, True)


async def test_a_letter_that_returned_is_a_failure_whatever_else_is_left(outside: Outside, can: Capabilities) -> None:
    """Told from others by its payload and its age."""
    verify = await redriven(outside, replace(can, evidence_table=None), "ev_1", "ev_2")
    outside.die("ev_1", "ev_9")
    outside.clock.advance(seconds=RETURNS + 1)
    params = VERIFY.model_copy(update={"at_most": None})
    outcome = await redriven_finished(verify, params)
    assert isinstance(outcome, Failed)
    assert outcome.facts["returned"] == 1
    assert outcome.facts["left"] == 2


async def test_what_an_older_version_sent_is_waited_for_as_long_as_its_queue_needs(
    outside: Outside, can: Capabilities
) -> None:
    """It did not write down when its letters would be back: from the first look on."""
    verify = await redriven(outside, replace(can, evidence_table=None), "ev_1")
    [row] = outside.letters.rows.values()
    row["moved"] = replace(row["moved"], returns_at=None)
    assert isinstance(await redriven_finished(verify, VERIFY), Wait)
    outside.clock.advance(seconds=RETURNS - 1)
    assert isinstance(await redriven_finished(again(verify), VERIFY), Wait)
    outside.clock.advance(seconds=2)
    assert isinstance(await redriven_finished(again(verify), VERIFY), Done)
    assert await proof.slowest_return(can.queues, await can.queues.info(DLQ)) == RETURNS


async def test_what_sqs_moved_itself_is_waited_for(outside: Outside, can: Capabilities) -> None:
    """Nobody has read its letters, and a failure of theirs takes its time all the same; where nothing moved, nobody waits."""
    ctx = attempt(can, clock=outside.clock)
    assert isinstance(await redriven_finished(ctx, VERIFY), Done)
    outside.die("ev_1")
    moved = await dlq_redrive(ctx, DlqRedriveParams(queue=DLQ, destination=QUEUE, by="sqs"))
    assert isinstance(moved, Done)
    verify = replace(attempt(can, clock=outside.clock), incident_id=ctx.incident_id)
    assert isinstance(await redriven_finished(verify, VERIFY), Wait)
    outside.clock.advance(seconds=RETURNS + 1)
    assert isinstance(await redriven_finished(again(verify), VERIFY), Done)


def test_its_parameters(outside: Outside) -> None:
    """Null stands for any number."""
    given: dict[str, Any] = {"queue": DLQ, "at_most": None}
    assert RedrivenFinishedParams.model_validate(given).at_most is None


LAST = DlqRedriveParams(queue=DLQ, canary=1, rate=1000.0, max_redrives=1)


async def last_of_three_dies(outside: Outside, can: Capabilities, params: DlqRedriveParams) -> ActionContext:
    """Redrive three letters, of which two are finished and one is dead again; gives the attempt that finds it."""
    outside.die("ev_1", "ev_2", "ev_3")
    outside.say("processing", "ev_1", "ev_2", "ev_3")
    ctx = attempt(can, clock=outside.clock)
    assert isinstance(await dlq_redrive(ctx, params), Wait)
    [first] = [json.loads(body)["evidence_id"] for body in outside.sqs.bodies(QUEUE)]
    outside.say("processed", first)
    assert isinstance(await look_again(ctx, params, outside), Wait)
    bad, good = sorted({"ev_1", "ev_2", "ev_3"} - {first})
    outside.say("processed", good)
    assert isinstance(await look_again(ctx, params, outside), Wait), "one is on its way"
    outside.say("failed", bad)
    outside.die(bad)
    outside.clock.advance(seconds=10)
    return again(ctx)


async def test_what_dies_in_its_last_redrive_is_kept_at_its_end(outside: Outside, can: Capabilities) -> None:
    """It leaves the queue, long before a failure would have returned: all are accounted for. People are told by the proof."""
    ctx = await last_of_three_dies(outside, can, LAST)
    outcome = await dlq_redrive(ctx, LAST)
    assert isinstance(outcome, Done)
    assert (outcome.facts["moved"], outcome.facts["returned"], outcome.facts["quarantined"]) == (3, 1, 1)
    [kept] = outside.letters.kept.values()
    assert (kept.redrives, kept.evidence) == (1, (json.loads(kept.message.body)["evidence_id"],))
    assert (await can.queues.info(DLQ)).depth.total == 0
    told = await redriven_finished(replace(attempt(can, clock=outside.clock), incident_id=ctx.incident_id), VERIFY)
    assert isinstance(told, Failed)
    assert told.reason == f"2 letters are worked off; in quarantine, having died too often: {kept.evidence[0]}"


async def test_what_may_go_round_again_stays_in_the_queue(outside: Outside, can: Capabilities) -> None:
    """Not sent back often enough, it is counted and given back, to be seen at once."""
    params = LAST.model_copy(update={"max_redrives": 2})
    outcome = await dlq_redrive(await last_of_three_dies(outside, can, params), params)
    assert isinstance(outcome, Done)
    assert (outcome.facts["returned"], outcome.facts["quarantined"], outcome.facts["left"]) == (1, 0, 1)
    assert not outside.letters.kept


async def test_a_crash_while_burying_keeps_one(outside: Outside, can: Capabilities) -> None:
    """Between keeping and deleting it lies in both places: the next attempt deletes it, and counts it."""
    ctx = await last_of_three_dies(outside, can, LAST)

    def crash(name: str) -> None:
        if name == "redrive.buried":
            raise SystemExit

    failpoints.arm(crash)
    try:
        with pytest.raises(SystemExit):
            await dlq_redrive(ctx, LAST)
    finally:
        failpoints.arm(None)
    assert isinstance(await dlq_redrive(again(ctx), LAST), Wait), "it is hidden still"
    outside.sqs.advance(mover.VISIBILITY)
    outcome = await dlq_redrive(again(ctx), LAST)
    assert isinstance(outcome, Done)
    assert outcome.facts["quarantined"] == len(outside.letters.kept) == 1
    assert (await can.queues.info(DLQ)).depth.total == 0


async def test_a_queue_of_others_is_not_looked_through_again_and_again(outside: Outside, can: Capabilities) -> None:
    """With many letters of others in it, it is looked through once, when the time is over."""
    ctx = await last_of_three_dies(outside, can, LAST)
    outside.die(*(f"ev_other_{n}" for n in range(20)))
    receives = outside.sqs.call(lambda: outside.sqs.faults.hits["ReceiveMessage"])
    assert isinstance(await dlq_redrive(ctx, LAST), Wait)
    assert outside.sqs.call(lambda: outside.sqs.faults.hits["ReceiveMessage"]) == receives
    outside.clock.advance(seconds=RETURNS)
    outcome = await dlq_redrive(again(ctx), LAST)
    assert isinstance(outcome, Done)
    assert (outcome.facts["quarantined"], outcome.facts["left"]) == (1, 20)
