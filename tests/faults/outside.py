"""Owns the world in which effects take place: charges, calls and notices over HTTP; the one rule: it counts what it applied.

A charge is applied once for an idempotency key. What is counted is the subject: a program that made a new key for each
attempt would charge its subject twice.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.support.faulty_http import Answer, FaultyServer, Request


@dataclass(frozen=True, slots=True)
class Call:
    """One request that was applied."""

    what: str
    """charge, once or notice."""
    action: str
    subject: str
    at: float
    """Loop time of the server: for order and for durations."""
    effect: bool
    """Whether it took place, or was known already."""
    body: bytes


Hook = Callable[[str, str], Awaitable[None]]
"""Called with (what, action id) before an effect is applied."""


class OutsideWorld(FaultyServer):
    """The receiver of every effect but the queues'."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.before: Hook | None = None
        self._keys: dict[str, str] = {}

    async def answer(self, request: Request) -> Answer:
        """Apply a charge, a call or a notice."""
        what = request.path.strip("/")
        action = request.header("Idempotency-Key") or request.header("Leh-Guardian-Id")
        subject = request.header("Subject") or str(json.loads(request.body or b"{}").get("title", ""))
        if self.before is not None:
            await self.before(what, action)
        known = self._keys.get(action) if what == "charge" else None
        if known is not None and known != subject:
            return Answer(409, b"the same key for somebody else")
        if what == "charge":
            self._keys[action] = subject
        self.calls.append(Call(what, action, subject, self._loop.time(), known is None, request.body))
        return Answer(200, b"{}")

    def effects(self, what: str) -> Counter[str]:
        """Return how often each subject (of a notice: each action) was affected."""
        calls = self.call(lambda: list(self.calls))
        return Counter(
            call.action if what == "notice" else call.subject for call in calls if call.what == what and call.effect
        )
