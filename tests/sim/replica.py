"""Owns one replica: the real daemon over simulated ports; the one rule: it is put together as leh_guardian/app/composition.py does.

Left out is what the simulation has no time for: the folder's reloader and the status endpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from leh_guardian.adapters.breaker_table import BreakerTable
from leh_guardian.adapters.dynamo import DynamoTables
from leh_guardian.adapters.sqs import SqsAlertQueue, SqsQueues
from leh_guardian.app.lanes import lanes
from leh_guardian.clock import SharedClock
from leh_guardian.context import Capabilities
from leh_guardian.engine import absence, broken_channels, call_audit, chaining, duty, handovers, silence, usual
from leh_guardian.engine.absence import Absence
from leh_guardian.engine.auditor import Auditor, Client
from leh_guardian.engine.broken_channels import BrokenChannels
from leh_guardian.engine.call_audit import CallAudit
from leh_guardian.engine.chaining import Chaining
from leh_guardian.engine.circuits import CircuitKeeper
from leh_guardian.engine.daemon import Daemon
from leh_guardian.engine.directory import People
from leh_guardian.engine.duty import Duty
from leh_guardian.engine.escalator import Escalator
from leh_guardian.engine.handovers import Handovers
from leh_guardian.engine.intake import Intake
from leh_guardian.engine.letters import Letters
from leh_guardian.engine.look import LastLook
from leh_guardian.engine.loops import Loop, Wake
from leh_guardian.engine.outgoing import OutgoingMessages
from leh_guardian.engine.planner import Planner
from leh_guardian.engine.progression import Progression
from leh_guardian.engine.reloader import Reloader
from leh_guardian.engine.scheduler import Scheduler
from leh_guardian.engine.settlement import Settlement
from leh_guardian.engine.silence import Silence
from leh_guardian.engine.timekeeper import Timekeeper
from leh_guardian.engine.timers import Timers
from leh_guardian.engine.upkeep import Retention, Upkeep
from leh_guardian.engine.usual import UsualUse
from leh_guardian.model.mode import Mode
from leh_guardian.model.spend.circuit import Recovery
from leh_guardian.registry import Registry
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.store.provider_outages import StoreOutages
from leh_guardian.telemetry.metrics import Metrics
from leh_guardian.telemetry.progress import Progress
from tests.sim.loop import Process
from tests.sim.queues import SimAws
from tests.sim.world import SimClock, World

HOLD = timedelta(seconds=8)
"""How long an OK is held."""
WAIT, VISIBILITY = 4, 10
"""Seconds of a long poll, and that an alert stays hidden."""
GRACE = timedelta(seconds=5)
LOOK = 2.0
"""Seconds between two looks at timers, absences, schedules and circuits: most of them find nothing, and are much of a run."""
BREAKER = "breaker"
"""The table that the worker reads."""
RECOVERY = Recovery(cooldown=timedelta(seconds=6), lease=timedelta(seconds=6), allowance=500, share=0.0)
"""How circuits recover: soon, and with one of cases and accounts open at once."""
_METRICS = Metrics()
"""Of all replicas: nobody reads them, and each would take as long to put its own together as for a dozen transactions."""
_KEEP = Retention(timedelta(days=14), 1_000_000, timedelta(days=800))


@dataclass
class Parts:
    """What a replica is made of."""

    world: World
    rules: RuleSet
    rules_folder: Path
    registry: Registry
    pool: Callable[[Process], Any]
    sqs: Any
    dynamo: Any
    spends: bool
    """Whether anything is used: where nothing is, looks at circuits find nothing, and are left out."""
    channels: Any
    looks: Callable[[], dict[str, str | None]]


async def run(parts: Parts, process: Process) -> None:
    """Run a replica until it is told to stop."""
    clock, metrics = SharedClock(SimClock(parts.world, process)), _METRICS
    progress = Progress(clock.monotonic)
    pool, aws = parts.pool(process), SimAws()
    queue = SqsAlertQueue(aws, parts.sqs, "alerts", wait=WAIT, visibility=VISIBILITY)
    registry, name = parts.registry, process.name
    timekeeper = Timekeeper(pool, clock, metrics)
    await timekeeper.run_once()
    people = People("people")
    progression = Progression(registry, Escalator(people.directory))
    reloader = Reloader(parts.rules_folder, registry, pool, progression, clock, metrics, parts.rules, replica=name)
    planned = Wake()
    by_hand = Duty(pool, people, clock, replica=name, planned=planned)
    planner = Planner(progression, {}, HOLD)
    use = UsualUse(pool, clock)
    keeper = CircuitKeeper(
        pool,
        planner,
        reloader.current,
        BreakerTable(aws, parts.dynamo, DynamoTables(aws, parts.dynamo), BREAKER),
        RECOVERY,
        clock,
        metrics,
        replica=name,
        planned=planned,
    )
    intake = Intake(
        queue,
        pool,
        planner,
        reloader.current,
        clock,
        metrics,
        replica=name,
        planned=planned,
        usual=lambda: use.now,
    )
    people.follow(reloader.current)
    channels = parts.channels
    can = Capabilities(
        queues=SqsQueues(aws, parts.sqs),
        channels=channels,
        circuits=keeper,
        letters=Letters(pool, clock),
        outages=StoreOutages(pool),
        messages=OutgoingMessages(pool, people, channels, clock),
    )
    missing = Absence(
        pool,
        planner,
        LastLook(registry, can, clock),
        reloader.current,
        clock,
        metrics,
        replica=name,
        planned=planned,
    )
    ticks = Scheduler(pool, planner, reloader.current, clock, metrics, replica=name, planned=planned)
    executors = lanes(
        pool,
        registry,
        Settlement(progression, name),
        can,
        clock,
        metrics,
        replica=name,
        mode=Mode.ACT,
        slots=4,
        planned=planned,
        per_target=lambda: reloader.current().per_target,
        lease=lambda: people.directory().oncall.delivery.lease,
    )
    auditor = Auditor(pool, queue, (Client("postgresql", pool),), lambda: intake.oldest_seconds, clock, metrics)
    chain = Chaining(pool, clock)
    calls = CallAudit(pool, clock, metrics, replica=name, planned=planned)
    ways = BrokenChannels(pool, progression, clock, parts.looks, replica=name, planned=planned)
    loop = partial(Loop, progress=progress, metrics=metrics)
    daemon = Daemon(
        pollers=2,
        wait=WAIT,
        grace=GRACE,
        progress=progress,
        metrics=metrics,
        intakes=[intake],
        lanes=executors,
        planned=planned,
        reloader=reloader,
        line=lambda: "",
        loops=[
            loop("timers", Timers(pool, progression, clock, replica=name, planned=planned).run_once, pause=LOOK),
            loop("absence", missing.run_once, pause=LOOK, limit=absence.LIMIT),
            loop("scheduler", ticks.run_once, pause=LOOK),
            loop("timekeeper", timekeeper.run_once, pause=5.0),
            loop("auditor", auditor.run_once, pause=5.0),
            loop("chaining", chain.run_once, pause=chaining.LOOK),
            loop("call_audit", calls.run_once, pause=call_audit.EVERY),
            loop("channels", ways.run_once, pause=3 * broken_channels.LOOK),
            loop("duty", by_hand.run_once, pause=duty.LOOK),
            loop(
                "handovers",
                Handovers(pool, people, clock, replica=name, planned=planned).run_once,
                pause=handovers.LOOK,
            ),
            loop(
                "silence",
                Silence(pool, progression, clock, replica=name, planned=planned).run_once,
                pause=silence.LOOK,
            ),
            *([loop("circuits", keeper.run_once, pause=LOOK)] if parts.spends else []),
            *([loop("usual_use", use.run_once, pause=usual.PAUSE)] if parts.spends else []),
            loop("upkeep", Upkeep(pool, clock, _KEEP).run_once, pause=300.0, limit=600.0),
        ],
    )
    await daemon.run()
