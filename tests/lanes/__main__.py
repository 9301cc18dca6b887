"""Owns the command `python -m tests.lanes`, which is `make test`; the one rule: every test file is in exactly one lane.

A test mostly waits, so that one run leaves half the cores idle. The lanes are pytest runs side by side, each with servers of
its own: the first takes the paths of `FIRST`, the second everything else, whatever is added. What is held against a
machine's pace is in the first, in an order that keeps the heaviest apart.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]
FIRST = (
    "tests/faults",
    "tests/contracts",
    "tests/hostile",
    "tests/e2e",
)
"""Paths below the root; one that is not there fails its lane."""
_LOOK = 0.1
"""Seconds between two looks at what a lane has printed."""


def lanes(first: Sequence[str] = FIRST) -> list[list[str]]:
    """Return pytest's arguments for each lane."""
    return [[*first], ["tests", *(f"--ignore={path}" for path in first)]]


def side_by_side(commands: Sequence[Sequence[str]], out: IO[bytes]) -> list[int]:
    """Run commands at the same time and print one after the other what they print; returns their exit codes."""
    with ExitStack() as stack:
        running = [stack.enter_context(_begun(command)) for command in commands]
        return [_followed(process, printed, out) for process, printed in running]


@contextmanager
def _begun(command: Sequence[str]) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """Start a command; gives what it prints, to be read. It has ended when the block has."""
    with tempfile.NamedTemporaryFile() as printed:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT
        )
        try:
            with Path(printed.name).open("rb") as reader:
                yield process, reader
        except KeyboardInterrupt:
            # The terminal has told it, too; its servers are to be stopped in order.
            process.wait()
            raise
        finally:
            process.terminate()
            process.wait()


def _followed(process: subprocess.Popen[bytes], printed: IO[bytes], out: IO[bytes]) -> int:
    """Pass on what a process prints until it has ended; returns its exit code."""
    while True:
        # Asked before it is read: what was printed before the end is read after it.
        code = process.poll()
        out.write(printed.read())
        out.flush()
        if code is not None:
            return code
        time.sleep(_LOOK)


def main(arguments: Sequence[str]) -> int:
    """Run pytest with the arguments, or without any all tests in their lanes; returns 0 when every lane passed."""
    pytest = [sys.executable, "-m", "pytest"]
    if arguments:
        os.execv(sys.executable, [*pytest, *arguments])
    # What stops us stops the lanes: an exception ends the blocks around them.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    color = "yes" if sys.stdout.isatty() else "auto"
    codes = side_by_side([[*pytest, f"--color={color}", *lane] for lane in lanes()], sys.stdout.buffer)
    sys.stdout.write(f"lanes: {', '.join('passed' if code == 0 else f'failed ({code})' for code in codes)}\n")
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
