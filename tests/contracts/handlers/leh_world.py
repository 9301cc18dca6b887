"""LEH's database as a world: it goes away before or after it has written, or hangs; handlers' worlds say what counts in it."""

from __future__ import annotations

import threading
from typing import Any

import anyio
import anyio.to_thread

from leh_guardian.adapters.leh_database import connection
from leh_guardian.errors import Unavailable
from tests.contracts.handlers.world import World
from tests.support.faults import Fault, Faults, Kind, refuse
from tests.support.leh_product import Product

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


def now(ask: Any) -> Any:
    """Ask in a thread of its own: whoever counts may stand in an event loop."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(anyio.run(ask)))
    thread.start()
    thread.join()
    return found[0]
