"""Lambda through the adapter: which function is meant, and whether its last change is in effect."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from leh_guardian.adapters.aws import Aws, open_aws
from leh_guardian.adapters.functions import LambdaFunctions, named
from leh_guardian.errors import AccessDenied, HandlerError, NotFound, Throttled, Unavailable
from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.ports import FunctionState
from tests.support.faults import cut_before, garbage, refuse
from tests.support.installation import client
from tests.support.worker_outside import FUNCTION, REGION, WorkerOutside

ARN = "arn:aws:lambda:ap-northeast-2:123456789012:function:leh-ai-worker"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerOutside]:
    """Lambda, with a function and an alias of it."""
    with WorkerOutside() as opened:
        for name, value in opened.environment().items():
            monkeypatch.setenv(name, value)
        opened.deploy("leh-ai-worker", at="2026-11-27T09:00:00.000+0000")
        opened.deploy("leh-ai-worker", alias="prod", version="12", at="2026-11-26T18:30:00.123+0900")
        yield opened


@pytest.fixture
async def functions(server: WorkerOutside) -> AsyncIterator[LambdaFunctions]:
    """The adapter."""
    async with open_aws(REGION) as aws:
        yield LambdaFunctions(aws, await aws.client("lambda"))


@pytest.mark.parametrize(
    ("called", "name", "qualifier"),
    [
        ("leh-ai-worker", "leh-ai-worker", ""),
        ("leh-ai-worker:prod", "leh-ai-worker", "prod"),
        ("leh-ai-worker:$LATEST", "leh-ai-worker", "$LATEST"),
        (ARN, ARN, ""),
        (f"{ARN}:12", ARN, "12"),
        ("123456789012:function:leh-ai-worker:prod", "123456789012:function:leh-ai-worker", "prod"),
        ("my-function", "my-function", ""),
        ("my-function:prod", "my-function", "prod"),
    ],
)
def test_names(called: str, name: str, qualifier: str) -> None:
    """A name and an ARN, each with an alias or without; a name may hold the word itself."""
    assert named(called) == (name, qualifier)


async def test_what_is_invoked(functions: LambdaFunctions) -> None:
    """The function itself, and what its alias points at; Lambda's way to write a time is read in any zone."""
    modified = datetime(2026, 11, 27, 9, tzinfo=UTC)
    own = FunctionState("leh-ai-worker", "$LATEST", "sha of $LATEST", modified, settled=True)
    assert await functions.state("leh-ai-worker") == own
    assert await functions.state(ARN) == own
    alias = await functions.state("leh-ai-worker:prod")
    assert (alias.version, alias.modified_at) == ("12", datetime(2026, 11, 26, 9, 30, 0, 123000, UTC))
    assert await functions.state(f"{ARN}:prod") == alias


@pytest.mark.parametrize(
    ("members", "settled", "why"),
    [
        ({"State": "Inactive"}, True, ""),
        ({"State": None, "LastUpdateStatus": None}, True, ""),
        ({"State": "Pending", "StateReason": "creating"}, False, "its state is Pending: creating"),
        ({"LastUpdateStatus": "InProgress"}, False, "its update is InProgress: no reason is given"),
        (
            {"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "image gone"},
            False,
            "its update is Failed: image gone",
        ),
    ],
)
async def test_whether_a_change_is_in_effect(
    server: WorkerOutside, functions: LambdaFunctions, members: dict[str, Any], settled: bool, why: str
) -> None:
    """While an update is on its way, or has failed, the old code is what runs."""
    server.deploy("f", **members)
    state = await functions.state("f")
    assert (state.settled, state.why) == (settled, why)


async def test_what_is_not_there(functions: LambdaFunctions) -> None:
    """A function, or an alias of it, that there is not: it is said what to check."""
    for name in ("nowhere", "leh-ai-worker:nowhere"):
        with pytest.raises(NotFound, match="alias and AWS_REGION"):
            await functions.state(name)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (refuse(403, "AccessDeniedException"), AccessDenied),
        (refuse(429, "TooManyRequestsException"), Throttled),
        (refuse(500, "ServiceException"), Unavailable),
        (cut_before(), Unavailable),
        (garbage(b"<html>"), Unavailable),
        (garbage(b"{}"), Unavailable),
        (garbage(b'{"LastModified": "yesterday"}'), Unavailable),
    ],
)
async def test_in_trouble(
    server: WorkerOutside, functions: LambdaFunctions, fault: Any, error: type[HandlerError]
) -> None:
    """Each trouble is told by what can be done about it; an answer that is none is an outage."""
    server.faults.always(FUNCTION, fault)
    with pytest.raises(error):
        await functions.state("leh-ai-worker")


async def test_moto_tells_the_same_way(aws: Aws, aws_server: EmbeddedAws) -> None:
    """Against a Lambda that is not ours: a published version by its number and its alias, the newest code without."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as packed:
        packed.writestr("app.py", "def handler(event, context): pass")
    with client("iam", aws_server.environment()) as iam:
        role = iam.create_role(RoleName="moto-worker", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    with client("lambda", aws_server.environment()) as made:
        archive = {
            "Code": {"ZipFile": code.getvalue()},
            "Runtime": "python3.12",
            "Handler": "app.handler",
            "Role": role,
        }
        made.create_function(FunctionName="moto-worker", Timeout=42, Publish=True, **archive)
        made.create_alias(FunctionName="moto-worker", Name="prod", FunctionVersion="1")
    functions = LambdaFunctions(aws, await aws.client("lambda"))
    state = await functions.state("moto-worker")
    assert (state.name, state.version, state.timeout, state.settled) == ("moto-worker", "$LATEST", 42.0, True)
    assert (await functions.state("moto-worker:prod")).version == "1"
    with pytest.raises(NotFound):
        await functions.state("moto-worker:nowhere")
