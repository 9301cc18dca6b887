"""What is known of probes: in PostgreSQL and in the small store alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from leh_guardian.model.probe import Track
from leh_guardian.store import incidents, probes
from tests.integration.store.contract.conftest import Store
from tests.support.rows import EVENT, NOW, incident

LATER = NOW + timedelta(minutes=1)


async def test_a_probe_is_taken_by_one(store: Store) -> None:
    """A new one is due at once; who takes it moves its time on, so that nobody else does; what was seen is kept."""
    assert await store.do(lambda tx: probes.lock(tx, "web")) is None
    assert await store.do(lambda tx: probes.take(tx, "web", NOW, LATER)) == Track("web", LATER)
    assert await store.do(lambda tx: probes.take(tx, "web", NOW, LATER)) is None
    assert await store.do(lambda tx: probes.take(tx, "web", LATER, LATER + timedelta(minutes=1))) is not None
    seen = Track("web", LATER, NOW, down=True, failures=3, successes=0, failing_since=NOW, step="s \x00", seen="\ud83d")
    await store.do(lambda tx: probes.save(tx, seen))
    kept = replace(seen, step="s \\x00", seen="\\ud83d")
    assert await store.do(lambda tx: probes.lock(tx, "web")) == kept
    assert await store.do(probes.known) == [kept]


async def test_what_nobody_takes_any_more_is_forgotten(store: Store) -> None:
    """Only that."""
    for name in ("b", "a", "kept"):
        await store.do(lambda tx, name=name: probes.take(tx, name, NOW, NOW))
    await store.do(lambda tx: probes.take(tx, "fresh", NOW, LATER))
    assert await store.do(lambda tx: probes.forget(tx, ["kept"], LATER)) == ["a", "b"]
    assert [track.name for track in await store.do(probes.known)] == ["fresh", "kept"]


async def test_rules_with_an_open_incident(store: Store) -> None:
    """Of those that are asked about, each once."""
    one, two, other = incident(1, rule_id="a"), incident(2, rule_id="a"), incident(3, rule_id="b")
    await store.do(lambda tx: incidents.insert(tx, NOW, [(one, EVENT), (two, EVENT), (other, EVENT)]))
    assert await store.do(lambda tx: incidents.open_among(tx, ["a", "c"])) == ["a"]
    assert await store.do(lambda tx: incidents.open_among(tx, [])) == []
