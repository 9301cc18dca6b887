"""The tables of docs/breaker.md on moto's server, and an EventBridge: what tests of the gate and of the release share."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from leh_guardian.gate import Gate, Work
from tests.support.faulty_http import Answer, FaultyServer, Request
from tests.support.installation import client

QUEUE_URL = "https://sqs.ap-northeast-2.amazonaws.com/123456789012/leh-ai-worker"


class Tables:
    """A breaker table and a table of parked work, with names of their own."""

    def __init__(self, dynamo: Any) -> None:
        self._dynamo = dynamo
        tag = uuid.uuid4().hex[:8]
        self.breaker, self.parked = f"breaker-{tag}", f"parked-{tag}"
        self._make(self.breaker, "pk")
        self._make(self.parked, "case_id", "item")

    def _make(self, name: str, *keys: str) -> None:
        kinds = zip(keys, ("HASH", "RANGE"), strict=False)
        self._dynamo.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in kinds],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        )

    def circuit(self, name: str, state: str, version: int = 1, **more: Any) -> None:
        """Write what guardian writes."""
        self.put(self.breaker, pk=name, state=state, version=version, reason="a test", actor="guardian", **more)

    def close(self, name: str) -> None:
        """Delete a circuit: no item means closed."""
        self._dynamo.delete_item(TableName=self.breaker, Key={"pk": {"S": name}})

    def allowance(self, name: str) -> int:
        """Return what is left of an allowance."""
        item = self._dynamo.get_item(TableName=self.breaker, Key={"pk": {"S": name}}, ConsistentRead=True)["Item"]
        return int(item["allowance"]["N"])

    def hours(self, case: str) -> list[Mapping[str, Any]]:
        """Return what is kept of a case's hours, the oldest first."""
        found = self._dynamo.scan(TableName=self.breaker, ConsistentRead=True)["Items"]
        items = [{key: TypeDeserializer().deserialize(value) for key, value in item.items()} for item in found]
        return sorted((i for i in items if i["pk"].startswith(f"spend#{case}#")), key=lambda item: str(item["pk"]))

    def put(self, table: str, **item: Any) -> None:
        """Put an item."""
        self._dynamo.put_item(
            TableName=table, Item={key: TypeSerializer().serialize(value) for key, value in item.items()}
        )

    def items(self) -> list[Mapping[str, Any]]:
        """Return everything that is parked."""
        found = self._dynamo.scan(TableName=self.parked, ConsistentRead=True)["Items"]
        return [{key: TypeDeserializer().deserialize(value) for key, value in item.items()} for item in found]

    def gate(self, **more: Any) -> Gate:
        """A container's gate."""
        return Gate(self.breaker, self.parked, **more)


@contextmanager
def tables(environment: Mapping[str, str]) -> Iterator[Tables]:
    """Make both; the server's end is theirs."""
    with client("dynamodb", dict(environment)) as dynamo:
        yield Tables(dynamo)


def work(case: str = "case_a", evidence: str = "ev_1", **more: Any) -> Work:
    """A piece of work."""
    body = json.dumps({"case_id": case, "evidence_id": evidence}, ensure_ascii=False)
    return Work(
        **{
            "version": "1",
            "origin": f"sqs:{QUEUE_URL}",
            "body": body,
            **more,
            "case_id": case,
            "evidence_id": evidence,
        }
    )


class EventBus(FaultyServer):
    """An EventBridge that takes what it is told to; `takes` says of each entry, by its number, whether."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[dict[str, Any]] = []
        self.takes: Any = lambda number: True
        self.asked: list[int] = []
        """Entries of each request."""
        self._number = 0

    def operation(self, request: Request) -> str:
        """Return the name under which plans know a request."""
        return request.header("x-amz-target").rpartition(".")[2]

    def answer(self, request: Request) -> Answer:
        """Take some of the entries ("PutEvents" in the Amazon EventBridge API Reference)."""
        entries, told = json.loads(request.body)["Entries"], []
        self.asked.append(len(entries))
        for entry in entries:
            self._number += 1
            if self.takes(self._number):
                self.taken.append(entry)
                told.append({"EventId": str(self._number)})
            else:
                told.append({"ErrorCode": "ThrottlingException", "ErrorMessage": "later"})
        return Answer(
            200, json.dumps({"Entries": told, "FailedEntryCount": sum("ErrorCode" in one for one in told)}).encode()
        )

    def details(self) -> list[dict[str, Any]]:
        """What the events tell."""
        return [json.loads(entry["Detail"]) for entry in self.taken]
