"""The contract tests catch what they are there to catch: toy handlers that keep their word pass, each kind of liar is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from leh_guardian.context import ActionContext
from leh_guardian.errors import HandlerError
from leh_guardian.model.outcome import Done, Outcome
from leh_guardian.ports import Notice
from leh_guardian.registry import Effect, HandlerSpec, Params, Registry, Via, handler
from tests.contracts.handlers import trouble
from tests.contracts.handlers.discovery import check, worlds_of
from tests.contracts.handlers.promises import hold, honest
from tests.contracts.handlers.trouble import TROUBLE, quiet
from tests.contracts.handlers.world import World
from tests.contracts.handlers.worlds.notify import Webhook
from tests.support.webhook_receiver import HOOK, WebhookReceiver

_REPEATS = {HOOK: 1, "executor.before_settle": 1}


class ToyParams(Params):
    """Nothing to say."""


class Target(Webhook):
    """A target that a toy posts to; it knows its ids again if `remembers`."""

    handler, name = "toy", "target"
    windows = {}  # noqa: RUF012 - a constant
    remembers = False

    def open(self) -> None:
        """Start it."""
        self.receiver = WebhookReceiver(deduplicates=self.remembers).__enter__()
        self.faults = self.receiver.faults

    def params(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def expected(self) -> set[str]:
        """One effect."""
        return {"effect"}

    def effects(self) -> Counter[str]:
        """How often it took place."""
        return Counter(notice["title"] for notice in self.receiver.notices)


class Remembering(Target):
    """A target with idempotency keys."""

    remembers = True


class Forgiving(Target):
    """A target whose handler declares repeats."""

    windows = _REPEATS


class Looked(Target):
    """A target that is only to be looked at."""

    writes = frozenset()

    def expected(self) -> set[str]:
        """Nothing is to happen."""
        return set()


async def post(ctx: ActionContext) -> None:
    """Have the effect."""
    await ctx.can.channels["hook"].send(Notice(str(ctx.action_id), "effect", [], "i", "r", "sev2"))


async def simply(ctx: ActionContext) -> Outcome:
    """Have the effect, and say so."""
    await post(ctx)
    return Done("done")


async def written_down_first(ctx: ActionContext) -> Outcome:
    """Write it down before it is done."""
    if ctx.recall("done") is None:
        await ctx.checkpoint("done", True)
        await post(ctx)
    return Done("done")


async def stubborn(ctx: ActionContext) -> Outcome:
    """Try again at once, whatever the first try came to."""
    try:
        await post(ctx)
    except HandlerError:
        await post(ctx)
    return Done("done")


async def careless(ctx: ActionContext) -> Outcome:
    """Say that it is done, whatever it came to."""
    with suppress(HandlerError):
        await post(ctx)
    return Done("done")


async def twofold(ctx: ActionContext) -> Outcome:
    """Do it twice."""
    await post(ctx)
    await post(ctx)
    return Done("done")


def toy(effect: Effect, body: Callable[[ActionContext], Any]) -> HandlerSpec:
    """A handler that declares `effect` and does `body`."""
    via = Via.IDEMPOTENCY_KEY if effect is Effect.EXACTLY_ONCE else None
    changes = effect is not Effect.READS
    residual = "a toy" if effect in {Effect.AT_LEAST_ONCE, Effect.AT_MOST_ONCE} else ""

    @handler(effect=effect, changes=changes, via=via, residual=residual, limits={"things": 1} if changes else None)
    async def toy(ctx: ActionContext, params: ToyParams) -> Outcome:
        """Do something."""
        outcome: Outcome = await body(ctx)
        return outcome

    spec: HandlerSpec = toy.__handler__  # type: ignore[attr-defined]
    return spec


async def judge(stages: Callable[..., Any], world: type[World], spec: HandlerSpec, *troubles: Any) -> int:
    """Put a toy through trouble; returns how many runs it took."""
    make = stages(world, Registry((spec,)))
    calm = await quiet(make)
    hold(spec, world(), calm.run)
    runs = 0
    for each in troubles:
        async for run in each(make, calm):
            hold(spec, world(), run)
            runs += 1
    return runs


@pytest.mark.parametrize(
    ("effect", "world"),
    [(Effect.EXACTLY_ONCE, Remembering), (Effect.AT_LEAST_ONCE, Forgiving), (Effect.AT_MOST_ONCE, Target)],
    ids=lambda value: value.value if isinstance(value, Effect) else "",
)
async def test_an_honest_handler_passes(stages: Callable[..., Any], effect: Effect, world: type[World]) -> None:
    """A handler that keeps what it declares gets through all trouble, of each effect class."""
    assert await judge(stages, world, toy(effect, simply), *TROUBLE) > 20


LIARS = [
    pytest.param(Effect.EXACTLY_ONCE, simply, Target, trouble.reply_lost, "and repeated", id="no-key"),
    pytest.param(Effect.EXACTLY_ONCE, simply, Target, trouble.killed, "and repeated", id="no-key-killed"),
    pytest.param(Effect.EXACTLY_ONCE, simply, Target, trouble.zombie_late, "and repeated", id="no-key-zombie"),
    pytest.param(Effect.EXACTLY_ONCE, simply, Target, trouble.arrives_late, "and repeated", id="no-key-late"),
    pytest.param(Effect.EXACTLY_ONCE, simply, Target, trouble.hangs, "and repeated", id="no-key-hang"),
    pytest.param(
        Effect.EXACTLY_ONCE, written_down_first, Remembering, trouble.failed_before, "missing", id="too-early"
    ),
    pytest.param(Effect.AT_LEAST_ONCE, written_down_first, Forgiving, trouble.killed, "missing", id="too-early-killed"),
    pytest.param(Effect.AT_LEAST_ONCE, simply, Target, trouble.failed_after, "0 may be repeated", id="undeclared"),
    pytest.param(Effect.AT_LEAST_ONCE, twofold, Forgiving, None, "0 may be repeated", id="twofold"),
    pytest.param(Effect.AT_LEAST_ONCE, careless, Forgiving, trouble.throttled, "missing", id="careless"),
    pytest.param(
        Effect.AT_MOST_ONCE, stubborn, Target, trouble.reply_lost, "at most once, and repeated", id="stubborn"
    ),
    pytest.param(Effect.AT_MOST_ONCE, careless, Target, trouble.failed_before, "missing", id="careless-at-most"),
    pytest.param(Effect.READS, simply, Looked, None, "nobody asked for", id="reads-and-writes"),
]


@pytest.mark.parametrize(("effect", "body", "world", "struck", "said"), LIARS)
async def test_a_liar_is_found(
    stages: Callable[..., Any], effect: Effect, body: Any, world: type[World], struck: Any, said: str
) -> None:
    """A handler that breaks what it declares is found by the trouble that brings it to light, and told how."""
    with pytest.raises(AssertionError, match=said):
        await judge(stages, world, toy(effect, body), *([struck] if struck else []))


def test_a_handler_without_a_world_is_told_what_to_write() -> None:
    """The message names the file and what belongs into it."""
    with pytest.raises(LookupError, match=r"no world: write tests/contracts/handlers/worlds/newest\.py with WORLDS"):
        worlds_of("newest")


def test_a_world_without_counting_does_not_pass() -> None:
    """Neither one that cannot count effects, nor one that expects none, nor one of another handler."""

    class Blind(World):
        handler, name = "toy", "blind"

    with pytest.raises(LookupError, match=r"lacks .*effects.*world\.py"):
        check("toy", Blind)
    with pytest.raises(LookupError, match="world of toy"):
        check("notify", Target)
    with pytest.raises(AssertionError, match="does not count effects"):
        honest(toy(Effect.AT_LEAST_ONCE, simply), Looked())
    with pytest.raises(AssertionError, match="nothing may be repeated"):
        honest(toy(Effect.EXACTLY_ONCE, simply), Forgiving())
