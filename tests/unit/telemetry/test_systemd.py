"""The notifier over a real datagram socket: what systemd would read. The one rule: no mock is the kernel."""

from __future__ import annotations

import os
import socket
import time
import uuid
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from leh_guardian.telemetry.systemd import Notifier

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PID = 4711


class Listener:
    """What systemd's end of the socket has received."""

    def __init__(self, address: str) -> None:
        """Bind `address`, which must be free."""
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.setblocking(False)

    def received(self) -> list[str]:
        """All messages that wait, oldest first."""
        messages = []
        while True:
            try:
                messages.append(self.socket.recv(65536).decode())
            except BlockingIOError:
                return messages


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Give a socket path short enough for the kernel's 107 bytes."""
    return str(tmp_path / "notify")


@pytest.fixture
def listener(path: str) -> Iterator[Listener]:
    """Listen on `path` as systemd would."""
    one = Listener(path)
    yield one
    one.socket.close()


@pytest.fixture
def notifier(path: str) -> Iterator[Notifier]:
    """Make a notifier that systemd started with a watchdog of 30 s."""
    environ = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(PID)}
    one = Notifier.from_environment(environ, pid=PID)
    yield one
    one.close()


def fill(notifier: Notifier) -> None:
    """Send pings until the kernel takes no more."""
    while notifier.watchdog():
        pass


def test_life_of_a_service(notifier: Notifier, listener: Listener) -> None:
    """Every call sends the one assignment that sd_notify(3) gives it, in order."""
    calls = [
        notifier.extend_timeout(90),
        notifier.ready(),
        notifier.status("3 incidents open"),
        notifier.watchdog(),
        notifier.stopping(),
    ]
    assert all(calls)
    assert listener.received() == [
        "EXTEND_TIMEOUT_USEC=90000000",
        "READY=1",
        "STATUS=3 incidents open",
        "WATCHDOG=1",
        "STOPPING=1",
    ]


def test_reloading_carries_the_monotonic_time(notifier: Notifier, listener: Listener) -> None:
    """RELOADING=1 says when the reload began, in microseconds of CLOCK_MONOTONIC and in the same message."""
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    notifier.reloading()
    after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    (message,) = listener.received()
    state, stamp = message.split("\n")
    assert state == "RELOADING=1"
    assert before <= int(stamp.removeprefix("MONOTONIC_USEC=")) <= after


@pytest.mark.skipif(not hasattr(socket, "SO_PASSCRED"), reason="abstract sockets are Linux's")
def test_abstract_socket() -> None:
    """A NOTIFY_SOCKET that begins with '@' lies in the abstract namespace."""
    name = f"leh-guardian-{uuid.uuid4().hex}"
    listener = Listener(f"\0{name}")
    try:
        with closing(Notifier.from_environment({"NOTIFY_SOCKET": f"@{name}"})) as notifier:
            assert notifier.ready()
        assert listener.received() == ["READY=1"]
    finally:
        listener.socket.close()


@pytest.mark.parametrize("name", ["", "/", "@", "vsock:2:1234", "relative/path"])
def test_no_socket_means_no_op(name: str) -> None:
    """Outside systemd, or with an address of a kind that is not ours, every call does nothing."""
    environ = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "30000000"}
    for notifier in (Notifier.from_environment(environ), Notifier.from_environment({})):
        calls = [
            notifier.ready(),
            notifier.reloading(),
            notifier.stopping(),
            notifier.watchdog(),
            notifier.status("x"),
        ]
        assert not any(calls)
        assert not notifier.enabled
        assert notifier.watchdog_interval is None


@pytest.mark.parametrize("name", ["/nowhere/at/all", "/" + "x" * 300, "@" + "x" * 300, "/a\0b"])
def test_unusable_address_never_raises(name: str) -> None:
    """An address the kernel refuses (nobody there, too long, a NUL in it) loses the message, no more."""
    with closing(Notifier.from_environment({"NOTIFY_SOCKET": name})) as notifier:
        assert not notifier.ready()


def test_full_buffer_drops_and_does_not_block(notifier: Notifier, listener: Listener) -> None:
    """With systemd too busy to read, pings are dropped at once; when it reads again they get through."""
    fill(notifier)
    began = time.monotonic()
    assert not notifier.watchdog()
    assert time.monotonic() - began < 1
    listener.received()
    assert notifier.watchdog()
    assert listener.received() == ["WATCHDOG=1"]


def test_a_lost_state_travels_with_the_next_message(notifier: Notifier, listener: Listener) -> None:
    """A READY=1 that found the buffer full goes out once with the next ping, or systemd kills the service."""
    fill(notifier)
    assert not notifier.ready()
    listener.received()
    notifier.watchdog()
    notifier.watchdog()
    assert listener.received() == ["READY=1\nWATCHDOG=1", "WATCHDOG=1"]


def test_only_the_newest_lost_state_travels(notifier: Notifier, listener: Listener) -> None:
    """A state that was overtaken before it got through is not sent any more."""
    fill(notifier)
    notifier.reloading()
    notifier.ready()
    listener.received()
    notifier.status("rules revision 7")
    assert listener.received() == ["READY=1\nSTATUS=rules revision 7"]


def test_listener_replaced(notifier: Notifier, listener: Listener, path: str) -> None:
    """A new listener on the same path is heard: the notifier is not tied to the first one."""
    notifier.ready()
    listener.socket.close()
    assert not notifier.watchdog()
    os.unlink(path)  # noqa: PTH108 - the path is a str because sockets take one
    second = Listener(path)
    try:
        assert notifier.watchdog()
        assert second.received() == ["WATCHDOG=1"]
    finally:
        second.socket.close()


def test_status_cannot_inject_an_assignment(notifier: Notifier, listener: Listener) -> None:
    """Line breaks, NUL and other control characters in a status become spaces: MAINPID=1 stays text."""
    notifier.status("broken\nMAINPID=1\r\n\0\u2028READY=1\t.")
    assert listener.received() == ["STATUS=broken MAINPID=1 READY=1 ."]


def test_status_of_any_length_and_alphabet(notifier: Notifier, listener: Listener) -> None:
    """A long Korean status is cut between characters, below systemd's limit; a lone surrogate is harmless."""
    assert notifier.status("증" * 5000)
    assert notifier.status("a\udc80b")
    long, odd = listener.received()
    assert set(long.removeprefix("STATUS=")) == {"증"}
    assert len(long.encode()) < 4096
    assert odd == "STATUS=a b"


@pytest.mark.parametrize(
    ("environ", "interval"),
    [
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(PID)}, 15.0),
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "self"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_watchdog_interval(environ: dict[str, str], interval: float | None) -> None:
    """The interval is half of the watchdog's time; None when it is off, garbled or for another process."""
    environ = {"NOTIFY_SOCKET": "/run/systemd/notify", **environ}
    assert Notifier.from_environment(environ, pid=PID).watchdog_interval == interval


def test_own_pid_by_default() -> None:
    """Without a given pid the watchdog's pid is compared with this process."""
    environ = {"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "2000000", "WATCHDOG_PID": str(os.getpid())}
    assert Notifier.from_environment(environ).watchdog_interval == 1.0


def test_close_is_not_the_end(notifier: Notifier, listener: Listener) -> None:
    """After close() a message opens a new socket."""
    notifier.ready()
    notifier.close()
    notifier.close()
    assert notifier.stopping()
    assert listener.received() == ["READY=1", "STOPPING=1"]
