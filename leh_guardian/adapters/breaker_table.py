"""Owns the DynamoDB table that the AI worker reads before each call; the one rule: a version is never replaced by an older one.

docs/breaker.md says what is in it. "Condition expressions" (Amazon DynamoDB Developer Guide) are what makes a stale writer lose.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.dynamo import DynamoTables
from leh_guardian.errors import AccessDenied, NoCredentials, NotFound, Refused, Unavailable
from leh_guardian.model.spend.circuit import Circuit, State
from leh_guardian.model.spend.hourly import differs
from leh_guardian.model.spend.limits import Scope

_KEPT: Final = timedelta(days=30)
"""How long a closed circuit is kept for its version, where the table has a time to live on `expires`."""
_ANY_CASE: Final = "spend"
"""The item that says what any case may use in an hour; before `#`, a case's own hours."""
_HOURS: Final = 3 * 24 * 3600
"""Seconds for which an hour is kept, in the same way."""
_TRIES: Final = 3
_LOST: Final = "ConditionalCheckFailedException"


def item_key(scope: Scope, key: str) -> str:
    """Return the key of a circuit's item."""
    return scope.value if scope is Scope.FLEET else f"{scope}#{key}"


class BreakerTable:
    """The ports `Board` and `HourAllowances` over DynamoDB."""

    def __init__(self, aws: Aws, client: Any, tables: DynamoTables, name: str) -> None:
        self._aws = aws
        self._client = client
        self._tables = tables
        self._name = name

    async def ping(self) -> None:
        """Raise when the table cannot be used, with what to do about it."""
        try:
            await self._hash_key()
        except NotFound as error:
            raise NotFound(
                f"{error} - check LEH_BREAKER__TABLE and AWS_REGION; docs/breaker.md says how to make it"
            ) from error
        except NoCredentials:
            raise
        except AccessDenied as error:
            wanted = "dynamodb:DescribeTable, dynamodb:GetItem, dynamodb:PutItem and dynamodb:UpdateItem"
            raise AccessDenied(f"{error} - allow {wanted} on it") from error

    async def publish(self, circuit: Circuit) -> int:
        """Put a circuit in the place of an older version; returns the version that is there now.

        Raises:
            Unavailable, AccessDenied, NotFound: the table cannot be written.
            Refused: the table has a range key.
        """
        name = await self._hash_key()
        item = _item(circuit) | {name: {"S": item_key(circuit.scope, circuit.key)}}

        doing = f"write to DynamoDB table {self._name}"
        wanted = {
            "ConditionExpression": "attribute_not_exists(#v) OR #v < :v",
            "ExpressionAttributeNames": {"#v": "version"},
        }
        values = {":v": {"N": str(circuit.version)}}
        try:
            await self._aws.call(
                doing,
                lambda: self._client.put_item(
                    TableName=self._name, Item=item, ExpressionAttributeValues=values, **wanted
                ),
            )
        except Refused as error:
            if _LOST not in str(error.__cause__):
                raise
        # Read, whatever was answered: an answer is no proof that the worker will see it.
        there = await self.read(circuit.scope, circuit.key)
        if there is None or there[1] < circuit.version:
            raise Unavailable(f"DynamoDB table {self._name} does not have what was written into it")
        return there[1]

    async def read(self, scope: Scope, key: str) -> tuple[State, int] | None:
        """Return the state and version that the worker reads, None for none, or for what is no circuit."""
        item = await self._tables.get(self._name, {await self._hash_key(): item_key(scope, key)})
        try:
            return (State(item["state"]), int(item["version"])) if item else None
        except (KeyError, TypeError, ValueError):
            return None

    async def give(self, tokens: int | None) -> None:
        """Say what any case may use in an hour; None: nothing is reserved for closed circuits."""
        key = {await self._hash_key(): _ANY_CASE}
        there = await self._tables.get(self._name, key)
        if (there or {}).get("allowance") == tokens:
            return
        item = {name: {"S": value} for name, value in key.items()}
        if tokens is not None:
            item["allowance"] = {"N": str(tokens)}
        doing = f"write to DynamoDB table {self._name}"
        await self._aws.call(doing, lambda: self._client.put_item(TableName=self._name, Item=item))

    async def narrow(self, case: str, hour: datetime, version: int, tokens: int, whole: int) -> bool:
        """Let a case use `tokens` in an hour in the place of the `whole`; whether that was worth writing."""
        key = {await self._hash_key(): f"{_ANY_CASE}#{case}#{hour.astimezone(UTC):%Y-%m-%dT%H}#{version}"}
        for _ in range(_TRIES):
            there = await self._tables.get(self._name, key) or {}
            granted = int(there.get("granted", whole))
            if not differs(granted, tokens, whole):
                return False
            if await self._grant(key, tokens, granted, hour, made="granted" in there):
                return True
        return False

    async def _grant(self, key: Mapping[str, str], tokens: int, was: int, hour: datetime, *, made: bool) -> bool:
        """Change an hour by a difference, for workers reserve meanwhile; False where it is not what it was any more."""
        values = {":was": was, ":more": tokens - was, ":granted": tokens, ":end": int(hour.timestamp()) + _HOURS}
        update = "SET allowance = if_not_exists(allowance, :was) + :more, granted = :granted, expires = :end"
        condition = "granted = :was" if made else "attribute_not_exists(granted)"
        try:
            await self._aws.call(
                f"update DynamoDB table {self._name}",
                lambda: self._client.update_item(
                    TableName=self._name,
                    Key={name: {"S": value} for name, value in key.items()},
                    UpdateExpression=update,
                    ConditionExpression=condition,
                    ExpressionAttributeValues={name: {"N": str(value)} for name, value in values.items()},
                ),
            )
        except Refused as error:
            if _LOST not in str(error.__cause__):
                raise
            return False
        return True

    async def _hash_key(self) -> str:
        layout = await self._tables.layout(self._name)
        if layout.range_key is not None:
            raise Refused(
                f"DynamoDB table {self._name} has a range key: the table of circuits has a hash key alone (docs/breaker.md)"
            )
        return layout.hash_key


def _item(circuit: Circuit) -> dict[str, Any]:
    """Return the attributes of a circuit's item ("AttributeValue" in the Amazon DynamoDB API Reference)."""
    item: dict[str, Any] = {
        "state": {"S": circuit.state.value},
        "version": {"N": str(circuit.version)},
        "reason": {"S": circuit.reason[:1000] or "-"},
        "actor": {"S": circuit.actor[:200] or "-"},
    }
    if circuit.since is not None:
        item["since"] = {"S": circuit.since.isoformat()}
        if circuit.state is State.CLOSED:
            item["expires"] = {"N": str(int((circuit.since + _KEPT).timestamp()))}
    if circuit.until is not None:
        item["until"] = {"S": circuit.until.isoformat()}
    if circuit.allowance is not None:
        item["allowance"] = {"N": str(circuit.allowance)}
    return item
