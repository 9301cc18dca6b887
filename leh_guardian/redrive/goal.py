"""Owns where dead letters go; the one rule: a letter goes only to whom it was meant for, and as that one expects it.

A message that SQS moved goes back into a queue, as it was. What Lambda put into a queue - the dead letters of asynchronous
invocations, and the records of a failure destination - has no queue to go back to: the function is invoked anew with the
original payload. Neither goes the other way: a function that is fed by a queue expects SQS's own envelope, and in a
queue nobody would unwrap Lambda's record.

What a record says of its function is text that a stranger may have written. Only the function that the rule or the person
names is ever invoked; a record that names another one stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from leh_guardian.errors import Refused
from leh_guardian.fields import function_parts
from leh_guardian.model.letter import Letter, Shape
from leh_guardian.model.text import told
from leh_guardian.ports import Functions, FunctionState, QueueInfo, Queues, ReceivedMessage
from leh_guardian.redrive.batches import outgoing
from leh_guardian.redrive.destination import destination_of

MARGIN = 15.0
"""Seconds that SQS may take to move a message, and its counts to follow."""
_ATTEMPTS = 3
_PAUSES = 60.0 + 120.0
"""Lambda tries an event that fails twice more, after one minute and after two ("How Lambda handles errors and retries with
asynchronous invocation")."""

Reading = tuple[ReceivedMessage, Letter]
"""A letter, and what is read in it."""


class Goal(Protocol):
    """Where the letters of one redrive go."""

    name: str
    fifo: bool
    at_once: int
    """How many are sent until they are written down."""
    returns: float
    """After how many seconds a letter that fails again is back in its dead-letter queue at the latest."""

    def refusal(self, message: ReceivedMessage, letter: Letter) -> str:
        """Return why a letter cannot go there, or an empty text."""

    async def send(self, action: UUID, letters: Sequence[Reading]) -> dict[str, str]:
        """Send letters; returns {message id: reason} of those that were refused."""


class QueueGoal:
    """The queue that they died in."""

    at_once = 10

    def __init__(self, queues: Queues, queue: QueueInfo) -> None:
        self._queues = queues
        self._queue = queue
        self.name = queue.name
        self.fifo = queue.fifo
        self.returns = return_seconds(queue)

    def refusal(self, message: ReceivedMessage, letter: Letter) -> str:
        """Return why a letter cannot go there."""
        return f"put there by Lambda, not by {self.name}: name its `function`" if _by_lambda(message, letter) else ""

    async def send(self, action: UUID, letters: Sequence[Reading]) -> dict[str, str]:
        """Send letters as they were."""
        messages = [outgoing(action, message, fifo=self.fifo) for message, _ in letters]
        return dict(await self._queues.send(self._queue, messages))


class FunctionGoal:
    """The function whose asynchronous invocations have failed."""

    fifo = False
    at_once = 1
    # Each invocation is an effect of its own; written down one by one, a crash repeats one.

    def __init__(self, functions: Functions, function: str, state: FunctionState) -> None:
        self._functions = functions
        self._function = function
        self.name = f"function {state.name}"
        self.returns = _ATTEMPTS * state.timeout + _PAUSES + MARGIN

    def refusal(self, message: ReceivedMessage, letter: Letter) -> str:
        """Return why a letter cannot go there."""
        if not _by_lambda(message, letter):
            return "not put there by Lambda: it has a queue to go back to"
        if letter.function and not same_function(self._function, letter.function):
            return "of another function"
        return ""

    async def send(self, action: UUID, letters: Sequence[Reading]) -> dict[str, str]:  # noqa: ARG002 - Lambda knows no such id
        """Invoke the function with what it was given before."""
        refused = {}
        for message, letter in letters:
            try:
                await self._functions.invoke(self._function, letter.payload)
            except Refused as error:
                refused[message.id] = told(error)
        return refused


async def goal_of(
    queues: Queues,
    functions: Functions | None,
    source: QueueInfo,
    *,
    destination: str | None = None,
    function: str | None = None,
) -> Goal:
    """Return where letters of `source` go: the function or queue that is named, or the queue whose redrive policy points at it.

    Raises:
        Refused: there is none, or several, or it does not fit.
    """
    if function is None:
        return QueueGoal(queues, await destination_of(queues, source, destination))
    if functions is None:
        raise Refused("nothing here knows Lambda")
    if source.fifo:
        raise Refused(f"{source.name} is a FIFO queue, and Lambda puts nothing into those: name no `function`")
    return FunctionGoal(functions, function, await functions.state(function))


def return_seconds(destination: QueueInfo) -> float:
    """Return after how many seconds a letter that fails again is back from a queue at the latest.

    A message that fails comes back after about maxReceiveCount times the visibility timeout of the queue it was sent to
    (Amazon SQS Developer Guide, "Using dead-letter queues").
    """
    return destination.delay + destination.visibility_timeout * (destination.max_receive_count or 1) + MARGIN


def same_function(named: str, told_of: str) -> bool:
    """Tell whether two names or ARNs mean one function; what one of them does not say is not held against it."""
    ours, theirs = function_parts(named), function_parts(told_of)
    if ours is None or theirs is None:
        return False
    return ours[1] == theirs[1] and (not ours[0] or not theirs[0] or ours[0] == theirs[0])


def _by_lambda(message: ReceivedMessage, letter: Letter) -> bool:
    # A queue of Lambda's records may have a dead-letter queue of its own: SQS says of each message that it moved where it died.
    return letter.shape is not Shape.SQS and message.source_arn is None
