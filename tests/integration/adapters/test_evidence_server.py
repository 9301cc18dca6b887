"""The tests' small DynamoDB and OpenSearch answer as real ones do, through the adapters.

DynamoDB is held against moto's. OpenSearch is held against a real one: where LEH_TEST_OPENSEARCH_URL names one, or Maven and a JDK
can be had; its index is made for the test and deleted.
"""

from __future__ import annotations

import json
import tracemalloc
import urllib.request
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.dynamo import DynamoTables, EvidenceTable
from leh_guardian.adapters.opensearch import OpenSearch
from leh_guardian.adapters.s3 import S3Objects
from leh_guardian.context import Capabilities
from leh_guardian.errors import AccessDenied, NotFound, Refused, Throttled, Unavailable
from leh_guardian.evidence.inventory import index_of, take
from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.ports import TableLayout
from tests.support import elasticmq
from tests.support.evidence_server import REGION, EvidenceServer
from tests.support.faults import cut_before, garbage, refuse
from tests.support.installation import client
from tests.support.opensearch import real_opensearch

Make = Callable[..., str]


@pytest.fixture
def server() -> Iterator[EvidenceServer]:
    """The small one."""
    with EvidenceServer() as opened:
        yield opened


@pytest.fixture(params=["moto", "small"])
def make_table(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Make a table with items in one of the two, which the SDK then talks to."""
    small: EvidenceServer | None = None
    if request.param == "small":
        small = request.getfixturevalue("server")
        environment = small.environment()
    else:
        moto: EmbeddedAws = request.getfixturevalue("aws_server")
        environment = moto.environment()
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def make(*keys: str, items: tuple[dict[str, str], ...] = ()) -> str:
        table = f"evidence-{uuid.uuid4().hex[:8]}"
        if small is not None:
            small.make_table(table, *keys)
            for item in items:
                small.put(table, **item)
            return table
        with client("dynamodb", environment) as dynamo:
            dynamo.create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[
                    {"AttributeName": key, "AttributeType": "S"} for key in dict.fromkeys((*keys, "case_id"))
                ],
                KeySchema=[
                    {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
                ],
                **_by_case(keys),
            )
            for item in items:
                dynamo.put_item(TableName=table, Item={name: {"S": value} for name, value in item.items()})
        return table

    return make


@pytest.fixture
async def tables(make_table: Make) -> AsyncIterator[DynamoTables]:
    """The adapter, once the environment is that of one of the two."""
    async with open_aws(REGION) as aws:
        yield DynamoTables(aws, await aws.client("dynamodb"))


def _by_case(keys: tuple[str, ...]) -> dict[str, Any]:
    """The index by case of a table that is known by evidence."""
    if "case_id" in keys:
        return {}
    by_case = [{"AttributeName": "case_id", "KeyType": "HASH"}]
    index = {"IndexName": "case_id-index", "KeySchema": by_case, "Projection": {"ProjectionType": "ALL"}}
    return {"GlobalSecondaryIndexes": [index]}


ITEMS = (
    {"case_id": "case_1", "evidence_id": "ev_1", "status": "processed", "name": "녹취록 1.m4a"},
    {"case_id": "case_1", "evidence_id": "ev_2", "status": "processing"},
)


async def test_a_table_is_inspected_and_asked(make_table: Make, tables: DynamoTables) -> None:
    """Both layouts are told apart, and an item is found by its whole key."""
    one, two = make_table("evidence_id", items=ITEMS), make_table("case_id", "evidence_id", items=ITEMS)
    assert await tables.layout(one) == TableLayout("evidence_id")
    assert await tables.layout(two) == TableLayout("case_id", "evidence_id")
    assert await tables.get(one, {"evidence_id": "ev_1"}) == ITEMS[0]
    assert await tables.get(two, {"case_id": "case_1", "evidence_id": "ev_2"}) == ITEMS[1]
    assert await tables.get(two, {"case_id": "case_2", "evidence_id": "ev_2"}) is None


async def test_what_cannot_be_asked(make_table: Make, tables: DynamoTables) -> None:
    """A table that is not there says which setting to look at; a key of another layout is refused."""
    one = make_table("evidence_id")
    with pytest.raises(NotFound, match="LEH_EVIDENCE__TABLE"):
        await EvidenceTable(tables, "nowhere").ping()
    await EvidenceTable(tables, one).ping()
    with pytest.raises(Refused):
        await tables.get(one, {"case_id": "case_1"})


@pytest.mark.parametrize("make_table", ["moto"], indirect=True)
async def test_every_type_is_read_and_a_number_is_no_key(
    make_table: Make, tables: DynamoTables, aws_server: EmbeddedAws
) -> None:
    """Attributes come without their types; ids are texts, and a table whose key is a number is another one."""
    table, numbers = make_table("evidence_id"), f"numbers-{uuid.uuid4().hex[:8]}"
    item: dict[str, Any] = {"a": {"N": "7"}, "b": {"N": "1.5"}, "c": {"BOOL": True}, "d": {"NULL": True}}
    item |= {"e": {"L": [{"S": "x"}, {"M": {"y": {"N": "2"}}}]}, "f": {"SS": ["z"]}}
    with client("dynamodb", aws_server.environment()) as dynamo:
        dynamo.put_item(TableName=table, Item={"evidence_id": {"S": "ev_1"}, **item})
        dynamo.create_table(
            TableName=numbers,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "n", "AttributeType": "N"}],
            KeySchema=[{"AttributeName": "n", "KeyType": "HASH"}],
        )
    found = await tables.get(table, {"evidence_id": "ev_1"})
    wanted = {"evidence_id": "ev_1", "a": 7, "b": 1.5, "c": True, "d": None, "e": ["x", {"y": 2}], "f": ["z"]}
    assert found == wanted
    with pytest.raises(Refused, match="is no text"):
        await tables.layout(numbers)


@pytest.mark.parametrize("make_table", ["small"], indirect=True)
async def test_a_layout_is_believed_for_a_while(
    make_table: Make, tables: DynamoTables, server: EvidenceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand looks ask for it once a minute; who asks whether a table can be used asks it in any case."""
    table = make_table("evidence_id")
    for _ in range(3):
        await tables.layout(table)
    assert server.faults.hits["DescribeTable"] == 1
    await EvidenceTable(tables, table).ping()
    monkeypatch.setattr("leh_guardian.adapters.dynamo._FRESH", 0.0)
    await tables.layout(table)
    assert server.faults.hits["DescribeTable"] == 3


@pytest.mark.parametrize("make_table", ["small"], indirect=True)
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (refuse(400, "AccessDeniedException"), AccessDenied),
        (refuse(400, "ThrottlingException"), Throttled),
        (refuse(500, "InternalServerError"), Unavailable),
        (cut_before(), Unavailable),
        (garbage(b"<html>"), Unavailable),
        (garbage(b"{}"), Unavailable),
    ],
)
async def test_dynamodb_in_trouble(
    make_table: Make, tables: DynamoTables, server: EvidenceServer, fault: Any, error: type[Exception]
) -> None:
    """Each trouble is told by what can be done about it; an answer that is none is an outage."""
    table = make_table("evidence_id")
    server.faults.always("DescribeTable", fault)
    with pytest.raises(error):
        await EvidenceTable(tables, table).ping()


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real OpenSearch's address."""
    with ExitStack() as stack:
        try:
            yield stack.enter_context(real_opensearch(tmp_path_factory.mktemp("opensearch")))
        except elasticmq.Unavailable as why:
            pytest.skip(f"no real OpenSearch: {why}")


@pytest.fixture(params=["small", "real"])
def make_index(request: pytest.FixtureRequest) -> Iterator[tuple[str, Callable[..., str]]]:
    """Make an index with documents in one of the two; with where it is."""
    made: list[str] = []
    small: EvidenceServer | None = request.getfixturevalue("server") if request.param == "small" else None
    url: str = small.url if small is not None else request.getfixturevalue("real")

    def make(*documents: Mapping[str, Any]) -> str:
        name = f"case_rag_test_{uuid.uuid4().hex[:8]}"
        if small is not None:
            small.index(name, *documents)
        else:
            made.append(name)
            for document in documents:
                _ask(url, "POST", f"{name}/_doc?refresh=true", document)
        return name

    yield url, make
    for name in made:
        _ask(url, "DELETE", name)


def _ask(url: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> None:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/{path}", data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()


async def test_evidence_of_an_index_is_listed(
    make_index: tuple[str, Callable[..., str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page by page, each id once with its documents, in its own letter case; no index is told from one without evidence."""
    monkeypatch.setattr("leh_guardian.adapters.opensearch._PAGE", 2)
    url, make = make_index
    chunks = [{"evidence_id": f"ev_{number}", "text": "x"} for number in (3, 1, 2, 1, 5, 4, 1)]
    index, other = make(*chunks, {"evidence_id": "Ev-A b"}), make({"text": "nobody's"})
    search = OpenSearch(url)
    try:
        assert await search.values(index, "evidence_id", 10) == {
            "Ev-A b": 1,
            "ev_1": 3,
            **dict.fromkeys(("ev_2", "ev_3", "ev_4", "ev_5"), 1),
        }
        assert await search.values(other, "evidence_id", 10) == {}
        assert await search.values("case_rag_nowhere", "evidence_id", 10) is None
        with pytest.raises(Refused, match="more than 3"):
            await search.values(index, "evidence_id", 3)
    finally:
        await search.close()


@pytest.mark.parametrize("make_index", ["real"], indirect=True)
async def test_a_real_alias_and_mappings(make_index: tuple[str, Callable[..., str]]) -> None:
    """An alias over two indexes is both; ids indexed as keywords are read as such, as words alone they cannot be told apart."""
    url, make = make_index
    one, two = make({"evidence_id": "ev_1"}), make({"evidence_id": "ev_2"})
    alias, keywords, words = f"{one}_alias", f"{one}_keywords", f"{one}_words"
    actions = [{"add": {"index": each, "alias": alias}} for each in (one, two)]
    _ask(url, "POST", "_aliases", {"actions": actions})
    for name, kind in ((keywords, "keyword"), (words, "text")):
        _ask(url, "PUT", name, {"mappings": {"properties": {"evidence_id": {"type": kind}}}})
        _ask(url, "POST", f"{name}/_doc?refresh=true", {"evidence_id": "ev_1"})
    search = OpenSearch(url)
    try:
        assert await search.values(alias, "evidence_id", 10) == {"ev_1": 1, "ev_2": 1}
        assert await search.values(keywords, "evidence_id", 10) == {"ev_1": 1}
        with pytest.raises(Refused, match="index it as keyword"):
            await search.values(words, "evidence_id", 10)
    finally:
        await search.close()
        for name in (keywords, words):
            _ask(url, "DELETE", name)


async def test_a_case_on_a_real_cluster(real: str, server: EvidenceServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its index missing, empty, partial, whole, or an alias of one that was built anew: each is told apart, and what it lacks."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    case = f"case_{uuid.uuid4().hex[:8]}"
    index, evidence, found = index_of(case), ("ev_1", "ev_2"), []
    server.make_table("evidence", "evidence_id")
    for one in evidence:
        server.put("evidence", evidence_id=one, case_id=case, status="processed")
    server.store("bucket", *(f"cases/{case}/raw/{one}_f.pdf" for one in evidence))
    search = OpenSearch(real)
    async with open_aws(REGION) as aws:
        can = Capabilities(
            queues=None,  # type: ignore[arg-type]
            channels={},
            letters=None,  # type: ignore[arg-type]
            tables=DynamoTables(aws, await aws.client("dynamodb")),
            search=search,
            evidence_table="evidence",
            evidence_bucket="bucket",
            objects=S3Objects(aws, await aws.client("s3")),
        )
        for method, path, body in (
            ("GET", "_cluster/health", None),
            ("PUT", index, {}),
            ("POST", f"{index}/_doc?refresh=true", {"evidence_id": "ev_1", "text": "x"}),
            ("POST", f"{index}/_doc?refresh=true", {"evidence_id": "ev_2"}),
            ("DELETE", index, None),
            ("POST", f"{index}_v2/_doc?refresh=true", {"evidence_id": "ev_2"}),
            ("POST", "_aliases", {"actions": [{"add": {"index": f"{index}_v2", "alias": index}}]}),
        ):
            _ask(real, method, path, body)
            seen = await take(can, case)
            found.append((seen.index, sorted(seen.unindexed)))
        _ask(real, "DELETE", f"{index}_v2")
    await search.close()
    missing, lacks_one = ("missing", ["ev_1", "ev_2"]), ("partial", ["ev_1"])
    assert found == [
        missing,
        ("empty", ["ev_1", "ev_2"]),
        ("partial", ["ev_2"]),
        ("whole", []),
        missing,
        missing,
        lacks_one,
    ]


@pytest.mark.parametrize("keys", [("evidence_id",), ("case_id", "evidence_id")], ids=["by id", "by case and id"])
async def test_items_of_a_case(make_table: Make, tables: DynamoTables, keys: tuple[str, ...]) -> None:
    """All of one case and none of another, in either layout, with what was asked for and no more."""
    other = {"case_id": "case_10", "evidence_id": "ev_9", "status": "done"}
    more = tuple({"case_id": "case_1", "evidence_id": f"ev_{n}", "status": "done"} for n in range(3, 9))
    table = make_table(*keys, items=(*ITEMS, other, *more))
    found = await tables.of_case(table, "case_1", ("evidence_id", "status"), 100)
    assert {item["evidence_id"]: item["status"] for item in found} == {
        "ev_1": "processed",
        "ev_2": "processing",
        **{f"ev_{n}": "done" for n in range(3, 9)},
    }
    assert not any("name" in item for item in found)
    with pytest.raises(Refused, match="more than 7"):
        await tables.of_case(table, "case_1", ("status",), 7)


@pytest.mark.parametrize("make_table", ["moto"], indirect=True)
async def test_an_index_that_does_not_hold_the_status(
    make_table: Make, tables: DynamoTables, aws_server: EmbeddedAws
) -> None:
    """Of keys alone each item is read by itself, and let go; without an index by case it says which setting names one."""
    assert make_table
    table = f"evidence-{uuid.uuid4().hex[:8]}"
    by_case = [{"AttributeName": "case_id", "KeyType": "HASH"}]
    index = {"IndexName": "case_id-index", "KeySchema": by_case, "Projection": {"ProjectionType": "KEYS_ONLY"}}
    with client("dynamodb", aws_server.environment()) as dynamo:
        dynamo.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("evidence_id", "case_id")],
            KeySchema=[{"AttributeName": "evidence_id", "KeyType": "HASH"}],
            GlobalSecondaryIndexes=[index],
        )
        dynamo.put_item(TableName=table, Item={name: {"S": value} for name, value in ITEMS[0].items()})
        for number in range(40):
            large = {"evidence_id": f"large_{number}", "case_id": "case_2", "status": "done", "text": "x" * 200_000}
            dynamo.put_item(TableName=table, Item={name: {"S": value} for name, value in large.items()})
    tracemalloc.start()
    try:
        assert len(await tables.of_case(table, "case_2", ("evidence_id", "status"), 40)) == 40
        # Eight megabytes of items; of each no more is kept than was asked for.
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
    [item] = await tables.of_case(table, "case_1", ("evidence_id", "status"), 10)
    assert item == {"evidence_id": "ev_1", "status": "processed"}
    other = DynamoTables(tables._aws, tables._client, case_index="elsewhere")
    with pytest.raises(Refused, match=r"evidence\.case_index"):
        await other.of_case(table, "case_1", ("status",), 10)


async def test_documents_are_counted(make_index: tuple[str, Callable[..., str]]) -> None:
    """By the whole id, not by a part of it; an index that is not there is told from one without the document."""
    url, make = make_index
    index = make({"evidence_id": "ev_1a2b", "text": "ev_9"}, {"evidence_id": "ev_1a2b"}, {"evidence_id": "Ev-A b"})
    search = OpenSearch(url)
    try:
        await search.ping()
        assert await search.health() in {"green", "yellow"}
        asked = ["ev_1a2b", "ev_1a", "ev_9", "Ev-A b", "Ev-A"]
        assert [await search.count(index, "evidence_id", one) for one in asked] == [2, 0, 0, 1, 0]
        assert await search.count(f"{index}_nowhere", "evidence_id", "ev_1a2b") is None
    finally:
        await search.close()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (refuse(401, "unauthorized"), AccessDenied),
        (refuse(403, "security_exception"), AccessDenied),
        (refuse(404, "some_page"), Refused),
        (refuse(400, "parse_exception"), Refused),
        (refuse(429, "es_rejected_execution_exception"), Throttled),
        (refuse(503, "cluster_block_exception"), Unavailable),
        (cut_before(), Unavailable),
        (garbage(b"<html>"), Unavailable),
        (garbage(b'{"hits": 1}'), Unavailable),
        (garbage(b"[]"), Unavailable),
        (garbage(b'{"count": 0, "_shards": {"total": 2, "failed": 1}}'), Unavailable),
    ],
)
async def test_opensearch_in_trouble(server: EvidenceServer, fault: Any, error: type[Exception]) -> None:
    """Each trouble is told by what can be done about it; nothing but the cluster's own word means that there is no index."""
    server.index("case_rag_1", {"evidence_id": "ev_1"})
    server.faults.always("_count", fault)
    search = OpenSearch(server.url)
    try:
        with pytest.raises(error):
            await search.count("case_rag_1", "evidence_id", "ev_1")
    finally:
        await search.close()
