"""Owns the four acts of scenario A; the one rule: the demo breaks and mends the service, and guardian alone puts it right.

The service is broken as in life: the worker fails, its messages die, CloudWatch's alarm goes off. What guardian is to do it finds out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from copy import copy
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Any, Final
from uuid import UUID

import anyio

from leh_guardian.cli.demo.screen import Screen, incidents
from leh_guardian.clock import SystemClock
from leh_guardian.engine import verbs
from leh_guardian.local.product import LocalCase
from leh_guardian.local.seed import ALERT_QUEUE, FUNCTION, WORKER_DLQ, Service, evidence_id
from leh_guardian.local.status_page import LocalStatusPage, Scene
from leh_guardian.local.worker import LocalWorker
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction

_PAUSE: Final = 0.2
_MAJOR: Final = {"01-chat": "major_outage", "02-responses": "major_outage"}
DLQ_RULE: Final = "ai-worker-dlq"
STUCK_RULE: Final = "evidence-stuck"
DOWN_RULE: Final = "service-errors"
_WHO: Final = "cto"


@dataclass
class Stage:
    """What the acts play with."""

    screen: Screen
    service: Service
    worker: LocalWorker
    page: LocalStatusPage
    pool: Pool
    case: LocalCase
    uploads: list[str] = field(default_factory=list)
    """Evidence, in the order of its upload."""
    poison: str = ""
    """The piece that the worker can never read."""
    _numbers: Iterator[int] = field(default_factory=count)

    def coming(self, many: int) -> list[str]:
        """Return what the next `upload` of so many will upload: what is to go wrong must be said before the worker is at it."""
        return [evidence_id(number) for number in islice(copy(self._numbers), many)]

    async def upload(self, many: int) -> list[str]:
        """Upload files."""
        fresh = await self.service.upload(list(islice(self._numbers, many)))
        self.uploads += fresh
        return fresh

    async def until(self, what: Callable[[], Awaitable[bool]]) -> None:
        """Wait until something is so."""
        while not await what():  # noqa: ASYNC110 - what is outside rings no bell
            await anyio.sleep(_PAUSE)

    async def newest(self, rule: str) -> dict[str, Any] | None:
        """Return the newest incident of a rule."""
        found = [each for each in await incidents(self.pool) if each["rule"] == rule]
        return found[-1] if found else None

    async def dead(self) -> int:
        """Return how many messages are dead."""
        return await self.service.depth(self.service.dlq_url)

    async def alarm(self, state: str) -> None:
        """Let CloudWatch's alarm on the dead-letter queue change its state."""
        self.screen.say(f"CloudWatch: {WORKER_DLQ} is {'not ' * (state == 'ALARM')}empty: {state} -> {ALERT_QUEUE}")
        await self.service.raise_alarm(state, SystemClock().now())

    async def drain(self) -> None:
        """Wait until the dead-letter queue is empty, send the OK, and wait until the incident has closed."""
        await self.until(self._drained)
        await self.alarm("OK")
        await self.until(self._resolved)

    async def waits_in(self, handler: str) -> bool:
        """Tell whether the newest incident's action of a handler waits."""
        incident = await self.newest(DLQ_RULE)
        actions = incident["actions"] if incident else []
        return any(action["handler"] == handler and action["status"] == "waiting" for action in actions)

    async def _drained(self) -> bool:
        incident = await self.newest(DLQ_RULE)
        busy = {"proposed", "scheduled", "running", "waiting"}
        at_work = incident is None or any(action["status"] in busy for action in incident["actions"])
        return not at_work and not await self.dead()

    async def _resolved(self) -> bool:
        incident = await self.newest(DLQ_RULE)
        return incident is not None and incident["status"] == "resolved"


async def transient(stage: Stage) -> None:
    """Some uploads fail for a moment, and one for good."""
    stage.screen.title("Transient errors: redrive, canary first; what dies again goes to quarantine")
    fresh = stage.coming(60)
    stage.poison = fresh[-1]
    stage.worker.script.flaky = set(fresh[:14])
    stage.worker.script.poison = {stage.poison}
    await stage.upload(60)
    stage.screen.say("60 uploads; the provider drops the connection on 14 of them, and one file is broken")
    await stage.until(lambda: _dead(stage, 15))
    stage.worker.script.flaky = set()
    await stage.alarm("ALARM")
    await stage.until(lambda: _finished(stage, set(fresh) - {stage.poison}))
    await stage.drain()


async def outage(stage: Stage) -> None:
    """The AI provider is away for some seconds."""
    stage.screen.title("The provider is away: announce, hold, go on when it is back")
    stage.page.play(Scene(_MAJOR, (("inc-1", "Elevated error rates", "investigating"),)))
    stage.worker.script.outage = True
    fresh = await stage.upload(10)
    stage.screen.say("its status page says so, and 10 uploads fail with 503")
    await stage.until(lambda: _dead(stage, 10))
    await stage.alarm("ALARM")
    await stage.until(lambda: stage.waits_in("await_provider"))
    stage.page.play(Scene())
    stage.worker.script.outage = False
    stage.screen.say("the provider is back")
    await stage.until(lambda: _finished(stage, set(fresh)))
    await stage.drain()


async def code_bug(stage: Stage) -> None:
    """A bad deployment, and its hotfix."""
    stage.screen.title("A bug in the worker: quarantine, wait for the hotfix, reprocess, canary first")
    now = SystemClock().now
    stage.worker.script.bug = True
    await stage.service.deploy("# with a bug", now())
    fresh = await stage.upload(8)
    stage.screen.say(f"{FUNCTION} was deployed; 8 uploads end in a KeyError")
    await stage.until(lambda: _dead(stage, 8))
    await stage.alarm("ALARM")
    await stage.until(lambda: stage.waits_in("reprocess_evidence"))
    await stage.until(lambda: _dead(stage, 0))
    stage.worker.script.bug = False
    await stage.service.deploy("# mended", now())
    stage.screen.say(f"the hotfix of {FUNCTION} is deployed")
    await stage.until(lambda: _finished(stage, set(fresh)))
    await stage.drain()


async def swallowed(stage: Stage) -> None:
    """The worker swallows its own error: no message dies, no alarm goes off, the record says `processing` for ever."""
    stage.screen.title("An error that the worker swallows: found by its absence")
    number = next(stage._numbers)
    stage.worker.script.swallows, stage.worker.script.bug = True, True
    fresh = await stage.service.upload([number])
    stage.uploads += fresh
    await stage.service.announce_upload(number, SystemClock().now())
    stage.screen.say("one upload; the worker catches its own error and says that all went well")
    await stage.until(lambda: _emptied(stage))
    stage.worker.script.swallows, stage.worker.script.bug = False, False
    await stage.until(lambda: _finished(stage, set(fresh)))
    await stage.until(lambda: _closed(stage, STUCK_RULE))


async def unanswered(stage: Stage) -> None:
    """The service is down and nobody answers, sixty times as fast as it would be: until the last level does."""
    await stage.service.raise_down(SystemClock().now())
    stage.screen.say("meanwhile the service itself is down, and nobody answers: minutes are seconds here")
    await stage.until(lambda: _called(stage, 3))
    incident = await stage.newest(DOWN_RULE)
    assert incident is not None  # noqa: S101 - somebody was called for it
    now = SystemClock().now
    async with transaction(stage.pool) as tx:
        await verbs.acknowledge(tx, UUID(incident["id"]), now(), _WHO)
    stage.screen.say("the CTO acknowledges, finds a wrong certificate, and resolves it")
    async with transaction(stage.pool) as tx:
        await verbs.resolve(tx, UUID(incident["id"]), now(), _WHO, "인증서를 되돌렸습니다")
    await stage.until(lambda: _closed(stage, DOWN_RULE))


async def _called(stage: Stage, level: int) -> bool:
    incident = await stage.newest(DOWN_RULE)
    told = [a for a in incident["actions"] if a["handler"] == "page" and a["status"] == "succeeded"] if incident else []
    return any(action["params"]["level"] == level for action in told)


async def _dead(stage: Stage, many: int) -> bool:
    return await stage.dead() == many and await stage.service.depth(stage.service.worker_url) == 0


async def _emptied(stage: Stage) -> bool:
    return await stage.service.depth(stage.service.worker_url) == 0


async def _finished(stage: Stage, evidence: set[str]) -> bool:
    return evidence <= set(stage.worker.finished)


async def _closed(stage: Stage, rule: str) -> bool:
    incident = await stage.newest(rule)
    return incident is not None and incident["status"] == "resolved"
