"""Owns a small DynamoDB and OpenSearch on one port, which can go wrong; the one rule: it answers as the real ones do.

It knows what is asked of it and no more; S3's lists as well. tests/integration/adapters/test_evidence_server.py holds its DynamoDB
against moto's, and its OpenSearch against a real one where LEH_TEST_OPENSEARCH_URL names one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from leh_guardian.local.search import Indexes
from tests.support.faults import Fault
from tests.support.faulty_http import Answer, FaultyServer, Request

REGION = "ap-northeast-2"
_VERSIONS = ("versions", "")
_STORED = "2026-11-01T00:00:00.000Z"


class EvidenceServer(FaultyServer):
    """Tables and indexes on loopback, in a thread of its own."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self._tables: dict[str, tuple[tuple[str, ...], list[dict[str, str]]]] = {}
        self.indexes = Indexes()
        self.page = 3
        """Items and keys in one answer."""
        self._keys: dict[str, list[str]] = {}

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

        def put() -> None:
            there = self.indexes.documents.setdefault(name, {})
            there |= {f"{len(there)}-{number}": dict(each) for number, each in enumerate(documents)}

        self.call(put)

    def store(self, bucket: str, *keys: str) -> None:
        """Put objects into a bucket."""
        self.call(lambda: self._keys.setdefault(bucket, []).extend(keys))

    def operation(self, request: Request) -> str:
        """Return the name under which plans know a request: GetItem, say, or _count."""
        target = request.header("x-amz-target").rpartition(".")[2]
        if "list-type=2" in request.path:
            return "ListObjectsV2"
        if _VERSIONS in parse_qsl(urlsplit(request.path).query, keep_blank_values=True):
            return "ListObjectVersions"
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
        if self.operation(request).startswith("List"):
            return self._list(request)
        status, body = self.indexes.answer(request.method, request.path, asked)
        return _json(body, status)

    def _list(self, request: Request) -> Answer:
        """List a bucket (Amazon S3 API Reference, "ListObjectsV2", "ListObjectVersions"), three keys to a page."""
        parts = urlsplit(request.path)
        asked = dict(parse_qsl(parts.query))
        keys = sorted(key for key in self._keys.get(parts.path.strip("/"), []) if key.startswith(asked["prefix"]))
        first = int(asked.get("continuation-token") or asked.get("key-marker") or "0")
        page, more = keys[first : first + self.page], first + self.page < len(keys)
        kind, marker = (
            ("Version", "NextKeyMarker") if "versions" in request.path else ("Contents", "NextContinuationToken")
        )
        about = f"<LastModified>{_STORED}</LastModified><ETag>&quot;e&quot;</ETag><Size>1</Size>"
        contents = "".join(f"<{kind}><Key>{quote(key)}</Key>{about}</{kind}>" for key in page)
        token = f"<{marker}>{first + self.page}</{marker}>" if more else ""
        told = f"<IsTruncated>{str(more).lower()}</IsTruncated><EncodingType>url</EncodingType>{token}{contents}"
        return Answer(200, f"<ListBucketResult>{told}</ListBucketResult>".encode(), content_type="application/xml")

    def _query(self, items: list[dict[str, str]], asked: Mapping[str, Any]) -> Answer:
        """Return a page of a case's items; what was written last under a key is the item."""
        case = asked["ExpressionAttributeValues"][":case"]["S"]
        newest = {item["evidence_id"]: item for item in items if item.get("case_id") == case}
        ids = sorted(newest)
        first = int(asked.get("ExclusiveStartKey", {"n": {"N": "0"}})["n"]["N"])
        names = set(asked["ExpressionAttributeNames"].values())
        page = [{n: {"S": v} for n, v in newest[one].items() if n in names} for one in ids[first : first + self.page]]
        last = {"LastEvaluatedKey": {"n": {"N": str(first + self.page)}}} if first + self.page < len(ids) else {}
        return _json({"Items": page, "Count": len(page), **last})

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
            by_case = [{"AttributeName": "case_id", "KeyType": "HASH"}]
            index = {"IndexName": "case_id-index", "KeySchema": by_case, "Projection": {"ProjectionType": "ALL"}}
            table = {"KeySchema": schema, "AttributeDefinitions": types, "GlobalSecondaryIndexes": [index]}
            return _json({"Table": table})
        if operation == "Scan":
            return _json({"Items": [{name: {"S": text} for name, text in item.items()} for item in items]})
        if operation == "Query":
            return self._query(items, asked)
        wanted = {name: value["S"] for name, value in asked["Key"].items()}
        if wanted.keys() != set(keys):
            kind = "com.amazon.coral.validate#ValidationException"
            return _json({"__type": kind, "message": "The provided key element does not match the schema"}, 400)
        there = [item for item in items if all(item[name] == value for name, value in wanted.items())]
        return _json({"Item": {name: {"S": text} for name, text in there[-1].items()}} if there else {})


def _json(body: Mapping[str, Any], status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    return Answer(status, json.dumps(body).encode(), headers)
