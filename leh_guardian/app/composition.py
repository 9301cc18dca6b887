"""Owns the composition: the only place that builds the daemon of the settings; the one rule: alerts are taken in last.

Order: logs → rules → database and schema → clients → status endpoint → loops, intake at the end.
"""

from __future__ import annotations

import os
import socket
from contextlib import AsyncExitStack
from functools import partial

import structlog

from leh_guardian.adapters.aws import Aws, open_aws
from leh_guardian.adapters.feeds import LambdaFeeds
from leh_guardian.adapters.parked import ParkedTable
from leh_guardian.adapters.s3 import S3Objects
from leh_guardian.adapters.sqs import POLL_MARGIN, SqsAlertQueue, SqsQueues
from leh_guardian.app.answers import link_keys, links, ways_in
from leh_guardian.app.lanes import lanes
from leh_guardian.app.outside import open_outside
from leh_guardian.app.people import channel_clients, channel_looks, channels, known_duty, unset
from leh_guardian.app.probing import open_probes
from leh_guardian.app.reconciling import open_reconciling
from leh_guardian.app.spending import open_spending
from leh_guardian.app.uploads import trail_sources
from leh_guardian.app.watching import LOOK, open_heartbeat, watches
from leh_guardian.app.worker import worker_errors, worker_loops
from leh_guardian.clock import SharedClock, SystemClock
from leh_guardian.context import Capabilities
from leh_guardian.engine import absence, broken_channels, call_audit, chaining, duty, handovers, reconcile, silence
from leh_guardian.engine.absence import Absence
from leh_guardian.engine.auditor import Auditor, Client
from leh_guardian.engine.broken_channels import BrokenChannels
from leh_guardian.engine.call_audit import CallAudit
from leh_guardian.engine.canary import CANARY_HANDLER
from leh_guardian.engine.chaining import Chaining
from leh_guardian.engine.check_history import StoredChecks
from leh_guardian.engine.daemon import Daemon
from leh_guardian.engine.directory import People
from leh_guardian.engine.distress import Distress
from leh_guardian.engine.escalator import Escalator
from leh_guardian.engine.findings import Findings
from leh_guardian.engine.handovers import Handovers
from leh_guardian.engine.intake import Intake
from leh_guardian.engine.letters import Letters
from leh_guardian.engine.look import LastLook
from leh_guardian.engine.loops import Loop, Wake
from leh_guardian.engine.outgoing import OutgoingMessages
from leh_guardian.engine.planner import Planner
from leh_guardian.engine.progression import Progression
from leh_guardian.engine.reloader import Reloader
from leh_guardian.engine.reprocessing import NotedDeployments, ReprocessingRows
from leh_guardian.engine.restore_requests import RestoreRequests
from leh_guardian.engine.scheduler import LOOK as LOOK_AT_CLOCK
from leh_guardian.engine.scheduler import Scheduler
from leh_guardian.engine.settlement import Settlement
from leh_guardian.engine.silence import Silence
from leh_guardian.engine.timekeeper import Timekeeper
from leh_guardian.engine.timers import Timers
from leh_guardian.engine.upkeep import Retention, Upkeep
from leh_guardian.registry import Registry
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.rules.signatures import TableInUse
from leh_guardian.rules.upload_signals import SignalsInUse
from leh_guardian.settings import Settings
from leh_guardian.store.migrate import migrate
from leh_guardian.store.pool import Pool
from leh_guardian.store.provider_outages import StoreOutages
from leh_guardian.store.use import StoreUse
from leh_guardian.telemetry.logs import LogWriter
from leh_guardian.telemetry.metrics import Metrics
from leh_guardian.telemetry.progress import Progress
from leh_guardian.web.heartbeats import HeartbeatRoutes
from leh_guardian.web.server import serve
from leh_guardian.web.status import StatusPages


async def build(
    settings: Settings, registry: Registry, rules: RuleSet, writer: LogWriter, stack: AsyncExitStack
) -> Daemon:
    """Return the daemon; what it has opened closes with `stack`. Raises as `process.run`."""
    clock, metrics = SharedClock(SystemClock()), Metrics()
    progress = Progress(clock.monotonic)
    replica, slots = f"{socket.gethostname()}:{os.getpid()}", settings.executor.slots
    pool = await Pool.open(settings.database_url.get_secret_value(), replica=replica, leases=True)
    stack.push_async_callback(pool.close)
    await migrate(pool)
    timekeeper = Timekeeper(pool, clock, metrics)
    await timekeeper.run_once()
    aws = await stack.enter_async_context(open_aws(settings.region))
    queues = await _alert_queues(settings, aws)
    outside = await open_outside(settings, aws, clock, stack)
    # The engine knows a handler more than rule files may name.
    known = Registry((*registry, CANARY_HANDLER))
    people = People(settings.notify.channel)
    progression = Progression(known, Escalator(people.directory))
    reloader = Reloader(settings.rules.dir, registry, pool, progression, clock, metrics, rules, replica=replica)
    people.follow(reloader.current)
    signatures = TableInUse(reloader.current)
    ways = await channels(settings, aws, clock, stack)
    if nameless := unset(rules.oncall, ways):
        structlog.get_logger("people").error(
            "oncall.yaml names channels that notify.channels has not", channels=nameless
        )
    keys = link_keys(settings)
    planned, offers = Wake(), links(settings, keys)
    planner = Planner(progression, settings.rules.modes, settings.incidents.resolve_hold)
    requests = RestoreRequests(pool, planner, reloader.current, outside.cases, clock, planned=planned)
    answers = await ways_in(settings, keys, pool, people.directory, clock, registry, requests, stack)
    spending = await open_spending(
        settings, aws, outside.tables, pool, planner, reloader.current, clock, metrics, replica=replica, planned=planned
    )
    capabilities = Capabilities(
        circuits=spending.keeper,
        use=StoreUse(pool),
        queues=SqsQueues(aws, await aws.client("sqs", connections=slots)),
        channels=ways,
        messages=OutgoingMessages(pool, people, ways, clock, offers),
        offers=offers,
        letters=Letters(pool, clock),
        pages=outside.pages,
        outages=StoreOutages(pool),
        tables=outside.tables,
        search=outside.search,
        evidence_table=settings.evidence.table,
        evidence_bucket=settings.evidence.bucket,
        objects=S3Objects(aws, await aws.client("s3")),
        cases=outside.cases,
        accounts=outside.accounts,
        sessions=outside.admin if settings.admin_api.revoke_sessions else None,
        activities=outside.activities,
        trails=await trail_sources(settings, aws, outside.logs),
        logs=outside.logs,
        functions=outside.functions,
        signatures=signatures,
        upload_signals=SignalsInUse(reloader.current),
        errors=worker_errors(settings, outside.logs, outside.functions, signatures.table, clock),
        admin=outside.admin,
        checks=outside.checks,
        check_history=StoredChecks(pool),
        own_channel=settings.notify.channel,
        reprocessing=ReprocessingRows(pool, clock),
        deployments=NotedDeployments(pool, clock),
        languages=people,
        parked=ParkedTable(aws, await aws.client("dynamodb"), settings.breaker.parked_table),
        feeds=LambdaFeeds(aws, await aws.client("lambda")),
        breaker_table=settings.breaker.table,
    )
    by_hand = await known_duty(pool, people, clock, replica=replica, planned=planned)
    intakes = [
        Intake(
            queue,
            pool,
            planner,
            reloader.current,
            clock,
            metrics,
            replica=replica,
            planned=planned,
            usual=spending.usual,
        )
        for queue in queues
    ]
    reconciling = await open_reconciling(
        settings,
        aws,
        outside.functions,
        pool,
        planner,
        progression,
        reloader.current,
        clock,
        metrics,
        lambda: max(i.oldest_seconds for i in intakes),
        replica=replica,
        planned=planned,
    )
    missing = Absence(
        pool,
        planner,
        LastLook(registry, capabilities, clock),
        reloader.current,
        clock,
        metrics,
        replica=replica,
        planned=planned,
    )
    scheduler = Scheduler(pool, planner, reloader.current, clock, metrics, replica=replica, planned=planned)
    findings = Findings(pool, planner, reloader.current, clock, replica=replica, planned=planned)
    executors = lanes(
        pool,
        known,
        Settlement(progression, replica),
        capabilities,
        clock,
        metrics,
        replica=replica,
        mode=settings.mode,
        slots=slots,
        planned=planned,
        per_target=lambda: reloader.current().per_target,
        lease=lambda: people.directory().oncall.delivery.lease,
    )
    looked_at = [*_own_clients(pool, intakes), *outside.clients(settings, clock)]
    clients = (*looked_at, *spending.clients, *channel_clients(ways, clock), *answers.clients)
    auditor = Auditor(pool, queues[0], clients, lambda: max(i.oldest_seconds for i in intakes), clock, metrics)
    chain = Chaining(pool, clock)
    calls = CallAudit(pool, clock, metrics, replica=replica, planned=planned)
    broken = BrokenChannels(
        pool,
        progression,
        clock,
        lambda: channel_looks(ways, auditor.snapshot.clients),
        replica=replica,
        planned=planned,
    )
    people_told = (calls.why_not, broken.nobody_reached)
    heartbeat, loops = await open_heartbeat(
        settings, queues[0], pool, auditor, people_told, clock, progress, metrics, aws, stack, replica
    )
    cry = Distress(
        list(watches(settings, auditor, calls, heartbeat)),
        capabilities.channels,
        settings.notify.channel,
        clock,
        metrics,
        clock.monotonic,
        replica=replica,
        locale=lambda: people.locale(f"channel:{settings.notify.channel}"),
    )
    status = StatusPages(
        progress,
        metrics,
        clock,
        lambda: auditor.snapshot,
        lambda: reloader.in_use,
        mode=settings.mode,
        replica=replica,
        log_drops=lambda: writer.dropped,
        heartbeat=heartbeat,
        distress=cry,
        calls=calls,
        chain=chain,
        reconciling=reconciling,
    )
    token = settings.http.token.get_secret_value() if settings.http.token else None
    routes = [*status.routes(), *answers.routes, *HeartbeatRoutes(pool, clock, token).routes()]
    url = await stack.enter_async_context(serve(routes, settings.http.bind, settings.http.port))
    structlog.get_logger("web").info("status endpoint", url=url)
    loop = partial(Loop, progress=progress, metrics=metrics)
    return Daemon(
        pollers=settings.queue.pollers,
        wait=settings.queue.wait,
        grace=settings.executor.grace,
        progress=progress,
        metrics=metrics,
        intakes=intakes,
        lanes=executors,
        planned=planned,
        reloader=reloader,
        line=status.line,
        loops=[
            loop("timers", Timers(pool, progression, clock, replica=replica, planned=planned).run_once, pause=0.5),
            # The pause bounds the rate of looks.
            loop("absence", missing.run_once, pause=1.0, limit=absence.LIMIT),
            loop("scheduler", scheduler.run_once, pause=LOOK_AT_CLOCK),
            loop("findings", findings.run_once, pause=3.0),
            loop("reconcile", reconciling.run_once, pause=reconcile.LOOK, limit=reconcile.LIMIT),
            loop("reloader", reloader.run_once, pause=settings.rules.poll.total_seconds(), limit=90.0),
            loop("timekeeper", timekeeper.run_once, pause=5.0),
            loop("auditor", auditor.run_once, pause=5.0),
            loop("chaining", chain.run_once, pause=chaining.LOOK),
            loop("call_audit", calls.run_once, pause=call_audit.EVERY),
            loop("channels", broken.run_once, pause=broken_channels.LOOK),
            loop("duty", by_hand.run_once, pause=duty.LOOK),
            loop(
                "handovers",
                Handovers(pool, people, clock, replica=replica, planned=planned).run_once,
                pause=handovers.LOOK,
            ),
            loop(
                "silence",
                Silence(pool, progression, clock, replica=replica, planned=planned).run_once,
                pause=silence.LOOK,
            ),
            loop(
                "upkeep",
                Upkeep(pool, clock, _retention(settings)).run_once,
                pause=300.0,
            ),
            *spending.loops(loop),
            # Six outages at once, each told over a channel and a console that both hang.
            loop("distress", cry.run_once, pause=LOOK, limit=200.0),
            *loops,
            *await open_probes(
                settings,
                pool,
                progression,
                auditor,
                clock,
                metrics,
                loop,
                stack,
                replica=replica,
                planned=planned,
            ),
            *worker_loops(
                settings, queues[0], outside.logs, outside.tables, signatures.table, clock, spending.told, loop
            ),
        ],
    )


def _retention(settings: Settings) -> Retention:
    keep = settings.retention
    return Retention(keep.event_log, keep.event_log_rows, keep.journal)


def _own_clients(pool: Pool, intakes: list[Intake]) -> list[Client]:
    """Return what guardian cannot do without."""
    queues = zip(("alert_queue", "urgent_queue"), intakes, strict=False)
    return [Client("postgresql", pool), *(Client(name, intake) for name, intake in queues)]


async def _alert_queues(settings: Settings, aws: Aws) -> list[SqsAlertQueue]:
    wanted = settings.queue
    client = await aws.client("sqs", read_timeout=wanted.wait + POLL_MARGIN, connections=wanted.pollers * 2 + 60)
    names = [wanted.alerts, *([wanted.urgent] if wanted.urgent else [])]
    return [SqsAlertQueue(aws, client, name, wait=wanted.wait, visibility=wanted.visibility) for name in names]
