"""The faulty HTTP server of the tests does what its plan says, and counts it."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from tests.support.faults import Fault, Kind, cut_before, drip, fail_after, garbage, hang, lose_reply, refuse, slow
from tests.support.faulty_http import Answer, FaultyServer, Request
from tests.support.process import wait_for


class Counter(FaultyServer):
    """Counts what it applied."""

    applied = 0

    def answer(self, request: Request) -> Answer:
        """Count."""
        if request.body == b"defect":
            raise ZeroDivisionError
        self.applied += 1
        return Answer(200, json.dumps(self.applied).encode())


@pytest.fixture
def server() -> Iterator[Counter]:
    """A server that counts."""
    with Counter() as made:
        yield made


def ask(server: Counter, timeout: float = 5.0, body: bytes = b"{}") -> object:
    """Post something; returns the answer, the status of an error, or the exception's type."""
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{server.url}/x", body), timeout=timeout) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except json.JSONDecodeError:
        return "garbage"
    except (OSError, http.client.HTTPException) as error:
        return type(getattr(error, "reason", error))


@pytest.mark.parametrize(
    ("fault", "seen", "applied"),
    [
        (None, 1, 1),
        (refuse(503), 503, 0),
        (refuse(429, retry_after=7), 429, 0),
        (fail_after(500), 500, 1),
        (cut_before(), http.client.RemoteDisconnected, 0),
        (lose_reply(), http.client.RemoteDisconnected, 1),
        (hang(0.01), 1, 1),
        (slow(0.01), 1, 1),
        (drip(0.001), 1, 1),
        (garbage(), "garbage", 1),
    ],
    ids=lambda value: value.kind.value if isinstance(value, Fault) else str(value),
)
def test_each_fault_does_what_it_says(server: Counter, fault: Fault | None, seen: object, applied: int) -> None:
    """What the client sees and what was applied are two things, and the fault is counted once."""
    server.faults.script("POST /x", fault)
    assert ask(server) in {seen, ConnectionResetError if seen is http.client.RemoteDisconnected else seen}
    assert server.applied == applied
    assert sum(server.faults.done.values()) == (fault is not None)
    assert server.faults.hits == {"POST /x": 1}
    assert ask(server) == applied + 1, "the plan goes on after its end"


@pytest.mark.parametrize("early", [True, False])
def test_what_hangs_is_let_go_and_applied_whoever_listens(server: Counter, *, early: bool) -> None:
    """A hung request answers nobody; applied at once or when let go, even though its client is gone."""
    server.faults.script("POST /x", hang(applied=early))
    assert ask(server, timeout=0.2) is TimeoutError
    assert (server.applied, server.hung) == (int(early), 1)
    server.let_go()
    wait_for(lambda: server.applied == 1 and not server.hung)


def test_a_script_counts_hits_from_now(server: Counter) -> None:
    """The n-th request of an operation, counted from when it was scripted, and those after it in turn."""
    ask(server)
    server.faults.script("POST /x", refuse(500), None, refuse(502), hit=2)
    server.faults.script("POST /elsewhere", refuse(504))
    assert [ask(server) for _ in range(5)] == [2, 500, 3, 502, 4]


def test_a_seed_draws_the_same_faults_again() -> None:
    """Rates hold about, the same seed goes wrong at the same requests, and `off` ends it."""

    def run(seed: int) -> list[object]:
        with Counter() as server:
            server.faults.draw(seed, (refuse(503), 0.3), (refuse(500), 0.2))
            seen = [ask(server) for _ in range(100)]
            server.faults.off()
            assert ask(server) not in {500, 503}
            return seen

    first = run(1)
    assert first == run(1) != run(2)
    assert (15 < first.count(503) < 45, 8 < first.count(500) < 35) == (True, True)


def test_a_drip_drips(server: Counter) -> None:
    """The answer comes byte by byte: a client that waits for each byte alone waits for ever."""
    server.faults.script("POST /x", drip(0.3))
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=5) as client:
        client.sendall(b"POST /x HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        assert client.recv(100) == b"H"
        assert client.recv(100) == b"T"


def test_requests_of_one_connection_are_answered_in_turn(server: Counter) -> None:
    """Two requests sent at once get their answers one after the other, the slow first one first."""
    server.faults.script("POST /x", slow(0.1))
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=5) as client:
        client.sendall(b"POST /x HTTP/1.1\r\nContent-Length: 0\r\n\r\n" * 2)
        seen = b""
        while seen.count(b"HTTP/1.1") < 2 or not seen.endswith(b"2"):
            seen += client.recv(1000)
    assert seen.index(b"\r\n\r\n1") < seen.index(b"\r\n\r\n2")


def test_a_defect_of_the_server_fails_its_test() -> None:
    """An exception in the test's own server is no fault of the other side: it comes out at the end."""

    def run() -> None:
        with Counter() as server:
            ask(server, body=b"defect")

    with pytest.raises(ZeroDivisionError):
        run()


def test_it_ends_while_requests_hang() -> None:
    """Closing the server cuts what hangs, and takes no longer for it."""
    with Counter() as server:
        server.faults.always("POST /x", hang())
        client = threading.Thread(target=ask, args=(server, 30))
        client.start()
        wait_for(lambda: server.hung == 1)
    began = time.monotonic()
    client.join(10)
    assert not client.is_alive(), time.monotonic() - began
    assert server.faults.done == {("POST /x", Kind.HANG): 1}
