"""Canary secrets in everything that comes in: none of them comes out again, but in the evidence that an incident keeps."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

import leh_guardian.handlers
from leh_guardian.adapters.channels.console import ConsoleChannel
from leh_guardian.adapters.channels.webhook import WebhookChannel
from leh_guardian.context import Capabilities
from leh_guardian.engine.auditor import Auditor, Client
from leh_guardian.engine.call_audit import CallAudit
from leh_guardian.engine.chaining import Chaining
from leh_guardian.engine.distress import Distress, Watch
from leh_guardian.engine.distress_wording import Outage
from leh_guardian.engine.loops import Loop
from leh_guardian.engine.reloader import Reloader
from leh_guardian.errors import AccessDenied, OutcomeUnknown, Refused, StoreUnavailable, Unavailable
from leh_guardian.model.mode import Mode
from leh_guardian.model.outcome import Escalate, Failed, NoOp, Retry
from leh_guardian.ports import QueueDepth
from leh_guardian.registry import Registry, discover
from leh_guardian.rules.loader import load_rules
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from leh_guardian.telemetry.logs import LogWriter
from leh_guardian.telemetry.progress import Progress
from leh_guardian.web.server import serve
from leh_guardian.web.status import StatusPages
from tests.support.builders import alarm_event
from tests.support.clock import FakeClock
from tests.support.house import House, World
from tests.support.receiver import Receiver, receiving

PASSWORD, RRN, FRN, KEY = (
    "canary-hunter2-canary",
    "900101-1234567",
    "８５１２３１－７６５４３２１",
    "AKIACANARYCANARYCANA",
)
CANARY = f"password={PASSWORD} 주민번호{RRN}_{FRN} {KEY} https://u:{PASSWORD}@h/x"
HIDDEN = (PASSWORD, RRN, "1234567", FRN, "７６５４３２１", "7654321", KEY)
RULES = f"""
version: 1
rules:
  - id: failing
    description: "{CANARY}"
    mode: act
    pattern: {{source: [aws.cloudwatch], detail: {{alarmName: [{{prefix: fail}}]}}}}
    dedup: detail.alarmName
    guards: {{budget: [{{max: 1000, per: 1h}}]}}
    actions:
      - {{uses: fix, with: {{what: "${{event.detail.alarmName}}"}}, retry: {{attempts: 1}}}}
  - id: telling
    mode: act
    pattern: {{source: [aws.cloudwatch], detail: {{alarmName: [{{prefix: tell}}]}}}}
    dedup: detail.alarmName
    actions:
      - {{id: hook, uses: notify, with: {{channel: hook, text: "of ${{event.detail.alarmName}}"}}, retry: {{attempts: 1}}}}
      - {{id: away, uses: notify, with: {{channel: away, text: "of ${{event.detail.alarmName}}"}}, retry: {{attempts: 1}}}}
      - {{id: console, uses: notify, with: {{text: "of ${{event.detail.alarmName}}"}}}}
      - {{id: none, uses: notify, with: {{channel: "${{event.detail.alarmName}}", text: x}}}}
      - {{id: broken, uses: notify, with: {{text: "${{join(', ', event.detail.state)}}"}}}}
    on_failure: continue
"""
OUTCOMES: list[Any] = [
    ValueError(CANARY),
    Unavailable(CANARY),
    AccessDenied(CANARY),
    Refused(CANARY),
    OutcomeUnknown(CANARY),
    KeyError(CANARY),
    Failed(CANARY),
    Retry(CANARY),
    NoOp(CANARY),
    Escalate(CANARY),
    TimeoutError(CANARY),
]


@dataclass
class Place:
    """A replica of which everything outside fails with canaries in its mouth."""

    house: House
    pool: Pool
    hook: Receiver
    console: io.StringIO
    rules: Path
    registry: Registry


@pytest.fixture
async def place(pool: Pool, tmp_path: Path, log: tuple[io.StringIO, LogWriter]) -> AsyncIterator[Place]:
    """The real handlers and channels beside one that fails as the test says."""
    world, clock, console = World(), FakeClock(), io.StringIO()
    registry = Registry((*discover(leh_guardian.handlers), *(s for s in world.registry() if s.name == "fix")))
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rules.yaml").write_text(RULES, encoding="utf-8")
    async with aiohttp.ClientSession() as session, receiving() as hook:
        away = f"http://u:{PASSWORD}@127.0.0.1:1/x?token={PASSWORD}"
        channels: dict[str, Any] = {
            "console": ConsoleChannel(console),
            "hook": WebhookChannel(session, hook.url, b"a secret of some length", clock),
            "away": WebhookChannel(session, away, b"a secret of some length", clock),
        }
        rules = load_rules(tmp_path / "rules", registry)
        house = House(pool, rules, world, clock, registry=registry, capabilities=Capabilities(None, channels, None))  # type: ignore[arg-type]
        yield Place(house, pool, hook, console, tmp_path / "rules", registry)


class Failing:
    """A client of which every call fails, telling too much."""

    async def ping(self) -> None:
        """Fail."""
        raise Unavailable(CANARY)

    async def depth(self) -> QueueDepth:
        """Fail."""
        raise Unavailable(CANARY)


async def status_pages(place: Place) -> str:
    """Let the auditor, a loop and the reloader fail; return all that the status endpoint says of it."""
    house, progress = place.house, Progress(place.house.clock.monotonic)
    reloader = Reloader(
        place.rules,
        place.registry,
        place.pool,
        house.progression,
        house.clock,
        house.metrics,
        house.rules,
        replica="one",
    )
    (place.rules / "rules.yaml").write_text(
        f'{RULES}\n  - id: "{CANARY}"\n    {KEY}: password={PASSWORD}\n', encoding="utf-8"
    )
    for _ in range(3):
        await reloader.run_once()
    assert reloader.in_use.refused
    queue: Any = Failing()
    auditor = Auditor(place.pool, queue, (Client("queue", queue),), lambda: 0.0, house.clock, house.metrics)
    await auditor.run_once()
    rounds = []

    async def once() -> int:
        rounds.append(1)
        raise StoreUnavailable(CANARY)

    loop = Loop("timers", once, progress, house.metrics, pause=0.01, until=lambda: bool(rounds))
    await loop._round()
    passed = iter((0.0, 0.0, 300.0, 300.0, *([600.0] * 20)))
    watch = Watch(Outage.DATABASE, lambda: CANARY, 120.0)
    terminal = io.StringIO()
    cry = Distress(
        [watch], {"console": ConsoleChannel(terminal)}, "console", house.clock, house.metrics,
        lambda: next(passed), replica="one",
    )  # fmt: skip
    for _ in range(3):
        await cry.run_once()
    calls = CallAudit(place.pool, house.clock, house.metrics, replica="one", planned=lambda: None)
    pages = StatusPages(
        progress, house.metrics, house.clock, lambda: auditor.snapshot, lambda: reloader.in_use,
        mode=Mode.ACT, replica="one", log_drops=lambda: 0, heartbeat=None, distress=cry, calls=calls,
        chain=Chaining(place.pool, house.clock),
    )  # fmt: skip
    said = []
    async with serve(pages.routes(), "127.0.0.1", 0) as url, aiohttp.ClientSession() as session:
        for path in ("/livez", "/readyz", "/status", "/metrics"):
            async with session.get(url + path) as answer:
                said.append(await answer.text())
    assert "blocked: " in said[2]
    assert '"refused"' in said[2]
    assert terminal.getvalue()
    return "\n".join([*said, terminal.getvalue()])


def spelt(text: str) -> str:
    """JSON's escapes undone, so that a canary cannot hide in them."""
    return text + text.encode("utf-8", "backslashreplace").decode("unicode_escape", "replace")


async def test_no_canary_comes_out(place: Place, log: tuple[io.StringIO, LogWriter]) -> None:
    """Log, console, webhook, status pages, metrics, journal and outcomes: whatever fails, and whatever it says."""
    house = place.house
    place.hook.answer = web.Response(status=400, text=f"refused: {CANARY}")
    house.world.outcomes = list(OUTCOMES)
    for number, _ in enumerate(OUTCOMES):
        alarm = alarm_event(f"fail {number} {CANARY}", event_id=f"{number} {CANARY}")
        alarm["detail"]["state"]["reason"] = CANARY
        await house.take(alarm)
        await house.work()
    await house.take(
        alarm_event(f"tell {CANARY}", event_id=CANARY), CANARY.encode(), json.dumps({CANARY: CANARY}).encode()
    )
    await house.work()
    place.hook.answer = web.Response(text=f"thanks: {CANARY}")
    await house.take(alarm_event(f"tell again {CANARY}"))
    await house.work()
    pages = await status_pages(place)
    await house.work()
    async with transaction(place.pool) as tx:
        journal = [
            f"{r['kind']} {r['reason']} {r['data']}"
            for r in await tx.fetch("select kind, reason, data::text from journal")
        ]
        outcomes = [f"{r['id']} {r['outcome']}" for r in await tx.fetch("select id, outcome::text from actions")]
        texts = [r["text"] for r in await tx.fetch("select params->>'text' as text from actions where role = 'tell'")]
        evidence = [r["event"] for r in await tx.fetch("select event::text from incidents")]
    log[1].close()
    written = {
        "log": log[0].getvalue().splitlines(),
        "console": place.console.getvalue().splitlines(),
        "webhook": [body.decode() for _, body in place.hook.requests],
        "pages": pages.splitlines(),
        "journal": journal,
        "outcomes": outcomes,
        "messages": texts,
    }
    assert all(written.values())
    leaks = [
        (where, line[:300])
        for where, lines in written.items()
        for line in lines
        if any(c in spelt(line) for c in HIDDEN)
    ]
    assert leaks == []
    # What happened can still be looked up: the incident keeps its event as it was.
    assert any(PASSWORD in spelt(event) for event in evidence)
    assert "[redacted]" in "".join(written["log"])
