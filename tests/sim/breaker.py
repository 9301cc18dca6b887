"""Owns the worker's table of circuits in virtual time, under the real adapter; the one rule: a condition is looked at as it is taken.

It knows the one condition that is asked, and a write without it is taken as it comes: what asks for nothing gets nothing.
tests/integration/adapters/test_breaker_table.py holds it beside moto's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError

from tests.sim.world import Fate, World

Body = Mapping[str, Any]
_CONDITION = "attribute_not_exists(#v) OR #v < :v"


class SimTables:
    """The server."""

    def __init__(self) -> None:
        self._keys: dict[str, tuple[str, ...]] = {}
        self._items: dict[tuple[str, str], dict[str, Any]] = {}
        self.on_put: Callable[[dict[str, Any] | None, dict[str, Any]], None] = lambda before, after: None
        """Called with each item that is written, and the one in whose place."""

    def make(self, name: str, *keys: str) -> None:
        """Make a table with these keys."""
        self._keys[name] = keys

    def items(self, name: str) -> dict[str, dict[str, Any]]:
        """Return what is in a table, by its key."""
        return {key: item for (table, key), item in self._items.items() if table == name}

    def run(self, operation: str, body: Body) -> Body:
        """Run an operation.

        Raises:
            ClientError: it is refused.
        """
        name = body["TableName"]
        if name not in self._keys:
            raise refusal(operation, "ResourceNotFoundException", 400)
        match operation:
            case "DescribeTable":
                kinds = zip(self._keys[name], ("HASH", "RANGE"), strict=False)
                schema = [{"AttributeName": key, "KeyType": kind} for key, kind in kinds]
                named = [{"AttributeName": key, "AttributeType": "S"} for key in self._keys[name]]
                return {"Table": {"KeySchema": schema, "AttributeDefinitions": named}}
            case "GetItem":
                item = self._items.get((name, body["Key"][self._keys[name][0]]["S"]))
                return {"Item": item} if item else {}
        return self._put(name, body)

    def _put(self, name: str, body: Body) -> Body:
        item: dict[str, Any] = body["Item"]
        place = name, item[self._keys[name][0]]["S"]
        before = self._items.get(place)
        asked = body.get("ConditionExpression")
        if asked not in {None, _CONDITION}:
            raise refusal("PutItem", "ValidationException", 400)
        if asked and before:
            names, values = body["ExpressionAttributeNames"], body["ExpressionAttributeValues"]
            if int(before[names["#v"]]["N"]) >= int(values[":v"]["N"]):
                raise refusal("PutItem", "ConditionalCheckFailedException", 400)
        self.on_put(before, item)
        self._items[place] = item
        return {}


class SimDynamo:
    """A process's client, in the place of aiobotocore's."""

    def __init__(self, world: World, tables: SimTables) -> None:
        self._world = world
        self._tables = tables

    async def describe_table(self, **body: Any) -> Body:
        """Describe a table."""
        return await self._ask("DescribeTable", body)

    async def get_item(self, **body: Any) -> Body:
        """Read an item."""
        return await self._ask("GetItem", body)

    async def put_item(self, **body: Any) -> Body:
        """Write an item, if its condition holds."""
        return await self._ask("PutItem", body, effect=True)

    async def _ask(self, operation: str, body: Body, *, effect: bool = False) -> Body:
        fate = await self._world.call(operation, effect=effect)
        if fate is Fate.FAILS:
            raise refusal(operation, "InternalServerError", 500)
        if self._world.roll(self._world.weather.throttle, "throttled"):
            raise refusal(operation, "ProvisionedThroughputExceededException", 400)
        answer = self._tables.run(operation, body)
        await self._world.reply(fate)
        if fate is Fate.LOSES_ANSWER:
            raise HTTPClientError(error="no answer")
        return answer


def refusal(operation: str, code: str, status: int) -> ClientError:
    """Return the error that the SDK makes of a refusal."""
    error = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(error, operation)  # type: ignore[arg-type]
