"""Owns what cases may use in an hour, as the worker reserves it; the one rule: a limit is told there, and judged here.

The worker's table has one item that says what any case may use in an hour. What a case has used of a limit's window before the
hour makes its own hour smaller: that is looked at when an hour begins and every few minutes, for all cases at once, and written
only where it makes a difference. Nobody waits for it: a case without an item of its own has the whole hour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from leh_guardian.clock import Clock
from leh_guardian.model.mode import Mode
from leh_guardian.model.spend.hourly import STEP, Before, stopping, this_hour, whole_hour
from leh_guardian.model.spend.limits import SpendLimit
from leh_guardian.ports import HourAllowances
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.store import control, spending
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction

LOOK: Final = 5.0
"""Seconds between two rounds: how long after an hour's beginning its allowances are there, at most."""
_PAUSE: Final = timedelta(minutes=5)
_OPENER: Final = "circuit_breaker"


class AllowanceKeeper:
    """Writes what cases may use in an hour."""

    def __init__(
        self,
        pool: Pool,
        rules: Callable[[], RuleSet],
        modes: Mapping[str, Mode],
        board: HourAllowances,
        clock: Clock,
        *,
        most: Mode,
        wanted: bool,
    ) -> None:
        """`modes` are the rules' own of guardian.yaml, `most` is the process's; `wanted` is the operator's setting."""
        self._pool = pool
        self._rules = rules
        self._modes = modes
        self._board = board
        self._clock = clock
        self._most = most
        self._wanted = wanted
        self._looked: tuple[datetime, int | None, datetime] | None = None

    async def run_once(self) -> int:
        """Write what has changed, where a look is due; returns how many cases' hours were made smaller or larger."""
        now = self._clock.now()
        hour = now.replace(minute=0, second=0, microsecond=0)
        whole = whole_hour(self._rules().budget) if await self._acts() else None
        if self._looked is not None and self._looked[:2] == (hour, whole) and now - self._looked[2] < _PAUSE:
            return 0
        await self._board.give(whole)
        changed = 0
        if whole is not None:
            for (case, version), tokens in (await self._hours(whole, now, hour)).items():
                changed += await self._board.narrow(case, hour, version, tokens, whole)
        self._looked = (hour, whole, now)
        return changed

    async def _acts(self) -> bool:
        """Tell whether a case that uses too much would be stopped: where nobody opens its circuit, no call is refused either."""
        if not self._wanted or self._most is not Mode.ACT:
            return False
        async with transaction(self._pool) as tx:
            held = await control.modes(tx)
        if any(row["scope"] in {"*", _OPENER} and row["mode_rank"] < Mode.ACT.rank for row in held):
            return False
        return any(
            self._modes.get(rule.id, rule.mode) is Mode.ACT and any(step.uses == _OPENER for step in rule.plan.steps)
            for rule in self._rules().rules
        )

    async def _hours(self, whole: int, now: datetime, hour: datetime) -> dict[tuple[str, int], int]:
        """Return {(case, version of its circuit): tokens} of those with much less than a whole hour left."""
        budget = self._rules().budget
        used: dict[tuple[str, int], list[tuple[SpendLimit, Before]]] = {}
        async with transaction(self._pool) as tx:
            for limit in stopping(budget) if budget else ():
                least = {unit: amount * STEP for unit, amount in limit.most.items()}
                for key, before in (await spending.near(tx, now - limit.over, hour, now, least)).items():
                    used.setdefault(key, []).append((limit, before))
        return {key: this_hour(whole, found) for key, found in used.items()}
