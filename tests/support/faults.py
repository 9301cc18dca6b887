"""Owns what a test server or proxy may do wrong, and when; the one rule: whatever was done wrong is counted.

A plan may be scripted (the n-th request of an operation) or drawn from a seeded random, and is switched from any thread.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

ANY = "*"
"""Every operation."""


class Kind(StrEnum):
    """What goes wrong with a request."""

    REFUSE = "refuse"
    FAIL_AFTER = "fail_after"
    CUT_BEFORE = "cut_before"
    LOSE_REPLY = "lose_reply"
    HANG = "hang"
    SLOW = "slow"
    DRIP = "drip"
    GARBAGE = "garbage"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; made by the functions below."""

    kind: Kind
    status: int = 500
    code: str = "InternalError"
    seconds: float | None = None
    applied: bool = False
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


def refuse(status: int = 503, code: str = "ServiceUnavailable", *, retry_after: int | None = None) -> Fault:
    """Answer with an error; nothing is applied."""
    headers = () if retry_after is None else (("Retry-After", str(retry_after)),)
    return Fault(Kind.REFUSE, status, code, headers=headers)


def fail_after(status: int = 500, code: str = "InternalError") -> Fault:
    """Apply the request, then answer with an error."""
    return Fault(Kind.FAIL_AFTER, status, code, applied=True)


def cut_before() -> Fault:
    """Close the connection; nothing is applied."""
    return Fault(Kind.CUT_BEFORE)


def lose_reply() -> Fault:
    """Apply the request, then close the connection without an answer."""
    return Fault(Kind.LOSE_REPLY, applied=True)


def hang(seconds: float | None = None, *, applied: bool = False) -> Fault:
    """Answer after `seconds`, or not before `let_go` when None.

    Unless `applied` at once, the request is applied when the wait ends - whoever has hung up meanwhile, as a request
    that was held up in a real network may.
    """
    return Fault(Kind.HANG, seconds=seconds, applied=applied)


def slow(seconds: float) -> Fault:
    """Apply and answer after `seconds`."""
    return Fault(Kind.SLOW, seconds=seconds)


def drip(pause: float = 0.5) -> Fault:
    """Apply the request, then answer one byte each `pause` seconds."""
    return Fault(Kind.DRIP, seconds=pause, applied=True)


def garbage(body: bytes = b'{"Messages": [{"Body"', status: int = 200, *, applied: bool = True) -> Fault:
    """Answer with a body that means nothing, the request applied or (a proxy's own page) not."""
    return Fault(Kind.GARBAGE, status, body=body, applied=applied)


def throttle() -> Fault:
    """Refuse as AWS does when it is asked too often."""
    return refuse(400, "ThrottlingException")


@dataclass
class _Script:
    """Faults for the hits of an operation, counted from when it was scripted."""

    operation: str
    at: Mapping[int, Fault | None]
    ever: Fault | None = None
    hits: int = 0

    def take(self, operation: str) -> Fault | None:
        if self.operation not in {ANY, operation}:
            return None
        self.hits += 1
        return self.at.get(self.hits, self.ever)


@dataclass
class _Draw:
    """Faults at random: at most one of them for a request, each at its own rate."""

    operations: frozenset[str]
    rates: tuple[tuple[Fault, float], ...]
    random: random.Random

    def take(self, operation: str) -> Fault | None:
        if not self.operations & {ANY, operation}:
            return None
        left = self.random.random()
        for fault, rate in self.rates:
            if left < rate:
                return fault
            left -= rate
        return None


@dataclass
class Faults:
    """The plan, and the count of what came of it."""

    hits: Counter[str] = field(default_factory=Counter)
    """Requests by operation, faulty or not."""
    done: Counter[tuple[str, Kind]] = field(default_factory=Counter)
    """Faults by operation and kind."""
    _plans: list[_Script | _Draw] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def script(self, operation: str, *faults: Fault | None, hit: int = 1) -> None:
        """Do `faults` in turn to the `hit`-th request of `operation` from now on and to those after it; None is no fault."""
        with self._lock:
            self._plans.append(_Script(operation, dict(enumerate(faults, hit))))

    def always(self, operation: str, fault: Fault) -> None:
        """Do `fault` to every request of `operation` until `off`."""
        with self._lock:
            self._plans.append(_Script(operation, {}, ever=fault))

    def draw(self, seed: int, *rates: tuple[Fault, float], operations: tuple[str, ...] = (ANY,)) -> None:
        """Do each fault at its rate (0 to 1, together at most 1), as the seeded random says."""
        with self._lock:
            self._plans.append(_Draw(frozenset(operations), rates, random.Random(seed)))

    def off(self) -> None:
        """Forget every plan; the counts stay, and what hangs goes on hanging."""
        with self._lock:
            self._plans.clear()

    def decide(self, operation: str) -> Fault | None:
        """Count a request; returns what to do wrong to it. The first plan that has something for it decides."""
        with self._lock:
            self.hits[operation] += 1
            fault = None
            for plan in self._plans:
                fault = plan.take(operation) if fault is None else (plan.take(operation), fault)[1]
            if fault is not None:
                self.done[operation, fault.kind] += 1
            return fault
