"""Owns `leh-guardian demo`: the daemon's main job on embedded parts; the one rule: the verdict is measured, never assumed."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import click

from leh_guardian.cli.output import out, raw
from leh_guardian.clock import SystemClock
from leh_guardian.errors import SettingsError
from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.local.guardian import GuardianProcess
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.local.seed import ALERT_QUEUE, WORKER_DLQ, WORKER_QUEUE, Service, seeded
from leh_guardian.model.text import shown
from leh_guardian.store import overview
from leh_guardian.store.pool import Pool
from leh_guardian.store.rights import SCHEMA
from leh_guardian.store.transaction import transaction

_MESSAGES = 200
_DEADLINE = 150.0
_FOLDER = Path(".demo")
_TOLD = {
    "incident.opened": "matched: an incident is open",
    "action.planned": "planned",
    "attempt.started": "started",
    "action.succeeded": "done",
    "attempt.waiting": "watching",
    "plan.verified": "verified: nothing came back",
    "incident.ok_held": "OK event taken in, held against flapping",
    "incident.resolved": "incident resolved",
    "incident.escalated": "people are told",
}
_COMPLETE = (
    "incident.opened",
    "action.planned",
    "attempt.started",
    "action.succeeded",
    "plan.verified",
    "incident.ok_held",
)


@dataclass
class _Screen:
    """What the newcomer sees."""

    began: float = field(default_factory=anyio.current_time)

    def say(self, text: str) -> None:
        out(f"{anyio.current_time() - self.began:6.1f}s  {text}", flush=True)

    def progress(self, moved: int, of: int) -> None:
        if sys.stdout.isatty():
            bar = "█" * (moved * 30 // of) + "·" * (30 - moved * 30 // of)
            raw(f"\r         {bar} {moved}/{of} back in {WORKER_QUEUE}" + "\n" * (moved == of))
        elif moved == of:
            self.say(f"{moved}/{of} messages are back in {WORKER_QUEUE}")


@click.command()
@click.option("--stay", is_flag=True, help="Keep everything running afterwards, to play with.")
def demo(stay: bool) -> None:
    """Run the main job on embedded parts: an alert in, a remedy out, and the proof of it."""
    if not Path("rules").is_dir():
        raise SettingsError("no rules folder here: run the demo from the project's root folder")
    # Both end it tidily, also where a shell has it ignore Ctrl-C because it runs in the background.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with ExitStack() as stack:
        given = os.environ.get("LEH_DATABASE_URL")
        database = (
            "Using the PostgreSQL of LEH_DATABASE_URL, starting" if given else "Starting an embedded PostgreSQL and"
        )
        out(f"{database} AWS (moto) on loopback …", flush=True)
        # Refused while another demo runs here: its database is not pulled from under it.
        EmbeddedPostgres.discard(_FOLDER / "postgres")
        shutil.rmtree(_FOLDER, ignore_errors=True)
        _FOLDER.mkdir()
        dsn = given or _own_database(stack)
        aws = stack.enter_context(EmbeddedAws.start())
        os.environ.update(aws.environment())
        faults = anyio.run(_run, dsn, aws.environment(), stay)
    raise SystemExit(1 if faults else 0)


def _own_database(stack: ExitStack) -> str:
    postgres = EmbeddedPostgres.start(_FOLDER / "postgres")
    stack.callback(postgres.stop, remove=True)
    postgres.create_database("guardian")
    return postgres.dsn("guardian")


async def _run(dsn: str, aws: dict[str, str], stay: bool) -> list[str]:
    screen = _Screen()
    async with _store(dsn) as pool, seeded(_MESSAGES) as service, _daemon(dsn, aws) as guardian:
        screen.say(f"seeded: {_MESSAGES} failed uploads lie in {WORKER_DLQ}; guardian runs with the files in rules/")
        screen.say(f"status: {guardian.url}/status   log: {guardian.log}")
        faults: list[str] = []
        try:
            with anyio.fail_after(_DEADLINE):
                await _play(screen, service, pool)
        except TimeoutError:
            faults.append(f"it took longer than {_DEADLINE:g} s; the end of the log:\n{guardian.tail()}")
        faults += await _verify(service, guardian, pool)
        _verdict(faults)
        if stay:
            await _stay(guardian)
        return faults


@asynccontextmanager
async def _daemon(dsn: str, aws: dict[str, str]) -> AsyncIterator[GuardianProcess]:
    environment = {
        **aws,
        "LEH_DATABASE_URL": dsn,
        "LEH_QUEUE__ALERTS": ALERT_QUEUE,
        "LEH_QUEUE__WAIT": "2",
        "LEH_RULES__DIR": "rules",
        # The shipped rule only proposes; this installation lets it act.
        "LEH_RULES__MODES__AI_WORKER_DLQ": "act",
        "LEH_INCIDENTS__RESOLVE_HOLD": "2s",
        "LEH_LOG__FORMAT": "json",
    }
    async with GuardianProcess(environment, _FOLDER / "guardian.log") as guardian:
        yield guardian


@asynccontextmanager
async def _store(dsn: str) -> AsyncIterator[Pool]:
    """Open a database that no guardian uses, and leave it so: the demo's daemon would carry out another one's actions."""
    pool = await Pool.open(dsn, size=2, replica="demo")
    try:
        async with transaction(pool) as tx:
            if await tx.fetchval("select to_regnamespace($1) is not null", SCHEMA):
                raise SettingsError(
                    f"the database of LEH_DATABASE_URL has a schema {SCHEMA} already, of a guardian or of a demo that was"
                    " killed: unset LEH_DATABASE_URL, or name an empty database"
                )
        try:
            yield pool
        finally:
            with anyio.CancelScope(shield=True):
                async with transaction(pool) as tx:
                    await tx.execute(f"drop schema if exists {SCHEMA} cascade")
    finally:
        await pool.close()


async def _play(screen: _Screen, service: Service, pool: Pool) -> None:
    """Raise the alarm, watch the remedy, send the OK, and watch the incident close."""
    clock = SystemClock()
    await service.raise_alarm("ALARM", clock.now())
    screen.say(f"sent: CloudWatch alarm state change -> EventBridge rule -> {ALERT_QUEUE}")
    seen, moved, ok_sent = 0, 0, False
    while True:
        incident = await _incident(pool)
        journal = incident["journal"] if incident else []
        for line in journal[seen:]:
            if words := _TOLD.get(line["kind"]):
                detail = line["data"].get("handler") or ""
                screen.say(f"{words} {detail} {shown(line['reason'], 110)}".rstrip())
        seen = len(journal)
        arrived = _MESSAGES - await service.depth(service.dlq_url)
        if arrived > moved:
            moved = arrived
            screen.progress(moved, _MESSAGES)
        if (
            incident
            and not ok_sent
            and any(line["kind"] in {"plan.verified", "incident.escalated"} for line in journal)
        ):
            await service.raise_alarm("OK", clock.now())
            screen.say("sent: the alarm is OK again")
            ok_sent = True
        if incident and incident["status"] == "resolved":
            return
        await anyio.sleep(0.3)


async def _incident(pool: Pool) -> dict[str, Any] | None:
    async with transaction(pool) as tx:
        newest = await overview.list_incidents(tx, rule="ai-worker-dlq", limit=1)
        return await overview.incident(tx, newest[0]["id"]) if newest else None


async def _verify(service: Service, guardian: GuardianProcess, pool: Pool) -> list[str]:
    """Return everything that is not as it should be."""
    arrived = Counter(await service.read_all(service.worker_url))
    wanted = Counter(service.bodies)
    incident = await _incident(pool)
    kinds = [line["kind"] for line in incident["journal"]] if incident else []
    checks = {
        f"every message is back in {WORKER_QUEUE} once": arrived == wanted,
        f"{WORKER_DLQ} is empty": await service.depth(service.dlq_url) == 0,
        f"{ALERT_QUEUE} is empty": await service.depth(service.alert_url) == 0,
        "the incident is resolved": incident is not None and incident["status"] == "resolved",
        "the journal tells the whole story": all(kind in kinds for kind in _COMPLETE),
        "the daemon is live and ready": [await guardian.get("/livez"), await guardian.get("/readyz")] == [200, 200],
    }
    out()
    for check, good in checks.items():
        out(f"  {'✔' if good else '✘'} {check}")
    return [check for check, good in checks.items() if not good]


def _verdict(faults: list[str]) -> None:
    if faults:
        out("\nNOT AS PROMISED:\n" + "\n".join(f"  {fault}" for fault in faults), flush=True)
    else:
        out("\nAS PROMISED: one alert in, one remedy out, nothing lost.", flush=True)


async def _stay(guardian: GuardianProcess) -> None:
    out("\nStill running; Ctrl-C ends it. In another terminal, from this folder:\n")
    for name, value in sorted(guardian.environment.items()):
        out(f"  export {name}='{value}'")
    out("\n  .venv/bin/leh-guardian incidents list\n  .venv/bin/leh-guardian doctor")
    out(f"  curl {guardian.url}/status", flush=True)
    await anyio.sleep_forever()
