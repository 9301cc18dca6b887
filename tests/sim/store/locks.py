"""Owns who waits for whom; the one rule: first come, first served, and a wait ends as PostgreSQL ends it.

A lock belongs to a transaction and lasts until that ends. Its holders may share it as PostgreSQL's row locks do. A waiter
looks for a circle of waiters after a second, and gives up after `lock_timeout` of store/pool.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

import anyio

from leh_guardian.errors import StoreUnavailable

DEADLOCK_AFTER = 1.0
"""Seconds of waiting until a circle is looked for: PostgreSQL's deadlock_timeout."""
LOCK_TIMEOUT = 5.0
"""Seconds until a wait is given up."""


class Mode(Enum):
    """How a row is locked; the words are PostgreSQL's."""

    KEY_SHARE = 1
    """By a foreign key: the row must stay."""
    NO_KEY_UPDATE = 2
    """By an update."""
    UPDATE = 3
    """By `for update` and by a delete; advisory locks are taken alike."""

    def bars(self, other: Mode) -> bool:
        """Tell whether two transactions may not hold these at once."""
        return self.value + other.value >= 4


class Owner(Protocol):
    """A transaction, as far as locks know it."""

    @property
    def open(self) -> bool:
        """Whether it goes on; waiting in one that was ended from outside is over."""


@dataclass(eq=False)
class _Wait:
    owner: Owner
    key: Hashable
    mode: Mode
    granted: bool = False
    over: anyio.Event = field(default_factory=anyio.Event)


class Locks:
    """The locks of one database. `idle` is called before a wait is given up, to end what holds locks and does nothing."""

    def __init__(self, idle: Callable[[], None]) -> None:
        self._idle = idle
        self._held: dict[Hashable, list[tuple[Owner, Mode]]] = {}
        self._queues: dict[Hashable, deque[_Wait]] = {}

    @property
    def waiting(self) -> int:
        """How many transactions wait for a lock."""
        return sum(map(len, self._queues.values()))

    async def acquire(self, owner: Owner, key: Hashable, mode: Mode, *, skip: bool = False) -> bool:
        """Take a lock for the rest of the transaction; False where others hold it and it is to be skipped.

        Raises:
            StoreUnavailable: a deadlock, a wait of five seconds, or the transaction was ended from outside.
        """
        if not any(self._bars(owner, mode, *held) for held in self._held.get(key, ())):
            self._held.setdefault(key, []).append((owner, mode))
            return True
        if skip:
            return False
        wait = _Wait(owner, key, mode)
        self._queues.setdefault(key, deque()).append(wait)
        try:
            await self._until_over(wait)
        finally:
            if not wait.granted:
                self._leave(wait)
        return True

    def take(self, owner: Owner, key: Hashable) -> None:
        """Take a lock that nobody else can have yet."""
        self._held[key] = [(owner, Mode.UPDATE)]

    def release(self, owner: Owner) -> None:
        """End a transaction's locks and its own wait, and let those go on that waited for it."""
        for wait in list(self._waits()):
            if wait.owner is owner:
                self._leave(wait)
                wait.over.set()
        for key in dict.fromkeys([key for key, held in self._held.items() for holder, _ in held if holder is owner]):
            self._held[key] = [held for held in self._held[key] if held[0] is not owner]
            self._grant(key)

    async def _until_over(self, wait: _Wait) -> None:
        for seconds, complaint in (
            (DEADLOCK_AFTER, "deadlock detected"),
            (LOCK_TIMEOUT - DEADLOCK_AFTER, "canceling statement due to lock timeout"),
        ):
            with anyio.move_on_after(seconds):
                await wait.over.wait()
            self._idle()
            if not wait.owner.open:
                raise StoreUnavailable("PostgreSQL: terminating connection due to administrator command")
            if wait.granted:
                return
            if complaint.startswith("cancel") or self._is_circle(wait):
                raise StoreUnavailable(f"PostgreSQL: {complaint}")

    def _leave(self, wait: _Wait) -> None:
        queue = self._queues.get(wait.key, deque())
        if wait in queue:
            queue.remove(wait)
            self._grant(wait.key)

    def _grant(self, key: Hashable) -> None:
        """Give a lock to those at the head of its queue that can have it now."""
        held, queue = self._held.setdefault(key, []), self._queues.get(key, deque())
        while queue and not any(self._bars(queue[0].owner, queue[0].mode, *one) for one in held):
            wait = queue.popleft()
            held.append((wait.owner, wait.mode))
            wait.granted = True
            wait.over.set()
        if not held:
            del self._held[key]
        if not queue:
            self._queues.pop(key, None)

    @staticmethod
    def _bars(owner: Owner, mode: Mode, holder: Owner, held: Mode) -> bool:
        return holder is not owner and mode.bars(held)

    def _waits(self) -> Iterator[_Wait]:
        for queue in self._queues.values():
            yield from queue

    def _blockers(self, owner: Owner) -> Iterator[Owner]:
        """Yield those that a transaction waits for: who holds its lock, and who queued for it before."""
        for wait in self._waits():
            if wait.owner is not owner:
                continue
            for holder, held in self._held.get(wait.key, ()):
                if self._bars(owner, wait.mode, holder, held):
                    yield holder
            for before in self._queues[wait.key]:
                if before is wait:
                    break
                if wait.mode.bars(before.mode):
                    yield before.owner

    def _is_circle(self, wait: _Wait) -> bool:
        met: list[Owner] = []
        ahead = list(self._blockers(wait.owner))
        while ahead:
            owner = ahead.pop()
            if owner is wait.owner:
                return True
            if not any(owner is one for one in met):
                met.append(owner)
                ahead.extend(self._blockers(owner))
        return False
