"""Owns what guards the spending, built by the settings; the one rule: without the worker's table the record is kept all the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.breaker_table import BreakerTable
from leh_guardian.adapters.dynamo import DynamoTables
from leh_guardian.adapters.parked import ParkedTable
from leh_guardian.clock import Clock
from leh_guardian.engine import allowances, circuits, leftovers
from leh_guardian.engine import usual as usual_use
from leh_guardian.engine.allowances import AllowanceKeeper
from leh_guardian.engine.auditor import Client
from leh_guardian.engine.circuits import CircuitKeeper
from leh_guardian.engine.leftovers import Leftovers
from leh_guardian.engine.loops import Loop
from leh_guardian.engine.planner import Planner
from leh_guardian.engine.usual import UsualUse
from leh_guardian.model.spend.circuit import Recovery
from leh_guardian.model.spend.limits import Usual
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.settings import Settings
from leh_guardian.store.pool import Pool
from leh_guardian.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Spending:
    """What guards the spending."""

    keeper: CircuitKeeper
    use: UsualUse
    allowances: AllowanceKeeper | None
    leftovers: Leftovers | None
    """None where no worker knows of circuits: then nothing is parked."""
    clients: tuple[Client, ...]

    def usual(self) -> Usual:
        """Return what use is usual, as of the last look."""
        return self.use.now

    def told(self) -> bool:
        """Tell whether the worker itself tells what it uses."""
        return self.use.now.told

    def loops(self, loop: partial[Loop]) -> list[Loop]:
        """Return its loops."""
        found = [
            loop("circuits", self.keeper.run_once, pause=circuits.LOOK),
            loop("usual_use", self.use.run_once, pause=usual_use.PAUSE),
        ]
        if self.allowances is not None:
            found.append(loop("allowances", self.allowances.run_once, pause=allowances.LOOK))
        if self.leftovers is not None:
            found.append(loop("leftovers", self.leftovers.run_once, pause=leftovers.LOOK))
        return found


async def open_spending(
    settings: Settings,
    aws: Aws,
    tables: DynamoTables,
    pool: Pool,
    planner: Planner,
    rules: Callable[[], RuleSet],
    clock: Clock,
    metrics: Metrics,
    *,
    replica: str,
    planned: Callable[[], None],
) -> Spending:
    """Return what guards the spending."""
    wanted = settings.breaker
    dynamo = await aws.client("dynamodb")
    board = BreakerTable(aws, dynamo, tables, wanted.table) if wanted.table else None
    recovery = Recovery(
        cooldown=wanted.cooldown,
        lease=wanted.lease,
        allowance=wanted.allowance,
        share=wanted.share,
        most_open=wanted.most_open,
        most_opened=wanted.most_opened,
    )
    use = UsualUse(pool, clock)
    keeper = CircuitKeeper(pool, planner, rules, board, recovery, clock, metrics, replica=replica, planned=planned)
    if board is None:
        return Spending(keeper, use, None, None, ())
    hours = AllowanceKeeper(
        pool, rules, settings.rules.modes, board, clock, most=settings.mode, wanted=wanted.admission
    )
    parked = ParkedTable(aws, dynamo, wanted.parked_table)
    left = Leftovers(pool, planner, rules, parked, clock, replica=replica, planned=planned)
    return Spending(keeper, use, hours, left, (Client("breaker_table", board, required=False),))
