"""What a transaction sees, and what is left of it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from leh_guardian.errors import StoreError
from leh_guardian.model.chain import Root
from leh_guardian.model.check import SentReport, Status
from leh_guardian.model.deployment import Deployment
from leh_guardian.model.incident import IncidentStatus
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.mode import Mode
from leh_guardian.model.oncall.by_hand import StoredOverride
from leh_guardian.model.silence import Silence
from leh_guardian.model.spend.circuit import Circuit, State
from leh_guardian.model.spend.limits import Scope, Tier
from leh_guardian.model.timer import TimerKind
from leh_guardian.model.window import Amount
from leh_guardian.ports import SentLetter
from leh_guardian.store import (
    actions,
    approvals,
    channel_outages,
    check_reports,
    check_results,
    circuits,
    control,
    counters,
    deliveries,
    deployments,
    duty_overrides,
    early_oks,
    expectations,
    guards,
    heartbeats,
    inbox,
    incidents,
    journal,
    journal_chain,
    letters,
    overview,
    probes,
    provider_outages,
    reprocessing,
    schedule_ticks,
    silences,
    target_runs,
    timers,
)
from leh_guardian.store.approvals import Approval
from leh_guardian.store.counters import Counted
from leh_guardian.store.deliveries import Delivery
from leh_guardian.store.schedule_ticks import Decided
from leh_guardian.store.transaction import Transaction, transaction
from tests.integration.store.contract.conftest import Store
from tests.support.rows import EVENT, EXPECTED, NOW, action, incident, letter, outage

KEY = ("rule", "key-1")


async def write_everything(tx: Transaction) -> None:
    """Write a row into each table."""
    await inbox.log_bodies(tx, NOW, [(True, b"{}")])
    await inbox.take(tx, NOW, [UUID(int=7)])
    await incidents.insert(tx, NOW, [(incident(), EVENT)])
    await actions.insert(tx, NOW, {UUID(int=1): 1}, [action()])
    await timers.set_timers(tx, [(UUID(int=1), TimerKind.RESOLVE, NOW)])
    await guards.record_runs(tx, [(KEY, NOW, UUID(int=1))])
    await target_runs.take(tx, "fix", "user_1", UUID(int=5), NOW, [])
    await early_oks.remember(tx, {KEY: NOW})
    await expectations.save(tx, NOW, [EXPECTED])
    await counters.add(tx, [Counted("rule/count", "key-1", Amount(NOW), NOW)])
    await schedule_ticks.save(tx, NOW, [Decided("weekly", "0 9 * * MON", NOW)])
    await circuits.follow(tx, Circuit(Scope.CASE, "key-1", State.OPEN, 1, since=NOW))
    await circuits.newly_told(tx, {(Scope.CASE, "key-1", Tier.PARK): NOW}, NOW)
    await deliveries.record(tx, Delivery(UUID(int=5), UUID(int=1), "person:a", "console", "page", "it began", NOW))
    await approvals.add(tx, UUID(int=5), Approval("kim", "김민수", NOW))
    await control.set_mode(tx, "*", Mode.OBSERVE, "try", "kim", NOW)
    await provider_outages.follow(tx, outage())
    await heartbeats.expect(tx, NOW, ["backup"])
    await probes.take(tx, "web", NOW, NOW)
    await silences.add(tx, Silence(UUID(int=9), {"rule": ["down"]}, "deploy", "kim", NOW, NOW))
    await duty_overrides.add(tx, StoredOverride(UUID(int=9), "lv1", NOW, NOW, "kim", "ill", NOW))
    await channel_outages.lock(tx, "slack")
    began, went_on = (Entry(kind, "it", UUID(int=1)) for kind in (Kind.OPENED, Kind.COALESCED))
    await journal.append(tx, "one", NOW, [began, went_on])
    await journal_chain.append(tx, [(line, b"hash") for line in await journal_chain.unlinked(tx, NOW, 9)])
    await journal_chain.forget(tx, NOW + timedelta(days=1), 1)
    await journal_chain.add_root(tx, Root(NOW.date(), 2, b"root"), NOW)
    await letters.sent(tx, "dlq", UUID(int=5), UUID(int=1), {"m": SentLetter(UUID(int=6))}, NOW, NOW)
    await letters.keep(tx, "dlq", UUID(int=1), [letter()], NOW)
    await deployments.note(tx, UUID(int=8), Deployment("worker", NOW, "told", "kim"), NOW)
    await reprocessing.plan(tx, UUID(int=5), {"ev_1": None}, NOW)
    await check_results.keep(tx, UUID(int=5), "rule", "check_a", NOW, Status.OK, {})
    await check_reports.keep(tx, SentReport(UUID(int=5), NOW, "2026-W48", Status.OK))


async def whole(tx: Transaction) -> list[object]:
    """Return what can be read of everything; the timer is taken."""
    return [
        sorted(await inbox.take(tx, NOW, [UUID(int=7)])),
        await overview.counts(tx, NOW + timedelta(minutes=5)),
        await overview.incident(tx, UUID(int=1)),
        await guards.runs_since(tx, NOW - timedelta(days=1), ["rule"]),
        await guards.last_runs(tx, [KEY]),
        await target_runs.of(tx, "fix", "user_1"),
        await early_oks.newest(tx, [KEY]),
        await timers.take_due(tx, NOW),
        await expectations.lock(tx, [KEY]),
        await counters.crowded(tx, "rule/count", {"key-1": (NOW, NOW)}, Decimal(1), distinct=False),
        await schedule_ticks.known(tx, ["weekly"]),
        await circuits.listed(tx),
        await inbox.forget(tx, log_before=NOW, inbox_before=NOW, log_rows=0, portion=10),
    ]


NOTHING = [
    [UUID(int=7)],
    {
        "incidents": {"open": 0, "by_level": {}},
        "actions": {"by_status": {}},
        "messages": {"untold": 0},
        "timers": {"overdue": 0},
        "modes": {},
        "providers": {},
        "probes": {},
    },
    None,
    {},
    {},
    [],
    {},
    None,
    {},
    {},
    {},
    [],
    0,
]


async def test_a_rollback_leaves_nothing(store: Store) -> None:
    """What raises leaves no row in any table."""
    async with store.rolled_back() as tx:
        await write_everything(tx)
    assert await store.do(whole) == NOTHING


async def test_it_sees_what_it_has_written_itself(store: Store) -> None:
    """Within the transaction everything is there before the commit."""
    async with transaction(store.pool) as tx:
        await write_everything(tx)
        seen = await whole(tx)
    assert all(mine != nothing for mine, nothing in zip(seen, NOTHING, strict=True))


async def test_others_see_it_only_once_it_is_committed(store: Store) -> None:
    """An open transaction shows nothing to others; a committed one everything, to those already open, too."""
    async with transaction(store.pool) as reader:
        async with transaction(store.pool) as tx:
            await incidents.insert(tx, NOW, [(incident(), EVENT)])
            await control.set_mode(tx, "*", Mode.OFF, "stop", "kim", NOW)
            assert await overview.list_incidents(reader) == []
            assert await control.modes(reader) == []
        assert len(await overview.list_incidents(reader)) == 1
        assert len(await control.modes(reader)) == 1


async def test_others_see_the_row_as_it_was(store: Store) -> None:
    """Whoever only reads does not wait for a row that is being changed, and sees its last committed state."""
    await store.open(incident())
    async with transaction(store.pool) as tx:
        await incidents.lock(tx, UUID(int=1))
        await incidents.save(tx, NOW, [incident(status=IncidentStatus.RESOLVED)])
        assert [i["status"] for i in await store.do(overview.list_incidents)] == ["triggered"]


async def test_a_refused_statement_spoils_the_transaction(store: Store) -> None:
    """After a refused statement nothing is accepted any more, and whoever swallowed it is told at the commit."""

    async def careless(tx: Transaction) -> None:
        await control.set_mode(tx, "*", Mode.OFF, "stop", "kim", NOW)
        with pytest.raises(StoreError):
            await incidents.insert(tx, NOW, [(incident(), EVENT)])
        with pytest.raises(StoreError):
            await control.modes(tx)

    await store.open(incident())
    with pytest.raises(StoreError, match="rolled back"):
        await store.do(careless)
    assert await store.do(control.modes) == []


async def test_hostile_text_comes_back_as_it_was_made_storable(store: Store) -> None:
    """JSON keeps NUL and lone surrogates; the journal's reason has them spelt out; a raw one is refused."""
    await store.open(incident())
    line = Entry(Kind.OPENED, "a\x00b\ud83d", UUID(int=1), data={"name": "a\x00b\ud83d"})
    await store.do(lambda tx: journal.append(tx, "one", NOW, [line]))
    found = await store.do(lambda tx: overview.incident(tx, UUID(int=1)))
    assert found["event"] == EVENT.envelope
    assert found["journal"][0]["reason"] == "a\\x00b\\ud83d"
    assert found["journal"][0]["data"] == {"name": "a\x00b\ud83d"}
    for text in ("a\x00b", "a\ud83db"):
        with pytest.raises(StoreError):
            await store.open(incident(2, dedup_key=text))


async def test_what_was_given_can_be_changed_afterwards(store: Store) -> None:
    """Rows hold copies: neither what was written nor what was read is shared with anyone."""
    params = {"what": ["it"]}
    await store.open(incident())
    await store.plan(action(params=params))
    params["what"].append("changed")
    [claimed] = await store.claim()
    assert claimed.params == {"what": ["it"]}
    claimed.params["what"].append("changed")  # type: ignore[index]
    found = await store.do(overview.list_actions)
    assert found[0]["params"] == {"what": ["it"]}
