"""What a case whose circuit is closed may use in an hour: reserved before each call, and never in the way for ever."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from leh_guardian.gate import CACHE_SECONDS, Gate, Paused
from tests.integration.gate.test_circuits import AT, LATER, Hands, admitted
from tests.support.faults import refuse
from tests.support.forwarder import Forwarder
from tests.support.gate_tables import EventBus, Tables, work

Container = Callable[..., Gate]


@pytest.fixture
def container(container: Container) -> Container:
    """Make gates for which it stays the same hour."""

    def make(**more: Any) -> Gate:
        gate = container(**more)
        gate._now = lambda: AT  # type: ignore[method-assign]
        return gate

    return make


def spent(gate: Gate, estimate: int, used: int, **more: Any) -> bool:
    """Whether a call is let through that uses something else than it has estimated."""
    try:
        with gate.call(work(**more), model="gpt", estimate=estimate) as call:
            call.used(used, 0)
    except Paused:
        return False
    return True


def test_without_a_word_of_guardian_there_is_no_limit(store: Tables, container: Container, between: Forwarder) -> None:
    """An older guardian publishes none: nothing is reserved for a closed circuit."""
    assert all(admitted(container(), 10**9) for _ in range(2))
    assert between.faults.hits["UpdateItem"] == 0


def test_a_new_case_has_what_guardian_gives_to_each(store: Tables, container: Container, bus: EventBus) -> None:
    """Its item is made by the first call; what does not fit any more is paused and told, a smaller call still fits."""
    store.put(store.breaker, pk="spend", allowance=1000)
    gate = container()
    assert [admitted(gate, 400) for _ in range(3)] == [True, True, False]
    assert admitted(gate, 200)
    assert admitted(gate, 1000, case="case_b")
    assert not admitted(gate, 1001, case="case_c"), "more than there ever is"
    gate.flush()
    told = [e["Detail"] for e in bus.taken if e["DetailType"] == "AllowanceSpent"]
    assert told == ['{"case_id": "case_a", "tokens": 400}', '{"case_id": "case_c", "tokens": 1001}']
    hours = store.hours("case_a")
    assert [item["allowance"] for item in hours] == [0]
    assert hours[0]["expires"] > AT.timestamp() + 86_400, "where the table has a time to live, it goes by itself"


def test_a_call_is_one_write(store: Tables, container: Container, between: Forwarder) -> None:
    """The difference to an estimate goes with the next call's reservation; only a large one is written at the end."""
    store.put(store.breaker, pk="spend", allowance=100_000)
    gate = container()
    for used in (40, 250, 100):
        assert spent(gate, 100, used)
    gate.flush()
    assert between.faults.hits["UpdateItem"] == 3
    assert store.hours("case_a")[0]["allowance"] == 100_000 - 390, "the last one was estimated right"
    assert spent(gate, 20_000, 1_000)
    gate.flush()
    assert between.faults.hits["UpdateItem"] == 5
    assert store.hours("case_a")[0]["allowance"] == 100_000 - 1_390


def test_workers_that_race_are_let_through_as_far_as_it_goes(store: Tables, container: Container) -> None:
    """Twelve calls at once from four containers, with room for seven and a half: seven, exactly; nobody saw the item before."""
    store.put(store.breaker, pk="spend", allowance=750)
    gates, barrier, through = [container() for _ in range(4)], threading.Barrier(12), []

    def one(gate: Gate) -> None:
        barrier.wait()
        through.append(admitted(gate))

    threads = [threading.Thread(target=one, args=(gates[n % 4],)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert through.count(True) == 7
    assert store.hours("case_a")[0]["allowance"] == 50


@pytest.mark.parametrize("seed", range(2))
def test_no_more_is_used_than_allowed_and_one_overshoot_each(store: Tables, container: Container, seed: int) -> None:
    """Workers that estimate badly, fail, and flush as they like: beyond the allowance there is one call's error for each of them."""
    chance, whole = random.Random(seed), 5_000
    store.put(store.breaker, pk="spend", allowance=whole)
    gates, used, worst = [container() for _ in range(3)], 0, [0, 0, 0]
    refused = 0
    while refused < 4:
        number, estimate = chance.randrange(3), chance.randrange(1, 900)
        real = chance.choice([estimate, chance.randrange(0, 2 * estimate), 0])
        if spent(gates[number], estimate, real):
            used += real
            worst[number] = max(worst[number], real - estimate)
        else:
            refused += 1
        if chance.random() < 0.2:
            gates[number].flush()
    assert used <= whole + sum(worst)
    assert used > whole / 2, "and not much less"


def test_the_next_hour_and_the_next_version_begin_anew(store: Tables, container: Container) -> None:
    """Whatever was left reserved by workers that died: another hour, or a circuit that has closed again, owes nothing."""
    store.put(store.breaker, pk="spend", allowance=100)
    monotonic = Hands(1000.0)
    gate = container(monotonic=monotonic)
    with pytest.raises(SystemExit), gate.call(work(), model="gpt", estimate=100):
        raise SystemExit
    assert not admitted(gate)
    store.circuit("case#case_a", "closed", version=7)
    monotonic.seconds += CACHE_SECONDS
    assert admitted(gate)
    assert not admitted(gate)
    monotonic.seconds += CACHE_SECONDS
    gate._now = lambda: AT + timedelta(hours=1)  # type: ignore[method-assign]
    assert admitted(gate)
    assert len(store.hours("case_a")) == 3


OTHERS: tuple[tuple[dict[str, Any], bool], ...] = (
    ({"state": "half_open", "until": LATER, "allowance": 5000}, True),
    ({"state": "forced_closed", "until": LATER}, True),
    ({"state": "shadow"}, True),
    ({"state": "open"}, False),
)


def test_it_is_of_closed_circuits_alone(store: Tables, container: Container) -> None:
    """A trial has its own allowance, what a person allows has none, and what is only shadowed goes on."""
    store.put(store.breaker, pk="spend", allowance=10)
    for item, through in OTHERS:
        store.circuit("case#case_a", **item)
        assert admitted(container()) is through, item
    assert store.hours("case_a") == []


def test_a_circuit_that_opens_is_seen_by_what_is_refused(store: Tables, container: Container, bus: EventBus) -> None:
    """Refused, the gate looks again: it says that the circuit is open, and does not tell of an allowance."""
    store.put(store.breaker, pk="spend", allowance=100)
    gate = container()
    assert admitted(gate)
    store.circuit("case#case_a", "open", version=2)
    with pytest.raises(Paused, match="case#case_a is open"), gate.call(work(), model="gpt", estimate=100):
        pass
    gate.flush()
    assert [e["DetailType"] for e in bus.taken] == ["TokenUsage"]


def test_what_cannot_be_reserved_is_spent_on_own_account(
    store: Tables, between: Forwarder, container: Container
) -> None:
    """Reads that succeed beside updates that do not: a little goes through, then the case is paused; it comes back with the store."""
    store.put(store.breaker, pk="spend", allowance=10_000)
    between.faults.always("UpdateItem", refuse(500))
    gate = container(local_calls=2)
    assert [admitted(gate) for _ in range(4)] == [True, True, False, False]
    between.faults.off()
    assert admitted(gate)
