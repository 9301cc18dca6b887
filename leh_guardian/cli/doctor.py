"""Owns `leh-guardian doctor`: every setting against the live systems; the one rule: each failure names its fix, in bounded time."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial

import anyio
import click

from leh_guardian.cli.examination import (
    admin_api,
    answers,
    checks,
    database,
    heartbeat,
    installation,
    people,
    probes,
    product,
    providers,
    reconcile,
    services,
    uploads,
)
from leh_guardian.cli.examination.finding import Finding, Look, bounded
from leh_guardian.cli.language import said
from leh_guardian.cli.output import out, print_json_lines
from leh_guardian.language import Text
from leh_guardian.model.text import shown, without_passwords
from leh_guardian.settings import Settings, load_settings


@click.command()
@click.option("--json", "json_", is_flag=True, help="One finding per line.")
def doctor(json_: bool) -> None:
    """Check the settings against the live systems; exit 1 if anything fails."""
    settings = load_settings(os.environ)
    findings = anyio.run(examine, settings)
    if json_:
        print_json_lines([{**asdict(finding), "fix": said(finding.fix)} for finding in findings])
    else:
        for finding in findings:
            out(f"{finding.status:<4}  {finding.item}: {shown(finding.detail, 2000)}")
            if finding.fix:
                fix = Text.same(finding.fix)
                out(Text(ko=f"      조치: {fix.ko}", en=f"      To do: {fix.en}"))
    sys.exit(1 if any(finding.status == "FAIL" for finding in findings) else 0)


async def examine(settings: Settings) -> list[Finding]:
    """Return what was found, in the order in which an operator would repair it; it takes no longer than two looks may."""
    found: list[Finding] = [Finding("settings", "OK", f"region {settings.region}, mode {settings.mode}")]
    found += installation.look_at_rules(settings)
    looks = _looks(settings)
    looked: list[list[Finding]] = [[] for _ in looks]

    async def take(number: int, look: Look) -> None:
        looked[number] = await bounded(look)

    # PostgreSQL's clock is compared, and whoever makes AWS's clients beside it on a busy machine takes it for a slow server.
    await take(0, looks[0])
    async with anyio.create_task_group() as tasks:
        for number, look in enumerate(looks[1:], start=1):
            tasks.start_soon(take, number, look)
    for answer in looked:
        # What several looks say alike, such as that there are no AWS credentials, is said once.
        found += [finding for finding in answer if finding not in found]
    if not settings.heartbeat.wanted:
        found += heartbeat.look_at_nobody()
    return [_telling_no_password(finding) for finding in found]


def _looks(settings: Settings) -> list[Look]:
    """Return every look outside."""
    queues = [name for name in (settings.queue.alerts, settings.queue.urgent) if name]
    search, table, log = settings.opensearch.url, settings.evidence.table, settings.worker.log_group
    return [
        Look("postgresql", partial(database.look_at_database, settings), database.FIX),
        *(Look(f"queue {name}", partial(services.look_at_queue, settings, name), services.NETWORK) for name in queues),
        # The daemon can do without these.
        *(
            [Look("evidence table", partial(services.look_at_table, settings, table), services.TABLE, "WARN")]
            if table
            else []
        ),
        *(
            [Look("product database", partial(product.look_at_product, settings), product.FIX, "WARN")]
            if settings.product_database_url
            else []
        ),
        *(_worker_looks(settings, log) if log else []),
        *(
            [Look("breaker table", partial(services.look_at_breaker, settings, circuits), services.BREAKER, "WARN")]
            if (circuits := settings.breaker.table)
            else []
        ),
        *([Look("opensearch", partial(services.look_at_search, search), services.SEARCH, "WARN")] if search else []),
        *(
            [Look("admin api", partial(admin_api.look_at_api, settings), admin_api.API, "WARN")]
            if settings.admin_api.url
            else []
        ),
        Look(
            "http",
            partial(installation.look_at_address, settings.http),
            Text(ko="LEH_HTTP__BIND를 확인하세요.", en="Look at LEH_HTTP__BIND."),
        ),
        *(
            Look(f"provider {name}", partial(providers.look_at_page, name, provider), providers.PAGE, "WARN")
            for name, provider in settings.provider.all.items()
        ),
        *(
            [Look("provider aws", partial(providers.look_at_health, settings), providers.HEALTH, "WARN")]
            if settings.provider.aws_services
            else []
        ),
        *(
            Look(f"channel {name}", partial(people.look_at_channel, settings, name), people.PROVIDER, "WARN")
            for name in settings.notify.channels
        ),
        *(
            [Look("answers", partial(answers.look_at_answers, settings), people.SECRET)]
            if answers.wanted(settings)
            else []
        ),
        *([Look("probes", partial(probes.look_at_probes, settings), probes.UNREADABLE)] if settings.probes else []),
        *checks.looks(settings),
        *uploads.looks(settings),
        *_reconcile_looks(settings),
        *_heartbeat_looks(settings),
    ]


def _worker_looks(settings: Settings, log_group: str) -> Iterator[Look]:
    yield Look("worker log", partial(services.look_at_log, settings, log_group), services.LOG, "WARN")
    if settings.worker.events:
        item, without = "worker events", Text(ko="worker.events를 false로 두세요", en="set worker.events to false")
        yield Look(item, partial(heartbeat.look_at_sending, settings, item, without), services.NETWORK)


def _reconcile_looks(settings: Settings) -> Iterator[Look]:
    wanted = settings.reconcile
    if wanted.alarms:
        yield Look("reconcile alarms", partial(reconcile.look_at_alarms, settings), reconcile.ALARMS, "WARN")
    if wanted.rds:
        yield Look("reconcile rds", partial(reconcile.look_at_rds, settings), reconcile.RDS, "WARN")


def _heartbeat_looks(settings: Settings) -> Iterator[Look]:
    wanted = settings.heartbeat
    if wanted.wanted:
        yield Look("heartbeat canary", partial(heartbeat.look_at_sending, settings), services.NETWORK)
    if wanted.namespace is not None:
        yield Look("heartbeat cloudwatch", partial(heartbeat.look_at_cloudwatch, settings), services.NETWORK)
    if wanted.url is not None:
        yield Look(
            "heartbeat url", partial(heartbeat.look_at_address, wanted.url.get_secret_value()), heartbeat.ADDRESS
        )


def _telling_no_password(finding: Finding) -> Finding:
    return Finding(finding.item, finding.status, without_passwords(finding.detail), finding.fix)
