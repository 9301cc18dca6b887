"""The worker's table of circuits: a version is never replaced by an older one - on moto's DynamoDB as on the tests' small ones."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest

from leh_guardian.adapters.aws import Aws, open_aws
from leh_guardian.adapters.breaker_table import BreakerTable
from leh_guardian.adapters.dynamo import DynamoTables
from leh_guardian.errors import NotFound, Refused
from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.model.spend.circuit import Circuit, State
from leh_guardian.model.spend.limits import Scope
from tests.sim.breaker import SimTables
from tests.sim.queues import SimAws
from tests.support.breaker_server import BreakerServer
from tests.support.evidence_server import REGION
from tests.support.installation import client

NOW = datetime(2026, 11, 2, 3, tzinfo=UTC)


class Place(Protocol):
    """Where the tables are."""

    def make(self, *keys: str) -> str:
        """Make a table with these keys; returns its name."""

    def opened(self) -> AbstractAsyncContextManager[tuple[Aws, Any]]:
        """Lend the session and the client."""


def new_name() -> str:
    """Return a name that no other table has."""
    return f"breaker-{uuid.uuid4().hex[:8]}"


class Served:
    """Over HTTP, where the SDK talks to it: moto's server, or the small one."""

    def __init__(self, environment: dict[str, str], small: BreakerServer | None) -> None:
        self._environment = environment
        self._small = small

    def make(self, *keys: str) -> str:
        """Make a table."""
        name = new_name()
        if self._small is not None:
            self._small.make_table(name, *keys)
            return name
        with client("dynamodb", self._environment) as dynamo:
            kinds = zip(keys, ("HASH", "RANGE"), strict=False)
            dynamo.create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
                KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in kinds],
            )
        return name

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[tuple[Aws, Any]]:
        """Open the SDK's."""
        async with open_aws(REGION) as aws:
            yield aws, await aws.client("dynamodb")


class Simulated:
    """The simulation's, asked without faults."""

    def __init__(self) -> None:
        self.tables = SimTables()

    def make(self, *keys: str) -> str:
        """Make a table."""
        name = new_name()
        self.tables.make(name, *keys)
        return name

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[tuple[Aws, Any]]:
        """Lend a client that asks it at once."""
        yield SimAws(), Direct(self.tables)


class Direct:
    """A client that nothing is between."""

    def __init__(self, tables: SimTables) -> None:
        self._tables = tables

    async def describe_table(self, **body: Any) -> Any:
        """Describe a table."""
        return self._tables.run("DescribeTable", body)

    async def get_item(self, **body: Any) -> Any:
        """Read an item."""
        return self._tables.run("GetItem", body)

    async def put_item(self, **body: Any) -> Any:
        """Write an item."""
        return self._tables.run("PutItem", body)


@pytest.fixture(params=["moto", "small", "simulated"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """One of the three."""
    if request.param == "simulated":
        yield Simulated()
        return
    with ExitStack() as stack:
        small = stack.enter_context(BreakerServer()) if request.param == "small" else None
        moto: EmbeddedAws = request.getfixturevalue("aws_server") if small is None else None
        environment = moto.environment() if small is None else small.environment()
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield Served(environment, small)


@pytest.fixture
async def tables(place: Place) -> AsyncIterator[Any]:
    """Make the adapter over a table."""
    async with place.opened() as (aws, dynamo):
        yield lambda name: BreakerTable(aws, dynamo, DynamoTables(aws, dynamo), name)


def circuit(state: State, version: int, **more: Any) -> Circuit:
    """A circuit."""
    return Circuit(Scope.CASE, "case_1", state, version, since=NOW, reason="too much", **more)


async def test_a_newer_version_replaces_an_older_one_and_never_the_other_way(place: Place, tables: Any) -> None:
    """A stale writer learns what is there; the same version again changes nothing."""
    table = tables(place.make("id"))
    assert await table.read(Scope.CASE, "case_1") is None
    assert await table.publish(circuit(State.OPEN, 2)) == 2
    assert await table.publish(circuit(State.CLOSED, 1)) == 2
    assert await table.publish(circuit(State.CLOSED, 2)) == 2
    assert await table.read(Scope.CASE, "case_1") == (State.OPEN, 2)
    assert await table.publish(circuit(State.HALF_OPEN, 3, until=NOW, allowance=10)) == 3
    assert await table.read(Scope.CASE, "case_1") == (State.HALF_OPEN, 3)
    assert await table.read(Scope.USER, "case_1") is None
    assert await table.publish(Circuit(Scope.FLEET, "", State.FORCED_OPEN, 1, since=NOW, actor="kim")) == 1
    assert await table.read(Scope.FLEET, "") == (State.FORCED_OPEN, 1)


async def test_a_hostile_key_is_an_item_of_its_own(place: Place, tables: Any) -> None:
    """Whatever a case is called, its item is no other's."""
    table = tables(place.make("id"))
    await table.publish(Circuit(Scope.CASE, "x'; DROP #fleet", State.OPEN, 1, since=NOW))
    assert await table.read(Scope.FLEET, "") is None
    assert await table.read(Scope.CASE, "x'; DROP #fleet") == (State.OPEN, 1)


async def test_a_table_that_cannot_be_used_says_why(place: Place, tables: Any) -> None:
    """Missing, or with a range key."""
    with pytest.raises(NotFound, match="LEH_BREAKER__TABLE"):
        await tables("not-there").ping()
    with pytest.raises(Refused, match="range key"):
        await tables(place.make("id", "other")).ping()
    await tables(place.make("breaker_key")).ping()
