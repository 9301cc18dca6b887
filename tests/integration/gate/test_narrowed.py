"""guardian and the worker at the same items (moto over HTTP): what one gives, the other reserves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import anyio
import anyio.to_thread
import pytest

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.breaker_table import BreakerTable
from leh_guardian.adapters.dynamo import DynamoTables
from leh_guardian.gate import CACHE_SECONDS, Gate
from tests.integration.gate.test_circuits import AT, Hands, admitted
from tests.support.evidence_server import REGION
from tests.support.gate_tables import Tables

Container = Callable[..., Gate]
HOUR = AT.replace(minute=0, second=0, microsecond=0)
WHOLE = 1000


@pytest.fixture
async def board(store: Tables) -> AsyncIterator[BreakerTable]:
    """Guardian's side."""
    async with open_aws(REGION) as aws:
        dynamo = await aws.client("dynamodb")
        yield BreakerTable(aws, dynamo, DynamoTables(aws, dynamo), store.breaker)


@pytest.fixture
def container(container: Container) -> Container:
    """Make gates for which it stays the same hour; with a clock in a test's hands."""

    def make(monotonic: Hands | None = None) -> Gate:
        gate = container(monotonic=monotonic or Hands(1000.0))
        gate._now = lambda: AT  # type: ignore[method-assign]
        return gate

    return make


async def calls(gate: Gate, tokens: int, number: int) -> int:
    """How many of so many calls are let through."""
    return await anyio.to_thread.run_sync(lambda: sum(admitted(gate, tokens) for _ in range(number)))


async def test_what_is_given_is_reserved_and_taken_back_it_is_not(board: BreakerTable, container: Container) -> None:
    """Said again it is not written again; with None the worker reserves nothing any more."""
    await board.give(WHOLE)
    await board.give(WHOLE)
    monotonic = Hands(1000.0)
    gate = container(monotonic)
    assert await calls(gate, 400, 3) == 2
    await board.give(None)
    monotonic.seconds += CACHE_SECONDS
    assert await calls(gate, 400, 3) == 3


async def test_an_hour_is_narrowed_before_and_after_it_has_begun(
    board: BreakerTable, container: Container, store: Tables
) -> None:
    """What is reserved stays reserved: of 1,000, 400 were; narrowed to 600, 200 are left. Widened again, 400 more."""
    await board.give(WHOLE)
    assert await board.narrow("case_b", HOUR, 0, 300, WHOLE)
    gate = container()
    assert [await anyio.to_thread.run_sync(lambda: admitted(gate, 200, case="case_b")) for _ in range(2)] == [
        True,
        False,
    ]
    assert await calls(gate, 100, 4) == 4
    assert await board.narrow("case_a", HOUR, 0, 600, WHOLE)
    assert not await board.narrow("case_a", HOUR, 0, 620, WHOLE), "not worth a write"
    assert await calls(gate, 100, 4) == 2
    assert await board.narrow("case_a", HOUR, 0, 1000, WHOLE)
    assert await calls(gate, 100, 9) == 4
    assert await board.narrow("case_a", HOUR, 0, 100, WHOLE)
    [item] = store.hours("case_a")
    assert (item["granted"], item["allowance"]) == (100, -900), "1,000 are used; the hour has a hundred"


async def test_another_version_of_the_circuit_has_an_hour_of_its_own(
    board: BreakerTable, container: Container, store: Tables
) -> None:
    """What was narrowed before a circuit opened and closed does not hold afterwards."""
    await board.give(WHOLE)
    await board.narrow("case_a", HOUR, 0, 0, WHOLE)
    assert await calls(container(), 100, 1) == 0
    store.circuit("case#case_a", "closed", version=3)
    assert await calls(container(), 100, 1) == 1


class Together(DynamoTables):
    """Nobody goes on before four have read."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._waiting, self._all = 0, anyio.Event()

    async def get(self, table: str, key: Mapping[str, str]) -> Mapping[str, Any] | None:
        """Read, and wait for the others."""
        found = await super().get(table, key)
        self._waiting += 1
        if self._waiting == 4:
            self._all.set()
        await self._all.wait()
        return found


async def test_replicas_that_narrow_at_once_take_it_off_once(container: Container, store: Tables) -> None:
    """Four that have read the same, beside a worker: 1,000 - 500, and what is reserved; again when there is an item already."""
    store.put(store.breaker, pk="spend", allowance=WHOLE)
    gate = container()
    async with open_aws(REGION) as aws:
        dynamo = await aws.client("dynamodb")
        for wanted, left in ((500, 450), (200, 100)):
            board = BreakerTable(aws, dynamo, Together(aws, dynamo), store.breaker)
            done: list[bool] = []

            async def narrow(board: BreakerTable = board, wanted: int = wanted, done: list[bool] = done) -> None:
                done.append(await board.narrow("case_a", HOUR, 0, wanted, WHOLE))

            async with anyio.create_task_group() as tasks:
                for _ in range(4):
                    tasks.start_soon(narrow)
                tasks.start_soon(calls, gate, 10, 5)
            assert done.count(True) == 1
            assert [item["allowance"] for item in store.hours("case_a")] == [left]
