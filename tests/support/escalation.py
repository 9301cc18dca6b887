"""Owns an incident's escalation on a clock of its own; the one rule: no store and nobody called, the state machine alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from leh_guardian.model import escalation as machine
from leh_guardian.model.escalation import Call, Escalation, Move, Why
from leh_guardian.model.incident import IncidentStatus
from leh_guardian.model.plan import Severity
from leh_guardian.model.policy import Policy, PolicyStep
from leh_guardian.model.timer import TimerKind

START = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)
RUNBOOK = Policy(
    "default",
    (
        PolicyStep(1, ("schedule:lv1",), ack_within=1800.0, resolve_within=3600.0),
        PolicyStep(2, ("schedule:lv2",), ack_within=3600.0, resolve_within=14400.0),
        PolicyStep(3, ("team:executives",)),
    ),
)
DUE = {
    TimerKind.ESCALATE: machine.due,
    TimerKind.UNACK: machine.ack_expired,
    TimerKind.OVERDUE: machine.unresolved,
    TimerKind.SNOOZE: machine.woken,
}


class Played:
    """An incident on a clock of its own: its timers fire when they are due, or when the clock is let go on."""

    def __init__(self, policy: Policy = RUNBOOK, start: int = 1, severity: Severity = Severity.SEV2) -> None:
        self.now = START
        self.severity = severity
        self.timers: dict[TimerKind, datetime] = {}
        self.calls: list[tuple[float, Call]] = []
        self.escalation = Escalation(policy, start)
        self.status = IncidentStatus.TRIGGERED

    def take(self, move: Move | None) -> bool:
        """Take what follows."""
        if move is None:
            return False
        self.escalation, self.status = move.escalation, move.status
        for kind, due_at in move.timers.items():
            self.timers.pop(kind, None)
            if due_at is not None:
                self.timers[kind] = due_at
        if move.call is not None:
            self.calls.append(((self.now - START).total_seconds() / 60, move.call))
        return True

    def until(self, minutes: float) -> None:
        """Let the time go on, each timer firing when it is due."""
        end = START + timedelta(minutes=minutes)
        while self.timers:
            kind, due_at = min(self.timers.items(), key=lambda item: item[1])
            if due_at > end:
                break
            self.now = max(self.now, due_at)
            self.fire(kind)
        self.now = end

    def fire(self, kind: TimerKind) -> None:
        """Fire a timer now."""
        due_at = self.timers.pop(kind)
        if kind in DUE:
            self.take(DUE[kind](self.escalation, due_at, self.now))

    def ack(self, who: str = "minsu") -> bool:
        """Acknowledge."""
        return self.take(machine.acknowledge(self.escalation, self.status, self.severity, who, self.now))

    def seen(self) -> list[tuple[float, int, Why]]:
        """Return (minutes, level, why) of each call."""
        return [(round(at, 3), call.level, call.why) for at, call in self.calls]


def begun(policy: Policy = RUNBOOK, start: int = 1) -> Played:
    """Return an incident whose first call has just gone out."""
    played = Played(policy, start)
    played.take(machine.begin(played.escalation, played.now))
    return played
