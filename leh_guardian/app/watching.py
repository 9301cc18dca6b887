"""Owns what watches the daemon itself, put together by the settings; the one rule: each watch looks at what another one cannot see.

The canary sees the way of an alert, the audit of calls the way of a call, the heartbeat's receiver this very process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from functools import partial

import aiohttp

from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.heartbeat import CloudWatchPulse, HttpPulse
from leh_guardian.adapters.sqs import SqsAlertQueue
from leh_guardian.clock import Clock
from leh_guardian.engine import call_audit, distress
from leh_guardian.engine.auditor import Auditor
from leh_guardian.engine.call_audit import CallAudit
from leh_guardian.engine.canary import Canary
from leh_guardian.engine.distress import Watch
from leh_guardian.engine.distress_wording import Outage
from leh_guardian.engine.heartbeat import Heartbeat
from leh_guardian.engine.loops import Loop
from leh_guardian.fields import queue_name
from leh_guardian.ports import Pulse
from leh_guardian.settings import Settings
from leh_guardian.store.pool import Pool
from leh_guardian.telemetry.metrics import Metrics
from leh_guardian.telemetry.progress import Progress

LOOK = 5.0
"""Seconds between two looks at what people, or the outside, are to be told."""


async def open_heartbeat(
    settings: Settings,
    queue: SqsAlertQueue,
    pool: Pool,
    auditor: Auditor,
    people: Sequence[Callable[[], str | None]],
    clock: Clock,
    progress: Progress,
    metrics: Metrics,
    aws: Aws,
    stack: AsyncExitStack,
    replica: str,
) -> tuple[Heartbeat | None, list[Loop]]:
    """Make what tells the outside that guardian works, and its loops; nothing where nobody is to be told."""
    wanted = settings.heartbeat
    if not wanted.wanted:
        return None, []
    pulses: dict[str, Pulse] = {}
    if wanted.url is not None:
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)))
        pulses["url"] = HttpPulse(session, wanted.url.get_secret_value())
    if wanted.namespace is not None:
        installation = wanted.installation or queue_name(settings.queue.alerts)
        pulses["cloudwatch"] = CloudWatchPulse(aws, await aws.client("cloudwatch"), wanted.namespace, installation)
    every = wanted.every.total_seconds()
    canary = Canary(queue, pool, clock, clock.monotonic, replica=replica, region=settings.region, every=every)
    heartbeat = Heartbeat(
        pulses, canary, progress, lambda: auditor.snapshot, people, clock, metrics, clock.monotonic, every=every
    )
    pause = min(LOOK, every / 10)
    loop = partial(Loop, progress=progress, metrics=metrics, pause=pause)
    return heartbeat, [loop("canary", canary.run_once), loop("heartbeat", heartbeat.run_once)]


def watches(settings: Settings, auditor: Auditor, calls: CallAudit, heartbeat: Heartbeat | None) -> Iterator[Watch]:
    """Yield what people are told of directly when it fails for long."""
    outages = [Outage.DATABASE, Outage.ALERTS, *([Outage.URGENT] if settings.queue.urgent else [])]
    for outage in outages:
        yield Watch(outage, lambda name=outage.value: auditor.snapshot.failing.get(name), distress.PATIENCE)  # type: ignore[misc]
    # What was lost is mended already, and somebody may have been called late: told at once.
    yield Watch(Outage.LOST_CALL, calls.lost, 0.0)
    # After a standstill the first audit finds what is being caught up with.
    yield Watch(Outage.LATE_CALLS, calls.stuck, call_audit.EVERY * 1.5)
    if heartbeat is not None:
        canary = heartbeat.canary
        # That no canary comes through an outage of these is no news.
        overdue = lambda: None if auditor.snapshot.failing else canary.overdue()  # noqa: E731
        yield Watch(Outage.CANARY, overdue, settings.heartbeat.every.total_seconds())
