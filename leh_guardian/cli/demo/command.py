"""Owns `leh-guardian demo`: scenarios A, B and C on embedded parts; the one rule: the verdict is measured, never assumed."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path

import anyio
import click

from leh_guardian.cli.demo import acts, bill_shock, restore, weekly
from leh_guardian.cli.demo.acts import Stage
from leh_guardian.cli.demo.checks import verify
from leh_guardian.cli.demo.screen import Screen
from leh_guardian.cli.output import out
from leh_guardian.clock import SystemClock
from leh_guardian.errors import SettingsError
from leh_guardian.local import admin_api, product, search, status_page, tls
from leh_guardian.local.admin_api import Desk, LocalAdminApi
from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.local.guardian import GuardianProcess
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.local.product import seeded_case
from leh_guardian.local.search import Indexes
from leh_guardian.local.seed import ALERT_QUEUE, TABLE, seeded
from leh_guardian.local.short_rules import copy_rules
from leh_guardian.local.status_page import LocalStatusPage
from leh_guardian.local.worker import hired, work
from leh_guardian.store.pool import Pool
from leh_guardian.store.rights import SCHEMA
from leh_guardian.store.transaction import transaction

_DEADLINE = 200.0
_FOLDER = Path(".demo")
_TOKEN = "demo-admin-token"  # noqa: S105 - of a stand-in that lives as long as the demo
_PIECES = 10
"""Evidence of the case that is closed."""
_ACTS = (
    acts.transient,
    acts.outage,
    acts.code_bug,
    acts.swallowed,
    restore.closed_by_mistake,
    bill_shock.same_cost,
    weekly.reported,
)


@click.command()
@click.option("--stay", is_flag=True, help="Keep everything running afterwards, to play with.")
def demo(stay: bool) -> None:
    """Run the main jobs on embedded parts: a stuck AI worker is put right, four times over, a closed case comes back, an attack is told from a binder."""
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
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(_store(dsn))
        copy_rules(Path("rules"), _FOLDER / "rules", SystemClock().now())
        (_FOLDER / "admin-token").write_text(_TOKEN, encoding="utf-8")
        service = await stack.enter_async_context(seeded())
        worker = await stack.enter_async_context(hired(service.worker_url, TABLE))
        page = await stack.enter_async_context(status_page.serving(LocalStatusPage()))
        desk = Desk(_TOKEN, honours_keys=True)
        api = LocalAdminApi(desk, worker.process, reindex=worker.reindex, later=0.2)
        admin = await stack.enter_async_context(admin_api.serving(api))
        worker.indexes = Indexes()
        index = await stack.enter_async_context(search.serving(worker.indexes))
        case = await seeded_case(pool, service.s3, worker.dynamodb, worker.indexes, _PIECES)
        host = await stack.enter_async_context(tls.serving(_FOLDER / "tls", SystemClock().now(), weekly.DAYS_LEFT))
        outside = {"LEH_OPENSEARCH__URL": index, **product.settings(dsn), **weekly.settings(host)}
        stage = Stage(Screen(), service, worker, page, pool, case)
        await bill_shock.set_out(stage)
        await weekly.set_out(stage)
        guardian = await stack.enter_async_context(_daemon(dsn, aws, page.url, admin.url, outside))
        stage.screen.say("the service is up: worker, queues, evidence table, log group, admin API, status page")
        stage.screen.say(
            f"guardian runs with the files of rules/, their times made short; status: {guardian.url}/status"
        )
        late: list[str] = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work, worker)
            tasks.start_soon(stage.screen.follow, pool)
            try:
                with anyio.fail_after(_DEADLINE):
                    async with anyio.create_task_group() as beside:
                        beside.start_soon(acts.unanswered, stage)
                        for act in _ACTS:
                            await act(stage)
                        stage.screen.title(
                            "Nobody answers: the next level is called, and the last one until somebody does"
                        )
            except TimeoutError:
                late.append(f"it took longer than {_DEADLINE:g} s; the end of the log:\n{guardian.tail()}")
            faults = await verify(stage, desk, guardian, late)
            if stay:
                await _stay(guardian)
            tasks.cancel_scope.cancel()
        return faults


@asynccontextmanager
async def _daemon(
    dsn: str, aws: dict[str, str], page: str, admin: str, outside: dict[str, str]
) -> AsyncIterator[GuardianProcess]:
    environment = {
        **aws,
        **outside,
        "LEH_DATABASE_URL": dsn,
        "LEH_QUEUE__ALERTS": ALERT_QUEUE,
        "LEH_QUEUE__WAIT": "2",
        "LEH_RULES__DIR": str(_FOLDER / "rules"),
        # The shipped rules only propose; this installation lets them act.
        "LEH_RULES__MODES__AI_WORKER_DLQ": "act",
        "LEH_RULES__MODES__EVIDENCE_STUCK": "act",
        "LEH_INCIDENTS__RESOLVE_HOLD": "1s",
        "LEH_EVIDENCE__TABLE": TABLE,
        "LEH_BREAKER__TABLE": bill_shock.BREAKER,
        "LEH_BREAKER__PARKED_TABLE": bill_shock.PARKED,
        # A trial of seconds.
        "LEH_BREAKER__LEASE": "3s",
        "LEH_PROVIDER__STATUS_URL": page,
        "LEH_ADMIN_API__URL": admin,
        "LEH_ADMIN_API__TOKEN_FILE": str(_FOLDER / "admin-token"),
        "LEH_ADMIN_API__IDEMPOTENT": "true",
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
            names = [SCHEMA, product.SCHEMA]
            if await tx.fetchval(
                "select bool_or(to_regnamespace(name) is not null) from unnest($1::text[]) name", names
            ):
                raise SettingsError(
                    f"the database of LEH_DATABASE_URL has a schema {' or '.join(names)} already, of a guardian or of a demo that was"
                    " killed: unset LEH_DATABASE_URL, or name an empty database"
                )
        try:
            yield pool
        finally:
            with anyio.CancelScope(shield=True):
                async with transaction(pool) as tx:
                    await tx.execute(f"drop schema if exists {SCHEMA} cascade")
                await product.drop(pool)
    finally:
        await pool.close()


async def _stay(guardian: GuardianProcess) -> None:
    out("\nStill running; Ctrl-C ends it. In another terminal, from this folder:\n")
    for name, value in sorted(guardian.environment.items()):
        out(f"  export {name}='{value}'")
    out("\n  .venv/bin/leh-guardian incidents list\n  .venv/bin/leh-guardian doctor")
    out(f"  curl {guardian.url}/status", flush=True)
    await anyio.sleep_forever()
