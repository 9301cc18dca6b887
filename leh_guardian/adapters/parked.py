"""Owns the table of parked work in DynamoDB; the one rule: only the copy that was read is deleted, for workers write to it, too."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from leh_guardian.adapters.aws import Aws
from leh_guardian.errors import Refused, Unavailable
from leh_guardian.ports.parked import ParkedCount, ParkedMark, ParkedWork

_MARK: Final = ("case_id", "item", "copy", "first_seen", "parked_at")
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class ParkedTable:
    """The port `Parked`."""

    def __init__(self, aws: Aws, client: Any, table: str) -> None:
        self._aws = aws
        self._client = client
        self._table = table

    async def of_case(self, case: str, most: int = 10_000) -> list[ParkedMark]:
        """Return up to `most` items of a case, those that wait longest first; a time that cannot be read was long ago."""
        asked = {"KeyConditionExpression": "#case_id = :case", "ExpressionAttributeValues": {":case": {"S": case}}}
        request = partial(self._client.query, ConsistentRead=True, **asked)
        found = [mark async for mark in self._marks(request, most)]
        return sorted(found, key=lambda mark: (mark.since or _LONG_AGO, mark.item))

    async def get(self, mark: ParkedMark) -> ParkedWork | None:
        """Return an item as it is now (a consistent read), None where it is gone."""
        # Asked for by Query, whose answer has Items also where there is none; GetItem's would then be empty, as one that is none.
        request = partial(
            self._client.query,
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="#case_id = :case AND #item = :item",
            ExpressionAttributeNames={"#case_id": "case_id", "#item": "item"},
            ExpressionAttributeValues={":case": {"S": mark.case}, ":item": {"S": mark.item}},
        )
        found = _items(await self._aws.call(f"read from {self._table}", request), self._table)
        if not found:
            return None
        item = found[0]
        return ParkedWork(
            _mark(item),
            evidence=_text(item, "evidence_id"),
            origin=_text(item, "origin"),
            body=_text(item, "body"),
            attributes=_text(item, "attributes"),
            group=_text(item, "group") or None,
        )

    async def delete(self, mark: ParkedMark) -> bool:
        """Delete an item, or find it gone; False where it has been parked again since, and stays."""
        request = partial(
            self._client.delete_item,
            TableName=self._table,
            Key=_key(mark),
            ConditionExpression="attribute_not_exists(#item) OR #copy = :copy"
            if mark.copy
            else "attribute_not_exists(#copy)",
            ExpressionAttributeNames={"#copy": "copy"} | ({"#item": "item"} if mark.copy else {}),
            **({"ExpressionAttributeValues": {":copy": {"S": mark.copy}}} if mark.copy else {}),
        )
        try:
            await self._aws.call(f"delete from {self._table}", request)
        except Refused as error:
            if "ConditionalCheckFailed" in str(error):
                return False
            raise
        return True

    async def count(self, most: int = 10_000) -> ParkedCount:
        """Look through up to `most` items of all cases: how many each has, and which one waits longest."""
        cases: Counter[str] = Counter()
        oldest: ParkedMark | None = None
        async for mark in self._marks(partial(self._client.scan), most + 1):
            cases[mark.case] += 1
            if oldest is None or (mark.since or _LONG_AGO) < (oldest.since or _LONG_AGO):
                oldest = mark
        return ParkedCount(cases, oldest, cases.total() <= most)

    async def _marks(self, request: Any, most: int) -> AsyncIterator[ParkedMark]:
        names = {f"#{name}": name for name in _MARK}
        start: dict[str, Any] = {}
        while True:
            page = await self._aws.call(
                f"look through {self._table}",
                partial(
                    request,
                    TableName=self._table,
                    ProjectionExpression=", ".join(names),
                    ExpressionAttributeNames=names,
                    **start,
                ),
            )
            for item in _items(page, self._table):
                if not most:
                    return
                most -= 1
                yield _mark(item)
            if not page.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def _items(answer: Mapping[str, Any], table: str) -> list[Mapping[str, Any]]:
    if "Items" not in answer:
        raise Unavailable(f"cannot read from {table}: the answer has no Items, so it is not DynamoDB's")
    items: list[Mapping[str, Any]] = answer["Items"]
    return items


def _key(mark: ParkedMark) -> dict[str, Any]:
    return {"case_id": {"S": mark.case}, "item": {"S": mark.item}}


def _mark(item: Mapping[str, Any]) -> ParkedMark:
    times = (_time(_text(item, name)) for name in ("first_seen", "parked_at"))
    return ParkedMark(_text(item, "case_id"), _text(item, "item"), _text(item, "copy"), *times)


def _text(item: Mapping[str, Any], name: str) -> str:
    return str(item.get(name, {}).get("S", ""))


def _time(text: str) -> datetime | None:
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        return None
    return told if told.tzinfo else told.replace(tzinfo=UTC)
