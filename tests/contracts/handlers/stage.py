"""Owns the running of one action in its world: the real executor, a real PostgreSQL; the one rule: time passes for everybody at once.

Nothing waits for time: `Stage.travel` moves durable time, the seconds that leases are measured by, the leases in the
database and the world's own clock, all by the same.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from anyio.from_thread import BlockingPortal

from leh_guardian.registry import Registry
from leh_guardian.store.transaction import transaction
from tests.contracts.handlers.pools import Pools
from tests.contracts.handlers.world import World
from tests.support.builders import alarm_event
from tests.support.clock import FakeClock
from tests.support.emptied import empty
from tests.support.house import House, rule_set

_RULE = """
version: 1
rules:
  - id: contract
    mode: act
    pattern: {{detail: {{alarmName: [{{prefix: contract-}}]}}}}
    dedup: detail.alarmName
    guards: {{cooldown: 1s}}
    actions:
      - uses: {handler}
        with: {params}
        timeout: {timeout}
        retry: {{attempts: 8, backoff: 1s}}
"""
_ROUNDS = 40
_STEP = 61.0
"""Seconds between two looks: longer than any visibility timeout or pause of a handler."""
OPEN = ("proposed", "scheduled", "running", "waiting")


class TravelClock(FakeClock):
    """A fake clock whose seconds jump along with its instants."""

    ahead = 0.0

    def monotonic(self) -> float:
        """Return real seconds and those that were travelled."""
        return super().monotonic() + self.ahead


@dataclass
class Stage:
    """One action, about to be run in its world."""

    world: World
    registry: Registry
    pools: Pools
    bench: BlockingPortal
    """Into the event loop, in a thread of its own, of a replica that stands still."""
    folder: Path
    clock: TravelClock = field(default_factory=TravelClock)
    timeout: str = "5m"
    house: House = field(init=False)

    @property
    def rules(self) -> Any:
        """The rule that plans the action."""
        params = json.dumps(dict(self.world.params()), ensure_ascii=False)
        text = _RULE.format(handler=self.world.handler, params=params, timeout=self.timeout)
        return rule_set(self.folder, text, registry=self.registry)

    @asynccontextmanager
    async def replica(self, name: str) -> AsyncIterator[House]:
        """Open another replica, in the calling event loop, with adapters of its own."""
        async with AsyncExitStack() as stack:
            can = await self.world.capabilities(stack, self.clock)
            pool = await self.pools.of(name)
            yield House(pool, self.rules, None, self.clock, registry=self.registry, capabilities=can, replica=name)

    @asynccontextmanager
    async def set(self) -> AsyncIterator[House]:
        """Open the first replica and plan the action."""
        async with self.replica("one") as self.house:
            async with transaction(self.house.pool) as tx:
                await empty(tx)
            await self.house.take(alarm_event("contract-a"))
            yield self.house

    async def travel(self, seconds: float = _STEP) -> None:
        """Let time pass."""
        self.clock.advance(seconds=seconds)
        self.clock.ahead += seconds
        self.world.advance(seconds)
        await self._change("update actions set lease_until = lease_until - make_interval(secs => $1)", seconds)

    async def allow(self, seconds: float) -> None:
        """Give later attempts another timeout."""
        await self._change("update actions set timeout = $1", seconds)

    async def _change(self, statement: str, value: float) -> None:
        async with transaction(self.house.pool) as tx:
            await tx.execute(statement, value)

    async def action(self) -> Mapping[str, Any]:
        """Return the action's row."""
        async with transaction(self.house.pool) as tx:
            row = await tx.fetchrow(
                "select status, attempt, failures, outcome::text from actions where role = 'step' and step_index = 0"
            )
        return dict(row)

    async def attempt(self, *houses: House) -> None:
        """Let replicas claim what is due, at the same time, and run it to the end of its attempt."""
        async with anyio.create_task_group() as tasks:
            for house in houses or (self.house,):
                tasks.start_soon(house.executor.run_once, tasks)

    async def settle(self, *houses: House) -> Mapping[str, Any]:
        """Run attempts, with time between them, until the action has ended; returns its row."""
        for _ in range(_ROUNDS):
            await self.attempt(*houses)
            row = await self.action()
            if row["status"] not in OPEN:
                return row
            await self.travel()
        raise AssertionError(f"the action does not end: {row}")


@dataclass(frozen=True)
class MakeStage:
    """Makes fresh stages in fresh worlds of one kind."""

    world: type[World]
    registry: Registry
    pools: Pools
    bench: BlockingPortal
    folder: Path

    @contextmanager
    def __call__(self, **options: Any) -> Iterator[Stage]:
        """Set one, with what is not to be as usual."""
        with self.world() as outside:
            outside.pools = self.pools
            yield Stage(outside, self.registry, self.pools, self.bench, self.folder, **options)
