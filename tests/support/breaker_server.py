"""Owns a small DynamoDB table of circuits that can go wrong; the one rule: a write is taken on its condition, as the real one does.

It knows the one condition that is asked of a circuit: no item, or one of a lower version. What is put without one is what any case
may use in an hour; the hours of cases are moto's alone. tests/integration/adapters/test_breaker_table.py holds it
against moto's.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from tests.support.evidence_server import EvidenceServer
from tests.support.faulty_http import Answer, Request

_CONDITION = "attribute_not_exists(#v) OR #v < :v"


class BreakerServer(EvidenceServer):
    """A table whose hash key is `id`, on loopback."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.circuits: dict[str, dict[str, Any]] = {}
        self.taken: Counter[str] = Counter()
        """How often each state of each circuit was written over another one: `key state version`."""

    def answer(self, request: Request) -> Answer:
        """Answer a question about circuits."""
        asked = json.loads(request.body or b"{}")
        match self.operation(request):
            case "PutItem":
                return self._put(asked)
            case "GetItem":
                item = self.circuits.get(asked["Key"]["id"]["S"])
                return _json({"Item": item} if item else {})
            case _:
                return super().answer(request)

    def _put(self, asked: Mapping[str, Any]) -> Answer:
        item = asked["Item"]
        if item["id"]["S"] == "spend" and "ConditionExpression" not in asked:
            self.circuits["spend"] = item
            return _json({})
        if asked.get("ConditionExpression") != _CONDITION or asked["ExpressionAttributeNames"] != {"#v": "version"}:
            return _refused("com.amazon.coral.validate#ValidationException", "this server knows one condition only")
        there = self.circuits.get(item["id"]["S"])
        if there and int(there["version"]["N"]) >= int(asked["ExpressionAttributeValues"][":v"]["N"]):
            kind = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"
            return _refused(kind, "The conditional request failed")
        self.circuits[item["id"]["S"]] = item
        self.taken[f"{item['id']['S']} {item['state']['S']} {item['version']['N']}"] += 1
        return _json({})


def _refused(kind: str, message: str) -> Answer:
    return Answer(400, json.dumps({"__type": kind, "message": message}).encode(), ())


def _json(body: Mapping[str, Any]) -> Answer:
    return Answer(200, json.dumps(body).encode(), ())
