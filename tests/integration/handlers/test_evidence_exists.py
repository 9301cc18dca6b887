"""The look at evidence, through the real adapters: what counts as finished, where, and what is said of it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.dynamo import DynamoTables
from leh_guardian.adapters.opensearch import OpenSearch
from leh_guardian.context import Capabilities
from leh_guardian.errors import Refused, Unavailable
from leh_guardian.handlers.evidence_exists import EvidenceExistsParams, evidence_exists
from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.model.outcome import Done, Failed, Outcome
from tests.support.attempt import attempt
from tests.support.evidence_server import REGION, EvidenceServer
from tests.support.faults import refuse
from tests.support.installation import client

KEY = "cases/case_1/raw/ev_1a2b_녹취록 1+1.m4a"
LAYOUTS = {"by id": ("evidence_id",), "by case and id": ("case_id", "evidence_id")}


@pytest.fixture
def search() -> Iterator[EvidenceServer]:
    """OpenSearch."""
    with EvidenceServer() as opened:
        yield opened


@pytest.fixture
async def can(
    aws_server: EmbeddedAws, search: EvidenceServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Capabilities]:
    """The real adapters, to moto's DynamoDB and the tests' OpenSearch."""
    for name, value in aws_server.environment().items():
        monkeypatch.setenv(name, value)
    opened = OpenSearch(search.url)
    async with open_aws(REGION) as aws:
        tables = DynamoTables(aws, await aws.client("dynamodb"))
        yield Capabilities(queues=None, channels={}, letters=None, tables=tables, search=opened)  # type: ignore[arg-type]
    await opened.close()


def table(aws_server: EmbeddedAws, keys: tuple[str, ...], *items: dict[str, str]) -> str:
    """Make a table of evidence."""
    name = f"evidence-{uuid.uuid4().hex[:8]}"
    with client("dynamodb", aws_server.environment()) as dynamo:
        dynamo.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            KeySchema=[
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
        )
        for item in items:
            dynamo.put_item(TableName=name, Item={field: {"S": value} for field, value in item.items()})
    return name


async def look(can: Capabilities, **params: Any) -> Outcome:
    """Look once."""
    named = params if {"evidence", "key"} & params.keys() else {"key": KEY, **params}
    return await evidence_exists(attempt(can), EvidenceExistsParams(**named))


def item(status: str | None, case: str = "case_1") -> dict[str, str]:
    """The record of the evidence."""
    return {"case_id": case, "evidence_id": "ev_1a2b", **({"status": status} if status else {})}


@pytest.mark.parametrize("keys", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize(
    ("status", "there"),
    [
        ("processed", True),
        ("done", True),
        ("PROCESSED", True),
        ("processing", False),
        ("failed", False),
        (None, False),
    ],
)
async def test_the_status_decides(
    can: Capabilities, aws_server: EmbeddedAws, search: EvidenceServer, keys: tuple[str, ...], status: str, there: bool
) -> None:
    """In both layouts; the search index is not asked, and does not make a record finished that is not."""
    search.index("case_rag_case_1", {"evidence_id": "ev_1a2b"})
    name = table(aws_server, keys, item(status))
    outcome = await look(replace(can, evidence_table=name))
    assert isinstance(outcome, Done if there else Failed), outcome
    assert outcome.facts["dynamodb"] == (status or "without a status")
    assert outcome.facts["opensearch"] == "not asked"
    if status == "failed":
        assert "its processing failed" in str(outcome)


@pytest.mark.parametrize("keys", LAYOUTS.values(), ids=LAYOUTS)
async def test_without_a_record_the_search_index_is_asked(
    can: Capabilities, aws_server: EmbeddedAws, search: EvidenceServer, keys: tuple[str, ...]
) -> None:
    """No index, an index without it, an index with it, and no cluster at all."""
    can = replace(can, evidence_table=table(aws_server, keys))
    seen = [await look(can)]
    search.index("case_rag_case_1", {"evidence_id": "ev_other"})
    seen.append(await look(can))
    search.index("case_rag_case_1", {"evidence_id": "ev_1a2b"})
    seen += [await look(can), await look(replace(can, search=None))]
    told = [(type(one).__name__, one.facts["dynamodb"], one.facts["opensearch"]) for one in seen]  # type: ignore[union-attr]
    assert told == [
        ("Failed", "absent", "no index"),
        ("Failed", "absent", "absent"),
        ("Done", "absent", "found"),
        ("Failed", "absent", "not configured"),
    ]


async def test_a_finished_record_may_have_to_be_indexed(
    can: Capabilities, aws_server: EmbeddedAws, search: EvidenceServer
) -> None:
    """With `indexed`, what cannot be searched is not there."""
    can = replace(can, evidence_table=table(aws_server, ("evidence_id",), item("processed")))
    assert isinstance(await look(can, indexed=True), Failed)
    search.index("case_rag_case_1", {"evidence_id": "ev_1a2b"})
    assert isinstance(await look(can, indexed=True), Done)


async def test_the_record_of_another_case_is_none(can: Capabilities, aws_server: EmbeddedAws) -> None:
    """Whoever uploads chooses the name: the id of another case's finished evidence proves nothing."""
    can = replace(can, evidence_table=table(aws_server, ("evidence_id",), item("processed", case="case_2")))
    outcome = await look(can)
    assert isinstance(outcome, Failed)
    assert outcome.facts["dynamodb"] == "absent"


async def test_by_id(can: Capabilities, aws_server: EmbeddedAws) -> None:
    """An id does where it is the table's key; where the case is part of that, it must be given as well."""
    one = table(aws_server, ("evidence_id",), item("processed"))
    two = table(aws_server, ("case_id", "evidence_id"), item("processed"))
    assert isinstance(await look(can, evidence="ev_1a2b", table=one), Done)
    assert isinstance(await look(can, evidence="ev_1a2b", case="case_1", table=two), Done)
    with pytest.raises(Refused, match="give `case` as well"):
        await look(can, evidence="ev_1a2b", table=two)
    outcome = await look(can, evidence="ev_9", table=one)
    assert outcome.facts["opensearch"] == "not asked: the case is not known"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "name",
    [
        {"key": "tmp/a.pdf"},
        {"key": "cases/*/raw/ev_1_a.pdf"},
        {"key": "cases/c/raw/ev_1"},
        {"key": "cases/c/raw/x/ev_1_a.pdf"},
        {"key": "cases/%2e/raw/ev_1_a.pdf"},
        {"evidence": "ev_*"},
        {"evidence": "ev_1", "case": "a,b"},
    ],
)
async def test_what_is_no_id_is_not_asked_for(can: Capabilities, name: dict[str, str]) -> None:
    """A key that names no evidence, and what would be another index or many of them: not there, and nothing is asked."""
    outcome = await look(replace(can, evidence_table="nowhere"), **name)
    assert isinstance(outcome, Failed)
    assert "no id of evidence" in outcome.reason


@pytest.mark.parametrize(
    ("key", "evidence"),
    [("ev_1a2b_a_b.pdf", "ev_1a2b"), ("7f3c-9d_녹취\n록.m4a", "7f3c-9d"), ("ev_1__.pdf", "ev_1")],
)
async def test_ids_in_keys(can: Capabilities, aws_server: EmbeddedAws, key: str, evidence: str) -> None:
    """The id ends where the file's name begins, whatever that holds."""
    can = replace(can, evidence_table=table(aws_server, ("evidence_id",)))
    outcome = await look(can, key=f"cases/case_1/raw/{key}")
    assert outcome.facts["evidence"] == evidence  # type: ignore[union-attr]


@pytest.mark.parametrize(("key", "kind"), [(KEY, Done), (f"{KEY[:160]}…#0123", Done), ("cases", Failed)])
async def test_without_a_name_it_is_what_the_rule_is_about(
    can: Capabilities, aws_server: EmbeddedAws, key: str, kind: type[Outcome]
) -> None:
    """The key that the rule's `by` or `dedup` found, which may have been cut, is the evidence's."""
    can = replace(can, evidence_table=table(aws_server, ("evidence_id",), item("processed")))
    about = replace(attempt(can), incident={"dedup_key": key})
    assert isinstance(await evidence_exists(about, EvidenceExistsParams()), kind)


async def test_nobody_said_where(can: Capabilities) -> None:
    """Without a table there is one clear message."""
    with pytest.raises(Refused, match="LEH_EVIDENCE__TABLE"):
        await look(can)


async def test_a_table_of_something_else(can: Capabilities, aws_server: EmbeddedAws) -> None:
    """Keys that are not those of evidence are told."""
    name = table(aws_server, ("breaker",))
    with pytest.raises(Refused, match="known by breaker, not by evidence_id"):
        await look(can, table=name)


async def test_a_search_that_fails_decides_nothing(
    can: Capabilities, aws_server: EmbeddedAws, search: EvidenceServer
) -> None:
    """An outage is no absence."""
    search.faults.always("_count", refuse(503))
    with pytest.raises(Unavailable):
        await look(can, table=table(aws_server, ("evidence_id",)))


@pytest.mark.parametrize("wrong", [{"case": "c"}, {"key": KEY, "evidence": "ev_1"}, {"key": KEY, "case": "c"}])
def test_names_that_contradict_each_other(wrong: dict[str, str]) -> None:
    """A key or an id, and the case beside an id alone."""
    with pytest.raises(ValidationError):
        EvidenceExistsParams(**wrong)
