"""Evidence that is processed anew: collected, canary, rest, proof; what does not finish has a name and a reason."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.opensearch import OpenSearch
from leh_guardian.errors import Refused
from leh_guardian.handlers.reprocess_evidence import ReprocessEvidenceParams, reprocess_evidence
from leh_guardian.local.admin_api import Trouble
from leh_guardian.model.outcome import Done, Escalate, Failed, NoOp, Unknown, Wait
from leh_guardian.model.reprocessing import PieceState
from leh_guardian.reprocess import carrying
from leh_guardian.store import letters
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.attempt import again
from tests.support.evidence_server import EvidenceServer
from tests.support.reprocessing import Leh, leh
from tests.support.sqs_server import SqsServer

TEN = [f"ev_{n:02}" for n in range(10)]


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Iterator[SqsServer]:
    """An SQS server of its own."""
    with SqsServer() as server:
        server.tune(longest_wait=0.01)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", server.url)
        yield server


@pytest.fixture
async def service(pool: Pool, aws: Aws, sqs: SqsServer) -> AsyncIterator[Leh]:
    """The service; its API honours keys."""
    async with leh(pool, aws, sqs) as made:
        yield made


def params(service: Leh, **more: Any) -> ReprocessEvidenceParams:
    """Everything in the DLQ, quickly."""
    return ReprocessEvidenceParams.model_validate({"source": service.dlq, "rate": 3000.0} | more)


async def kept(service: Leh, *statuses: str) -> list[str]:
    """The evidence of letters in quarantine, by status."""
    async with transaction(service.pool) as tx:
        rows = await tx.fetch("select evidence from quarantine where status = any($1::text[])", list(statuses))
    return sorted(each for row in rows for each in row["evidence"])


async def test_everything_in_the_queue_is_collected_asked_for_and_seen_to_finish(service: Leh) -> None:
    """A canary first, then the rest; each is asked for once, the letters are out of the queue and need nobody any more."""
    service.bury(*TEN)
    ctx = service.attempt()
    first = await reprocess_evidence(ctx, params(service))
    assert isinstance(first, Wait)
    assert service.effects == {"ev_00": 1}
    canary = (await service.pieces(ctx))["ev_00"]
    assert (canary.state, canary.canary, canary.reason) == (PieceState.ASKED, True, "accepted")
    assert service.left(service.dlq) == 0
    assert await kept(service, "kept") == TEN
    outcome = await service.to_the_end(again(ctx), params(service))
    assert isinstance(outcome, Done)
    assert service.effects == dict.fromkeys(TEN, 1)
    assert (outcome.facts["letters"], outcome.facts["finished"], outcome.facts["without_evidence"]) == (10, 10, 0)
    assert await kept(service, "released") == TEN
    assert service.left(service.queue) == 0


async def test_a_canary_that_fails_again_stops_it(service: Leh) -> None:
    """The cause is still there: nothing more is asked for, the letters stay in quarantine, the straggler has its reason."""
    service.bury(*TEN)
    service.worker.script.bug = True
    outcome = await service.to_the_end(service.attempt(), params(service, canary=2))
    assert isinstance(outcome, Failed)
    assert "the cause is still there" in outcome.reason
    assert sum(service.effects.values()) == 2
    assert (outcome.facts["failed"], outcome.facts["not_asked"]) == (2, 8)
    assert "failed again" in outcome.facts["stragglers"]["ev_00"]
    assert await kept(service, "kept") == TEN


async def test_what_is_poison_is_named_and_the_rest_finishes(service: Leh) -> None:
    """One piece that cannot be read keeps no other from finishing; its letter stays with people."""
    service.bury(*TEN)
    service.worker.script.poison = {"ev_07"}
    outcome = await service.to_the_end(service.attempt(), params(service))
    assert isinstance(outcome, Failed)
    assert outcome.facts["finished"] == 9
    assert list(outcome.facts["stragglers"]) == ["ev_07"]
    assert await kept(service, "kept") == ["ev_07"]
    assert await kept(service, "released") == [each for each in TEN if each != "ev_07"]


async def test_when_several_fail_again_no_more_is_asked_for(service: Leh) -> None:
    """Three in a row after a good canary: the rest is left alone."""
    service.bury(*TEN)
    ctx, wanted = service.attempt(), params(service, concurrency=1)
    assert isinstance(await reprocess_evidence(ctx, wanted), Wait)
    service.worker.script.bug = True
    outcome = await service.to_the_end(again(ctx), wanted)
    assert isinstance(outcome, Failed)
    assert "stopped" in outcome.reason
    assert (outcome.facts["finished"], outcome.facts["failed"], outcome.facts["not_asked"]) == (1, 3, 6)


async def test_what_the_api_refuses_is_no_canary(service: Leh) -> None:
    """That a piece does not exist says nothing of the fix: the next one is the canary."""
    service.bury(*TEN)
    service.api.desk.refusing["ev_00"] = (404, {"detail": "no such evidence"})
    outcome = await service.to_the_end(service.attempt(), params(service))
    assert isinstance(outcome, Failed)
    assert outcome.facts["finished"] == 9
    assert "no such evidence" in outcome.facts["stragglers"]["ev_00"]
    assert service.api.desk.requests["ev_00"] == 1


async def test_an_api_that_refuses_everything_is_not_asked_for_everything(service: Leh) -> None:
    """A few refusals are enough to see that something else is wrong."""
    service.bury(*TEN)
    service.api.desk.refusing = dict.fromkeys(TEN, (422, {"detail": "closed for maintenance"}))
    outcome = await service.to_the_end(service.attempt(), params(service))
    assert isinstance(outcome, Failed)
    assert sum(service.api.desk.requests.values()) == 3


async def test_what_is_finished_is_not_asked_for(service: Leh) -> None:
    """The worker was quicker: nothing is to be done, and its letter needs nobody."""
    service.bury("ev_a")
    await service.worker.process("ev_a")
    outcome = await service.to_the_end(service.attempt(), params(service))
    assert isinstance(outcome, NoOp)
    assert not service.effects
    assert await kept(service, "released") == ["ev_a"]


async def test_a_letter_that_names_nothing_is_kept_and_told_of(service: Leh) -> None:
    """It is no reason to stop, and none to say that all is well."""
    service.bury("ev_a")
    service.sqs.put(service.dlq, ["no JSON at all", '{"evidence_id": "../../etc"}'])
    outcome = await service.to_the_end(service.attempt(), params(service))
    assert isinstance(outcome, Escalate)
    assert "2 letters name no evidence" in outcome.reason
    assert service.effects == {"ev_a": 1}
    async with transaction(service.pool) as tx:
        assert len(await letters.kept(tx)) == 2


async def test_only_letters_that_are_meant(service: Leh) -> None:
    """The others stay where they are, visible."""
    service.bury("ev_a", "ev_b", case="case_a")
    service.bury("ev_c", case="case_b")
    outcome = await service.to_the_end(service.attempt(), params(service, select={"cases": ["case_a"]}))
    assert isinstance(outcome, Done)
    assert service.effects == {"ev_a": 1, "ev_b": 1}
    assert service.left(service.dlq) == 1


async def test_more_than_the_limit_is_refused_before_anything_is_done(service: Leh) -> None:
    """It counts pieces, not letters; nothing is collected, nothing asked for."""
    service.sqs.put(
        service.dlq, ['{"a": {"evidence_id": "ev_1"}, "b": {"evidence_id": "ev_2"}}', '{"evidence_id": "ev_3"}']
    )
    with pytest.raises(Refused, match="would touch 3 evidence"):
        await reprocess_evidence(service.attempt(limits={"evidence": 2}), params(service))
    assert service.left(service.dlq) == 3 - 1
    assert not await kept(service, "kept")


async def test_a_dry_run_changes_nothing(service: Leh) -> None:
    """It says how many pieces there are."""
    service.bury(*TEN)
    outcome = await reprocess_evidence(service.attempt(dry_run=True), params(service))
    assert isinstance(outcome, Done)
    assert outcome.facts["named"] == 10
    assert service.left(service.dlq) == 10
    one = ReprocessEvidenceParams(key="cases/case_1/raw/ev_a_x.pdf")
    outcome = await reprocess_evidence(service.attempt(dry_run=True), one)
    assert isinstance(outcome, Done)
    assert "have it processed anew" in outcome.summary
    assert not service.effects


async def test_an_empty_queue_is_nothing_to_do(service: Leh) -> None:
    """It says so."""
    assert isinstance(await reprocess_evidence(service.attempt(), params(service)), NoOp)


async def test_no_more_are_at_work_than_may_be(service: Leh) -> None:
    """The next ones are asked for when those before have finished."""
    service.bury(*TEN)
    service.worker.script.swallows = True
    ctx, wanted = service.attempt(), params(service, canary=0, concurrency=3)
    for _ in range(3):
        service.worker.script.bug = True
        assert isinstance(await reprocess_evidence(ctx, wanted), Wait)
        ctx = again(ctx)
    assert sum(service.effects.values()) == 3
    service.worker.script.bug = False
    for each in list(service.effects):
        await service.worker.process(each)
    assert isinstance(await reprocess_evidence(again(ctx), wanted), Wait)
    assert sum(service.effects.values()) == 6


async def test_one_piece_by_what_the_incident_is_about(service: Leh) -> None:
    """Without a name it is the incident's own key; what names nothing is told."""
    key = "cases/case_1/raw/ev_1a2b_녹취록.m4a"
    incident = {"severity": "sev2", "dedup_key": key, "began_at": service.clock.now().isoformat()}
    outcome = await service.to_the_end(service.attempt(incident=incident), ReprocessEvidenceParams())
    assert isinstance(outcome, Done)
    assert service.effects == {"ev_1a2b": 1}
    odd = await reprocess_evidence(service.attempt(), ReprocessEvidenceParams(key="tmp/../x"))
    assert isinstance(odd, Failed)
    assert "no id of evidence" in odd.reason


async def test_what_is_being_processed_is_waited_for(service: Leh) -> None:
    """A record that was just written is somebody's work; one that has been so for long is a dead worker's."""
    service.worker.script.swallows = service.worker.script.bug = True
    await service.worker.process("ev_a")
    ctx, wanted = service.attempt(), ReprocessEvidenceParams(evidence="ev_a")
    assert isinstance(await reprocess_evidence(ctx, wanted), Wait)
    assert not service.effects
    service.worker.script.bug = False
    service.travel(16 * 60)
    outcome = await service.to_the_end(again(ctx), wanted)
    assert isinstance(outcome, Done)
    assert service.effects == {"ev_a": 1}


async def test_what_others_never_end_is_told(service: Leh) -> None:
    """A record that is written again and again, and never finished: after days people are asked, nothing was."""
    service.worker.script.swallows = service.worker.script.bug = True
    await service.worker.process("ev_a")
    ctx = service.attempt()
    wanted = ReprocessEvidenceParams.model_validate({"evidence": "ev_a", "give_up_after": "1m", "finish_within": "1h"})
    outcome = await service.to_the_end(ctx, wanted)
    assert isinstance(outcome, Failed)
    assert "others are at work" in outcome.reason
    assert not service.effects


async def test_finished_may_mean_that_it_can_be_found(service: Leh) -> None:
    """With `indexed` a processed record without a document in the search index is not finished; without a cluster it is refused."""
    wanted = ReprocessEvidenceParams.model_validate({"evidence": "ev_a", "case": "case_1", "indexed": True})
    service.worker.cases["ev_a"] = "case_1"
    with pytest.raises(Refused, match="LEH_OPENSEARCH__URL"):
        await reprocess_evidence(service.attempt(), wanted)
    with EvidenceServer() as cluster:
        search = OpenSearch(cluster.url)
        can = replace(service.can, search=search)
        cluster.index("case_rag_case_1")
        outcome = await service.to_the_end(replace(service.attempt(), can=can), wanted)
        assert isinstance(outcome, Failed)
        assert "its record says processed, the search index: absent" in outcome.reason
        cluster.index("case_rag_case_1", {"evidence_id": "ev_a"})
        outcome = await service.to_the_end(replace(service.attempt(), can=can), wanted)
        assert isinstance(outcome, NoOp)
        await search.close()


async def test_a_worker_that_swallows_its_error_is_found_out(service: Leh) -> None:
    """The API has taken it, and its record is never finished: that is no success."""
    service.worker.script.swallows = service.worker.script.bug = True
    outcome = await service.to_the_end(service.attempt(), ReprocessEvidenceParams(evidence="ev_a"))
    assert isinstance(outcome, Failed)
    assert "not finished within 15m: its record says processing" in outcome.reason
    assert service.effects == {"ev_a": 1}


async def test_an_old_failure_is_no_new_one(service: Leh) -> None:
    """A record that still says failed from before, while the piece lies in the worker's queue, is not judged by that."""
    service.worker.script.bug = True
    await service.worker.process("ev_a")
    service.worker.script.bug, service.api.process = False, None
    ctx, wanted = service.attempt(), ReprocessEvidenceParams(evidence="ev_a")
    for _ in range(3):
        assert isinstance(await reprocess_evidence(ctx, wanted), Wait)
        service.travel(60)
        ctx = again(ctx)
    assert service.effects == {"ev_a": 1}
    await service.worker.process("ev_a")
    assert isinstance(await service.to_the_end(ctx, wanted), Done)


async def test_what_finishes_late_is_finished(service: Leh) -> None:
    """The last look before the report counts."""
    service.worker.script.swallows = service.worker.script.bug = True
    service.bury("ev_a", "ev_b")
    ctx, wanted = service.attempt(), params(service, canary=0)
    assert isinstance(await reprocess_evidence(ctx, wanted), Wait)
    service.worker.script.bug = False
    await service.worker.process("ev_a")
    service.travel(16 * 60)
    real = service.can.tables
    assert real is not None
    seen: list[str] = []

    class Late:
        """Lets the worker finish between the look that gives up and the last one."""

        async def layout(self, table: str) -> Any:
            return await real.layout(table)

        async def get(self, table: str, key: Any) -> Any:
            item = await real.get(table, key)
            if key == {"evidence_id": "ev_b"} and not seen:
                seen.append("ev_b")
                await service.worker.process("ev_b")
            return item

    outcome = await service.to_the_end(replace(again(ctx), can=replace(service.can, tables=Late())), wanted)
    assert seen
    assert isinstance(outcome, Done)


async def test_a_table_that_is_known_by_case_and_evidence(pool: Pool, aws: Aws, sqs: SqsServer) -> None:
    """The case comes from the letter; a piece whose case nobody knows cannot be proved, and is not asked for."""
    async with leh(pool, aws, sqs, "case_id", "evidence_id") as service:
        service.bury("ev_a", "ev_b")
        service.sqs.put(service.dlq, ['{"evidence_id": "ev_c"}'])
        outcome = await service.to_the_end(service.attempt(), params(service))
        assert isinstance(outcome, Failed)
        assert service.effects == {"ev_a": 1, "ev_b": 1}
        assert "give `case`" in outcome.facts["stragglers"]["ev_c"]


@pytest.mark.parametrize("idempotent", [True, False], ids=["keys", "no-keys"])
async def test_an_api_that_slows_down_or_is_away_is_waited_for(service: Leh, idempotent: bool) -> None:
    """Nothing was taken: it is asked again later, and no attempt has failed."""
    service.honouring(idempotent)
    service.bury("ev_a", "ev_b")
    service.api.trouble = [Trouble.SLOW_DOWN] * 3
    outcome = await service.to_the_end(service.attempt(), params(service))
    assert isinstance(outcome, Done)
    assert service.effects == {"ev_a": 1, "ev_b": 1}


async def test_an_api_that_stays_away_is_told_of(service: Leh, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a time people are asked; nothing was doubled, and everything is in quarantine."""
    monkeypatch.setattr(carrying, "_PATIENCE", timedelta(minutes=2))
    service.bury("ev_a")
    service.api.trouble = [Trouble.SLOW_DOWN] * 1000
    outcome = await service.to_the_end(service.attempt(), params(service))
    assert isinstance(outcome, Escalate)
    assert "nothing could be done" in outcome.reason
    assert await kept(service, "kept") == ["ev_a"]


TAKEN = (Trouble.AFTER, Trouble.CUT_AFTER, Trouble.DRIP)
NOT_TAKEN = (Trouble.BEFORE, Trouble.CUT_BEFORE, Trouble.HTML)


async def lost(service: Leh, trouble: Trouble) -> tuple[Any, list[str], Any]:
    """Have two pieces processed, the first request of which goes wrong; returns the outcome, the pieces, their rows."""
    pieces = [f"ev_{trouble.name.replace('_', '-')}-{n}" for n in range(2)]
    service.bury(*pieces)
    service.api.trouble = [trouble]
    ctx = service.attempt()
    outcome = await service.to_the_end(ctx, params(service))
    return outcome, pieces, await service.pieces(ctx)


async def test_a_lost_answer_where_keys_are_honoured(service: Leh) -> None:
    """It is asked again under the same key: everything finishes, and nothing is done twice."""
    for trouble in (*TAKEN, *NOT_TAKEN):
        outcome, pieces, _ = await lost(service, trouble)
        assert isinstance(outcome, Done), trouble
        assert [service.effects[each] for each in pieces] == [1, 1], trouble
    assert len(service.api.desk.keys) == len(service.api.desk.requests)


async def test_a_lost_answer_where_they_are_not(service: Leh) -> None:
    """The record decides: finished is fine; otherwise a person is asked, and nothing more is. It is never asked for twice."""
    service.honouring(False)
    for trouble in TAKEN:
        outcome, pieces, _ = await lost(service, trouble)
        assert isinstance(outcome, Done), trouble
        assert [service.effects[each] for each in pieces] == [1, 1], trouble
    for trouble in NOT_TAKEN:
        outcome, pieces, rows = await lost(service, trouble)
        assert isinstance(outcome, Unknown), trouble
        assert not set(pieces) & set(service.effects), trouble
        assert rows[pieces[0]].state is PieceState.UNKNOWN
        assert pieces[0] in outcome.reason
    assert max(service.api.desk.requests.values()) == 1


async def test_nothing_goes_out_while_a_request_is_in_doubt(service: Leh) -> None:
    """An API that fails fails on one piece: the others are asked for once it is known what a person has to look at."""
    service.honouring(False)
    service.bury(*TEN[:5])
    service.api.trouble = [Trouble.BEFORE]
    ctx, wanted = service.attempt(), params(service, canary=0)
    for _ in range(3):
        assert isinstance(await reprocess_evidence(ctx, wanted), Wait)
        service.travel(60)
        ctx = again(ctx)
    assert not service.effects
    outcome = await service.to_the_end(ctx, wanted)
    assert isinstance(outcome, Unknown)
    assert service.effects == dict.fromkeys(TEN[1:5], 1)
    assert list(outcome.facts["stragglers"]) == TEN[:1]


async def test_two_actions_do_not_ask_for_one_piece(service: Leh) -> None:
    """The second waits for what the first has asked for, and finds it finished."""
    service.worker.script.swallows = service.worker.script.bug = True
    one, two = service.attempt(), service.attempt()
    wanted = ReprocessEvidenceParams(evidence="ev_a", finish_within=timedelta(minutes=30))
    rows = service.can.reprocessing
    assert rows is not None
    await rows.plan(one.action_id, {"ev_a": None})
    await rows.plan(two.action_id, {"ev_a": None})
    taken = [
        await rows.begin(each.action_id, "ev_a", before="", canary=True, patience=timedelta(minutes=30))
        for each in (one, two)
    ]
    assert taken == [True, False]
    assert isinstance(await reprocess_evidence(two, wanted), Wait)
    assert not service.effects
    service.worker.script.bug = False
    await service.worker.process("ev_a")
    outcome = await service.to_the_end(again(two), wanted)
    assert isinstance(outcome, NoOp)


async def test_a_letter_of_the_piece_is_left_to_the_redrive(service: Leh) -> None:
    """As long as one lies in the DLQ nothing is asked for; when it has gone and the record is still unfinished, it is."""
    service.bury("ev_a", "ev_b")
    ctx = service.attempt()
    wanted = ReprocessEvidenceParams.model_validate({"evidence": "ev_a", "dead_letters": service.dlq})
    waiting = await reprocess_evidence(ctx, wanted)
    assert isinstance(waiting, Wait)
    assert "left to the redrive" in waiting.reason
    assert service.left(service.dlq) == 2
    free = ReprocessEvidenceParams.model_validate({"evidence": "ev_z", "dead_letters": service.dlq})
    assert isinstance(await service.to_the_end(service.attempt(), free), Done)
    assert service.effects == {"ev_z": 1}
    service.travel(3 * 86400)
    outcome = await reprocess_evidence(again(ctx), wanted)
    assert isinstance(outcome, Escalate)
    assert "lies in worker-dlq" in outcome.reason


async def test_many_at_once_are_for_people(service: Leh) -> None:
    """The incident that counts what an absence rule has missed beyond its bound is about a worker that is down."""
    incident = {"severity": "sev2", "dedup_key": "*", "began_at": service.clock.now().isoformat()}
    one = ReprocessEvidenceParams(key="cases/case_1/raw/ev_a_x.pdf")
    outcome = await reprocess_evidence(service.attempt(incident=incident), one)
    assert isinstance(outcome, Escalate)
    assert "counts them together" in outcome.reason
    assert not service.effects


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"source": "q", "key": "k"}, "one of"),
        ({"case": "c"}, "goes with"),
        ({"source": "q", "dead_letters": "q"}, "one piece"),
        ({"after_deployment_of": "no function!"}, "leh-ai-worker"),
        ({"finish_within": "0s"}, "greater"),
    ],
)
def test_parameters_that_do_not_fit_together(given: dict[str, Any], word: str) -> None:
    """They are refused when the rule is loaded."""
    with pytest.raises(ValidationError, match=word):
        ReprocessEvidenceParams.model_validate(given)


async def test_nobody_said_where_things_are(service: Leh) -> None:
    """Without an address of the API, or a table, nothing is begun."""
    for lacking, word in (({"admin": None}, "LEH_ADMIN_API__URL"), ({"evidence_table": None}, "LEH_EVIDENCE__TABLE")):
        can = replace(service.can, **lacking)  # type: ignore[arg-type]
        with pytest.raises(Refused, match=word):
            await reprocess_evidence(replace(service.attempt(), can=can), params(service))
