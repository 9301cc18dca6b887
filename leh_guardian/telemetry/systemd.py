"""What systemd is told about this process: ready, reloading, stopping, still alive.

Owns the notification socket of a `Type=notify` service. The one rule: telling systemd never harms it, so
nothing here raises, blocks or waits, and without a socket every call does nothing. The semantics are those of
sd_notify(3) and sd_watchdog_enabled(3); twenty lines of socket code need no dependency.
"""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# systemd reads at most 4096 bytes of one message and drops a longer one whole; a status line stays far below.
_STATUS_BYTES = 1024
_USEC = 1_000_000


class Notifier:
    """One service's line to systemd. Every call answers whether the message was handed to the kernel."""

    def __init__(self, address: str | None = None, *, watchdog_interval: float | None = None) -> None:
        """Notify `address`: a path or, in the abstract namespace, `@name`; for anything else do nothing."""
        self._address = _socket_address(address)
        self._socket: socket.socket | None = None
        # The newest state that did not get through. A lost READY=1 would get a healthy service killed at the
        # end of its start timeout, so it travels again with the next message.
        self._owed = ""
        # Seconds between two `watchdog()` calls, or None when systemd expects none from this process.
        self.watchdog_interval = watchdog_interval if self._address is not None else None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], pid: int | None = None) -> Notifier:
        """Read NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID as systemd sets them; `pid` is this process."""
        interval = _watchdog_interval(environ, os.getpid() if pid is None else pid)
        return cls(environ.get("NOTIFY_SOCKET"), watchdog_interval=interval)

    @property
    def enabled(self) -> bool:
        """Whether systemd listens at all."""
        return self._address is not None

    def ready(self) -> bool:
        """Start-up, or the reload announced by `reloading()`, is finished."""
        return self._state("READY=1")

    def reloading(self) -> bool:
        """A reload begins; `ready()` must follow whether it succeeded or not."""
        # systemd compares the stamp with the moment at which it asked (Type=notify-reload); 252 ignores it.
        return self._state(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> bool:
        """The drain begins. It is final: from systemd 259 on no later message takes it back."""
        return self._state("STOPPING=1")

    def watchdog(self) -> bool:
        """Show that the process makes progress; call it every `watchdog_interval` seconds."""
        return self._send("WATCHDOG=1")

    def status(self, text: str) -> bool:
        """Set the line that `systemctl status` shows."""
        return self._send(f"STATUS={_one_line(text)}")

    def extend_timeout(self, seconds: int) -> bool:
        """Ask for `seconds` from now on for the start or stop that is under way, a long migration say."""
        return self._send(f"EXTEND_TIMEOUT_USEC={seconds * _USEC}")

    def close(self) -> None:
        """Give the socket back. A later call simply opens a new one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _state(self, assignment: str) -> bool:
        self._owed = ""
        sent = self._send(assignment)
        if not sent and self.enabled:
            self._owed = assignment
        return sent

    def _send(self, assignment: str) -> bool:
        if self._address is None:
            return False
        message = f"{self._owed}\n{assignment}" if self._owed else assignment
        try:
            if self._socket is None:
                self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                self._socket.setblocking(False)
            # Addressed each time: a connected socket would stay broken once the listener is replaced.
            self._socket.sendto(message.encode(), self._address)
        except (OSError, ValueError):
            # A full buffer, nobody there, a name the kernel refuses: the service goes on without it.
            return False
        self._owed = ""
        return True


def _socket_address(name: str | None) -> str | None:
    """Turn NOTIFY_SOCKET into an address; the kernel writes the abstract namespace's '@' as a NUL byte."""
    if not name or len(name) == 1 or name[0] not in "/@":
        return None
    return f"\0{name[1:]}" if name[0] == "@" else name


def _watchdog_interval(environ: Mapping[str, str], pid: int) -> float | None:
    """Half of the watchdog's time, as sd_watchdog_enabled(3) advises; None if it is for another process."""
    try:
        usec = int(environ.get("WATCHDOG_USEC", ""))
        meant_for = int(environ.get("WATCHDOG_PID") or pid)
    except ValueError:
        return None
    return usec / _USEC / 2 if usec > 0 and meant_for == pid else None


def _one_line(text: str) -> str:
    """Make free text safe: a line break in it would start another assignment, MAINPID= for one."""
    # Not printable: control characters, line separators, and the lone surrogates that would not encode.
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return flat.encode()[:_STATUS_BYTES].decode(errors="ignore")
