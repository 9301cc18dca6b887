"""The gate against DynamoDB (moto over HTTP): who is let through, and what may be reserved."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from leh_guardian.clock import SystemClock
from leh_guardian.gate import CACHE_SECONDS, Gate, Paused
from tests.support.forwarder import Forwarder
from tests.support.gate_tables import EventBus, Tables, work

Container = Callable[..., Gate]
AT = SystemClock().now()
LATER, BEFORE = (AT + timedelta(hours=1)).isoformat(), (AT - timedelta(hours=1)).isoformat()


class Hands:
    """Both clocks of a container, in a test's hands."""

    def __init__(self, start: float = 0.0) -> None:
        self.seconds = start

    def __call__(self) -> float:
        """Return seconds."""
        return self.seconds


def admitted(gate: Gate, tokens: int = 100, **more: Any) -> bool:
    """Whether a call is let through; it uses what it has estimated."""
    try:
        with gate.call(work(**more), model="gpt", estimate=tokens) as call:
            call.used(tokens, 0)
    except Paused:
        return False
    return True


STATES: tuple[tuple[dict[str, dict[str, Any]], bool], ...] = (
    ({}, True),
    ({"case#case_a": {"state": "closed"}}, True),
    ({"case#case_a": {"state": "open"}}, False),
    ({"case#case_b": {"state": "open"}}, True),
    ({"user#u1": {"state": "open"}}, False),
    ({"fleet": {"state": "open"}}, False),
    ({"case#case_a": {"state": "forced_open"}}, False),
    ({"case#case_a": {"state": "forced_open", "until": BEFORE}}, False),
    ({"case#case_a": {"state": "shadow"}}, True),
    ({"case#case_a": {"state": "half_open", "until": LATER, "allowance": 100}}, True),
    ({"case#case_a": {"state": "half_open", "until": LATER, "allowance": 99}}, False),
    ({"case#case_a": {"state": "half_open", "until": BEFORE, "allowance": 100}}, False),
    ({"case#case_a": {"state": "half_open", "until": "soon", "allowance": 100}}, False),
    ({"case#case_a": {"state": "half_open", "until": LATER.replace("+00:00", "Z")}}, True),
    ({"case#case_a": {"state": "closed", "allowance": 50}}, False),
    ({"case#case_a": {"state": "forced_closed", "until": LATER, "allowance": 0}}, True),
    ({"case#case_a": {"state": "forced_closed", "until": BEFORE, "allowance": 0}}, False),
    ({"case#case_a": {"state": "forced_closed", "until": BEFORE}}, True),
    ({"case#case_a": {"state": "forced_closed", "until": LATER}, "fleet": {"state": "open"}}, False),
    ({"case#case_a": {"state": "forced_closed", "until": LATER}, "user#u1": {"state": "open"}}, False),
    ({"case#case_a": {"state": "a state of tomorrow"}}, False),
)


def test_who_is_let_through(store: Tables, container: Container) -> None:
    """Each state of a case, a user and the fleet means what docs/breaker.md says; one that this file does not know pauses."""
    seconds = Hands(1000.0)
    gate = container(monotonic=seconds)
    for circuits, through in STATES:
        for name, item in circuits.items():
            store.circuit(name, **item)
        assert admitted(gate, user_id="u1") is through, circuits
        seconds.seconds += CACHE_SECONDS
        for name in circuits:
            store.close(name)


def test_a_look_reserves_nothing(store: Tables, container: Container, bus: EventBus) -> None:
    """At a job's start and before its end a case is only looked at."""
    store.circuit("case#case_a", "half_open", until=LATER, allowance=100)
    gate = container()
    gate.check("case_a", "u1")
    gate.flush()
    assert store.allowance("case#case_a") == 100
    assert bus.asked == []
    store.circuit("fleet", "open", version=2)
    with pytest.raises(Paused, match="fleet is open"):
        container().check("case_a")


def test_a_circuit_is_read_every_five_seconds(store: Tables, container: Container) -> None:
    """Within five seconds an open circuit is not seen, after that it is; by whichever clock moves, for a container may freeze."""
    for stopped in ("clock", "monotonic"):
        store.close("case#case_a")
        clock, monotonic = Hands(time.time()), Hands(1000.0)  # noqa: TID251 - DynamoDB's answers are of now
        gate = container(clock=clock, monotonic=monotonic)
        gate.check("case_a")
        store.circuit("case#case_a", "open")
        moving = monotonic if stopped == "clock" else clock
        moving.seconds += 4.9
        gate.check("case_a")
        moving.seconds += 0.2
        with pytest.raises(Paused):
            gate.check("case_a")


@pytest.mark.parametrize("wrong_by", [-7200.0, 7200.0])
def test_a_wrong_clock_ends_no_lease(store: Tables, container: Container, wrong_by: float) -> None:
    """`until` is judged by DynamoDB's clock, whatever that of the container says."""
    gate = container(clock=lambda: time.time() + wrong_by)  # noqa: TID251 - that is the point
    store.circuit("case#case_a", "half_open", until=LATER, allowance=1000)
    store.circuit("case#case_b", "half_open", until=BEFORE, allowance=1000)
    assert admitted(gate, case="case_a")
    assert not admitted(gate, case="case_b")


def test_what_was_reserved_is_settled(store: Tables, container: Container) -> None:
    """Less used is given back, more is taken; what is unknown stays reserved, as does what a failed call was given."""
    store.circuit("case#case_a", "half_open", until=LATER, allowance=1000)
    gate = container()
    for used, left in (((40, 20), 940), ((150, 50), 740), (None, 640), ((0, 0), 640)):
        with gate.call(work(), model="gpt", estimate=100) as call:
            if used is not None:
                call.used(*used)
        assert store.allowance("case#case_a") == left
    with pytest.raises(TimeoutError), gate.call(work(), model="gpt", estimate=100):
        raise TimeoutError
    assert store.allowance("case#case_a") == 540


def test_an_allowance_of_another_version_is_left_alone(store: Tables, container: Container) -> None:
    """What was reserved under one version is not settled under the next; and one that changed meanwhile is read anew."""
    store.circuit("case#case_a", "half_open", until=LATER, allowance=1000)
    gate = container()
    with gate.call(work(), model="gpt", estimate=100) as call:
        store.circuit("case#case_a", "half_open", version=2, until=LATER, allowance=500)
        call.used(1, 1)
    assert store.allowance("case#case_a") == 500
    assert admitted(gate), "the cache still holds version 1"
    assert store.allowance("case#case_a") == 400
    store.circuit("case#case_a", "open", version=3)
    assert not admitted(gate), "open since: the reservation finds out, whatever the cache says"


def test_all_or_nothing_is_reserved(store: Tables, container: Container) -> None:
    """A case with an allowance whose user has none left gets its own back."""
    store.circuit("case#case_a", "half_open", until=LATER, allowance=1000)
    store.circuit("user#u1", "half_open", until=LATER, allowance=10)
    assert not admitted(container(), user_id="u1")
    assert (store.allowance("case#case_a"), store.allowance("user#u1")) == (1000, 10)


def test_threads_reserve_what_there_is_and_no_more(store: Tables, container: Container) -> None:
    """Twelve containers at once, with an allowance for seven and a half: seven are let through, exactly."""
    store.circuit("case#case_a", "half_open", until=LATER, allowance=750)
    gates = [container() for _ in range(4)]
    for gate in gates:
        gate.check("case_a")
    barrier, let_through = threading.Barrier(12), []

    def one(gate: Gate) -> None:
        barrier.wait()
        if admitted(gate):
            let_through.append(gate)

    threads = [threading.Thread(target=one, args=(gates[n % 4],)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(let_through) == 7
    assert store.allowance("case#case_a") == 50


def test_a_paused_case_costs_no_write(store: Tables, between: Forwarder, container: Container) -> None:
    """Beside the table's description one read is all that an open circuit costs, and a closed one as well."""
    store.circuit("case#case_a", "open")
    gate = container()
    for case in ("case_a", "case_a", "case_b", "case_b"):
        admitted(gate, case=case)
    assert dict(between.faults.hits) == {"DescribeTable": 1, "BatchGetItem": 2}
