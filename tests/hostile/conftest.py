"""A replica as it is run: the shipped rules and more, the real handlers, console, webhook, log and PostgreSQL."""

from __future__ import annotations

import io
import logging
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog

import leh_guardian.handlers
from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.channels.console import ConsoleChannel
from leh_guardian.adapters.channels.webhook import WebhookChannel
from leh_guardian.adapters.sqs import SqsQueues
from leh_guardian.context import Capabilities
from leh_guardian.engine.letters import Letters
from leh_guardian.registry import discover
from leh_guardian.rules.loader import load_rules
from leh_guardian.store.pool import Pool
from leh_guardian.telemetry.logs import LogWriter, set_up_logs
from tests.support.clock import FakeClock
from tests.support.house import House, World
from tests.support.receiver import Receiver, receiving

SHIPPED = Path(__file__).parents[2] / "rules"
MORE = """\
version: 1
rules:
  - id: by-value
    description: An attacker's value names the incident, the row of actions and the message.
    mode: act
    pattern: {detail: {x: [{exists: true}]}}
    dedup: detail.x
    serialize: detail.y
    guards: {budget: [{max: 100000, per: 1h}]}
    actions:
      - uses: notify
        with: {channel: hook, text: "${event.detail.x} ${event.id} ${incident.dedup_key}"}
  - id: whole
    description: All of an event is key and text.
    mode: act
    pattern: {source: [{exists: true}]}
    dedup: detail
    serialize: to_string(@)
    guards: {budget: [{max: 100000, per: 1h}]}
    actions:
      - {id: all, uses: notify, with: {channel: console, text: "it was ${event}"}}
      - {id: typed, uses: notify, if: {all: {channel: [console]}}, with: {channel: hook, text: "${event.detail}"}}
    on_failure: continue
  - id: functions
    description: Functions that do not take what they are given.
    mode: act
    pattern: {source: [{exists: true}]}
    dedup: join('/', keys(detail))
    serialize: length(detail.x)
    guards: {budget: [{max: 100000, per: 1h}]}
    actions:
      - {uses: queue_drained, with: {queue: "${event.detail.alarmName}"}, retry: {attempts: 1}}
    on_failure: continue
"""


@dataclass
class Rig:
    """A replica and everything that it writes to."""

    house: House
    log: io.StringIO
    console: io.StringIO
    hook: Receiver
    writer: LogWriter
    pool: Pool

    def log_lines(self) -> list[str]:
        """Close the log and return what was written, a line a record."""
        self.writer.close()
        return self.log.getvalue().removesuffix("\n").split("\n")


@pytest.fixture
def log() -> Iterator[tuple[io.StringIO, LogWriter]]:
    """The daemon's log, as JSON lines into memory; the process's own logging is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    writer = set_up_logs(level="info", json=True, stream=stream)
    yield stream, writer
    writer.close()
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level


@pytest.fixture
async def rig(pool: Pool, aws: Aws, tmp_path: Path, log: tuple[io.StringIO, LogWriter]) -> AsyncIterator[Rig]:
    """A replica on the shipped rules and those above."""
    folder = tmp_path / "rules"
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("cases"))
    (folder / "more.yaml").write_text(MORE, encoding="utf-8")
    registry = discover(leh_guardian.handlers)
    console, clock = io.StringIO(), FakeClock()
    async with aiohttp.ClientSession() as session, receiving() as hook:
        channels: dict[str, Any] = {
            "console": ConsoleChannel(console),
            "hook": WebhookChannel(session, hook.url, b"a secret of some length", clock),
        }
        can = Capabilities(SqsQueues(aws, await aws.client("sqs")), channels, Letters(pool, clock))
        house = House(pool, load_rules(folder, registry), World(), clock, registry=registry, capabilities=can)
        yield Rig(house, *log[:1], console, hook, log[1], pool)
