"""The real daemon with armed failpoints: `python -m tests.support.daemon`, a test launcher that production does not have.

GUARDIAN_TEST_KILL=name:n kills the process with SIGKILL at the n-th hit of a failpoint. Leases and the redrive's hiding of
messages are shortened, so that a test need not wait for the real ones to run out.
"""

from __future__ import annotations

import os
import signal
import sys

from leh_guardian.app import run
from leh_guardian.handlers import dlq_redrive
from leh_guardian.settings import load_settings
from leh_guardian.store import actions
from leh_guardian.telemetry import failpoints

LEASE_SECONDS = 2.0
HIDDEN_SECONDS = 3.0


def _killer(order: str) -> None:
    point, _, count = order.partition(":")
    left = int(count or 1)

    def hit(name: str) -> None:
        nonlocal left
        left -= name == point
        if name == point and left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    failpoints.arm(hit)


def main() -> int:
    """Run the daemon as the environment says."""
    actions.LEASE_SECONDS = LEASE_SECONDS
    dlq_redrive._VISIBILITY = HIDDEN_SECONDS
    if order := os.environ.pop("GUARDIAN_TEST_KILL", ""):
        _killer(order)
    return run(load_settings(os.environ))


if __name__ == "__main__":
    sys.exit(main())
