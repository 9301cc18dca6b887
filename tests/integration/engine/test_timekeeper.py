"""The timekeeper: replicas of any wall clock agree on the database's time."""

from __future__ import annotations

from datetime import datetime, timedelta

from leh_guardian.clock import SharedClock, SystemClock
from leh_guardian.engine.timekeeper import Timekeeper
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from leh_guardian.telemetry.metrics import Metrics


class WrongClock(SystemClock):
    """A machine that is a day ahead."""

    def now(self) -> datetime:
        """Return tomorrow."""
        return super().now() + timedelta(days=1)


async def test_a_replica_of_tomorrow_dates_by_the_database(pool: Pool) -> None:
    """After one round its time is the server's, and the metrics say how wrong the machine is."""
    clock, metrics = SharedClock(WrongClock()), Metrics()
    await Timekeeper(pool, clock, metrics).run_once()
    async with transaction(pool) as tx:
        before, told, after = clock.now(), await tx.time(), clock.now()
    assert before - timedelta(seconds=0.5) <= told <= after + timedelta(seconds=0.5)
    [line] = [x for x in metrics.render().decode().splitlines() if x.startswith("guardian_clock_ahead_seconds ")]
    assert 86390 < float(line.split()[1]) < 86410
