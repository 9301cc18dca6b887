"""Owns a small DynamoDB and OpenSearch on one port, which can go wrong; the one rule: it answers as the real ones do.

It knows what `evidence_exists` asks and no more. tests/integration/adapters/test_evidence_server.py holds its DynamoDB against
moto's, and its OpenSearch against a real one where LEH_TEST_OPENSEARCH_URL names one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.support.faults import Fault
from tests.support.faulty_http import Answer, FaultyServer, Request

REGION = "ap-northeast-2"
_SHARDS = {"total": 1, "successful": 1, "skipped": 0, "failed": 0}


class EvidenceServer(FaultyServer):
    """Tables and indexes on loopback, in a thread of its own."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self._tables: dict[str, tuple[tuple[str, ...], list[dict[str, str]]]] = {}
        self._indexes: dict[str, list[dict[str, Any]]] = {}

    def environment(self) -> dict[str, str]:
        """The variables that make the AWS SDK talk to this server."""
        own = {"AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
        return own | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

    def make_table(self, name: str, *keys: str) -> None:
        """Make a table with a hash key, and a range key if there are two."""
        self.call(lambda: self._tables.update({name: (keys, [])}))

    def put(self, table: str, **item: str) -> None:
        """Put an item of texts."""
        self.call(lambda: self._tables[table][1].append(item))

    def index(self, name: str, *documents: Mapping[str, Any]) -> None:
        """Make an index with documents."""
        self.call(lambda: self._indexes.setdefault(name, []).extend(map(dict, documents)))

    def operation(self, request: Request) -> str:
        """Return the name under which plans know a request: GetItem, say, or _count."""
        target = request.header("x-amz-target").rpartition(".")[2]
        return target or request.path.partition("?")[0].rpartition("/")[2] or "info"

    def error(self, fault: Fault) -> Answer:
        """Tell of a fault as either does."""
        body = {"__type": f"com.amazonaws.dynamodb.v20120810#{fault.code}", "message": "a fault of the test"}
        return _json(body | {"error": {"type": fault.code}, "status": fault.status}, fault.status, fault.headers)

    def answer(self, request: Request) -> Answer:
        """Answer a question."""
        asked = json.loads(request.body or b"{}")
        if request.header("x-amz-target"):
            return self._dynamo(self.operation(request), asked)
        if self.operation(request) == "health":
            return _json({"cluster_name": "leh", "status": "green"})
        index, _, verb = request.path.partition("?")[0].strip("/").partition("/")
        if verb == "_count":
            return self._count(index, asked)
        return _json({"version": {"distribution": "opensearch", "number": "2.19.0"}})

    def _dynamo(self, operation: str, asked: Mapping[str, Any]) -> Answer:
        found = self._tables.get(asked["TableName"])
        if found is None:
            kind = "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"
            return _json({"__type": kind, "message": "Requested resource not found"}, 400)
        keys, items = found
        if operation == "DescribeTable":
            schema = [
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ]
            types = [{"AttributeName": key, "AttributeType": "S"} for key in keys]
            return _json({"Table": {"KeySchema": schema, "AttributeDefinitions": types}})
        wanted = {name: value["S"] for name, value in asked["Key"].items()}
        if wanted.keys() != set(keys):
            kind = "com.amazon.coral.validate#ValidationException"
            return _json({"__type": kind, "message": "The provided key element does not match the schema"}, 400)
        there = [item for item in items if all(item[name] == value for name, value in wanted.items())]
        return _json({"Item": {name: {"S": text} for name, text in there[-1].items()}} if there else {})

    def _count(self, index: str, asked: Mapping[str, Any]) -> Answer:
        if index not in self._indexes:
            reason = {"type": "index_not_found_exception", "reason": f"no such index [{index}]", "index": index}
            return _json({"error": {"root_cause": [reason], **reason}, "status": 404}, 404)
        terms = [term["term"] for term in asked["query"]["bool"]["should"]]
        count = sum(
            any(_is(document, *next(iter(term.items()))) for term in terms) for document in self._indexes[index]
        )
        return _json({"count": count, "_shards": _SHARDS})


def _is(document: Mapping[str, Any], name: str, wanted: Mapping[str, str]) -> bool:
    """Tell whether a field of text has a term: one of its words in small letters, or below `.keyword` the whole of it."""
    field, _, whole = name.partition(".")
    text = str(document.get(field, ""))
    return wanted["value"] in ({text} if whole else set(text.lower().replace("-", " ").split()))


def _json(body: Mapping[str, Any], status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    return Answer(status, json.dumps(body).encode(), headers)
