"""The record of use: an event for each attempt, whatever became of it; and never a trouble for the worker."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from leh_guardian import gate as module
from leh_guardian.gate import Gate
from tests.integration.gate.test_circuits import LATER, Hands, admitted
from tests.support.faults import hang, refuse, slow
from tests.support.gate_tables import EventBus, Tables, work
from tests.support.process import wait_for

Container = Callable[..., Gate]


def test_an_attempt_is_an_event(store: Tables, container: Container, bus: EventBus) -> None:
    """With who, what and how much; a failed attempt as well, with what is known of it."""
    gate = container(bus="leh")
    piece = work(user_id="u1", sha256="ab" * 32)
    with gate.call(piece, model="gpt-4o", estimate=100, attempt=2) as call:
        call.used(70, 12, "req-1")
    with pytest.raises(ValueError, match="boom"), gate.call(piece, model="gpt-4o", estimate=100) as call:
        raise ValueError("boom")
    with gate.call(work(), model="gpt-4o", estimate=100) as call:
        call.outcome = "rate_limited"
    gate.flush()
    first, failed, limited = bus.details()
    assert first == {
        "case_id": "case_a",
        "user_id": "u1",
        "evidence_id": "ev_1",
        "sha256": "ab" * 32,
        "model": "gpt-4o",
        "prompt_tokens": 70,
        "completion_tokens": 12,
        "attempt": 2,
        "outcome": "ok",
        "request_id": "req-1",
    }
    assert (failed["outcome"], failed["prompt_tokens"], failed["attempt"]) == ("error", 0, 1)
    assert (limited["outcome"], "user_id" in limited, "sha256" in limited) == ("rate_limited", False, False)
    assert len({failed["request_id"], limited["request_id"]}) == 2, "each attempt is known by an id"
    assert {(e["Source"], e["DetailType"], e["EventBusName"]) for e in bus.taken} == {
        ("leh.ai-worker", "TokenUsage", "leh")
    }


def test_a_record_says_which_circuit_let_it_through(store: Tables, container: Container, bus: EventBus) -> None:
    """By its version: a trial, or a closed one with an hour's allowance; nothing where nothing was reserved of the case's own."""
    store.circuit("case#case_a", "half_open", version=7, until=LATER, allowance=1000)
    store.circuit("user#u1", "half_open", version=3, until=LATER, allowance=1000)
    gate = container()
    for user in (None, "u1"):
        with gate.call(work(user_id=user), model="m", estimate=100) as call:
            call.used(70, 12)
    with gate.call(work(case="case_b", user_id="u1"), model="m", estimate=100):
        pass
    store.put(store.breaker, pk="spend", allowance=1000)
    store.circuit("case#case_c", "closed", version=5)
    later = container()
    with later.call(work(case="case_c"), model="m", estimate=100) as call:
        call.used(1, 1)
    gate.flush()
    later.flush()
    assert [record.get("circuit") for record in bus.details()] == [7, 7, None, 5]


def test_events_go_tens_at_a_time(store: Tables, container: Container, bus: EventBus) -> None:
    """Ten are one request, and the rest goes at the end of the invocation."""
    gate = container()
    assert all(admitted(gate) for _ in range(23))
    assert bus.asked == [10, 10]
    gate.flush()
    assert bus.asked == [10, 10, 3]
    gate.flush()
    assert len(bus.asked) == 3


def test_what_eventbridge_refuses_goes_again(store: Tables, container: Container, bus: EventBus) -> None:
    """Of a request that was taken in part the rest is repeated, and nothing that was taken."""
    gate = container()
    bus.takes = lambda number: number not in {2, 5, 10}
    for number in range(10):
        admitted(gate, evidence=f"ev_{number}")
    gate.flush()
    told = [detail["evidence_id"] for detail in bus.details()]
    assert len(told) == len(set(told)) == 10
    assert bus.asked == [10, 3]


def test_a_bus_that_is_away_is_nobodys_trouble(store: Tables, container: Container, bus: EventBus) -> None:
    """It is asked once in a while, not with each call; what waits goes when it is back."""
    monotonic = Hands(1000.0)
    gate = container(monotonic=monotonic)
    bus.faults.always("PutEvents", refuse(500))
    assert all(admitted(gate) for _ in range(25))
    assert bus.faults.hits["PutEvents"] == 1
    bus.faults.off()
    monotonic.seconds += 31
    admitted(gate)
    assert len(bus.taken) == 26


def test_a_bus_that_hangs_is_given_up_on(store: Tables, container: Container, bus: EventBus) -> None:
    """Two seconds, once."""
    gate = container()
    bus.faults.always("PutEvents", hang())
    assert all(admitted(gate) for _ in range(15))
    assert bus.faults.hits["PutEvents"] == 1
    bus.let_go()


def test_whoever_flushes_waits_for_what_another_thread_sends(
    store: Tables, container: Container, bus: EventBus
) -> None:
    """Its message is deleted next: were the process killed then, nobody would ever hear of what its work has used."""
    gate = container()
    admitted(gate)
    bus.faults.script("PutEvents", slow(0.5))
    with ThreadPoolExecutor() as threads:
        threads.submit(gate.flush)
        wait_for(lambda: bus.faults.hits["PutEvents"])
        gate.flush()
        assert len(bus.taken) == 1


def test_threads_that_wait_for_a_bus_ask_it_once(store: Tables, container: Container, bus: EventBus) -> None:
    """It hangs for the first of them: the others do not wait for it one after the other."""
    gate = container(monotonic=Hands(1000.0))
    bus.faults.always("PutEvents", hang())
    admitted(gate)
    with ThreadPoolExecutor() as threads:
        threads.submit(gate.flush)
        wait_for(lambda: bus.faults.hits["PutEvents"])
        for each in [threads.submit(gate.flush) for _ in range(3)]:
            each.result()
    assert bus.faults.hits["PutEvents"] == 1
    bus.let_go()


def test_so_many_wait_and_no_more(
    store: Tables,
    container: Container,
    bus: EventBus,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What does not fit any more is in the log: the oldest."""
    monkeypatch.setattr(module, "_EVENTS", 12)
    gate = container()
    bus.faults.always("PutEvents", refuse(500))
    with caplog.at_level(logging.ERROR, "leh.gate"):
        for number in range(15):
            admitted(gate, evidence=f"ev_{number}")
    assert [f"ev_{number}" in caplog.text for number in range(4)] == [True, True, True, False]
    bus.faults.off()
    gate.flush()
    assert len(bus.taken) == 12
