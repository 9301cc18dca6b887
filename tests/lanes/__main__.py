"""Owns the command `python -m tests.lanes`, which is `make test`; the one rule: every test file is in exactly one lane.

A test mostly waits, so that one run leaves half the cores idle. The lanes of a part are pytest runs side by side, each with
servers of its own; the parts follow each other. A file is its lane's that names the nearest path above it, so that a new one
is run without more ado. What is held against a machine's pace is in one lane: it is never beside its like. What only reckons, in a
time of its own, runs beside all parts and gets whatever they leave of the cores: it is never in their way.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]
PATIENT = "the simulation"
"""The part that never looks at a clock, so that it can wait for all others: it begins first and ends last."""
PARTS = {
    PATIENT: (("tests/sim",),),
    "reliability": (
        ("tests/faults",),
        ("tests/e2e/test_health.py", "tests/e2e/test_heartbeat.py", "tests/e2e/test_watchdog.py", "tests/hostile"),
        ("tests/contracts",),
        ("tests/contracts/handlers/test_contracts_once.py", "tests/contracts/handlers/test_contracts_reading.py"),
    ),
    "the rest": (
        ("tests/e2e", "tests/integration/engine", "tests/integration/local"),
        ("tests/integration",),
        ("tests/integration/handlers", "tests/integration/store"),
        ("tests",),
    ),
}
"""Part, and the paths of each of its lanes; below the root. One that is not there fails its lane."""
_PYTEST = [sys.executable, "-m", "pytest"]
_PATIENTLY = ("nice", "-n", "19")
"""Before a command that gets only what nobody else wants."""
_LOOK = 0.1
"""Seconds between two looks at what a lane has printed."""


def lanes(parts: Mapping[str, Sequence[Sequence[str]]] = PARTS) -> dict[str, list[list[str]]]:
    """Return pytest's arguments for each lane of each part."""
    named = [path for part in parts.values() for lane in part for path in lane]
    return {name: [[*lane, *_others(lane, named)] for lane in part] for name, part in parts.items()}


def _others(lane: Sequence[str], named: Sequence[str]) -> Iterator[str]:
    """Leave out what lies below a lane's paths and is named by another."""
    for path in named:
        if path not in lane and any(Path(path).is_relative_to(own) for own in lane):
            yield f"--ignore={path}"


def commands(name: str, part: Sequence[Sequence[str]], pytest: Sequence[str]) -> list[list[str]]:
    """Return the command of each lane of a part."""
    return [[*(_PATIENTLY if name == PATIENT else ()), *pytest, *lane] for lane in part]


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
    if arguments:
        os.execv(sys.executable, [*_PYTEST, *arguments])
    # What stops us stops the lanes: an exception ends the blocks around them.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    pytest = [*_PYTEST, "--color=yes" if sys.stdout.isatty() else "--color=auto"]
    said, failed, made, out = [], False, lanes(), sys.stdout.buffer

    def ended(name: str, codes: Sequence[int], began: float) -> bool:
        ends = ", ".join("passed" if code == 0 else f"failed ({code})" for code in codes)
        said.append(f"{name}: lanes {ends} in {time.monotonic() - began:.0f} s")
        return any(codes)

    with ExitStack() as stack:
        began = time.monotonic()
        patient = [stack.enter_context(_begun(one)) for one in commands(PATIENT, made.pop(PATIENT, ()), pytest)]
        for name, part in made.items():
            begun = time.monotonic()
            failed |= ended(name, side_by_side(commands(name, part, pytest), out), begun)
        failed |= ended(PATIENT, [_followed(process, printed, out) for process, printed in patient], began)
    print(*said, sep="\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
