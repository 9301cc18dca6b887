"""The journal: what it quotes of events holds no secrets."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from leh_guardian.model.journal import Entry, Kind
from leh_guardian.store import journal
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction

NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)


async def test_what_it_quotes_of_events_is_redacted(pool: Pool) -> None:
    """A secret or a resident number in a reason or a parameter is not kept, and what is beside it stays as it was."""
    data = {
        "params": {"text": "주민번호900101-1234567입니다", "token": "x", "list": ['say "password=hunter2\\"', 7]},
        "due_at": NOW,
    }
    entry = Entry(Kind.PLANNED, "refused: password=hunter2 for 900101-1234567", data=data)
    async with transaction(pool) as tx:
        await journal.append(tx, "test", NOW, [entry])
        row = await tx.fetchrow("select reason, data::text from journal")
    assert row["reason"] == "refused: password=[redacted] for [주민번호]"
    kept = json.loads(row["data"])
    assert kept["due_at"] == NOW.isoformat()
    assert kept["params"]["text"] == "주민번호[주민번호]입니다"
    assert kept["params"]["token"] == "[redacted]"
    assert kept["params"]["list"][1] == 7
    assert "hunter2" not in row["data"]
