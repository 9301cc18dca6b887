"""Owns an attempt's hold on its action; the one rule: trust in a lease ends before the lease does, whatever the store does.

Trust is counted from the moment before a claim or a renewal was asked for, so that a slow answer cannot stretch it, and it
is watched apart from the renewals, which may hang as long as the store's deadlines. It is measured on a clock that goes on
while the process or the machine stands still, as the database's does.
"""

from __future__ import annotations

import anyio

from leh_guardian.clock import Clock
from leh_guardian.errors import GuardianError, LeaseLost
from leh_guardian.model.action import ClaimedAction
from leh_guardian.store import actions
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import autocommit

_TRUST = 0.9
"""The share of a lease in which its attempt may start effects."""
_RENEWED_AFTER = 1 / 3
"""The share of a lease after which it is renewed, counted from when it was asked for: a slow answer does not put it off."""
_RETRY = 0.5
"""Seconds until a renewal that failed, or found its action locked, is tried again."""
_LOOK = 1.0
"""Seconds between two looks at whether trust has ended: sleeping is on loop time, which stands still with the machine."""


def trusted_until(clock: Clock, lease: float | None = None) -> float:
    """Return until when (`clock`'s monotonic seconds) a lease of these seconds may be trusted that is asked for now."""
    return clock.monotonic() + actions.lease_seconds(lease) * _TRUST


class Lease:
    """Renews one attempt's lease."""

    def __init__(self, pool: Pool, action: ClaimedAction, clock: Clock, trusted: float) -> None:
        self._pool = pool
        self._action = action
        self._clock = clock
        self._trusted = trusted

    @property
    def over(self) -> bool:
        """Whether somebody else may own the action by now."""
        return self._clock.monotonic() >= self._trusted

    async def renew(self, scope: anyio.CancelScope) -> None:
        """Renew until cancelled; cancels `scope` when another attempt has taken over."""
        renewed = True
        while True:
            await anyio.sleep(self._pause() if renewed else min(_RETRY, self._seconds() * _RENEWED_AFTER))
            try:
                # The connection first: trust is counted from the asking, and waiting for one's turn is not that.
                async with autocommit(self._pool.for_leases) as tx:
                    until = trusted_until(self._clock, self._action.lease)
                    renewed = await actions.renew(tx, self._action.id, self._action.attempt, self._action.lease)
            except LeaseLost:
                scope.cancel()
                return
            except GuardianError:
                renewed = False
            if renewed:
                self._trusted = until

    def _pause(self) -> float:
        """Return the seconds until it is time to renew."""
        asked = self._trusted - self._seconds() * _TRUST
        return max(0.0, asked + self._seconds() * _RENEWED_AFTER - self._clock.monotonic())

    def _seconds(self) -> float:
        return actions.lease_seconds(self._action.lease)

    async def watch(self, scope: anyio.CancelScope) -> None:
        """Cancel `scope` when the lease can no longer be trusted."""
        while not self.over:  # noqa: ASYNC110 - the end moves while it is waited for
            await anyio.sleep(max(0.0, min(_LOOK, self._trusted - self._clock.monotonic())))
        scope.cancel()
