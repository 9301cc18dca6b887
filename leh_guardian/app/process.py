"""Owns the process of the daemon: logs, event loop, end; the one rule: it ends when it is told to, whatever a thread still does."""

from __future__ import annotations

import gc
import os
import sys
import threading
from contextlib import AsyncExitStack
from functools import partial

import anyio

from leh_guardian import app
from leh_guardian.app.composition import build
from leh_guardian.app.rulebook import rules_in_use
from leh_guardian.registry import Registry
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.settings import Settings
from leh_guardian.telemetry import stacks
from leh_guardian.telemetry.logs import LogWriter, set_up_logs

_THREAD_PATIENCE = 1.0
"""Seconds that each thread gets to end after everything else has."""


def run(settings: Settings) -> int:
    """Run the daemon until it is told to stop; returns the exit code.

    Raises:
        RuleError, SettingsError, SchemaMismatch: the configuration is wrong (exit 78).
        StoreUnavailable: PostgreSQL is away at start (exit 75).
    """
    stacks.print_on_fatal_signals()
    json = settings.log.format == "json" or (settings.log.format == "auto" and not sys.stderr.isatty())
    writer = set_up_logs(level=settings.log.level, json=json)
    registry = app.handlers()
    try:
        rules = rules_in_use(settings, registry)
        main = partial(_main, settings, registry, rules, writer)
        anyio.run(main, backend_options={"use_uvloop": sys.platform != "win32"})
    finally:
        writer.close()
    _leave_threads()
    return 0


def _leave_threads() -> None:
    """End the process at once if a thread hangs, on a dead mount say: the interpreter would wait for it until it is killed."""
    others = [t for t in threading.enumerate() if t is not threading.current_thread() and not t.daemon]
    for thread in others:
        thread.join(_THREAD_PATIENCE)
    if any(thread.is_alive() for thread in others):
        os._exit(0)


async def _main(settings: Settings, registry: Registry, rules: RuleSet, writer: LogWriter) -> None:
    async with AsyncExitStack() as stack:
        daemon = await build(settings, registry, rules, writer, stack)
        _spare_the_collector()
        await daemon.run()


def _spare_the_collector() -> None:
    """Keep the collector of cycles from what start-up made, which stays, and from looking after every few alerts.

    A batch of alerts makes tens of thousands of objects and hardly a cycle; looking through them was a tenth of the intake's CPU.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
