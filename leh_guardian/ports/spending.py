"""Owns what handlers may do about circuits; the one rule: the record is written first, the worker's copy after it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

if TYPE_CHECKING:
    # Names in annotations: most of those who import the ports need none of these.
    from leh_guardian.model.spend.circuit import Circuit, State, Verdict
    from leh_guardian.model.spend.limits import Scope, Tier, Unit


class Board(Protocol):
    """What the AI worker reads: docs/breaker.md."""

    async def publish(self, circuit: Circuit) -> int:
        """Put a circuit in the place of an older version; returns the version that is there now.

        Raises:
            Unavailable, AccessDenied, NotFound: the table cannot be written.
        """

    async def read(self, scope: Scope, key: str) -> tuple[State, int] | None:
        """Return the state and version that the worker reads, None for none."""


class HourAllowances(Protocol):
    """What cases may use in an hour, as the worker reserves it: docs/breaker.md."""

    async def give(self, tokens: int | None) -> None:
        """Say what any case may use in an hour; None: nothing is reserved for closed circuits. Raises as `Board.publish`."""

    async def narrow(self, case: str, hour: datetime, version: int, tokens: int, whole: int) -> bool:
        """Let a case use `tokens` in an hour in the place of the `whole`; whether that was worth writing.

        `version` is that of its circuit. What is reserved already stays reserved. Raises as `Board.publish`.
        """


class Circuits(Protocol):
    """Circuits, as handlers use them."""

    async def get(self, scope: Scope, key: str) -> Circuit:
        """Return a circuit; one that was never anything but closed has version 0."""

    async def trip(self, scope: Scope, key: str, tier: Tier, reason: str, cause: UUID) -> Circuit:
        """Open a circuit as far as its state and the cap on open ones let it, once for each `cause`; returns it as it is then."""

    async def judge(self, scope: Scope, key: str, verdict: Verdict, reason: str, opened_at: datetime | None) -> Circuit:
        """Say what the use of an open circuit was, of that opening alone where it is given; returns it as it is then."""

    async def publish(self, circuit: Circuit) -> None:
        """Let the worker read it.

        Raises:
            Refused: no table is configured.
            Unavailable, AccessDenied, NotFound: the table cannot be written.
        """


class Use(Protocol):
    """What cases and accounts have used."""

    async def between(self, scope: Scope, key: str, since: datetime, until: datetime) -> Mapping[Unit, Decimal]:
        """Return tokens, USD and attempts from an instant until before another: to the minute for a day, then to the hour."""

    async def by_model(
        self, scope: Scope, key: str, since: datetime, until: datetime
    ) -> Mapping[str, Mapping[Unit, Decimal]]:
        """Return the same for each model, the dearest first; "" is what was counted without one."""
