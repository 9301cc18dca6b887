"""Owns guards: budgets and cooldown of a rule, budgets per target, as pure decisions; the one rule: they never hide an alert.

A spent budget opens the incident and tells people, once for all that follow, instead of acting. A cooldown does not drop
the second alarm (its state change comes once and never again): the incident opens and its run starts when it is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `max` runs of a rule, or on a target, in any window of `per`."""

    max: int
    per: timedelta

    def __str__(self) -> str:
        """Return it as a person says it, such as 3 per 1:00:00."""
        return f"{self.max} per {self.per}"


TELLING = Budget(30, timedelta(hours=1))
"""The budget of a rule that only tells people and names none: whoever chooses its keys must not choose how often they are woken."""


@dataclass(frozen=True, slots=True)
class Guards:
    """What keeps a rule from running away."""

    cooldown: timedelta = timedelta(0)
    """Least time between two runs for one dedup key."""
    budgets: tuple[Budget, ...] = ()
    """All must hold."""

    @property
    def horizon(self) -> timedelta:
        """How far back past runs matter."""
        return max((b.per for b in self.budgets), default=timedelta(0))


@dataclass(frozen=True, slots=True)
class Overdrawn:
    """A budget per target that another run would overdraw."""

    handler: str
    target: str
    budget: Budget
    ago: timedelta = timedelta(0)
    """How long ago the last run on it began."""

    def __str__(self) -> str:
        """Return it as logs and the journal say it."""
        return f"the budget of {self.handler} for {self.target} is spent ({self.budget})"


def spent(budgets: Sequence[Budget], runs: Sequence[datetime], now: datetime) -> Budget | None:
    """Return the first budget that another run at `now` would overdraw, given the past `runs`; None if none."""
    for budget in budgets:
        # Runs "in the future" (another replica's clock) count too: doubt makes the guard stricter.
        if sum(run > now - budget.per for run in runs) >= budget.max:
            return budget
    return None


def not_before(cooldown: timedelta, last_run: datetime | None, now: datetime) -> datetime:
    """Return when a run may start: now, or the end of the cooldown after `last_run`."""
    return now if last_run is None else max(now, min(last_run, now) + cooldown)
