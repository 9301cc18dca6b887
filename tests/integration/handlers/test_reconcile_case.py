"""A case is made whole with the smallest repair: what is missing where, what is asked for, and what is told in the end."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from leh_guardian.adapters.aws import Aws, open_aws
from leh_guardian.adapters.dynamo import DynamoTables
from leh_guardian.adapters.opensearch import OpenSearch
from leh_guardian.adapters.s3 import S3Objects
from leh_guardian.context import Capabilities
from leh_guardian.errors import Halted, Refused
from leh_guardian.evidence.inventory import Inventory, index_of, take
from leh_guardian.handlers.case_restore import CaseRestoreParams
from leh_guardian.handlers.case_state import CaseStateParams, case_state
from leh_guardian.handlers.reconcile_case import ReconcileCaseParams, reconcile_case
from leh_guardian.local.admin_api import Trouble
from leh_guardian.model.case import CaseRecord, RestorePolicy
from leh_guardian.model.outcome import Done, Failed, NoOp, Outcome, Unknown, Wait
from leh_guardian.model.spend.circuit import Circuit, State
from leh_guardian.model.spend.limits import Scope
from leh_guardian.model.text import dump_json
from leh_guardian.store.pool import Pool
from tests.support.attempt import English, again
from tests.support.case_outside import CaseOutside, case_outside
from tests.support.evidence_server import REGION, EvidenceServer
from tests.support.hostile_ids import NO_IDS

LAYOUTS = {"by id": ("evidence_id",), "by case and id": ("case_id", "evidence_id")}
ONE, TWO, THREE = "ev_1", "ev_2", "ev_3"


@pytest.fixture
async def leh(pool: Pool, aws: Aws) -> AsyncIterator[CaseOutside]:
    """A case, its table known by evidence."""
    async with case_outside(pool, aws, "evidence_id") as made:
        yield made


class Leh:
    """LEH's database, as far as a look goes."""

    policy = RestorePolicy()

    def __init__(self, status: str) -> None:
        self.status = status

    async def look(self, case: str) -> CaseRecord:
        """Return the case."""
        return CaseRecord(case, self.status, self.status.upper())


class Circuits:
    """A case's circuit, as far as a look goes."""

    def __init__(self, state: State) -> None:
        self.state = state

    async def get(self, scope: Scope, key: str) -> Circuit:
        """Return the circuit."""
        return Circuit(scope, key, self.state)


def facts(outcome: Outcome) -> Any:
    """What is known."""
    return outcome.facts  # type: ignore[union-attr]


@pytest.mark.parametrize("keys", LAYOUTS.values(), ids=LAYOUTS)
async def test_an_emptied_case_is_made_whole_and_stays_so(pool: Pool, aws: Aws, keys: tuple[str, ...]) -> None:
    """Its index deleted, half its records cleared: the index is asked for once, each missing piece once; a second run does nothing."""
    async with case_outside(pool, aws, *keys) as leh:
        evidence = [f"ev_{number}" for number in range(6)]
        await leh.files(*evidence)
        await leh.records(*evidence[:3])
        done = await leh.reconcile()
        assert isinstance(done, Done), done
        assert "증거 6건 중 6건 처리 완료, 검색 가능 6건 중 6건" in done.summary
        assert facts(done)["before"] == {"finished": 3, "searchable": 0, "index": "missing"}
        assert leh.effects == {leh.case: 1, **dict.fromkeys(evidence[3:], 1)}
        assert isinstance(await leh.reconcile(), NoOp)
        assert sum(leh.effects.values()) == 4


async def test_only_what_is_missing_is_asked_for(leh: CaseOutside) -> None:
    """A missing document costs no processing, a missing record no other one's; records without files are told and left alone."""
    await leh.files(ONE, TWO)
    await leh.records(ONE, TWO, "ev_gone")
    leh.documents([ONE, "ev_stray"])
    done = await leh.reconcile()
    assert isinstance(done, Done)
    assert leh.effects == {leh.case: 1}
    assert facts(done)["missing"] == {"records": 0, "finished": 0, "documents": 0, "objects": 1}
    assert facts(done)["stray_documents"] == 1
    assert "ev_gone" in done.summary
    await leh.files(THREE)
    assert isinstance(await leh.reconcile(), Done)
    assert leh.effects == {leh.case: 1, THREE: 1}


async def test_the_state_of_the_index(leh: CaseOutside) -> None:
    """An index that is not there, empty, not whole, or behind an alias is told apart, and asked for only where it lacks documents."""
    await leh.files(ONE, TWO)
    await leh.records(ONE, TWO)
    own = index_of(leh.case)
    for index, there in (
        ("missing", None),
        ("empty", []),
        ("partial", [ONE]),
        ("whole", [ONE, TWO]),
        ("alias", [ONE, TWO]),
    ):
        leh.indexes.documents.clear()
        leh.api.desk.effects.clear()
        leh.indexes.aliases = {own: "case_rag_v2"} if index == "alias" else {}
        if there is not None:
            leh.indexes.documents[leh.indexes.aliases.get(own, own)] = {}
            leh.documents(there)
        seen = await take(leh.can, leh.case)
        assert seen.index == ("whole" if index == "alias" else index)
        whole = there == [ONE, TWO]
        assert isinstance(await leh.reconcile(), NoOp if whole else Done), index
        assert leh.effects == ({} if whole else {leh.case: 1}), index


async def test_an_api_that_has_only_begun_is_waited_for(leh: CaseOutside) -> None:
    """202 is no answer: the index is looked at until all is in it, and asked for no second time."""
    await leh.files(ONE, TWO)
    await leh.records(ONE, TWO)
    leh.api.reindex = None
    rounds: list[int] = []

    def slowly() -> None:
        rounds.append(1)
        leh.documents([ONE] if len(rounds) < 4 else [ONE, TWO])

    assert isinstance(await leh.reconcile(each_round=slowly), Done)
    assert len(rounds) == 4
    assert leh.effects == {leh.case: 1}
    leh.indexes.documents.clear()
    late = await leh.reconcile()
    assert isinstance(late, Failed)
    assert facts(late)["reindex"] == "late"
    assert "ev_1, ev_2" in late.reason
    assert leh.effects == {leh.case: 2}


@pytest.mark.parametrize(
    ("trouble", "keys"),
    [
        (Trouble.BEFORE, True),
        (Trouble.CUT_AFTER, True),
        (Trouble.AFTER, False),
        (Trouble.HTML, False),
        (Trouble.HANG, False),
    ],
)
async def test_an_answer_that_got_lost(leh: CaseOutside, trouble: Trouble, keys: bool) -> None:
    """With keys it is asked again; without, once nothing has come into the index for a while: what was done is not done twice."""
    leh.honouring(keys)
    await leh.files(ONE)
    await leh.records(ONE)
    leh.api.trouble = [trouble]
    assert isinstance(await leh.reconcile(), Done)
    assert leh.effects == {leh.case: 1}


async def test_what_nobody_hears_of_goes_to_a_person(leh: CaseOutside) -> None:
    """An API that never says whether it has begun, and an index into which nothing comes: a few requests, and then people."""
    leh.honouring(False)
    await leh.files(ONE)
    await leh.records(ONE)
    leh.api.trouble = [Trouble.HTML] * 50
    assert isinstance(await leh.reconcile(), Unknown)
    assert 35 < len(leh.api.trouble) < 50


async def test_an_index_that_grows_is_not_asked_for_again(leh: CaseOutside) -> None:
    """Nobody heard that it was taken, but documents come one after the other: somebody is at it."""
    leh.honouring(False)
    pieces = [ONE, TWO, THREE]
    await leh.files(*pieces)
    await leh.records(*pieces)
    leh.api.trouble = [Trouble.HTML] * 50
    there: list[str] = []

    def slowly() -> None:
        there.append(pieces[len(there)])
        leh.documents(there)

    assert isinstance(await leh.reconcile(each_round=slowly), Done)
    assert len(leh.api.trouble) == 49


async def test_an_index_that_is_refused_keeps_nobody_from_the_rest(leh: CaseOutside) -> None:
    """The API's no is told with its reason, and pieces are processed all the same."""
    await leh.files(ONE, TWO)
    await leh.records(ONE)
    leh.documents(["ev_x"])
    leh.api.desk.refusing[leh.case] = (404, {"detail": "no such case"})
    outcome = await leh.reconcile()
    assert isinstance(outcome, Failed)
    assert "no such case" in outcome.reason
    assert leh.effects == {TWO: 1}


async def test_what_cannot_be_processed_is_told_with_its_reason(leh: CaseOutside) -> None:
    """A broken file stays missing and is named; the others are there."""
    await leh.files(ONE, TWO, THREE)
    leh.worker.script.poison = {TWO}
    outcome = await leh.reconcile(canary=0)
    assert isinstance(outcome, Failed)
    assert "ev_2: its processing has failed again" in outcome.reason
    assert facts(outcome)["searchable"] == 2
    assert leh.effects == {ONE: 1, TWO: 1, THREE: 1}


async def test_limits_dry_runs_and_closed_cases(leh: CaseOutside) -> None:
    """Too much is refused before anything is asked for; a dry run asks for nothing; a closed case gets no index."""
    await leh.files(ONE, TWO)
    with pytest.raises(Refused, match="2 evidence"):
        await leh.reconcile(leh.attempt(limits={"evidence": 1}))
    told = await reconcile_case(leh.attempt(dry_run=True), ReconcileCaseParams(case=leh.case))
    assert isinstance(told, Done)
    assert told.facts["would"] == ["reprocess-evidence x 2"]
    leh.can = replace(leh.can, cases=Leh("closed"))  # type: ignore[arg-type]
    assert isinstance(await leh.reconcile(), Failed)
    leh.can = replace(leh.can, cases=None)
    only = await leh.reconcile(reprocess=False)
    assert isinstance(only, Failed)
    assert leh.effects == {}


async def test_a_paused_case_is_not_processed_anew(leh: CaseOutside) -> None:
    """While its circuit is open nothing is asked of the worker: the index is built, and what is left is told with the reason."""
    await leh.files(ONE, TWO)
    await leh.records(ONE)
    leh.can = replace(leh.can, circuits=Circuits(State.OPEN))  # type: ignore[arg-type]
    outcome = await leh.reconcile()
    assert isinstance(outcome, Failed)
    assert "일시 정지 중" in outcome.reason
    assert leh.effects == {leh.case: 1}
    leh.can = replace(leh.can, circuits=Circuits(State.HALF_OPEN))  # type: ignore[arg-type]
    assert isinstance(await leh.reconcile(), Done)
    assert leh.effects == {leh.case: 1, TWO: 1}


async def test_what_was_just_uploaded_is_left_to_the_worker(leh: CaseOutside) -> None:
    """With `spare`, a new file without a record is not processed a second time beside its first; an hour later it is missing."""
    await leh.files(ONE, TWO)
    await leh.records(ONE)
    leh.documents([ONE])
    outcome = await leh.reconcile(spare="1h")
    assert isinstance(outcome, NoOp)
    assert "방금 올라온 파일 1건" in outcome.reason
    assert facts(outcome)["young"] == 1
    assert facts(outcome)["unfinished"] == 0
    assert leh.effects == {}
    leh.clock.advance(hours=1, minutes=5)
    assert isinstance(await leh.reconcile(spare="1h"), Done)
    assert leh.effects == {TWO: 1}


async def test_no_more_than_was_seen(leh: CaseOutside) -> None:
    """Bounded by what the look has found, it does all of that, or nothing at all."""
    await leh.files(ONE, TWO)
    more = await leh.reconcile(at_most=1)
    assert isinstance(more, Failed)
    assert "--limit 2" in more.reason
    assert leh.effects == {}
    assert isinstance(await leh.reconcile(at_most=2), Done)


async def test_an_english_installation_is_told_in_english(leh: CaseOutside) -> None:
    """What is written down is in the installation's language; few words are kept for readers of either."""
    await leh.files(ONE)
    leh.can = replace(leh.can, cases=Leh("active"), languages=English())  # type: ignore[arg-type]
    looked = await case_state(leh.attempt(), CaseStateParams(case=leh.case))
    done = await leh.reconcile()
    for outcome in (looked, done):
        assert isinstance(outcome, Done)
        assert outcome.summary.isascii(), outcome.summary
        assert facts(outcome)["brief"] == facts(outcome)["brief_in"]["en"]
        assert "사건" in facts(outcome)["brief_in"]["ko"]
    assert "1 of 1 piece of evidence processed, 1 of 1 searchable" in done.summary  # type: ignore[union-attr]


async def test_other_cases_and_odd_names_are_not_touched(leh: CaseOutside) -> None:
    """A longer id is another case; files that name no evidence are counted; a folder's own object is nothing."""
    await leh.files(ONE)
    await leh.records(ONE)
    leh.documents([ONE])
    for key in (f"cases/{leh.case}0/raw/ev_9_x.pdf", f"cases/{leh.case}/raw/", f"cases/{leh.case}/raw/readme.txt"):
        await leh.s3.put_object(Bucket=leh.bucket, Key=key, Body=b"")
    outcome = await leh.reconcile()
    assert isinstance(outcome, NoOp)
    assert facts(outcome)["evidence"] == 1
    assert facts(outcome)["unnamed_objects"] == 1


async def test_ten_thousand_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """All pages of each place are seen, and joined, in a few megabytes; what is beyond the bound is refused."""
    evidence = [f"ev-{number:05}" for number in range(10_000)]
    with EvidenceServer() as server:
        server.page = 1000
        server.make_table("evidence", "evidence_id")
        items = [{"evidence_id": one, "case_id": "case_1", "status": "done"} for one in evidence]
        server.call(lambda: server._tables["evidence"][1].extend(items))
        server.index("case_rag_case_1", *({"evidence_id": one} for one in evidence[1:]))
        server.store("bucket", *(f"cases/case_1/raw/{one}_f.pdf" for one in evidence))
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        search = OpenSearch(server.url)
        async with open_aws(REGION) as aws:
            tables, objects = DynamoTables(aws, await aws.client("dynamodb")), S3Objects(aws, await aws.client("s3"))
            can = Capabilities(
                queues=None,  # type: ignore[arg-type]
                channels={},
                letters=None,  # type: ignore[arg-type]
                tables=tables,
                search=search,
                evidence_table="evidence",
                evidence_bucket="bucket",
                objects=objects,
            )
            seen = await take(can, "case_1")
            assert _bytes(seen) < 10_000_000
            assert len(dump_json(seen.facts)) < 4_000
            assert (len(seen.objects), len(seen.finished), seen.searchable) == (10_000, 10_000, 9_999)
            assert seen.unindexed == {"ev-00000"}
            for place in (
                objects.keys("bucket", "cases/case_1/raw/", 9998),
                tables.of_case("evidence", "case_1", ("status",), 9998),
                search.values("case_rag_case_1", "evidence_id", 9998),
            ):
                with pytest.raises(Refused, match="more than 9998"):
                    await place
        await search.close()


def _bytes(seen: Inventory) -> int:
    """Return what an inventory takes in memory: its collections, and every text in them once."""
    held = (seen.objects, seen.records, seen.finished, seen.documents or {})
    texts = {id(one): one for each in held for one in each} | {id(one): one for one in seen.records.values()}
    return sum(sys.getsizeof(each) for each in (*held, *texts.values()))


@pytest.mark.parametrize("case", NO_IDS.values(), ids=NO_IDS)
def test_hostile_ids_are_refused_before_any_call(case: str) -> None:
    """What is no id is no parameter."""
    for params in (ReconcileCaseParams, CaseStateParams, CaseRestoreParams):
        with pytest.raises(ValidationError, match="write the id of a case"):
            params(case=case)


async def test_the_look_says_who_and_what_and_what_it_costs(leh: CaseOutside) -> None:
    """Before anything is done: status, what is missing where, both prices; afterwards, with `complete`, whether all is well."""
    evidence = [f"ev_{number}" for number in range(8)]
    await leh.files(*evidence)
    await leh.records(*evidence[:1])
    await leh.dynamodb.update_continuous_backups(
        TableName=leh.worker.table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    leh.can = replace(leh.can, cases=Leh("closed"))  # type: ignore[arg-type]
    told = await case_state(leh.attempt(), CaseStateParams(case=leh.case))
    assert isinstance(told, Done)
    assert told.facts["missing"] == {"records": 7, "finished": 0, "documents": 1, "objects": 0}
    assert told.facts["would"] == ["reindex-case", "reprocess-evidence x 7"]
    assert told.facts["reprocess_usd"] == 0.35
    assert "PITR" in told.summary
    assert isinstance(await case_state(leh.attempt(), CaseStateParams(case=leh.case, complete=True)), Failed)
    leh.can = replace(leh.can, cases=Leh("active"))  # type: ignore[arg-type]
    assert isinstance(await leh.reconcile(), Done)
    assert isinstance(await case_state(leh.attempt(), CaseStateParams(case=leh.case, complete=True)), Done)


async def test_an_attempt_that_ends_anywhere_is_gone_on_with(leh: CaseOutside) -> None:
    """Stopped after each of its checkpoints in turn, the next attempt ends what it began, and nothing is asked for twice."""
    evidence = [ONE, TWO, THREE]
    await leh.files(*evidence)
    for stop in range(1, 8):
        leh.indexes.documents.clear()
        await leh.dynamodb.delete_item(TableName=leh.worker.table, Key={"evidence_id": {"S": TWO}})
        await leh.records(ONE, THREE)
        leh.api.desk.effects.clear()
        ctx = leh.attempt()
        ctx.checkpoints.stop_at = stop  # type: ignore[attr-defined]
        outcome = await _stopped(leh, ctx)
        assert isinstance(outcome, Done), (stop, outcome)
        assert leh.effects == {leh.case: 1, TWO: 1}, stop


async def _stopped(leh: CaseOutside, ctx: Any) -> Outcome:
    try:
        outcome = await leh.reconcile(ctx)
        assert not isinstance(outcome, Wait)
        return outcome
    except Halted:
        return await leh.reconcile(again(ctx))
