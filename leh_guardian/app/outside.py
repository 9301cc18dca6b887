"""Owns what the daemon looks at beside its alerts, built by the settings; the one rule: as `app`'s."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

from leh_guardian.adapters.admin_api import HttpAdminApi, admin_session
from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.bearer import FileToken, SecretToken, Token
from leh_guardian.adapters.dynamo import DynamoTables, EvidenceTable
from leh_guardian.adapters.functions import LambdaFunctions
from leh_guardian.adapters.health import REGION as HEALTH_REGION
from leh_guardian.adapters.health import AwsHealth
from leh_guardian.adapters.leh_database.accounts import LehAccounts
from leh_guardian.adapters.leh_database.activity import LehActivity
from leh_guardian.adapters.leh_database.cases import LehCases
from leh_guardian.adapters.logs import CloudWatchLogs, LogGroup
from leh_guardian.adapters.opensearch import OpenSearch
from leh_guardian.adapters.probes import SearchProbe, TableProbe
from leh_guardian.adapters.status_page import HttpStatusPage, status_session
from leh_guardian.app.checking import checking
from leh_guardian.app.leh import leh_names
from leh_guardian.clock import Clock
from leh_guardian.engine.auditor import Client
from leh_guardian.model.provider import internal
from leh_guardian.ports import Checking, StatusPage
from leh_guardian.settings import Settings


@dataclass(frozen=True, slots=True)
class Outside:
    """The service and AWS, as far as they are configured."""

    tables: DynamoTables
    logs: CloudWatchLogs
    functions: LambdaFunctions
    search: OpenSearch | None
    admin: HttpAdminApi | None
    cases: LehCases | None
    accounts: LehAccounts | None
    activities: LehActivity | None
    providers: Mapping[str, HttpStatusPage | AwsHealth]
    pages: Mapping[str, StatusPage]
    """The providers' pages, and guardian's own looks."""
    checks: Checking
    """What the periodic checks look through."""

    def clients(self, settings: Settings, clock: Clock) -> Iterator[Client]:
        """Yield what readiness looks at; guardian can do without any of them."""
        if settings.evidence.table:
            yield Client("evidence_table", EvidenceTable(self.tables, settings.evidence.table), required=False)
        if self.cases is not None:
            yield Client("product_database", self.cases, required=False)
        if group := settings.worker.log_group:
            yield Client("worker_log", LogGroup(self.logs, group, clock), required=False)
        if self.search is not None:
            yield Client("opensearch", self.search, required=False)
        if self.admin is not None:
            yield Client("admin_api", self.admin, required=False)
        for name, page in self.providers.items():
            yield Client(f"status_page_{name}", page, required=False)


async def open_outside(settings: Settings, aws: Aws, clock: Clock, stack: AsyncExitStack) -> Outside:
    """Open everything that is configured, closed with `stack`."""
    slots = settings.executor.slots
    tables = await evidence_tables(settings, aws)
    search = OpenSearch(settings.opensearch.url) if settings.opensearch.url else None
    if search is not None:
        stack.push_async_callback(search.close)
    providers = await status_pages(settings, aws, clock, stack)
    leh = leh_names(settings)
    return Outside(
        tables,
        CloudWatchLogs(aws, await aws.client("logs")),
        LambdaFunctions(aws, await aws.client("lambda", connections=slots)),
        search,
        await open_admin_api(settings, aws, stack),
        LehCases(*leh) if leh else None,
        LehAccounts(*leh) if leh else None,
        LehActivity(*leh) if leh else None,
        providers,
        {**providers, **probes(settings, tables, search)},
        checking(settings, aws),
    )


async def open_admin_api(settings: Settings, aws: Aws, stack: AsyncExitStack) -> HttpAdminApi | None:
    """Return LEH's admin API, None where nobody said where it is."""
    wanted = settings.admin_api
    if wanted.url is None:
        return None
    token: Token | None = None
    if wanted.token_file is not None:
        token = FileToken(wanted.token_file, "admin_api.token_file")
    elif wanted.token_secret is not None:
        token = SecretToken(aws, await aws.client("secretsmanager"), wanted.token_secret)
    deadline = wanted.deadline.total_seconds()
    session = await stack.enter_async_context(admin_session(deadline))
    return HttpAdminApi(
        session,
        wanted.url,
        token,
        deadline=deadline,
        idempotent=wanted.idempotent,
        revoke_path=wanted.revoke_sessions or "",
    )


async def evidence_tables(settings: Settings, aws: Aws) -> DynamoTables:
    """Return DynamoDB, with as many connections as there may be actions."""
    client = await aws.client("dynamodb", connections=settings.executor.slots)
    return DynamoTables(aws, client, case_index=settings.evidence.case_index)


def leh_cases(settings: Settings) -> LehCases | None:
    """Return the cases of LEH's own database, None where nobody said where it is.

    Raises:
        SettingsError: its URL is none.
    """
    return LehCases(*leh) if (leh := leh_names(settings)) else None


async def status_pages(
    settings: Settings, aws: Aws, clock: Clock, stack: AsyncExitStack
) -> dict[str, HttpStatusPage | AwsHealth]:
    """Return the pages of providers by name, AWS Health among them where services of AWS are named."""
    wanted, services = settings.provider.all, settings.provider.aws_services
    pages: dict[str, HttpStatusPage | AwsHealth] = {}
    if wanted:
        session = await stack.enter_async_context(status_session())
        for name, provider in wanted.items():
            pages[name] = HttpStatusPage(session, provider.status_url, provider.components, clock, host=provider.page)
    if services:
        health = await aws.client("health", region=HEALTH_REGION)
        pages[internal.AWS] = AwsHealth(aws, health, settings.region, services, clock)
    return pages


def probes(settings: Settings, tables: DynamoTables, search: OpenSearch | None) -> dict[str, StatusPage]:
    """Return guardian's own looks at what LEH depends on, as far as it is configured."""
    made: dict[str, StatusPage] = {}
    if search is not None:
        made[internal.OPENSEARCH] = SearchProbe(search)
    if settings.evidence.table:
        made[internal.DYNAMODB] = TableProbe(tables, settings.evidence.table)
    return made
