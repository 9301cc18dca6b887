"""The shipped rule that notes deployments: from the event to the row, without a word to anybody."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from leh_guardian.adapters.channels.console import ConsoleChannel
from leh_guardian.app import handlers
from leh_guardian.context import Capabilities
from leh_guardian.engine.reprocessing import NotedDeployments
from leh_guardian.rules.loader import load_rules
from leh_guardian.store import deployments
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.clock import FakeClock
from tests.support.house import House

ROOT = Path(__file__).parents[3]
ARN = "arn:aws:lambda:ap-northeast-2:123456789012:function:leh-ai-worker"


@pytest.fixture
def console() -> io.StringIO:
    """What people are told."""
    return io.StringIO()


@pytest.fixture
def house(pool: Pool, console: io.StringIO) -> House:
    """A replica with the shipped rules."""
    clock, registry = FakeClock(), handlers()
    can = Capabilities(
        queues=None,  # type: ignore[arg-type]
        channels={"console": ConsoleChannel(console)},
        letters=None,  # type: ignore[arg-type]
        deployments=NotedDeployments(pool, clock),
    )
    rules = load_rules(ROOT / "rules", registry)
    return House(pool, rules, None, clock, registry=registry, capabilities=can)


def call(name: str, number: int, function: str = "leh-ai-worker", **more: Any) -> dict[str, Any]:
    """A call of Lambda's API, as CloudTrail tells of it."""
    detail: dict[str, Any] = {
        "eventSource": "lambda.amazonaws.com",
        "eventName": name,
        "eventID": f"id-{number}",
        "eventTime": f"2026-11-22T17:0{number}:00Z",
        "requestParameters": {"functionName": function, **more.pop("parameters", {})},
    }
    kind = "AWS API Call via CloudTrail"
    return {"id": f"e{number}", "source": "aws.lambda", "detail-type": kind, "detail": {**detail, **more}}


async def test_a_deployment_is_noted_and_nobody_is_told(house: House, pool: Pool, console: io.StringIO) -> None:
    """Each by itself, however it names the function; its incident ends with it. What failed or is another's leaves no trace."""
    await house.take(
        call("UpdateFunctionCode20150331v2", 1),
        call("UpdateAlias20150331", 2, ARN, parameters={"name": "live"}),
        call("PublishVersion20150331", 3, f"{ARN}:live"),
        call("UpdateFunctionConfiguration20150331v2", 4, "123456789012:function:leh-ai-worker"),
        call("UpdateFunctionCode20150331v2", 5, errorCode="AccessDenied"),
        call("UpdateFunctionCode20150331v2", 6, parameters={"dryRun": True}),
        call("UpdateFunctionCode20150331v2", 7, "leh-ai-worker-canary"),
        call("GetFunction20150331v2", 8),
        call("UpdateFunctionCode20150331v2", 1),
    )
    await house.work()
    async with transaction(pool) as tx:
        found = await deployments.newest(tx, None, 20)
    assert [(one.function, one.source, one.alias) for one in reversed(found)] == [
        ("leh-ai-worker", "id-1", None),
        ("leh-ai-worker", "id-2", "live"),
        ("leh-ai-worker", "id-3", "live"),
        ("leh-ai-worker", "id-4", None),
    ]
    assert {incident["status"] for incident in await house.incidents()} == {"resolved"}
    assert len(await house.incidents()) == 4
    assert console.getvalue() == ""
