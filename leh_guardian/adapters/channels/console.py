"""Owns the console channel: notices on standard error; the one rule: control characters of an event never reach the terminal."""

from __future__ import annotations

import sys
from typing import TextIO

import anyio
import anyio.to_thread

from leh_guardian.errors import Unavailable
from leh_guardian.model.text import shown
from leh_guardian.ports import Notice, Sent


class ConsoleChannel:
    """Writes notices as lines."""

    address: str = ""
    confirms: bool = False
    strict: bool = False

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._turn = anyio.Lock()
        self._writing = False
        """Whether a thread is writing, one that nobody waits for any more too."""

    async def send(self, notice: Notice) -> Sent:
        """Write `notice`, in a thread: a blocked pipe must not block the daemon.

        Raises:
            Unavailable: the stream is broken, or blocked by a notice that was given up: each further try would cost a thread.
        """
        lines = ["", f"📣 {shown(notice.title)}", *(f"   {shown(line, 1000)}" for line in notice.lines), ""]
        async with self._turn:
            if self._writing:
                raise Unavailable("the console has not taken the message before this one: its pipe is blocked")
            try:
                await anyio.to_thread.run_sync(self._write, "\n".join(lines), abandon_on_cancel=True)
            except OSError as error:
                raise Unavailable(f"cannot write to the console: {error}") from error
        return Sent()

    def _write(self, text: str) -> None:
        stream = self._stream or sys.stderr
        self._writing = True
        try:
            stream.write(text + "\n")
            stream.flush()
        finally:
            self._writing = False
