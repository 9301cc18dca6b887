"""The worker's table of circuits: a version is never replaced by an older one - on moto's DynamoDB as on the tests' small one."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.breaker_table import BreakerTable
from leh_guardian.adapters.dynamo import DynamoTables
from leh_guardian.errors import NotFound, Refused
from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.model.spend.circuit import Circuit, State
from leh_guardian.model.spend.limits import Scope
from tests.support.breaker_server import BreakerServer
from tests.support.evidence_server import REGION
from tests.support.installation import client

NOW = datetime(2026, 11, 2, 3, tzinfo=UTC)


@dataclass(frozen=True)
class Place:
    """Where the tables are: moto's server, or the small one."""

    environment: dict[str, str]
    small: BreakerServer | None

    def make(self, *keys: str) -> str:
        """Make a table."""
        name = f"breaker-{uuid.uuid4().hex[:8]}"
        if self.small is not None:
            self.small.make_table(name, *keys)
            return name
        with client("dynamodb", self.environment) as dynamo:
            kinds = zip(keys, ("HASH", "RANGE"), strict=False)
            dynamo.create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
                KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in kinds],
            )
        return name


@pytest.fixture(params=["moto", "small"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """One of the two, which the SDK then talks to."""
    with ExitStack() as stack:
        if request.param == "small":
            small = stack.enter_context(BreakerServer())
            found = Place(small.environment(), small)
        else:
            moto: EmbeddedAws = request.getfixturevalue("aws_server")
            found = Place(moto.environment(), None)
        for name, value in found.environment.items():
            monkeypatch.setenv(name, value)
        yield found


@pytest.fixture
async def tables(place: Place) -> AsyncIterator[Any]:
    """Make the adapter over a table."""
    async with open_aws(REGION) as aws:
        dynamo = await aws.client("dynamodb")
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
