"""Where letters may go, and when one that fails again is back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from leh_guardian.errors import Refused
from leh_guardian.model.letter import Shape, read_letter
from leh_guardian.ports import Functions, FunctionState, QueueDepth, QueueInfo, Queues, ReceivedMessage
from leh_guardian.redrive.goal import FunctionGoal, QueueGoal, goal_of, return_seconds, same_function

ARN = "arn:aws:lambda:ap-northeast-2:123456789012:function:leh-ai-worker"
OTHERS = "arn:aws:lambda:ap-northeast-2:999999999999:function:leh-ai-worker"
FAILED = {
    "RequestID": {"DataType": "String", "StringValue": "r"},
    "ErrorCode": {"DataType": "Number", "StringValue": "200"},
    "ErrorMessage": {"DataType": "String", "StringValue": "'text'"},
}
NOBODY = cast(Queues, None)
NO_FUNCTIONS = cast(Functions, None)


def queue(**changed: Any) -> QueueInfo:
    """A queue whose messages may fail three times."""
    known: dict[str, Any] = {
        "name": "worker",
        "url": "https://sqs.test/worker",
        "arn": "arn:aws:sqs:ap-northeast-2:123456789012:worker",
        "fifo": False,
        "depth": QueueDepth(0, 0),
        "visibility_timeout": 30.0,
        "max_receive_count": 3,
        "dead_letter_arn": None,
    }
    return QueueInfo(**(known | changed))


def state(timeout: float = 60.0) -> FunctionState:
    """A function."""
    return FunctionState("leh-ai-worker", "$LATEST", "code", datetime(2026, 11, 22, tzinfo=UTC), True, timeout=timeout)


def letter(shape: Shape, *, function: str = ARN, source_arn: str | None = None) -> ReceivedMessage:
    """A letter of a shape."""
    record = {"requestContext": {"functionArn": f"{function}:$LATEST"}, "requestPayload": {"n": 1}}
    body = record if shape is Shape.LAMBDA_DESTINATION else {"n": 1}
    attributes = FAILED if shape is Shape.LAMBDA_DLQ else {}
    return ReceivedMessage("m", "r", json.dumps(body).encode(), attributes=attributes, source_arn=source_arn)


TO_QUEUE = QueueGoal(NOBODY, queue())
TO_FUNCTION = FunctionGoal(NO_FUNCTIONS, "leh-ai-worker", state())


@pytest.mark.parametrize(
    ("goal", "message", "why"),
    [
        (TO_QUEUE, letter(Shape.SQS), ""),
        (TO_QUEUE, letter(Shape.LAMBDA_DLQ), "name its `function`"),
        (TO_QUEUE, letter(Shape.LAMBDA_DESTINATION), "name its `function`"),
        (TO_QUEUE, letter(Shape.LAMBDA_DESTINATION, source_arn="arn:of:the:queue"), ""),
        (TO_FUNCTION, letter(Shape.SQS), "not put there by Lambda"),
        (TO_FUNCTION, letter(Shape.LAMBDA_DLQ), ""),
        (TO_FUNCTION, letter(Shape.LAMBDA_DLQ, source_arn="arn:of:the:queue"), "not put there by Lambda"),
        (TO_FUNCTION, letter(Shape.LAMBDA_DESTINATION), ""),
        (TO_FUNCTION, letter(Shape.LAMBDA_DESTINATION, function=ARN + "-2"), "of another function"),
        (FunctionGoal(NO_FUNCTIONS, ARN, state()), letter(Shape.LAMBDA_DESTINATION, function=OTHERS), "of another"),
        (FunctionGoal(NO_FUNCTIONS, ARN, state()), letter(Shape.LAMBDA_DESTINATION, function="rm -rf"), "of another"),
    ],
)
def test_a_letter_goes_only_to_whom_it_was_meant_for(goal: Any, message: ReceivedMessage, why: str) -> None:
    """What SQS moved goes to a queue, what Lambda put there to the function that was named, and neither the other way."""
    refusal = goal.refusal(message, read_letter(message.body, message.attributes))
    assert why in refusal
    assert bool(refusal) == bool(why)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("worker", "worker", True),
        ("worker:live", ARN.replace("leh-ai-worker", "worker"), True),
        (ARN, f"{ARN}:$LATEST", True),
        (ARN, OTHERS, False),
        ("worker", "worker2", False),
        ("worker", "", False),
        ("worker", "worker\n", False),
    ],
)
def test_functions_are_one_by_what_their_names_say(one: str, other: str, same: bool) -> None:
    """An alias or version is no other function; an account or region that both name must be the same."""
    assert same_function(one, other) is same


def test_a_failure_takes_its_time_to_return() -> None:
    """From a queue as often as it may be received, from Lambda three attempts with their pauses; and a margin."""
    assert return_seconds(queue(visibility_timeout=30, max_receive_count=3, delay=10)) == 30 * 3 + 10 + 15
    assert return_seconds(queue(max_receive_count=None)) == 30 + 15
    assert TO_FUNCTION.returns == 3 * 60 + 180 + 15


async def test_a_function_gets_nothing_from_where_lambda_puts_nothing() -> None:
    """Lambda writes to no FIFO queue; and where nothing knows Lambda, nothing is invoked."""
    with pytest.raises(Refused, match="FIFO"):
        await goal_of(NOBODY, cast(Functions, object()), queue(fifo=True), function="worker")
    with pytest.raises(Refused, match="nothing here knows Lambda"):
        await goal_of(NOBODY, None, queue(), function="worker")
