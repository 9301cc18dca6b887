"""When what was heard: in PostgreSQL and in the small store alike."""

from __future__ import annotations

from datetime import timedelta

from leh_guardian.model.heartbeat import Heard
from leh_guardian.store import heartbeats
from tests.integration.store.contract.conftest import Store
from tests.support.rows import NOW

LATER = NOW + timedelta(minutes=5)


async def test_a_beat_is_of_what_is_expected(store: Store) -> None:
    """Rows are made by looking, not by beats; the newest beat stays, looked at or not; what nobody looks at any more goes."""
    assert await store.do(lambda tx: heartbeats.beat(tx, {"a": NOW})) == set()
    assert await store.do(lambda tx: heartbeats.expect(tx, NOW, ["b", "a"])) == [
        Heard("a", NOW, None, NOW),
        Heard("b", NOW, None, NOW),
    ]
    assert await store.do(lambda tx: heartbeats.beat(tx, {"b": LATER, "x\x00": LATER})) == {"b"}
    assert await store.do(lambda tx: heartbeats.beat(tx, {"b": NOW})) == {"b"}
    await store.do(lambda tx: heartbeats.looked(tx, LATER, ["a", "b"], ["b"]))
    await store.do(lambda tx: heartbeats.looked(tx, NOW, ["a"], []))
    assert await store.do(lambda tx: heartbeats.expect(tx, LATER, ["a", "b"])) == [
        Heard("a", NOW, None, LATER),
        Heard("b", NOW, LATER, LATER, LATER),
    ]
    assert await store.do(lambda tx: heartbeats.forget(tx, ["a"], LATER)) == []
    assert await store.do(lambda tx: heartbeats.forget(tx, ["a"], LATER + timedelta(minutes=1))) == ["b"]
