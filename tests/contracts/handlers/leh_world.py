"""LEH's database as a world: it goes away before or after it has written, or hangs; handlers' worlds say what counts in it."""

from __future__ import annotations

import asyncio
import atexit
import threading
from functools import cache
from typing import Any

import anyio
import anyio.to_thread
import asyncpg

from leh_guardian.adapters.leh_database import connection
from leh_guardian.errors import Unavailable
from tests.contracts.handlers.world import World
from tests.support.faults import Fault, Faults, Kind, refuse
from tests.support.leh_product import Product, make_product
from tests.support.loop_thread import LoopThread

_SOON = "set local lock_timeout = '300ms'; set local idle_in_transaction_session_timeout = '600ms'"


class LehWorld(World):
    """A product's tables, made once the URL is known, and the faults on the way to them."""

    name = "leh"
    throttle = refuse(503, "busy")

    def open(self) -> None:
        """The product is not made yet: the URL comes later."""
        self.faults = Faults()
        # An attempt that stands still in its transaction holds the row until PostgreSQL ends it: sooner here.
        self.limits, connection.LIMITS = connection.LIMITS, _SOON
        self.product: Product | None = None
        self.waiting = 0
        self.go = threading.Event()

    def close(self) -> None:
        """Let what hangs end."""
        connection.LIMITS = self.limits
        self.let_go()

    @property
    def hung(self) -> int:
        """Calls that hang."""
        return self.waiting

    def let_go(self) -> None:
        """Let them go on."""
        self.go.set()

    async def do(self, operation: str, real: Any) -> Any:
        """Ask the real adapter, unless a fault is due before, or its answer gets lost."""
        fault: Fault | None = self.faults.decide(operation)
        done = await real() if fault is None or fault.applied else None
        if fault is None:
            return done
        if fault.kind is Kind.HANG:
            await anyio.to_thread.run_sync(self._hang, None if fault.applied else real, abandon_on_cancel=True)
        raise Unavailable("LEH's database went away")

    def _hang(self, real: Any) -> None:
        self.waiting += 1
        self.go.wait(60)
        if real is not None:
            # Whoever has hung up meanwhile: what was held up is carried out.
            anyio.run(real)
        self.waiting -= 1


class _Owner(LoopThread):
    """The product's owner, at one connection to each product."""

    async def _open(self) -> None:
        self._connections: dict[str, asyncpg.Connection[Any]] = {}
        self._turn = asyncio.Lock()

    async def _close(self) -> None:
        for one in self._connections.values():
            one.terminate()

    async def ask(self, product: Product, sql: str, args: tuple[Any, ...]) -> list[Any]:
        """Run a statement."""
        async with self._turn:
            if product.schema not in self._connections:
                path = {"search_path": product.schema}
                self._connections[product.schema] = await asyncpg.connect(product.dsn, server_settings=path)
            return list(await self._connections[product.schema].fetch(sql, *args))


@cache
def _owner() -> _Owner:
    owner = _Owner().__enter__()
    atexit.register(owner.__exit__, None, None, None)
    return owner


class Watched(Product):
    """A product that is asked hundreds of times, out of any event loop."""

    async def do(self, sql: str, *args: Any) -> list[Any]:
        """Run a statement as the owner."""
        found: list[Any] = await asyncio.wrap_future(_owner().begin(_owner().ask(self, sql, args)))
        return found


async def watched(dsn: str, *, closed: bool = False) -> Watched:
    """Make a product's tables, with a case."""
    made = await make_product(dsn, closed=closed)
    return Watched(made.dsn, made.schema, made.shape, made.names)


def now(ask: Any) -> Any:
    """Ask in another thread: whoever counts may stand in an event loop."""
    return _owner().wait_for(ask())
