"""systemd's end of the notification socket: it reads what a service says, and finds that it has fallen silent."""

from __future__ import annotations

import socket
import time
import uuid
from pathlib import Path
from typing import Self


class Systemd:
    """A real datagram socket, in a folder or (without one) in the abstract namespace."""

    def __init__(self, folder: Path | None = None, *, watchdog: float = 3.0) -> None:
        name = f"notify-{uuid.uuid4().hex[:8]}"
        self.watchdog = watchdog
        self.environment = {
            "NOTIFY_SOCKET": str(folder / name) if folder else f"@{name}",
            "WATCHDOG_USEC": str(int(watchdog * 1_000_000)),
        }
        self.heard: list[str] = []
        """Every assignment so far."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / name) if folder else f"\0{name}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._socket.close()

    def until(self, assignment: str, *, times: int = 1, patience: float = 30.0) -> None:
        """Listen until an assignment that begins so has come (again); an error when nothing at all comes for long."""
        self._socket.settimeout(patience)
        while times:
            heard = self._socket.recv(4096).decode().split("\n")
            self.heard += heard
            times -= any(each.startswith(assignment) for each in heard)

    def would_abort(self, within: int = 20) -> bool:
        """Listen as systemd's watchdog does; whether the pings stop for its time before `within` more of them have come."""
        last = time.monotonic()
        while within and (left := last + self.watchdog - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                heard = self._socket.recv(4096).decode().split("\n")
            except TimeoutError:
                break
            self.heard += heard
            if "WATCHDOG=1" in heard:
                last, within = time.monotonic(), within - 1
        return within > 0
