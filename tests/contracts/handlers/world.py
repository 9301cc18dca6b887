"""Owns what a handler's contract tests need to know of its world; the one rule: effects are counted where they happen.

A world is the outside of one handler: real servers that the real adapters talk to over HTTP, which go wrong on demand and
count what was done to them. The file `worlds/<handler>.py` names its classes in `WORLDS`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, ClassVar, Self

from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from leh_guardian.registry import Effect
from tests.contracts.handlers.pools import Pools
from tests.support.faults import Fault, Faults


class World(ABC):
    """A stage that is set anew for every run; used as a context manager."""

    handler: ClassVar[str]
    name: ClassVar[str]
    """Tells worlds of one handler apart."""
    writes: ClassVar[frozenset[str]] = frozenset()
    """Operations that carry an effect, by the names that `faults` knows."""
    windows: ClassVar[Mapping[str, int]] = {}
    """The instants of the handler's residual risk, operations and failpoints: how many effects trouble there may repeat."""
    throttle: ClassVar[Fault]
    """How the other side asks to slow down."""
    believed: ClassVar[bool] = False
    """Whether success is confirmed by nothing but a status: what then answers with it and does nothing is believed."""
    promised: ClassVar[Effect | None] = None
    """The effect class that this other side makes possible, where it is a stronger one than the handler declares for any."""
    serial: ClassVar[bool] = False
    """Whether what hangs holds up all that comes after it, so that it must go on before another try can."""

    faults: Faults
    pools: Pools
    """Connections to guardian's own PostgreSQL; there once the stage is set."""

    @property
    def dsn(self) -> str:
        """The URL of guardian's own PostgreSQL."""
        return self.pools.dsn

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    @abstractmethod
    def open(self) -> None:
        """Start the servers and set the stage."""

    @abstractmethod
    def close(self) -> None:
        """End the servers."""

    @abstractmethod
    def params(self) -> Mapping[str, Any]:
        """Return the step's `with`."""

    @abstractmethod
    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open the real adapters in the calling event loop, closed with `stack`."""

    @abstractmethod
    def expected(self) -> set[str]:
        """Return the effects that a success means, each of them once; none for a handler that reads."""

    @abstractmethod
    def effects(self) -> Counter[str]:
        """Return how often each effect has taken place, counted at the target - never by asking guardian."""

    def lost(self) -> set[str]:
        """Return what is neither done nor still there to be done, and never may be."""
        return set()

    @property
    @abstractmethod
    def hung(self) -> int:
        """How many requests hang until they are let go."""

    @abstractmethod
    def let_go(self) -> None:
        """Let what hangs go on."""

    def advance(self, seconds: float) -> None:  # noqa: B027 - most servers know no time
        """Let `seconds` pass for the servers."""
