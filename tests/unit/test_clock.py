"""The shared clock: the database's time, carried on by the machine's own seconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from leh_guardian.clock import SharedClock

TRUE = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)


class Machine:
    """A machine whose wall clock is wrong and whose seconds a test moves."""

    def __init__(self, wrong: timedelta) -> None:
        self.wrong = wrong
        self.elapsed = 100.0

    def now(self) -> datetime:
        """Return its wrong time."""
        return TRUE + self.wrong + timedelta(seconds=self.elapsed - 100)

    def monotonic(self) -> float:
        """Return its seconds."""
        return self.elapsed

    async def sleep(self, seconds: float) -> None:
        """Nobody sleeps here."""


def test_a_wrong_clock_does_not_count_after_the_first_agreement() -> None:
    """Before it the machine's own word is all there is; afterwards neither its error nor a jump shows."""
    machine = Machine(timedelta(hours=25))
    clock = SharedClock(machine)
    assert clock.now() == TRUE + timedelta(hours=25)
    clock.agree(TRUE, asked=100.0)
    machine.elapsed += 7
    machine.wrong = timedelta(hours=-3)
    assert clock.now() == TRUE + timedelta(seconds=7)
    assert clock.ahead() == -3 * 3600


def test_an_answer_is_dated_to_the_middle_of_its_way() -> None:
    """The database spoke somewhere between the question and its answer."""
    machine = Machine(timedelta(0))
    clock = SharedClock(machine)
    machine.elapsed = 100.8
    clock.agree(TRUE, asked=100.0)
    assert clock.now() == TRUE + timedelta(seconds=0.4)


def test_a_slow_answer_is_believed_only_when_there_is_nothing_better() -> None:
    """An answer that took seconds proves little: the last good one is carried on, for ten minutes at most."""
    machine = Machine(timedelta(0))
    clock = SharedClock(machine)
    clock.agree(TRUE, asked=100.0)
    machine.elapsed = 105.0
    clock.agree(TRUE, asked=101.0)
    assert clock.now() == TRUE + timedelta(seconds=5)
    machine.elapsed = 800.0
    clock.agree(TRUE + timedelta(seconds=690), asked=796.0)
    assert clock.now() == TRUE + timedelta(seconds=692)


def test_the_first_answer_is_believed_however_slow() -> None:
    """At start there is nothing better than the database's word."""
    machine = Machine(timedelta(days=1))
    clock = SharedClock(machine)
    machine.elapsed = 104.0
    clock.agree(TRUE, asked=100.0)
    assert clock.now() == TRUE + timedelta(seconds=2)
