"""The real daemon with armed failpoints: `python -m tests.support.daemon`, a test launcher that production does not have.

GUARDIAN_TEST_KILL=name:n kills the process with SIGKILL at the n-th hit of a failpoint, GUARDIAN_TEST_FREEZE=name:n stops
it with SIGSTOP at every n-th hit, and GUARDIAN_TEST_HITS names a file that gets a line for each hit.
GUARDIAN_TEST_OUTSIDE is the address of the outside world of the handlers in `tests/support/effects.py`. Leases and the
redrive's hiding of messages are shortened, so that a test need not wait for the real ones to run out;
GUARDIAN_TEST_LEASE=seconds sets the lease, GUARDIAN_TEST_LOG_BOUND=records how many of the log may wait.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

from leh_guardian import app
from leh_guardian.cli.main import main as program
from leh_guardian.handlers import dlq_redrive
from leh_guardian.registry import HandlerSpec, Registry
from leh_guardian.store import actions
from leh_guardian.telemetry import failpoints, logs
from tests.support import effects

LEASE_SECONDS = 3.0
HIDDEN_SECONDS = 3.0


class _Armed:
    """What happens at a failpoint."""

    def __init__(self, kill: str, freeze: str, hits: str) -> None:
        self._kill, _, at = kill.partition(":")
        self._kill_at = int(at or 1)
        self._freeze, _, every = freeze.partition(":")
        self._freeze_every = int(every or 1)
        self._file = os.open(hits, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600) if hits else None
        self._hits: Counter[str] = Counter()

    def __call__(self, name: str) -> None:
        """Write the hit down; then stop, if it is the one."""
        self._hits[name] += 1
        if self._file is not None:
            os.write(self._file, f"{name}\n".encode())
        if name == self._kill and self._hits[name] == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if name == self._freeze and self._hits[name] % self._freeze_every == 0:
            os.kill(os.getpid(), signal.SIGSTOP)


def _with_effects(registry: Registry) -> Registry:
    for function in effects.HANDLERS:
        spec = function.__handler__  # type: ignore[attr-defined]
        assert isinstance(spec, HandlerSpec)
        registry.add(spec)
    return registry


def main() -> None:
    """Run the program as the environment says; never returns."""
    actions.LEASE_SECONDS = float(os.environ.pop("GUARDIAN_TEST_LEASE", LEASE_SECONDS))
    logs._BOUND = int(os.environ.pop("GUARDIAN_TEST_LOG_BOUND", logs._BOUND))
    dlq_redrive._VISIBILITY = HIDDEN_SECONDS
    orders = [os.environ.pop(f"GUARDIAN_TEST_{name}", "") for name in ("KILL", "FREEZE", "HITS")]
    if any(orders):
        failpoints.arm(_Armed(*orders))
    if outside := os.environ.pop("GUARDIAN_TEST_OUTSIDE", ""):
        effects.OUTSIDE.url = outside
        shipped = app.handlers
        app.handlers = lambda: _with_effects(shipped())
    program(["run"])


if __name__ == "__main__":
    main()
