"""Owns the order in which visible messages are handed out; the one rule: taking the next one costs O(log n), however many wait.

What is taken out of a line from elsewhere (deleted while visible) stays in it as a void entry until it is passed by.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from tests.support.sqs_server.messages import Message, State


class Line(Protocol):
    """Visible messages in order."""

    def add(self, message: Message) -> None:
        """Put a visible message in."""

    def take(self, count: int) -> list[Message]:
        """Take up to `count` messages out."""

    def left(self, message: Message) -> None:
        """Be told that a message that was taken out is no longer in flight."""


def _holds(message: Message, place: int) -> bool:
    return message.state is State.READY and message.place == place


class StandardLine:
    """Nearly first in, first out; in a random order when `shuffled` says so at the time a message comes in."""

    def __init__(self, shuffled: Callable[[], bool], rng: random.Random) -> None:
        self._shuffled = shuffled
        self._random = rng
        self._heap: list[tuple[float, int, int, Message]] = []
        self._newest = 0

    def add(self, message: Message) -> None:
        """Put a visible message in."""
        self._newest = max(self._newest, message.serial)
        key = self._random.random() * self._newest if self._shuffled() else message.serial
        heapq.heappush(self._heap, (key, message.serial, message.place, message))

    def take(self, count: int) -> list[Message]:
        """Take up to `count` messages out."""
        taken: list[Message] = []
        while self._heap and len(taken) < count:
            _, _, place, message = heapq.heappop(self._heap)
            if _holds(message, place):
                taken.append(message)
        return taken

    def left(self, message: Message) -> None:
        """Nothing waits for a message to be back."""


@dataclass
class _Group:
    name: str
    waiting: list[tuple[int, int, Message]] = field(default_factory=list)
    out: int = 0
    """Messages in flight: while there are any, no other of this group is handed out."""

    def head(self) -> Message | None:
        """The first message that still holds."""
        while self.waiting:
            _, place, message = self.waiting[0]
            if _holds(message, place):
                return message
            heapq.heappop(self.waiting)
        return None


class FifoLine:
    """Each group in the order of sending, and none while an earlier message of it is in flight."""

    def __init__(self) -> None:
        self._groups: dict[str, _Group] = {}
        self._heads: list[tuple[int, str]] = []

    def add(self, message: Message) -> None:
        """Put a visible message in, at its place in the order of sending."""
        group = self._groups.setdefault(message.group or "", _Group(message.group or ""))
        heapq.heappush(group.waiting, (message.serial, message.place, message))
        self._offer(group)

    def left(self, message: Message) -> None:
        """A message of a group is no longer in flight."""
        group = self._groups[message.group or ""]
        group.out -= 1
        self._offer(group)

    def _offer(self, group: _Group) -> None:
        if group.out == 0 and (head := group.head()) is not None:
            heapq.heappush(self._heads, (head.serial, group.name))

    def take(self, count: int) -> list[Message]:
        """Take up to `count` messages out; as many of one group as there are."""
        taken: list[Message] = []
        while self._heads and len(taken) < count:
            serial, name = heapq.heappop(self._heads)
            group = self._groups[name]
            head = group.head()
            if group.out or head is None or head.serial != serial:
                # Offered before, at another head: the group is in flight, empty, or offered again.
                if not group.out and head is not None and serial < head.serial:
                    heapq.heappush(self._heads, (head.serial, name))
                continue
            while len(taken) < count and (head := group.head()) is not None:
                heapq.heappop(group.waiting)
                group.out += 1
                taken.append(head)
        return taken
