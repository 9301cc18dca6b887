"""Owns message move tasks; the one rule: one at a time for each dead-letter queue, at the rate that was asked for.

After the API Reference ("StartMessageMoveTask"): the source must be a DLQ; a moved message is a new one, with a new id and
a receive count that starts anew. A task moves when the server is asked anything, which is often enough.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.sqs_server.account import Account
from tests.support.sqs_server.errors import SqsError, invalid
from tests.support.sqs_server.messages import Message, State
from tests.support.sqs_server.queue import Queue

_FASTEST = 500


@dataclass
class _Task:
    source: Queue
    destination: Queue | None
    """None: each message goes back to the queue that it died in."""
    rate: int
    started: float
    planned: int
    handle: str
    moved: int = 0
    status: str = "RUNNING"
    reason: str | None = None


class Moves:
    """Every task there was, newest first."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._tasks: list[_Task] = []

    def start(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """StartMessageMoveTask."""
        source = self._account.of_arn(body.get("SourceArn", ""))
        if not self._account.sources(source):
            raise invalid("SourceArn", body.get("SourceArn"), "Source queue must be configured as a Dead Letter Queue.")
        destination = self._account.of_arn(body["DestinationArn"]) if body.get("DestinationArn") else None
        if destination is not None and destination.attributes.fifo != source.attributes.fifo:
            raise SqsError("UnsupportedOperation", "Source and destination must be of the same type.")
        rate = body.get("MaxNumberOfMessagesPerSecond", _FASTEST)
        if not 1 <= rate <= _FASTEST:
            raise invalid("MaxNumberOfMessagesPerSecond", rate, "Must be between 1 and 500.")
        if any(task.source is source and task.status == "RUNNING" for task in self._tasks):
            raise SqsError("UnsupportedOperation", "There is already a task running. Only one active task is allowed.")
        now = self._account.now()
        handle = str(uuid.UUID(int=self._account.random.getrandbits(128)))
        self._tasks.insert(0, _Task(source, destination, rate, now, source.counts[State.READY], handle))
        return {"TaskHandle": handle}

    def list(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """ListMessageMoveTasks."""
        source = self._account.of_arn(body.get("SourceArn", ""))
        tasks = [task for task in self._tasks if task.source is source][: body.get("MaxResults", 1)]
        return {"Results": [self._told(task) for task in tasks]}

    def cancel(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """CancelMessageMoveTask."""
        for task in self._tasks:
            if task.handle == body.get("TaskHandle") and task.status == "RUNNING":
                task.status = "CANCELLED"
                return {"ApproximateNumberOfMessagesMoved": task.moved}
        raise SqsError("ResourceNotFoundException", "The task is not running, or does not exist.")

    def go_on(self) -> set[Queue]:
        """Move what each running task may have moved by now; returns the queues that got messages."""
        reached: set[Queue] = set()
        for task in self._tasks:
            if task.status == "RUNNING":
                reached |= self._go_on(task)
        return reached

    def _go_on(self, task: _Task) -> set[Queue]:
        now = self._account.now()
        reached: set[Queue] = set()
        while task.moved < min(task.planned, int((now - task.started) * task.rate) + 1):
            message = task.source.take_out(now)
            if message is None:
                task.planned = task.moved
                break
            target = self._target(task, message)
            if target is None:
                task.status, task.reason = "FAILED", "CouldNotDetermineMessageSource"
                task.source.put_back(message)
                return reached
            fresh = str(uuid.UUID(int=self._account.random.getrandbits(128), version=4))
            self._account.copy(message, target, None, id=fresh, sent_at=now)
            reached.add(target)
            task.moved += 1
        if task.moved >= task.planned:
            task.status = "COMPLETED"
        return reached

    def _target(self, task: _Task, message: Message) -> Queue | None:
        if task.destination is not None:
            return task.destination
        return self._account.of_arn(message.source_arn) if message.source_arn else None

    def _told(self, task: _Task) -> dict[str, Any]:
        told: dict[str, Any] = {
            "Status": task.status,
            "SourceArn": self._account.arn(task.source),
            "MaxNumberOfMessagesPerSecond": task.rate,
            "ApproximateNumberOfMessagesMoved": task.moved,
            "ApproximateNumberOfMessagesToMove": task.planned,
            "StartedTimestamp": int(task.started * 1000),
        }
        if task.destination is not None:
            told["DestinationArn"] = self._account.arn(task.destination)
        if task.status == "RUNNING":
            told["TaskHandle"] = task.handle
        return told | ({"FailureReason": task.reason} if task.reason else {})
