"""The real daemon with armed failpoints: `python -m tests.support.daemon`, a test launcher that production does not have.

GUARDIAN_TEST_KILL=name:n kills the process with SIGKILL at the n-th hit of a failpoint. Leases and the redrive's hiding of
messages are shortened, so that a test need not wait for the real ones to run out. GUARDIAN_TEST_HANG makes loops hang (hangs.py).
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from leh_guardian.adapters.aws import Aws
from leh_guardian.app import run
from leh_guardian.engine import distress, loops, reloader
from leh_guardian.handlers import dlq_redrive
from leh_guardian.rules.folder import Folder
from leh_guardian.settings import load_settings
from leh_guardian.store import actions
from leh_guardian.telemetry import failpoints
from tests.support.hangs import Hang

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


def _hurry() -> None:
    """Make the loops' pauses short, those of an outage too: a test that waits for a loop need not wait for its pause."""
    begin = loops.Loop.__init__

    def made(loop: loops.Loop, *args: Any, **kwargs: Any) -> None:
        begin(loop, *args, **{**kwargs, "pause": min(0.2, kwargs["pause"])})

    loops.Loop.__init__ = made  # type: ignore[method-assign]
    loops._LONGEST_PAUSE = 1.0


def _hang_reading(trigger: Path) -> None:
    """Make the rules folder unreadable once `trigger` is there, as a dead mount is: reading never ends."""
    read = reloader.read_folder

    def hang(directory: Path) -> Folder:
        while trigger.exists():
            time.sleep(1)
        return read(directory)

    reloader.read_folder = hang


def _refuse(operation: str) -> None:
    """Answer one operation of every AWS client as a role without the right to it is answered."""
    make = Aws.client

    async def client(aws: Aws, service: str, **options: Any) -> Any:
        made = await make(aws, service, **options)

        async def refused(**_: Any) -> None:
            answer = {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
            raise ClientError(answer, operation)

        if hasattr(made, operation):
            setattr(made, operation, refused)
        return made

    Aws.client = client  # type: ignore[method-assign]


def main() -> int:
    """Run the daemon as the environment says."""
    actions.LEASE_SECONDS = LEASE_SECONDS
    dlq_redrive._VISIBILITY = HIDDEN_SECONDS
    if order := os.environ.pop("GUARDIAN_TEST_KILL", ""):
        _killer(order)
    if order := os.environ.pop("GUARDIAN_TEST_HANG", ""):
        Hang(order, Path(os.environ.pop("GUARDIAN_TEST_TRIGGER"))).install()
    if trigger := os.environ.pop("GUARDIAN_TEST_UNREADABLE", ""):
        _hang_reading(Path(trigger))
    if operation := os.environ.pop("GUARDIAN_TEST_REFUSE", ""):
        _refuse(operation)
    if os.environ.pop("GUARDIAN_TEST_HURRY", ""):
        _hurry()
    distress.PATIENCE = float(os.environ.pop("GUARDIAN_TEST_PATIENCE", distress.PATIENCE))
    return run(load_settings(os.environ))


if __name__ == "__main__":
    sys.exit(main())
