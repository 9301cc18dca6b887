"""Any sequence of time and words on an incident's escalation; what must hold always."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from leh_guardian.model import escalation as machine
from leh_guardian.model.escalation import Escalation, Move
from leh_guardian.model.incident import IncidentStatus
from leh_guardian.model.policy import AckBy, AckTerms, AfterLast, Policy, PolicyStep
from leh_guardian.model.timer import TimerKind
from tests.support.escalation import START, Played

policies = st.builds(
    Policy,
    st.just("p"),
    st.integers(1, 4).flatmap(
        lambda n: st.tuples(
            *(
                st.builds(
                    PolicyStep,
                    st.just(level),
                    st.just(("person:a",)),
                    ack_within=st.none() | st.sampled_from([1.0, 60.0, 1800.0]),
                    resolve_within=st.none() | st.sampled_from([60.0, 3600.0]),
                    ack_by=st.sampled_from(AckBy),
                )
                for level in range(1, n + 1)
            )
        )
    ),
    after_last=st.builds(
        AfterLast,
        repeat_from=st.none() | st.integers(1, 3),
        every=st.sampled_from([1.0, 900.0]),
        backoff=st.sampled_from([1.0, 1.5]),
    ),
    ack=st.builds(AckTerms, timeout=st.sampled_from([{}, {"sev2": 60.0}]), remind_before=st.sampled_from([0.0, 10.0])),
)


class Machine(RuleBasedStateMachine):
    """Any sequence of time and words."""

    @initialize(policy=policies, start=st.integers(1, 4))
    def open(self, policy: Policy, start: int) -> None:
        """An incident opens, its remedy at work."""
        self.played = Played(policy, start)
        self.played.take(machine.wait(policy, start, START + timedelta(minutes=2)))
        self.highest = 0

    def _do(self, move: Callable[[Escalation, datetime], Move | None]) -> None:
        if self.played.status is not IncidentStatus.RESOLVED:
            self.played.take(move(self.played.escalation, self.played.now))

    @rule(late=st.sampled_from([0.0, 1.0, 60.0, 86_400.0]))
    def time(self, late: float) -> None:
        """The next timer fires, on time or after a standstill."""
        if self.played.timers:
            kind, due_at = min(self.played.timers.items(), key=lambda item: item[1])
            self.played.now = max(self.played.now, due_at) + timedelta(seconds=late)
            self.played.fire(kind)

    @rule(who=st.sampled_from("ab"))
    def ack(self, who: str) -> None:
        """Somebody acknowledges."""
        self.played.ack(who)

    @rule()
    def take_back(self) -> None:
        """... and takes it back."""
        self._do(lambda e, now: machine.take_back(e, self.played.status, now))

    @rule(level=st.none() | st.integers(1, 4))
    def ask(self, level: int | None) -> None:
        """Somebody calls higher."""
        self._do(lambda e, now: machine.raised(e, "a", now, level))

    @rule(level=st.integers(1, 4))
    def worsen(self, level: int) -> None:
        """It gets worse."""
        self._do(lambda e, now: machine.worse(e, now, level))

    @rule()
    def sleep(self) -> None:
        """Somebody wants it quiet."""
        self._do(lambda e, now: machine.snooze(e, self.played.status, now + timedelta(minutes=30)))

    @rule()
    def work(self) -> None:
        """Somebody works on it."""
        self._do(lambda e, now: machine.active(e, self.played.status, self.played.severity, now))

    @rule()
    def end(self) -> None:
        """It is over."""
        self._do(lambda e, _: machine.over(e))

    @rule()
    def back(self) -> None:
        """... and comes back."""
        if self.played.status is IncidentStatus.RESOLVED:
            escalation, now = self.played.escalation, self.played.now
            self.played.take(machine.reopened(escalation, now, now + timedelta(minutes=2)))

    @invariant()
    def never_silent(self) -> None:
        """A triggered incident has a call due, within the longest interval that its policy knows."""
        if not hasattr(self, "played"):
            return
        if self.played.status is IncidentStatus.TRIGGERED:
            assert self.played.timers[TimerKind.ESCALATE] - self.played.now <= timedelta(seconds=3600 + 1800)
        if self.played.status is IncidentStatus.SNOOZED:
            assert TimerKind.SNOOZE in self.played.timers

    @invariant()
    def levels_only_rise(self) -> None:
        """No call is at a lower level than one before, unless the policy goes round again."""
        if not hasattr(self, "played") or self.played.escalation.policy.after_last.repeat_from is not None:
            return
        levels = [call.level for _, call in self.played.calls]
        assert levels == sorted(levels)

    @invariant()
    def quiet_when_over(self) -> None:
        """Nothing is due for what is resolved."""
        if hasattr(self, "played") and self.played.status is IncidentStatus.RESOLVED:
            assert not self.played.timers

    @invariant()
    def survives_its_row(self) -> None:
        """Every state reached can be written and read."""
        if hasattr(self, "played"):
            escalation = self.played.escalation
            row = json.loads(json.dumps(escalation.to_json(), default=datetime.isoformat))
            assert Escalation.from_json(escalation.policy, row) == escalation


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
