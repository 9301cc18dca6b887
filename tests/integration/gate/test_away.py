"""The gate while DynamoDB is away: a little goes through, then nothing; and nobody waits long."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from leh_guardian.gate import Gate, NotParked, Paused
from tests.integration.gate.test_circuits import LATER, Hands, admitted
from tests.support.faults import hang, refuse
from tests.support.forwarder import Forwarder
from tests.support.gate_tables import EventBus, Tables, work

Container = Callable[..., Gate]


def test_a_case_may_spend_a_little(store: Tables, container: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections refused: so many calls and so many tokens of each case go through, and then it is paused; a look as well."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9")
    gate = container(local_calls=3, local_tokens=1000)
    gate.check("case_a")
    assert [admitted(gate, case="case_a") for _ in range(4)] == [True, True, True, False]
    assert [admitted(gate, 600, case="case_b") for _ in range(2)] == [True, False]
    with pytest.raises(Paused, match="cannot be read"):
        gate.check("case_a")
    gate.check("case_b")
    with pytest.raises(NotParked):
        gate.park(work(), "paused")


def test_what_was_seen_open_stays_open(store: Tables, between: Forwarder, container: Container) -> None:
    """Who saw it open before the store went away lets nothing through on its own account; whose lease is over, neither."""
    monotonic = Hands(1000.0)
    gate = container(monotonic=monotonic)
    store.circuit("case#case_a", "open")
    assert not admitted(gate, case="case_a")
    between.faults.always("BatchGetItem", refuse(500))
    monotonic.seconds += 60
    assert not admitted(gate, case="case_a")
    assert admitted(gate, case="case_b")


def test_threads_share_the_allowance(store: Tables, container: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve at once: as many as one after the other."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9")
    gate, barrier, through = container(local_calls=5), threading.Barrier(12), []

    def one() -> None:
        barrier.wait()
        through.append(admitted(gate))

    threads = [threading.Thread(target=one) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert through.count(True) == 5


def test_it_comes_back(store: Tables, between: Forwarder, container: Container) -> None:
    """What is away is asked again after five seconds, not at each call; then its word counts, and the allowance is whole again."""
    monotonic = Hands(1000.0)
    gate = container(local_calls=2, monotonic=monotonic)
    between.faults.always("BatchGetItem", refuse(400, "AccessDeniedException"))
    assert [admitted(gate) for _ in range(3)] == [True, True, False]
    assert between.faults.hits["BatchGetItem"] == 1
    between.faults.off()
    monotonic.seconds += 5.1
    assert admitted(gate)
    between.faults.always("BatchGetItem", refuse(500))
    monotonic.seconds += 5.1
    assert [admitted(gate) for _ in range(3)] == [True, True, False]


def test_a_reservation_that_fails_does_not_renew_the_allowance(
    store: Tables, between: Forwarder, container: Container
) -> None:
    """Reads that succeed beside updates that do not - a missing permission - let no more through than an allowance."""
    store.circuit("case#case_a", "half_open", until=LATER, allowance=10_000)
    between.faults.always("UpdateItem", refuse(400, "AccessDeniedException"))
    monotonic = Hands(1000.0)
    gate, through = container(local_calls=2, monotonic=monotonic), 0
    for _ in range(6):
        gate.check("case_a")
        through += admitted(gate)
        monotonic.seconds += 6
    assert through == 2


def test_a_reservation_without_an_answer_is_as_one_that_fails(
    store: Tables, between: Forwarder, container: Container
) -> None:
    """The table can be read, and an update hangs: the case spends a little on its own account."""
    store.circuit("case#case_a", "half_open", until=LATER, allowance=10_000)
    between.faults.script("UpdateItem", hang())
    assert admitted(container(local_calls=1))
    between.let_go()


def test_what_cannot_be_given_back_is_told_all_the_same(
    store: Tables, between: Forwarder, container: Container, bus: EventBus
) -> None:
    """The settlement of a reservation has no answer: the call counts for what it was, and the worker hears nothing of it."""
    store.circuit("case#case_a", "half_open", until=LATER, allowance=10_000)
    between.faults.script("UpdateItem", hang(), hit=2)
    gate = container()
    with gate.call(work(), model="m", estimate=100) as call:
        call.used(30, 0)
    gate.flush()
    assert [one["prompt_tokens"] for one in bus.details()] == [30]
    between.let_go()


def test_an_answer_that_does_not_come_is_not_waited_for(
    store: Tables, between: Forwarder, container: Container
) -> None:
    """A store that hangs is given up on, once: the next calls do not ask it."""
    between.faults.always("BatchGetItem", hang())
    gate = container(key="pk", local_calls=3)
    assert [admitted(gate) for _ in range(4)] == [True, True, True, False]
    assert between.faults.hits["BatchGetItem"] == 1
    between.let_go()


def test_what_cannot_be_put_aside_is_not_let_go_of(store: Tables, between: Forwarder, container: Container) -> None:
    """Two failures are tried again; three are an error, and the message stays with SQS."""
    gate = container()
    between.faults.script("UpdateItem", refuse(500), refuse(400, "ThrottlingException"))
    gate.park(work(), "paused")
    assert len(store.items()) == 1
    between.faults.script("UpdateItem", *[refuse(500)] * 3)
    with pytest.raises(NotParked):
        gate.park(work(evidence="ev_2"), "paused")
    assert len(store.items()) == 1
