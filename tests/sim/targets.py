"""Owns the systems that effects reach: they count what happened to them; the one rule: they are the truth, not the journal.

The switchboard keeps idempotency keys, so that its effect is made once however often it is asked for. The lever has no key:
whoever pulls it twice has pulled it twice. The inbox of people takes every message.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import anyio

from leh_guardian.context import ActionContext
from leh_guardian.errors import Unavailable
from leh_guardian.handlers.circuit_breaker import circuit_breaker
from leh_guardian.handlers.dlq_redrive import dlq_redrive
from leh_guardian.handlers.notify import notify
from leh_guardian.handlers.page import page
from leh_guardian.handlers.queue_drained import queue_drained
from leh_guardian.model.outcome import Done, Failed, Outcome
from leh_guardian.ports import Notice, Sent
from leh_guardian.registry import Effect, Params, Registry, Via, handler
from tests.sim.world import Fate, World


@dataclass(frozen=True)
class Happened:
    """One effect."""

    at: datetime
    """True time."""
    what: str
    action: UUID
    rule: str
    allowed_at: datetime
    """When its attempt last asked whether it may go on."""


class Mouth:
    """A way to people."""

    address: str = ""
    confirms: bool = False
    strict: bool = False

    def __init__(self, targets: Targets, name: str) -> None:
        self._targets = targets
        self._name = name

    async def send(self, notice: Notice) -> Sent:
        """Tell people."""
        return await self._targets.send(self._name, notice)


class Targets:
    """Everything that effects reach, but the queues."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.switched: dict[UUID, Happened] = {}
        """The switchboard's effects by idempotency key."""
        self.calls: Counter[UUID] = Counter()
        """How often each of them was asked for."""
        self.pulled: list[Happened] = []
        """The lever's effects."""
        self.notices: list[tuple[datetime, Notice]] = []
        self.mute = (0.0, 0.0)
        """From when to when the channel `people` takes nothing, in virtual seconds."""
        self.finished: set[str] = set()
        """Uploads that a look finds finished."""
        self.verdicts: dict[str, str] = {}
        """What a look at somebody's uploads says."""
        self.on_effect: Callable[[Happened], None] = lambda _: None
        """Called at each effect, before anyone has heard of it."""

    async def switch(self, ctx: ActionContext, what: str) -> None:
        """Look at the switchboard, and ask it for an effect under the action's own key."""
        # What was allowed at the claim may be forbidden by the time a handler has looked.
        await anyio.sleep(self._world.rng.uniform(0, 1))
        asked = self._world.now()
        await ctx.checkpoint("attempt", ctx.attempt)
        await self._reach(f"switch {what}", lambda: self._switched(ctx, what, asked))

    def _switched(self, ctx: ActionContext, what: str, asked: datetime) -> None:
        self.calls[ctx.action_id] += 1
        happened = Happened(self._world.now(), what, ctx.action_id, ctx.rule_id, asked)
        if ctx.action_id in self.switched:
            # The same key for something else would be a defect of the caller.
            if self.switched[ctx.action_id].what != what:
                self._world.violated("I4", f"one key, two effects: {self.switched[ctx.action_id].what} and {what}")
            return
        self.switched[ctx.action_id] = happened
        self.on_effect(happened)

    async def pull(self, ctx: ActionContext, what: str) -> None:
        """Pull the lever."""
        asked = self._world.now()
        await self._reach(f"pull {what}", lambda: self._pulled(ctx, what, asked))

    def _pulled(self, ctx: ActionContext, what: str, asked: datetime) -> None:
        happened = Happened(self._world.now(), what, ctx.action_id, ctx.rule_id, asked)
        self.pulled.append(happened)
        self.on_effect(happened)

    async def seek(self, what: str) -> bool:
        """Look whether an upload is finished, though nobody has said so."""
        answer: list[bool] = []
        await self._reach(f"seek {what}", lambda: answer.append(what in self.finished))
        return answer[0]

    async def judge(self, who: str) -> str:
        """Look what somebody's uploads are."""
        await self._reach(f"judge {who}", lambda: None)
        return self.verdicts[who]

    def channels(self) -> dict[str, Mouth]:
        """Return the ways to people."""
        return {name: Mouth(self, name) for name in ("people", "other", "console")}

    def looks(self) -> dict[str, str | None]:
        """Return what a look at each way says: why it cannot be used, None if it can."""
        return {"people": "it does not answer" if self._is_mute("people") else None, "other": None}

    def _is_mute(self, channel: str) -> bool:
        began, ended = self.mute
        return channel == "people" and began <= self._world.loop.time() < ended

    async def send(self, channel: str, notice: Notice) -> Sent:
        """Tell people by a channel."""
        if self._is_mute(channel):
            raise Unavailable(f"{channel} does not answer")
        await self._reach(f"tell {notice.rule}", lambda: self.notices.append((self._world.now(), notice)))
        return Sent()

    async def _reach(self, what: str, effect: Callable[[], None]) -> None:
        fate = await self._world.call(what, effect=True)
        if fate is Fate.FAILS:
            raise Unavailable(f"{what}: refused")
        effect()
        await self._world.reply(fate)
        if fate is Fate.LOSES_ANSWER:
            raise Unavailable(f"{what}: no answer")


class SwitchParams(Params):
    """What to switch."""

    what: str
    """Its name."""


def registry(targets: Targets) -> Registry:
    """Return the real handlers, and one for each effect class over `targets`."""

    @handler(effect=Effect.EXACTLY_ONCE, via=Via.IDEMPOTENCY_KEY, changes=True, limits={"things": 10}, timeout="20s")
    async def switch(ctx: ActionContext, params: SwitchParams) -> Outcome:
        """Switch something at the switchboard."""
        if ctx.dry_run:
            return Done(f"would switch {params.what}")
        await targets.switch(ctx, params.what)
        return Done(f"switched {params.what}", {"what": params.what})

    @handler(
        effect=Effect.EXACTLY_ONCE,
        via=Via.IDEMPOTENCY_KEY,
        changes=True,
        limits={"things": 10},
        timeout="20s",
        target="what",
    )
    async def block(ctx: ActionContext, params: SwitchParams) -> Outcome:
        """Switch something off that is not to be switched off often."""
        if ctx.dry_run:
            return Done(f"would block {params.what}")
        await targets.switch(ctx, params.what)
        return Done(f"blocked {params.what}")

    @handler(effect=Effect.AT_MOST_ONCE, changes=True, residual="It may be lost.", limits={"things": 10}, timeout="20s")
    async def pull(ctx: ActionContext, params: SwitchParams) -> Outcome:
        """Pull the lever."""
        if ctx.dry_run:
            return Done(f"would pull {params.what}")
        await targets.pull(ctx, params.what)
        return Done(f"pulled {params.what}")

    @handler(effect=Effect.READS, changes=False, timeout="20s")
    async def seek(_: ActionContext, params: SwitchParams) -> Outcome:
        """Look whether an upload is finished."""
        there = await targets.seek(params.what)
        return Done(f"{params.what} is finished") if there else Failed(f"{params.what} is not finished")

    @handler(effect=Effect.READS, changes=False, timeout="20s")
    async def judge(_: ActionContext, params: SwitchParams) -> Outcome:
        """Look what the use of somebody was."""
        verdict = await targets.judge(params.what)
        return Done(f"{params.what} is {verdict}", {"verdict": verdict})

    functions = (switch, block, pull, seek, judge, circuit_breaker, dlq_redrive, queue_drained, notify, page)
    return Registry(tuple(function.__handler__ for function in functions))  # type: ignore[attr-defined]


def told(targets: Targets) -> Counter[str]:
    """Return how often each message reached people, by its id."""
    return Counter(notice.id for _, notice in targets.notices)


def repeated(counts: Sequence[int]) -> int:
    """Return how many of these were more than one."""
    return sum(count - 1 for count in counts if count > 1)
