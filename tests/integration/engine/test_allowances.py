"""What cases may use in an hour: given to all, narrowed by what was used before, and only where somebody would be stopped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leh_guardian.app import handlers
from leh_guardian.engine.allowances import AllowanceKeeper
from leh_guardian.errors import Unavailable
from leh_guardian.model.mode import Mode
from leh_guardian.model.spend import circuit as machine
from leh_guardian.model.spend.circuit import Circuit, Recovery
from leh_guardian.model.spend.limits import Scope, Tier
from leh_guardian.rules.loader import load_rules
from leh_guardian.store import circuits, control
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.clock import FakeClock

RULES = """
version: 1
rules:
  - id: spend
    mode: act
    pattern: {source: [leh.guardian], detail-type: [Spend Limit Crossed]}
    dedup: detail.key
    guards: {budget: [{max: 100, per: 1h}]}
    actions:
      - uses: circuit_breaker
        with: {scope: case, key: "${event.detail.key}", tier: park, reason: r}
"""
BUDGET = """
version: 1
prices:
  m: [{from: 2024-01-01, prompt: 1, completion: 1}]
limits:
  - {tier: park, scope: case, over: 1h, tokens: 1000}
  - {tier: park, scope: case, over: 24h, tokens: 3000}
  - {tier: hard, scope: case, over: 24h, usd: 5}
"""


class Board:
    """Remembers what it was told; DynamoDB itself is asked in tests/integration/gate/test_narrowed.py."""

    def __init__(self) -> None:
        self.given: list[int | None] = []
        self.narrowed: dict[tuple[str, int], int] = {}
        self.away = False

    async def give(self, tokens: int | None) -> None:
        """For all."""
        if self.away:
            raise Unavailable("DynamoDB is away")
        self.given.append(tokens)

    async def narrow(self, case: str, hour: datetime, version: int, tokens: int, whole: int) -> bool:
        """For one."""
        self.narrowed[case, version] = tokens
        return True


class Stage:
    """A keeper, its clock and its board."""

    def __init__(self, pool: Pool, folder: Path) -> None:
        (folder / "rules.yaml").write_text(RULES, encoding="utf-8")
        (folder / "budget.yaml").write_text(BUDGET, encoding="utf-8")
        self.rules = load_rules(folder, handlers())
        self.pool, self.clock, self.board = pool, FakeClock(), Board()
        self.clock.advance(seconds=60 * (75 - self.clock.now().minute))

    def keeper(self, *, most: Mode = Mode.ACT, wanted: bool = True, **modes: Mode) -> AllowanceKeeper:
        """One."""
        given: dict[str, Any] = {"most": most, "wanted": wanted}
        return AllowanceKeeper(self.pool, lambda: self.rules, modes, self.board, self.clock, **given)

    async def used(self, ago: timedelta, tokens: int, case: str = "case_1", usd: float = 0) -> None:
        """Let a case have used something."""
        sql = "insert into counters (series, key, at, amount, keep_until) values ($1, $2, $3, $4, $5)"
        at = (self.clock.now() - ago).replace(second=0, microsecond=0)
        async with transaction(self.pool) as tx:
            for unit, amount in (("tokens", tokens), ("usd", usd)):
                await tx.execute(sql, f"usage/case/{unit}", case, at, amount, at + timedelta(days=40))

    async def write(self, circuit: Circuit) -> None:
        """Let a circuit be in the record."""
        async with transaction(self.pool) as tx:
            await circuits.follow(tx, circuit)


@pytest.fixture
def stage(pool: Pool, tmp_path: Path) -> Stage:
    """A quarter past an hour."""
    return Stage(pool, tmp_path)


async def test_what_was_used_before_the_hour_counts(stage: Stage) -> None:
    """Tokens and money of the windows, before this hour; what is little, or is of this hour, changes nothing."""
    await stage.used(timedelta(hours=3), 2600)
    await stage.used(timedelta(minutes=5), 900)
    await stage.used(timedelta(minutes=30), 800, "case_2")
    await stage.used(timedelta(hours=30), 2900, "case_3")
    await stage.used(timedelta(hours=3), 90, "case_4")
    await stage.used(timedelta(hours=3), 450, "case_5", usd=4.5)
    assert await stage.keeper().run_once() == 3
    assert stage.board.given == [1000]
    assert stage.board.narrowed == {("case_1", 0): 400, ("case_2", 0): 200, ("case_5", 0): 50}


async def test_nothing_is_looked_at_between_the_looks(stage: Stage) -> None:
    """Each event costs nothing: once when the hour begins, and every five minutes; a store that was away is asked again."""
    one = stage.keeper()
    stage.board.away = True
    with pytest.raises(Unavailable):
        await one.run_once()
    stage.board.away = False
    for _ in range(12):
        await one.run_once()
        stage.clock.advance(seconds=5)
    assert stage.board.given == [1000]
    stage.clock.advance(seconds=250)
    await one.run_once()
    assert len(stage.board.given) == 2
    stage.clock.advance(seconds=60 * 41)
    await one.run_once()
    await one.run_once()
    assert len(stage.board.given) == 3
    assert stage.clock.now().minute == 1


async def test_what_was_accepted_is_not_counted_and_what_is_open_is_left_alone(stage: Stage) -> None:
    """A circuit that has closed begins anew, in its new version; an open one has no hour."""
    await stage.used(timedelta(hours=3), 2600)
    await stage.used(timedelta(hours=3), 2600, "case_2")
    now, recovery = stage.clock.now(), Recovery()
    for case in ("case_1", "case_2"):
        opened = machine.trip(Circuit(Scope.CASE, case), Tier.PARK, "r", now - timedelta(hours=2), recovery, room=True)
        await stage.write(opened)
    await stage.write(machine.closed(opened, "kim", "fine", now - timedelta(hours=2)))
    await stage.used(timedelta(hours=1), 700, "case_2")
    await stage.keeper().run_once()
    assert stage.board.narrowed == {("case_2", 2): 300}


OFF: tuple[Callable[[Stage], AllowanceKeeper], ...] = (
    lambda stage: stage.keeper(most=Mode.OBSERVE),
    lambda stage: stage.keeper(wanted=False),
    lambda stage: stage.keeper(spend=Mode.PROPOSE),
)


@pytest.mark.parametrize("made", OFF)
async def test_where_nobody_would_be_stopped_nobody_is_refused(
    stage: Stage, made: Callable[[Stage], AllowanceKeeper]
) -> None:
    """The process, the setting, or the only rule that opens circuits does not act."""
    await stage.used(timedelta(hours=3), 2600)
    await made(stage).run_once()
    assert (stage.board.given, stage.board.narrowed) == ([None], {})


async def test_the_kill_switch_ends_it_at_once(stage: Stage) -> None:
    """Held at observe by a person, everything or the handler alone; and back."""
    one = stage.keeper()
    await one.run_once()
    for scope, mode in (("*", Mode.OBSERVE), ("*", Mode.ACT), ("circuit_breaker", Mode.OFF), ("notify", Mode.OFF)):
        async with transaction(stage.pool) as tx:
            await control.set_mode(tx, scope, mode, "r", "kim", stage.clock.now())
        await one.run_once()
    assert stage.board.given == [1000, None, 1000, None]
