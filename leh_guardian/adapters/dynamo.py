"""Owns DynamoDB; the one rule: a table is inspected before it is asked, since the same table has different keys in the wild."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import anyio

from leh_guardian.adapters.aws import Aws
from leh_guardian.errors import AccessDenied, NoCredentials, NotFound, Refused, Unavailable
from leh_guardian.ports import TableBackups, TableLayout, TableScan

_FRESH = 60.0
"""Seconds for which the layout of a table is believed: it cannot be changed, but a table can be made anew."""


class DynamoTables:
    """DynamoDB as handlers use it."""

    def __init__(self, aws: Aws, client: Any, *, case_index: str = "case_id-index") -> None:
        """`case_index` is the index by which a table that is known by `evidence_id` alone is asked for a case."""
        self._aws = aws
        self._client = client
        self._case_index = case_index
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
        described = await self._described(table)
        try:
            names = {part["KeyType"]: part["AttributeName"] for part in described["KeySchema"]}
            kinds = {part["AttributeName"]: part["AttributeType"] for part in described["AttributeDefinitions"]}
            layout = TableLayout(names["HASH"], names.get("RANGE"))
            wrong = [name for name in layout.keys if kinds[name] != "S"]
        except (KeyError, TypeError) as error:
            raise Unavailable(f"cannot {doing}: an answer that is none (no {error})") from error
        if wrong:
            raise Refused(f"key {wrong[0]} of DynamoDB table {table} is no text")
        return layout

    async def _described(self, table: str) -> Mapping[str, Any]:
        doing = f"describe DynamoDB table {table}"
        answer = await self._aws.call(doing, lambda: self._client.describe_table(TableName=table))
        described: Mapping[str, Any] | None = answer.get("Table")
        if described is None:
            raise Unavailable(f"cannot {doing}: an answer that is none (no 'Table')")
        return described

    async def of_case(self, table: str, case: str, attributes: Sequence[str], most: int) -> Sequence[Mapping[str, Any]]:
        """Return all items of a case, each with its key and no more than `attributes`, page by page.

        Where the index does not hold the attributes, each item is read by itself.

        Raises:
            Refused: there are more than `most`, or neither the table nor its index is known by `case_id`.
        """
        described = await self._described(table)
        index, there = _by_case(table, described, self._case_index)
        keys = [part["AttributeName"] for part in described["KeySchema"]]
        # Of an index that keeps but some attributes, no other may be asked for (Query, "ProjectionExpression").
        wanted = [*keys, *(name for name in attributes if name not in keys and (there is None or name in there))]
        found = list[Mapping[str, Any]]()
        async for item in self._pages(table, index, case, wanted):
            found.append(item)
            if len(found) > most:
                raise Refused(f"more than {most} items of {table} belong to case {case}")
        if there is None or "status" in there or "status" not in attributes:
            return found
        # One after the other: an item may be as large as 400 KB, and of each no more is kept than was asked for.
        read = [await self._some(table, {name: str(item[name]) for name in keys}, attributes) for item in found]
        return [item for item in read if item]

    async def _some(self, table: str, key: Mapping[str, str], attributes: Sequence[str]) -> Mapping[str, Any]:
        item = await self.get(table, key) or {}
        return {name: item[name] for name in (*key, *attributes) if name in item}

    async def _pages(
        self, table: str, index: str | None, case: str, wanted: Sequence[str]
    ) -> AsyncIterator[Mapping[str, Any]]:
        names = {f"#n{number}": name for number, name in enumerate(wanted)}
        asked: dict[str, Any] = {
            "TableName": table,
            "KeyConditionExpression": "#case = :case",
            "ProjectionExpression": ", ".join(names),
            "ExpressionAttributeNames": {**names, "#case": "case_id"},
            "ExpressionAttributeValues": {":case": {"S": case}},
            # An index cannot be read consistently; what is missing in it for a moment is looked at again before it is asked for.
            **({"ConsistentRead": True} if index is None else {"IndexName": index}),
        }
        if "case_id" in names.values():
            # One placeholder for each attribute: DynamoDB refuses two for the same.
            own = next(placeholder for placeholder, name in names.items() if name == "case_id")
            asked["KeyConditionExpression"] = f"{own} = :case"
            asked["ExpressionAttributeNames"] = names
        while True:
            answer = await self._aws.call(f"query DynamoDB table {table}", lambda: self._client.query(**asked))
            for item in answer.get("Items", ()):
                yield {name: _plain(value) for name, value in item.items()}
            if not (last := answer.get("LastEvaluatedKey")):
                return
            asked["ExclusiveStartKey"] = last

    async def scan(
        self,
        table: str,
        attributes: Sequence[str],
        wanted: Callable[[Mapping[str, Any]], bool],
        pages: int,
        seconds: float,
    ) -> TableScan:
        """Return the items of a table that are wanted, each with no more than `attributes` (Scan, not consistent).

        Ends after so many pages, each of a megabyte at most, or seconds.

        Raises:
            AccessDenied: dynamodb:Scan is missing.
        """
        names = {f"#n{number}": name for number, name in enumerate(dict.fromkeys(attributes))}
        asked: dict[str, Any] = {
            "TableName": table,
            "ProjectionExpression": ", ".join(names),
            "ExpressionAttributeNames": names,
        }
        found, ends = list[Mapping[str, Any]](), anyio.current_time() + seconds
        for _ in range(pages):
            answer = await self._aws.call(f"scan DynamoDB table {table}", lambda: self._client.scan(**asked))
            items = ({name: _plain(value) for name, value in item.items()} for item in answer.get("Items", ()))
            found += [item for item in items if wanted(item)]
            if not (last := answer.get("LastEvaluatedKey")):
                return TableScan(found, whole=True)
            if anyio.current_time() >= ends:
                break
            asked["ExclusiveStartKey"] = last
        return TableScan(found, whole=False)

    async def backups(self, table: str) -> TableBackups:
        """Return what is known of a table's point-in-time recovery."""
        described = await self._described(table)
        answer = await self._aws.call(
            f"ask for the backups of DynamoDB table {table}",
            lambda: self._client.describe_continuous_backups(TableName=table),
        )
        told = answer.get("ContinuousBackupsDescription", {}).get("PointInTimeRecoveryDescription", {})
        return TableBackups(
            told.get("PointInTimeRecoveryStatus") == "ENABLED",
            told.get("EarliestRestorableDateTime"),
            told.get("LatestRestorableDateTime"),
            int(described.get("TableSizeBytes") or 0),
        )

    async def get(self, table: str, key: Mapping[str, str]) -> Mapping[str, Any] | None:
        """Return an item as it is now (a consistent read), None where there is none."""
        spelt = {name: {"S": value} for name, value in key.items()}
        answer = await self._aws.call(
            f"read from DynamoDB table {table}",
            lambda: self._client.get_item(TableName=table, Key=spelt, ConsistentRead=True),
        )
        item = answer.get("Item")
        return {name: _plain(value) for name, value in item.items()} if item else None


def _by_case(table: str, described: Mapping[str, Any], wanted: str) -> tuple[str | None, frozenset[str] | None]:
    """Return the index to ask for a case, None for the table itself; and the attributes that it holds, None for all."""
    if _hash(described) == "case_id":
        return None, None
    for index in (*described.get("GlobalSecondaryIndexes", ()), *described.get("LocalSecondaryIndexes", ())):
        if index.get("IndexName") == wanted and _hash(index) == "case_id":
            projection = index.get("Projection", {})
            if projection.get("ProjectionType") == "ALL":
                return wanted, None
            keys = [part["AttributeName"] for part in (*index["KeySchema"], *described["KeySchema"])]
            return wanted, frozenset((*keys, *projection.get("NonKeyAttributes", ())))
    raise Refused(
        f"items of {table} cannot be asked for by case: it has no index {wanted} on case_id; name it in evidence.case_index"
    )


def _hash(schema: Mapping[str, Any]) -> str | None:
    return next((part["AttributeName"] for part in schema.get("KeySchema", ()) if part["KeyType"] == "HASH"), None)


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
