"""The record of a piece of evidence: when it was last written, by whatever way its worker spells times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from leh_guardian.evidence.record import EvidenceRecords
from leh_guardian.ports import TableLayout

AT = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)


class OneItem:
    """A table with one item."""

    def __init__(self, item: Mapping[str, Any]) -> None:
        self._item = item

    async def layout(self, table: str) -> TableLayout:
        """By its id."""
        return TableLayout("evidence_id")

    async def get(self, table: str, key: Mapping[str, str]) -> Mapping[str, Any]:
        """The item."""
        return self._item


@pytest.mark.parametrize(
    ("item", "touched"),
    [
        ({"updated_at": "2026-11-22T18:00:00Z"}, AT),
        ({"updated_at": "2026-11-23T03:00:00+09:00"}, AT),
        ({"updated_at": "2026-11-22T18:00:00"}, AT),
        ({"updated_at": int(AT.timestamp())}, AT),
        ({"updated_at": int(AT.timestamp() * 1000)}, AT),
        ({"updated_at": str(int(AT.timestamp()))}, AT),
        ({"updated_at": "soon", "created_at": "2026-11-22T18:00:00Z"}, AT),
        ({"updatedAt": AT.timestamp()}, AT),
        ({"updated_at": True}, None),
        ({"updated_at": "²"}, None),
        ({"updated_at": 1e300}, None),
        ({"updated_at": float("nan")}, None),
        ({"updated_at": ["2026"]}, None),
        ({}, None),
    ],
)
async def test_when_it_was_written(item: dict[str, Any], touched: datetime | None) -> None:
    """ISO 8601 in any zone, Unix time in seconds or milliseconds; what is none of it says nothing."""
    record = await EvidenceRecords(OneItem({"status": "processing", **item}), "t", None).look(None, "ev_1")
    assert record.touched == touched
    assert record.processing
    assert record.mark == ("processing" if touched is None else f"processing {touched.isoformat()}")
