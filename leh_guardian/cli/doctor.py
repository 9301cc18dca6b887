"""Owns `leh-guardian doctor`: every setting against the live systems; the one rule: each failure names its fix, in bounded time."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import UTC
from typing import Any

import anyio
import click

from leh_guardian.adapters.aws import Aws, open_aws
from leh_guardian.adapters.opensearch import OpenSearch
from leh_guardian.adapters.sqs import SqsAlertQueue, SqsQueues
from leh_guardian.app import handlers
from leh_guardian.cli.common import print_json_lines
from leh_guardian.clock import SystemClock
from leh_guardian.errors import AccessDenied, GuardianError, NoCredentials, NotFound
from leh_guardian.model.text import shown
from leh_guardian.rules.diagnostics import RulesRefused
from leh_guardian.rules.loader import load_rules
from leh_guardian.settings import Settings, load_settings
from leh_guardian.store.migrate import migrations
from leh_guardian.store.pool import SCHEMA, Pool

_DEADLINE = 12.0
_SKEW = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's."""

    item: str
    status: str
    detail: str
    fix: str = ""


@click.command()
@click.option("--json", "json_", is_flag=True, help="One finding per line.")
def doctor(json_: bool) -> None:
    """Check the settings against the live systems; exit 1 if anything fails."""
    settings = load_settings(os.environ)
    findings = anyio.run(examine, settings)
    if json_:
        print_json_lines([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            print(f"{finding.status:<4}  {finding.item}: {shown(finding.detail, 600)}")
            if finding.fix:
                print(f"      조치: {finding.fix}")
    sys.exit(1 if any(finding.status == "FAIL" for finding in findings) else 0)


async def examine(settings: Settings) -> list[Finding]:
    """Return what was found, in the order in which an operator would repair it."""
    findings = [Finding("settings", "OK", f"region {settings.region}, mode {settings.mode}"), _rules(settings)]
    for check in (_postgresql, _aws, _search):
        findings += [finding async for finding in check(settings)]
    findings += list(_channels(settings))
    return findings


def _rules(settings: Settings) -> Finding:
    try:
        rules = load_rules(settings.rules.dir, handlers())
    except RulesRefused as error:
        return Finding("rules", "FAIL", str(error.diagnostics[0]), f"leh-guardian rules check {settings.rules.dir}")
    return Finding("rules", "OK", f"{len(rules.rules)} rules in {settings.rules.dir}, revision {rules.revision}")


async def _postgresql(settings: Settings) -> AsyncIterator[Finding]:
    try:
        pool = await Pool.open(settings.database_url.get_secret_value(), size=1, replica="doctor")
    except GuardianError as error:
        yield Finding("postgresql", "FAIL", str(error), "LEH_DATABASE_URL과 서버를 확인하세요 (PostgreSQL 13 이상).")
        return
    try:
        async with pool.connection() as connection:
            before = SystemClock().now()
            row = await connection.fetchrow(
                "select clock_timestamp() as now, current_setting('server_version') as version,"
                " has_database_privilege(current_database(), 'create') as may_create, to_regclass($1) is not null as made",
                f"{SCHEMA}.schema_version",
            )
            version = await connection.fetchval("select max(version) from schema_version") if row["made"] else None
        skew = abs((row["now"].astimezone(UTC) - before).total_seconds())
        yield Finding("postgresql", "OK", f"PostgreSQL {row['version']}")
        yield _schema(version, may_create=row["may_create"])
        if skew > _SKEW:
            yield Finding(
                "clock",
                "FAIL",
                f"{skew:.1f} s from the database's clock",
                "이 서버의 시간 동기화(chrony/NTP)를 확인하세요.",
            )
        else:
            yield Finding("clock", "OK", f"within {_SKEW:g} s of the database's clock")
    except GuardianError as error:
        yield Finding("postgresql", "FAIL", str(error), "서버 로그를 확인하세요.")
    finally:
        await pool.close()


def _schema(version: int | None, *, may_create: bool) -> Finding:
    newest = migrations()[-1][0]
    if version is not None:
        return Finding(
            "schema", "OK", f"version {version}" + ("" if version >= newest else f", {newest} at the next start")
        )
    if may_create:
        return Finding("schema", "OK", "not there yet: made at the first start")
    fix = f"grant create on database … to 사용자; 또는 create schema {SCHEMA} authorization 사용자;"
    return Finding("schema", "FAIL", f"no schema {SCHEMA}, and this role may not create it", fix)


async def _aws(settings: Settings) -> AsyncIterator[Finding]:
    async with open_aws(settings.region) as aws:
        try:
            client = await aws.client("sqs", read_timeout=5)
        except GuardianError as error:
            yield Finding("aws", "FAIL", str(error), "AWS_REGION, AWS_ENDPOINT_URL, AWS_PROFILE을 확인하세요.")
            return
        async for finding in _alert_queue(settings, aws, client):
            yield finding


async def _alert_queue(settings: Settings, aws: Aws, client: Any) -> AsyncIterator[Finding]:
    for name in filter(None, (settings.queue.alerts, settings.queue.urgent)):
        queue = SqsAlertQueue(aws, client, name, wait=1, visibility=settings.queue.visibility)
        item = f"queue {name}"
        failed = await _try(item, queue.ping)
        if failed is not None:
            yield failed
            continue
        try:
            info = await SqsQueues(aws, client).info(name)
        except GuardianError as error:
            yield Finding(
                item, "WARN", f"usable, but it cannot be described: {error}", "sqs:GetQueueUrl 권한을 확인하세요."
            )
            continue
        if info.dead_letter_arn is None:
            fix = "큐에 RedrivePolicy(DLQ, maxReceiveCount 5)를 설정하세요. 이벤트가 아닌 메시지는 DLQ로만 빠집니다."
            yield Finding(item, "WARN", "it has no dead-letter queue: what is no event comes back for days", fix)
        else:
            yield Finding(item, "OK", f"{info.depth.total} messages, visibility {info.visibility_timeout:g} s")


async def _try(item: str, ping: Callable[[], Awaitable[None]]) -> Finding | None:
    try:
        with anyio.fail_after(_DEADLINE):
            await ping()
    except NotFound as error:
        return Finding(item, "FAIL", str(error), "LEH_QUEUE__ALERTS, AWS_REGION을 확인하거나 큐를 만드세요.")
    except NoCredentials as error:
        return Finding(item, "FAIL", str(error), "AWS 자격 증명(AWS_ACCESS_KEY_ID 등) 또는 인스턴스 역할을 설정하세요.")
    except AccessDenied as error:
        return Finding(item, "FAIL", str(error), "이 역할의 IAM 정책과 큐 정책을 확인하세요.")
    except (GuardianError, TimeoutError) as error:
        detail = str(error) or f"no answer within {_DEADLINE:g} s"
        return Finding(item, "FAIL", detail, "네트워크, AWS_REGION, AWS_ENDPOINT_URL을 확인하세요.")
    return None


async def _search(settings: Settings) -> AsyncIterator[Finding]:
    if settings.opensearch.url is None:
        return
    search = OpenSearch(settings.opensearch.url)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(search.close)
        failed = await _try("opensearch", search.ping)
        if failed is None:
            yield Finding("opensearch", "OK", "answers")
        else:
            yield Finding("opensearch", "WARN", failed.detail, "LEH_OPENSEARCH__URL을 확인하세요 (없어도 동작합니다).")


def _channels(settings: Settings) -> list[Finding]:
    found = []
    for name, webhook in settings.notify.channels.items():
        try:
            webhook.secret_file.read_bytes()
        except OSError as error:
            detail = f"cannot read {webhook.secret_file}: {error.strerror}"
            found.append(Finding(f"channel {name}", "FAIL", detail, "secret_file의 경로와 권한을 확인하세요."))
        else:
            found.append(Finding(f"channel {name}", "OK", "its secret is readable"))
    return found
