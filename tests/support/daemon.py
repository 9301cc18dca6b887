"""The real daemon with armed failpoints: `python -m tests.support.daemon`, a test launcher that production does not have.

GUARDIAN_TEST_KILL=name:n kills the process with SIGKILL at the n-th hit of a failpoint, GUARDIAN_TEST_FREEZE=name:n stops
it with SIGSTOP at every n-th hit, and GUARDIAN_TEST_HITS names a file that gets a line for each hit.
GUARDIAN_TEST_OUTSIDE is the address of the outside world of the handlers in `tests/support/effects.py`. Leases, the
redrive's hiding of messages and the time for a last look are shortened, so that a test need not wait for the real ones to run out;
GUARDIAN_TEST_LEASE=seconds sets the lease, GUARDIAN_TEST_LOG_BOUND=records how many of the log may wait.
GUARDIAN_TEST_USUAL=seconds says how often it is looked what use is usual and what work is left parked.
GUARDIAN_TEST_HANG makes loops hang (hangs.py). GUARDIAN_TEST_PROVIDERS (JSON) says where Slack and SOLAPI are; what waits for
people's providers is shortened then.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from leh_guardian import app
from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.channels import slack_web, solapi_web
from leh_guardian.cli.main import main as program
from leh_guardian.engine import absence, distress, leftovers, loops, pages, reloader, usual
from leh_guardian.handlers import page
from leh_guardian.redrive import mover
from leh_guardian.registry import HandlerSpec, Registry
from leh_guardian.reprocess import collect
from leh_guardian.rules.folder import Folder
from leh_guardian.store import actions
from leh_guardian.telemetry import failpoints, logs
from tests.support import effects
from tests.support.hangs import Hang

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


def _turn_to(providers: dict[str, str]) -> None:
    """Reach people over providers on loopback, and wait for them as long as their stand-ins take."""
    slack_web.BASE_URL, solapi_web.URL = f"{providers['slack']}/api/", providers["solapi"]
    slack_web.DEADLINE, pages._BACKOFF, page._POLL = 1.0, 0.2, timedelta(seconds=0.5)  # type: ignore[misc]


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
    mover.VISIBILITY = collect.VISIBILITY = HIDDEN_SECONDS
    absence.HIDDEN = timedelta(seconds=HIDDEN_SECONDS)  # type: ignore[misc]
    orders = [os.environ.pop(f"GUARDIAN_TEST_{name}", "") for name in ("KILL", "FREEZE", "HITS")]
    if any(orders):
        failpoints.arm(_Armed(*orders))
    if outside := os.environ.pop("GUARDIAN_TEST_OUTSIDE", ""):
        effects.OUTSIDE.url = outside
        shipped = app.handlers
        app.handlers = lambda: _with_effects(shipped())
    if order := os.environ.pop("GUARDIAN_TEST_HANG", ""):
        Hang(order, Path(os.environ.pop("GUARDIAN_TEST_TRIGGER"))).install()
    if trigger := os.environ.pop("GUARDIAN_TEST_UNREADABLE", ""):
        _hang_reading(Path(trigger))
    if providers := os.environ.pop("GUARDIAN_TEST_PROVIDERS", ""):
        _turn_to(json.loads(providers))
    if operation := os.environ.pop("GUARDIAN_TEST_REFUSE", ""):
        _refuse(operation)
    if seconds := os.environ.pop("GUARDIAN_TEST_USUAL", ""):
        usual.PAUSE = leftovers.LOOK = float(seconds)
        leftovers.PATIENCE = timedelta(seconds=float(seconds))  # type: ignore[misc]  # type: ignore[misc]
    if os.environ.pop("GUARDIAN_TEST_HURRY", ""):
        _hurry()
    distress.PATIENCE = float(os.environ.pop("GUARDIAN_TEST_PATIENCE", distress.PATIENCE))
    program(["run"])


if __name__ == "__main__":
    main()
