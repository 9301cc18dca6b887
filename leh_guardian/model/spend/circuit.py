"""Owns the circuit of a case, an account or all work; the one rule: every state has an exit, and what a person set a person lifts.

closed → open (too much) → half_open (judged legitimate, or cooled down) → closed (what was let through was within its allowance) or
open again. Forced states are people's, with an expiry; shadow is what would be open. M. Nygard, "Release It!" (Stability Patterns),
has the pattern; that the probes are tokens and leased, and not calls, is because what fails here is spending.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from leh_guardian.model.spend.limits import Scope, Tier

GUARDIAN: Final = "guardian"
_JITTER: Final = 0.2


class State(StrEnum):
    """What a circuit does with work."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    FORCED_OPEN = "forced_open"
    FORCED_CLOSED = "forced_closed"
    SHADOW = "shadow"

    @property
    def pauses(self) -> bool:
        """Whether work waits."""
        return self in {State.OPEN, State.FORCED_OPEN}

    @property
    def forced(self) -> bool:
        """Whether a person chose it."""
        return self in {State.FORCED_OPEN, State.FORCED_CLOSED}


class Verdict(StrEnum):
    """What the use was, by the upload logs."""

    LEGITIMATE = "legitimate"
    SUSPICIOUS = "suspicious"
    ATTACK = "attack"


class NotNow(ValueError):
    """The circuit is in a state in which this cannot be done; the text says which."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """How circuits open and close."""

    cooldown: timedelta = timedelta(minutes=15)
    """Before the first half_open; as often as it has opened in a row."""
    longest: timedelta = timedelta(hours=6)
    decay: timedelta = timedelta(hours=6)
    """Healthy time after which an opening is forgotten."""
    lease: timedelta = timedelta(minutes=16)
    """How long a half_open may last: a Lambda's 15 minutes and a little."""
    allowance: int = 200_000
    """Tokens that a half_open lets through."""
    share: float = 0.10
    """Part of the active cases that may be open at once, but one always."""
    most_open: int = 10
    most_opened: int = 3
    """Openings in ten minutes."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many circuits are open, for the cap on them."""

    open: int = 0
    opened: int = 0
    """How many guardian has opened in the last ten minutes, whatever became of them."""
    active: int = 0
    """Cases that used anything within a day."""

    def room(self, recovery: Recovery) -> bool:
        """Tell whether one more may open: many at once are almost never many attackers, but one change of price, model or code."""
        most = min(recovery.most_open, max(1, int(self.active * recovery.share)))
        return self.open < most and self.opened < recovery.most_opened

    def hangs_on_active(self, recovery: Recovery) -> bool:
        """Tell whether one more may open or not by how many cases are active."""
        return 0 < self.open < recovery.most_open and self.opened < recovery.most_opened


@dataclass(frozen=True, slots=True)
class Circuit:
    """One circuit."""

    scope: Scope
    key: str
    state: State = State.CLOSED
    version: int = 0
    """Grows with each change; 0: it was never anything but closed."""
    tier: Tier | None = None
    """Of the limit that opened it."""
    reason: str = ""
    actor: str = GUARDIAN
    since: datetime | None = None
    until: datetime | None = None
    """When it moves on by itself, or, forced open, when guardian asks."""
    opens: int = 0
    """How often in a row."""
    verdict: Verdict | None = None
    allowance: int | None = None
    opened_at: datetime | None = None
    cleared_at: datetime | None = None
    """What was used before it has been accepted, and is not held against it again."""
    last_use_at: datetime | None = None
    """The newest use that was told of while it was open: how long it took to have an effect."""
    asks: bool = False
    """Whether a forced opening has come to its end, and a person is asked."""
    cause: UUID | None = None
    """The action that opened it last."""
    published: int = 0
    """The version that the worker can read."""
    tripped_at: datetime | None = None
    """When guardian opened it last, whoever has paused or closed it since."""

    @property
    def hard(self) -> bool:
        """Whether a cap opened it that only people lift."""
        return self.tier is Tier.HARD and self.state is State.OPEN

    @property
    def open_to_effect(self) -> timedelta | None:
        """How long after its opening the last use was; None where it is unknown."""
        if self.opened_at is None:
            return None
        return max(timedelta(0), (self.last_use_at or self.opened_at) - self.opened_at)

    def moved(
        self, state: State, now: datetime, *, reason: str, actor: str = GUARDIAN, until: datetime | None
    ) -> Circuit:
        """Return it in another state."""
        return replace(
            self,
            state=state,
            version=self.version + 1,
            reason=reason,
            actor=actor,
            since=now,
            until=until,
            allowance=None,
            asks=False,
        )


def trip(circuit: Circuit, tier: Tier, reason: str, now: datetime, recovery: Recovery, *, room: bool) -> Circuit:
    """Return it after too much was used; the same where that changes nothing. Where there is no room, it is only shadowed."""
    match circuit.state:
        case State.FORCED_OPEN | State.FORCED_CLOSED:
            return circuit
        case State.SHADOW if circuit.actor != GUARDIAN:
            return circuit
        case State.OPEN:
            worse = tier is Tier.HARD and not circuit.hard
            return replace(_raised(circuit, reason), until=None) if worse else circuit
        # What is tried has its place among those that are open.
        case State.CLOSED | State.SHADOW if tier is not Tier.HARD and not room:
            if circuit.state is State.SHADOW:
                return circuit
            why = f"too many circuits are open: {reason}"
            return replace(circuit.moved(State.SHADOW, now, reason=why, until=now + recovery.cooldown), tier=tier)
    opens = _remembered(circuit, now, recovery) + 1
    until = None if tier is Tier.HARD else now + _cooldown(circuit, opens, recovery)
    opened = circuit.moved(State.OPEN, now, reason=reason, until=until)
    return replace(opened, tier=tier, opens=opens, opened_at=now, tripped_at=now, last_use_at=None, verdict=None)


def judged(circuit: Circuit, verdict: Verdict, reason: str, now: datetime, recovery: Recovery) -> Circuit:
    """Return an open circuit after its use was judged: the legitimate goes on by itself, unless a hard cap opened it."""
    if circuit.state is State.HALF_OPEN and verdict is not Verdict.LEGITIMATE:
        # It had cooled down before anybody knew: the trial is taken back.
        back = circuit.moved(State.OPEN, now, reason=f"judged {verdict}: {reason}", until=None)
        return replace(back, verdict=verdict)
    if circuit.state is not State.OPEN:
        return circuit
    if verdict is Verdict.LEGITIMATE and not circuit.hard:
        return replace(_probing(circuit, f"judged legitimate: {reason}", now, recovery), verdict=verdict)
    why = f"judged {verdict}: {reason}"
    if (circuit.verdict, circuit.reason) == (verdict, why):
        # Said by the same action again, after its answer was lost.
        return circuit
    # Nothing but a person's word, or a better verdict, leads out of here; people are called.
    until = None if verdict is not Verdict.LEGITIMATE else circuit.until
    return replace(circuit, version=circuit.version + 1, verdict=verdict, until=until, reason=why)


def due(circuit: Circuit, now: datetime, recovery: Recovery) -> Circuit:
    """Return it once its time is over; the same while it is not."""
    if circuit.until is None or circuit.until > now:
        return circuit
    match circuit.state:
        case State.OPEN:
            return _probing(circuit, "cooled down", now, recovery)
        case State.HALF_OPEN:
            return _closed(circuit, "what was let through was within its allowance", GUARDIAN, now)
        case State.FORCED_OPEN:
            asked = replace(circuit, version=circuit.version + 1, until=None, asks=True)
            return replace(asked, reason=f"its time is over, a person decides: {circuit.reason}")
        case State.FORCED_CLOSED | State.SHADOW:
            return _closed(circuit, f"{circuit.state} has ended", GUARDIAN, now, cleared=False)
    return replace(circuit, until=None)


def probed(circuit: Circuit, used: int, now: datetime, recovery: Recovery) -> Circuit:
    """Return a half-open circuit after `used` tokens went through: half of the allowance closes it, more than all opens it again."""
    if circuit.state is not State.HALF_OPEN or circuit.allowance is None:
        return circuit
    if used > circuit.allowance:
        return trip(
            circuit, Tier.PARK, f"{used} tokens let through, {circuit.allowance} allowed", now, recovery, room=True
        )
    if used * 2 >= circuit.allowance:
        return _closed(circuit, f"{used} tokens let through, {circuit.allowance} allowed", GUARDIAN, now)
    return circuit


def forced(circuit: Circuit, state: State, actor: str, reason: str, now: datetime, until: datetime) -> Circuit:
    """Return it as a person has it, until `until`."""
    moved = circuit.moved(state, now, reason=reason, actor=actor, until=until)
    opens = state is State.FORCED_OPEN and circuit.state is not State.FORCED_OPEN
    return replace(moved, opened_at=now, last_use_at=None) if opens else moved


def closed(circuit: Circuit, actor: str, reason: str, now: datetime) -> Circuit:
    """Return it after a person has closed it: what was used until now is accepted."""
    if circuit.state is State.CLOSED:
        raise NotNow(f"the circuit of {circuit.scope} {circuit.key} is closed")
    return _closed(circuit, reason, actor, now)


def _closed(circuit: Circuit, reason: str, actor: str, now: datetime, *, cleared: bool = True) -> Circuit:
    moved = circuit.moved(State.CLOSED, now, reason=reason, actor=actor, until=None)
    return replace(moved, tier=None, verdict=None, cleared_at=now if cleared else circuit.cleared_at)


def _probing(circuit: Circuit, reason: str, now: datetime, recovery: Recovery) -> Circuit:
    moved = circuit.moved(State.HALF_OPEN, now, reason=reason, until=now + recovery.lease)
    return replace(moved, allowance=recovery.allowance, cleared_at=now)


def _raised(circuit: Circuit, reason: str) -> Circuit:
    return replace(circuit, version=circuit.version + 1, tier=Tier.HARD, reason=reason)


def _remembered(circuit: Circuit, now: datetime, recovery: Recovery) -> int:
    """Return how many of its openings are not forgotten."""
    if circuit.state is not State.CLOSED or circuit.since is None:
        return circuit.opens
    return max(0, circuit.opens - int((now - circuit.since) / recovery.decay))


def _cooldown(circuit: Circuit, opens: int, recovery: Recovery) -> timedelta:
    """Return the pause before it is tried again: longer each time, and not the same for all that opened together."""
    chance = int.from_bytes(hashlib.sha256(f"{circuit.scope}{circuit.key}{opens}".encode()).digest()[:4]) / 2**32
    return min(recovery.longest, recovery.cooldown * opens) * (1 + _JITTER * chance)
