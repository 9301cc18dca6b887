"""What comes next if nobody says a word is what the state machine does when the timers fire."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leh_guardian.model import escalation as machine
from leh_guardian.model.escalation import Escalation
from leh_guardian.model.incident_status import IncidentStatus
from leh_guardian.model.outlook import next_call
from leh_guardian.model.policy import AfterLast
from leh_guardian.model.timer import TimerKind
from tests.support.escalation import RUNBOOK, START, Played, begun


def foretold(played: Played) -> tuple[float, int] | None:
    """Return (minutes, level) of the next call as it is shown."""
    coming = next_call(played.escalation, played.status, played.timers)
    return ((coming.at - START).total_seconds() / 60, coming.level) if coming else None


@example([("ack", 0)])
@example([("ack", 40), ("unack", 5)])
@example([("raise", 1), ("fire", 0), ("snooze", 3)])
@given(
    st.lists(
        st.tuples(st.sampled_from(["wait", "ack", "unack", "raise", "snooze", "fire"]), st.integers(0, 50)), max_size=8
    )
)
def test_what_is_shown_is_what_happens(words: list[tuple[str, int]]) -> None:
    """Whatever people do: the level and the time that are shown are those of the next call that there is."""
    played = begun(replace(RUNBOOK, after_last=AfterLast(repeat_from=2, every=600.0, times=2)))
    for word, minutes in words:
        played.until((played.now - START).total_seconds() / 60 + minutes)
        match word:
            case "ack":
                played.ack()
            case "unack":
                played.take(machine.take_back(played.escalation, played.status, played.now))
            case "raise":
                played.take(machine.raised(played.escalation, "minsu", played.now))
            case "snooze":
                until = played.now + timedelta(minutes=20)
                played.take(machine.snooze(played.escalation, played.status, until))
            case "fire" if played.timers:
                played.fire(min(played.timers, key=lambda kind: played.timers[kind]))
    shown, before = foretold(played), len(played.calls)
    played.until(100_000)
    happened = [(at, call.level) for at, call in played.calls[before:]]
    assert shown == (happened[0] if happened else None)


def test_nobody_is_called_where_nothing_is_set() -> None:
    """Not when it is resolved, nor where nobody is to be called, nor by timers that do nothing now."""
    played = begun()
    assert next_call(None, IncidentStatus.TRIGGERED, played.timers) is None
    assert next_call(played.escalation, IncidentStatus.RESOLVED, played.timers) is None
    assert next_call(played.escalation, IncidentStatus.TRIGGERED, {TimerKind.RESOLVE: START}) is None


@pytest.mark.parametrize(("start", "level"), [(1, 1), (3, 3)])
def test_a_first_call_that_waits(start: int, level: int) -> None:
    """While a remedy has its time, the level at which it would begin is next."""
    move = machine.wait(RUNBOOK, start, START)
    assert isinstance(move.escalation, Escalation)
    coming = next_call(move.escalation, move.status, {k: at for k, at in move.timers.items() if at})
    assert (coming.at, coming.level) == (START, level)  # type: ignore[union-attr]
