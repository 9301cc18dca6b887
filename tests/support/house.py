"""The engine's services around a real PostgreSQL, with toy handlers that count their effects: what integration tests run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio

from leh_guardian.context import ActionContext, Capabilities
from leh_guardian.engine import verbs
from leh_guardian.engine.absence import Absence
from leh_guardian.engine.answer_links import AnswerLinks
from leh_guardian.engine.canary import CANARY_HANDLER
from leh_guardian.engine.check_history import StoredChecks
from leh_guardian.engine.directory import People
from leh_guardian.engine.escalator import Escalator
from leh_guardian.engine.executor import Executor
from leh_guardian.engine.findings import Findings
from leh_guardian.engine.intake import Intake
from leh_guardian.engine.look import LastLook
from leh_guardian.engine.outgoing import OutgoingMessages
from leh_guardian.engine.planner import Planner
from leh_guardian.engine.progression import Progression
from leh_guardian.engine.scheduler import Scheduler
from leh_guardian.engine.settlement import Settlement
from leh_guardian.engine.timers import Timers
from leh_guardian.errors import Refused
from leh_guardian.fields import parse_duration
from leh_guardian.handlers.page import page
from leh_guardian.model.mode import Mode
from leh_guardian.model.outcome import Done, Outcome
from leh_guardian.ports import Notice, NoticeKind, ReceivedMessage, Sent
from leh_guardian.registry import Effect, HandlerSpec, Params, Registry, handler
from leh_guardian.rules.loader import load_rules
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.store import overview
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from leh_guardian.telemetry.metrics import Metrics
from tests.support.builders import body
from tests.support.clock import FakeClock


class FixParams(Params):
    """What to fix."""

    what: str = "it"
    """Anything."""


@dataclass
class World:
    """The outside world of the toy handlers: it counts effects and says what the next calls end in."""

    effects: Counter[str] = field(default_factory=Counter)
    outcomes: list[Outcome | Exception] = field(default_factory=list)
    """What the next calls end in; afterwards they are done."""
    attempts: list[ActionContext] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    """Texts that people got, but for what became of an incident."""
    notices: list[Notice] = field(default_factory=list)
    """What guardian told them by itself."""
    sent: list[tuple[datetime, str, Notice]] = field(default_factory=list)
    """The same, with when and by which channel."""
    refusing: set[str] = field(default_factory=set)
    """Channels that take no message."""
    hook: Callable[[ActionContext], Awaitable[None]] | None = None
    """The test's own code, run at the beginning of every call."""

    async def act(self, ctx: ActionContext, params: FixParams) -> Outcome:
        """Run the hook, then do what the test says."""
        if self.hook is not None:
            await self.hook(ctx)
        self.attempts.append(ctx)
        if ctx.dry_run:
            return Done(f"would fix {params.what}", {"what": params.what})
        outcome = self.outcomes.pop(0) if self.outcomes else Done(f"fixed {params.what}", {"what": params.what})
        if isinstance(outcome, Exception):
            raise outcome
        self.effects[params.what] += 1
        return outcome

    def registry(self) -> Registry:
        """Handlers `fix` (changes things), `look` (reads), `once` (at most once) and `notify` over this world."""

        @handler(effect=Effect.AT_LEAST_ONCE, changes=True, residual="a toy", limits={"things": 10}, target="what")
        async def fix(ctx: ActionContext, params: FixParams) -> Outcome:
            """Fix something."""
            return await self.act(ctx, params)

        @handler(effect=Effect.READS, changes=False)
        async def look(ctx: ActionContext, params: FixParams) -> Outcome:
            """Look at something."""
            return await self.act(ctx, params)

        @handler(effect=Effect.AT_MOST_ONCE, changes=True, residual="a toy", limits={"things": 10})
        async def once(ctx: ActionContext, params: FixParams) -> Outcome:
            """Do something that cannot be repeated."""
            return await self.act(ctx, params)

        @handler(effect=Effect.READS, changes=False)
        async def queue_drained(ctx: ActionContext, params: QueueParams) -> Outcome:
            """Say that a queue is empty."""
            return await self.act(ctx, FixParams(what=f"queue {params.queue}"))

        @handler(effect=Effect.AT_LEAST_ONCE, changes=False, residual="a toy")
        async def notify(ctx: ActionContext, params: TellParams) -> Outcome:
            """Tell people."""
            if params.channel in self.refusing:
                raise Refused(f"{params.channel} does not want it")
            if not ctx.dry_run:
                self.told.append(params.text)
            return Done("told")

        specs = (fix, look, once, notify, queue_drained, page)
        return Registry(tuple(function.__handler__ for function in specs))  # type: ignore[attr-defined]


class QueueParams(Params):
    """Which queue."""

    queue: str
    """Its name."""
    at_most: int = 0
    """Messages that may be left."""


class TellParams(Params):
    """What to tell."""

    channel: str = "console"
    """Where."""
    text: str
    """What."""


class ToyChannel:
    """A way to people that keeps what it is given."""

    address, confirms, strict = "", False, False

    def __init__(self, world: World, name: str, clock: FakeClock) -> None:
        self._clock = clock
        self._world = world
        self._name = name

    async def send(self, notice: Notice) -> Sent:
        """Take a notice, or refuse it."""
        if self._name in self._world.refusing:
            raise Refused(f"{self._name} does not want it")
        if notice.kind is not NoticeKind.STATUS:
            self._world.told.append("\n".join([notice.title, *notice.lines]))
        self._world.notices.append(notice)
        self._world.sent.append((self._clock.now(), self._name, notice))
        return Sent(f"{self._name}-{len(self._world.notices)}")


class NoQueue:
    """The alert queue of tests that hand messages in themselves; it counts what is deleted."""

    def __init__(self) -> None:
        self.deleted: list[str] = []
        self.sent: list[str] = []

    async def delete(self, receipts: Sequence[str]) -> int:
        """Remember what was deleted."""
        self.deleted.extend(receipts)
        return len(receipts)

    async def send(self, body: str) -> None:
        """Remember what was sent."""
        self.sent.append(body)


class House:
    """One replica; its handlers are the toys of `world` unless a `registry` of others and their `capabilities` are given."""

    def __init__(
        self,
        pool: Pool,
        rules: RuleSet,
        world: World | None,
        clock: FakeClock,
        *,
        registry: Registry | None = None,
        capabilities: Capabilities | None = None,
        replica: str = "one",
        mode: Mode = Mode.ACT,
        modes: dict[str, Mode] | None = None,
        hold: str = "5m",
        channel: str = "console",
        channels: Sequence[str] = (),
        canary: HandlerSpec = CANARY_HANDLER,
        links: AnswerLinks | None = None,
    ) -> None:
        self.pool, self.world, self.clock = pool, world or World(), clock
        registry = Registry((*(registry or self.world.registry()), canary))
        self.metrics = metrics = Metrics()
        self.people = People(channel)
        self.people.follow(lambda: self.rules)
        self.progression = progression = Progression(registry, Escalator(self.people.directory))
        self.queue: Any = NoQueue()
        self.rules = rules
        self.planner = planner = Planner(progression, modes or {}, parse_duration(hold))
        self.intake = Intake(
            self.queue,
            pool,
            planner,
            lambda: self.rules,
            clock,
            metrics,
            replica=replica,
            planned=lambda: None,
        )
        can = capabilities or Capabilities(queues=None, channels={}, letters=None)  # type: ignore[arg-type]
        ways = {name: ToyChannel(self.world, name, clock) for name in ("console", channel, *channels)}
        ways = {**ways, **can.channels}
        messages = OutgoingMessages(pool, self.people, ways, clock, links)
        can = replace(can, channels=ways, messages=messages, check_history=StoredChecks(pool), own_channel=channel)
        self.absence = Absence(
            pool,
            planner,
            LastLook(registry, can, clock),
            lambda: self.rules,
            clock,
            metrics,
            replica=replica,
            planned=lambda: None,
        )
        self.scheduler = Scheduler(
            pool, planner, lambda: self.rules, clock, metrics, replica=replica, planned=lambda: None
        )
        self.findings = Findings(pool, planner, lambda: self.rules, clock, replica=replica, planned=lambda: None)
        self.executor = Executor(
            pool,
            registry,
            Settlement(progression, replica),
            can,
            clock,
            metrics,
            replica=replica,
            mode=mode,
            slots=8,
            freed=lambda: None,
            per_target=lambda: self.rules.per_target,
        )
        self.timers = Timers(pool, progression, clock, replica=replica, planned=lambda: None)
        self._messages = 0

    async def take(self, *events: object) -> None:
        """Take in events as one batch of messages."""
        messages = []
        for event in events:
            self._messages += 1
            raw = event if isinstance(event, bytes) else body(event)
            messages.append(ReceivedMessage(f"m{self._messages}", f"r{self._messages}", raw))
        await self.intake.take_in(messages)

    async def work(self, rounds: int = 50) -> None:
        """Run due actions and timers until nothing is due."""
        for _ in range(rounds):
            async with anyio.create_task_group() as tasks:
                started = await self.executor.run_once(tasks)
            if not started + await self.timers.run_once():
                return
        raise AssertionError("there is no end to the work")

    async def set_mode(self, mode: Mode, scope: str = "*") -> None:
        """Move the kill switch."""
        async with transaction(self.pool) as tx:
            await verbs.set_mode(tx, scope, mode, self.clock.now(), "test", "because")

    async def answer(self, action_id: str, *, approve: bool) -> bool:
        """Approve or reject a proposed action."""
        async with transaction(self.pool) as tx:
            decision = await verbs.answer_proposal(
                tx, UUID(action_id), self.clock.now(), "kim", "said so", approve=approve
            )
        return decision.counted

    async def resolve(self) -> None:
        """Close every open incident by hand."""
        for incident in await self.incidents("triggered", "acknowledged"):
            async with transaction(self.pool) as tx:
                assert await verbs.resolve(tx, UUID(incident["id"]), self.clock.now(), "kim", "by hand")

    async def steps(self) -> list[tuple[str, str]]:
        """Return (step, status) of the plan's actions, oldest first."""
        return [(a["step"], a["status"]) for a in await self.actions() if a["role"] == "step"]

    async def incidents(self, *statuses: str) -> list[dict[str, Any]]:
        """Return incidents, oldest first."""
        async with transaction(self.pool) as tx:
            return list(reversed(await overview.list_incidents(tx, statuses=statuses)))

    async def actions(self, *statuses: str) -> list[dict[str, Any]]:
        """Return actions, oldest first."""
        async with transaction(self.pool) as tx:
            return list(reversed(await overview.list_actions(tx, statuses=statuses)))

    async def journal(self) -> list[str]:
        """Return the journal's kinds in order."""
        async with transaction(self.pool) as tx:
            return [row["kind"] for row in await tx.fetch("select kind from journal order by id")]


def rule_set(folder: Path, text: str, world: World | None = None, registry: Registry | None = None) -> RuleSet:
    """Load rules from YAML text."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rules.yaml").write_text(text, encoding="utf-8")
    return load_rules(folder, registry or (world or World()).registry())
