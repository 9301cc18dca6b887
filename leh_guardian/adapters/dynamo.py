"""Owns DynamoDB; the one rule: a table is inspected before it is asked, since the same table has different keys in the wild."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import anyio

from leh_guardian.adapters.aws import Aws
from leh_guardian.errors import AccessDenied, NoCredentials, NotFound, Refused, Unavailable
from leh_guardian.ports import TableLayout

_FRESH = 60.0
"""Seconds for which the layout of a table is believed: it cannot be changed, but a table can be made anew."""


class DynamoTables:
    """DynamoDB as handlers use it."""

    def __init__(self, aws: Aws, client: Any) -> None:
        self._aws = aws
        self._client = client
        self._layouts: dict[str, tuple[float, TableLayout]] = {}

    async def layout(self, table: str) -> TableLayout:
        """Return the primary key of a table, as it was seen within the last minute.

        Raises:
            Refused: a key of it is no text.
        """
        seen = self._layouts.get(table)
        if seen is not None and anyio.current_time() - seen[0] < _FRESH:
            return seen[1]
        layout = await self.describe(table)
        self._layouts[table] = (anyio.current_time(), layout)
        return layout

    async def describe(self, table: str) -> TableLayout:
        """Return the primary key of a table, as it is now.

        Raises:
            Refused: a key of it is no text.
        """
        doing = f"describe DynamoDB table {table}"
        answer = await self._aws.call(doing, lambda: self._client.describe_table(TableName=table))
        try:
            described = answer["Table"]
            names = {part["KeyType"]: part["AttributeName"] for part in described["KeySchema"]}
            kinds = {part["AttributeName"]: part["AttributeType"] for part in described["AttributeDefinitions"]}
            layout = TableLayout(names["HASH"], names.get("RANGE"))
            wrong = [name for name in layout.keys if kinds[name] != "S"]
        except (KeyError, TypeError) as error:
            raise Unavailable(f"cannot {doing}: an answer that is none (no {error})") from error
        if wrong:
            raise Refused(f"key {wrong[0]} of DynamoDB table {table} is no text")
        return layout

    async def get(self, table: str, key: Mapping[str, str]) -> Mapping[str, Any] | None:
        """Return an item as it is now (a consistent read), None where there is none."""
        spelt = {name: {"S": value} for name, value in key.items()}
        answer = await self._aws.call(
            f"read from DynamoDB table {table}",
            lambda: self._client.get_item(TableName=table, Key=spelt, ConsistentRead=True),
        )
        item = answer.get("Item")
        return {name: _plain(value) for name, value in item.items()} if item else None


class EvidenceTable:
    """The table of evidence, for those who ask whether it can be used. Optional for the daemon: it never fails readiness."""

    def __init__(self, tables: DynamoTables, name: str) -> None:
        self._tables = tables
        self._name = name

    async def ping(self) -> None:
        """Raise when the table cannot be used, with what to do about it."""
        try:
            await self._tables.describe(self._name)
        except NotFound as error:
            raise NotFound(f"{error} - check LEH_EVIDENCE__TABLE and AWS_REGION") from error
        except NoCredentials:
            raise
        except AccessDenied as error:
            raise AccessDenied(f"{error} - allow dynamodb:DescribeTable and dynamodb:GetItem on it") from error


def _plain(value: Mapping[str, Any]) -> Any:
    """Return an attribute without its type ("AttributeValue" in the Amazon DynamoDB API Reference)."""
    [(kind, inner)] = [(kind, inner) for kind, inner in value.items()][:1] or [("NULL", True)]
    match kind:
        case "N":
            number = Decimal(inner)
            return int(number) if number == number.to_integral_value() else float(number)
        case "NULL":
            return None
        case "M":
            return {name: _plain(item) for name, item in inner.items()}
        case "L":
            return [_plain(item) for item in inner]
        case _:
            return inner
