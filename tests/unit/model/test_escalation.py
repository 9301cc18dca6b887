"""How an incident's escalation moves: the runbook's table to the second, each verb, lateness, and what must hold always."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from leh_guardian.model import escalation as machine
from leh_guardian.model.escalation import UNACK_PAUSE, Escalation, Why
from leh_guardian.model.incident import IncidentStatus
from leh_guardian.model.policy import AckBy, AfterLast, OnEmpty, Policy, PolicyStep
from leh_guardian.model.timer import TimerKind
from tests.support.escalation import RUNBOOK, START, Played, begun


def test_the_runbooks_table_to_the_second() -> None:
    """Unanswered: Lv1 at once, Lv2 after 30 min, Lv3 after 90, then for ever, 15 min later growing by half up to an hour."""
    played = begun()
    played.until(600)
    assert [(at, level) for at, level, _ in played.seen()] == [
        (0, 1),
        (30, 2),
        (90, 3),
        (105, 3),
        (127.5, 3),
        (161.25, 3),
        (211.875, 3),
        (271.875, 3),
        (331.875, 3),
        (391.875, 3),
        (451.875, 3),
        (511.875, 3),
        (571.875, 3),
    ]
    assert [call.waited for _, call in played.calls[:5]] == [0, 1800, 3600, 900, 1350]


def test_a_leak_begins_at_the_top() -> None:
    """An incident of level 3 calls Lv3 at once and never the levels below."""
    played = begun(start=3)
    played.until(30)
    assert [(at, level) for at, level, _ in played.seen()] == [(0, 3), (15, 3)]


def test_a_deadline_of_the_last_step_comes_before_its_first_repeat() -> None:
    """A last step with ten minutes to answer is first repeated 25 minutes later, then 22.5."""
    last = replace(RUNBOOK.steps[2], ack_within=600.0)
    played = begun(replace(RUNBOOK, steps=(*RUNBOOK.steps[:2], last)), start=3)
    played.until(50)
    assert [at for at, _, _ in played.seen()] == [0, 25, 47.5]


def test_repeats_may_go_through_earlier_levels_again() -> None:
    """`repeat_from` a lower level goes up from there once more, pauses of the last step still growing."""
    policy = replace(RUNBOOK, after_last=AfterLast(repeat_from=2))
    played = begun(policy, start=3)
    played.until(200)
    assert [(at, level) for at, level, _ in played.seen()] == [
        (0, 3),
        (15, 2),
        (75, 3),
        (97.5, 2),
        (157.5, 3),
        (191.25, 2),
    ]


def test_a_policy_may_end() -> None:
    """With `times` it is silent after so many repeats, and only then."""
    played = begun(replace(RUNBOOK, after_last=AfterLast(times=2)), start=3)
    played.until(10_000)
    assert [at for at, _, _ in played.seen()] == [0, 15, 37.5]
    assert played.timers == {}


def test_an_acknowledgement_stops_the_calls_until_it_runs_out() -> None:
    """It holds an hour for SEV2, is reminded of ten minutes before, and then the same level is called again."""
    unhurried = replace(RUNBOOK, steps=(PolicyStep(1, ("schedule:lv1",), ack_within=1800.0), *RUNBOOK.steps[1:]))
    played = begun(unhurried)
    played.until(10)
    assert played.ack()
    assert played.status is IncidentStatus.ACKNOWLEDGED
    assert played.timers == {
        TimerKind.UNACK: START + timedelta(minutes=70),
        TimerKind.REMIND: START + timedelta(minutes=60),
    }
    played.until(75)
    assert played.seen()[1:] == [(70, 1, Why.EXPIRED)]
    assert played.escalation.epoch == 1


def test_a_second_press_is_a_success_that_changes_nothing() -> None:
    """Acknowledging twice moves nothing, least of all the deadline."""
    played = begun()
    assert played.ack()
    played.until(10)
    assert not played.ack()


def test_nobody_unresolves_by_acknowledging() -> None:
    """A late press on a resolved incident does nothing."""
    played = begun()
    played.take(machine.over(played.escalation))
    assert not played.ack()
    assert played.status is IncidentStatus.RESOLVED


def test_work_on_it_pushes_the_deadline() -> None:
    """What people do on an acknowledged incident begins the hour anew; the level's time to solve it goes on."""
    played = begun()
    played.ack()
    played.until(40)
    played.take(machine.active(played.escalation, played.status, played.severity, played.now))
    assert played.timers[TimerKind.UNACK] == START + timedelta(minutes=100)
    assert played.timers[TimerKind.OVERDUE] == START + timedelta(minutes=60)


def test_acknowledged_and_not_solved_calls_the_next_level() -> None:
    """An hour after the level's first acknowledgement the next level is called, whoever holds it, and whenever it was renewed."""
    played = begun()
    played.ack()
    played.until(30)
    played.ack("jiyoung")
    played.until(61)
    assert played.seen()[1:] == [(60, 2, Why.UNRESOLVED)]
    assert played.status is IncidentStatus.TRIGGERED
    played.ack("seoyeon")
    assert played.timers[TimerKind.OVERDUE] == START + timedelta(minutes=61 + 240)


def test_an_acknowledgement_and_the_time_to_solve_may_end_together() -> None:
    """The next level is called, and the same one is not called beside it."""
    played = begun()
    played.ack()
    played.until(61)
    assert played.seen()[1:] == [(60, 2, Why.UNRESOLVED)]


def test_the_time_to_solve_goes_on_while_nobody_holds_it() -> None:
    """An acknowledgement that is taken back does not stop the level's clock."""
    played = begun()
    played.ack()
    played.until(5)
    played.take(machine.take_back(played.escalation, played.status, played.now))
    played.until(8)
    assert played.timers[TimerKind.OVERDUE] == START + timedelta(minutes=60)


def test_a_slip_calls_nobody() -> None:
    """An acknowledgement taken back and given again within the pause calls nobody; left open, the same level is called."""
    slip, left = begun(), begun()
    for played in (slip, left):
        played.ack()
        played.take(machine.take_back(played.escalation, played.status, played.now))
        assert played.timers[TimerKind.ESCALATE] == START + UNACK_PAUSE
    slip.ack()
    slip.until(5)
    left.until(5)
    assert len(slip.calls) == 1
    assert left.seen()[1:] == [(round(10 / 60, 3), 1, Why.TAKEN_BACK)]


@pytest.mark.parametrize(("to_level", "level"), [(None, 2), (3, 3), (1, 1)], ids=["next", "chosen", "below"])
def test_a_person_may_call_higher(to_level: int | None, level: int) -> None:
    """The next level, or the one named; never one below the present."""
    played = begun()
    played.ack()
    played.take(machine.raised(played.escalation, "minsu", played.now, to_level))
    assert played.status is IncidentStatus.TRIGGERED
    played.until(0)
    assert played.seen()[1:] == [(0, level, Why.ASKED)]
    assert played.status is IncidentStatus.TRIGGERED


def test_worse_news_break_an_acknowledgement() -> None:
    """The level that it is worth now is called at once; one that is not higher calls the present one."""
    played = begun()
    played.ack()
    played.take(machine.worse(played.escalation, played.now, 3))
    played.take(machine.worse(played.escalation, played.now, 1))
    assert played.seen()[1:] == [(0, 3, Why.WORSE), (0, 3, Why.WORSE)]
    assert TimerKind.UNACK not in played.timers


def test_a_snooze_ends_with_a_call_and_is_refused_at_the_top() -> None:
    """Quiet until then, and the same level again; at level 3 nobody may have it quiet."""
    played = begun()
    played.take(machine.snooze(played.escalation, played.status, START + timedelta(minutes=45)))
    played.until(46)
    assert played.seen()[1:] == [(45, 1, Why.WOKEN)]
    top = begun(start=3)
    assert machine.snooze(top.escalation, top.status, START + timedelta(minutes=45)) is None


def test_trouble_that_comes_back_calls_the_level_it_had_reached() -> None:
    """Reopened at level 2 it calls level 2; one that had called nobody waits for its remedy as at first."""
    played = begun()
    played.until(31)
    played.take(machine.over(played.escalation))
    played.take(machine.reopened(played.escalation, played.now, played.now + timedelta(minutes=2)))
    assert played.seen()[2:] == [(31, 2, Why.REOPENED)]
    silent = Played()
    silent.take(machine.wait(RUNBOOK, 1, START + timedelta(minutes=2)))
    silent.take(machine.over(silent.escalation))
    silent.take(machine.reopened(silent.escalation, silent.now, START + timedelta(minutes=3)))
    silent.until(4)
    assert silent.seen() == [(3, 1, Why.BEGUN)]


def test_everybody_must_acknowledge_where_the_step_says_so() -> None:
    """With `ack_by: all` one acknowledgement stops nothing but that person's own calls."""
    step = replace(RUNBOOK.steps[2], ack_by=AckBy.ALL)
    played = begun(replace(RUNBOOK, steps=(step,)), start=3)
    played.escalation = replace(played.escalation, awaited=("cto", "pm"))
    assert played.ack("cto")
    assert played.status is IncidentStatus.TRIGGERED
    assert TimerKind.ESCALATE in played.timers
    assert not played.ack("cto")
    played.ack("pm")
    assert played.status is IncidentStatus.ACKNOWLEDGED


def test_after_a_standstill_the_highest_due_level_is_called_once() -> None:
    """Three hours late: Lv3 at once, with the levels that were passed over, and the next call counted from now."""
    played = begun()
    due_at = played.timers.pop(TimerKind.ESCALATE)
    played.now = START + timedelta(hours=3)
    played.take(machine.due(played.escalation, due_at, played.now))
    [_, (_, call)] = played.calls
    assert (call.level, call.passed, call.planned) == (3, (2,), START + timedelta(minutes=90))
    assert played.timers[TimerKind.ESCALATE] == played.now + timedelta(minutes=15)


def test_a_late_step_keeps_the_plan_s_times() -> None:
    """Ten minutes late to Lv2, Lv3 still follows 60 minutes after Lv2 was due."""
    played = begun()
    due_at = played.timers.pop(TimerKind.ESCALATE)
    played.now = START + timedelta(minutes=40)
    played.take(machine.due(played.escalation, due_at, played.now))
    assert played.timers[TimerKind.ESCALATE] == START + timedelta(minutes=90)


def test_a_state_survives_its_row() -> None:
    """What is written and read back is the same state, and the policy is, too."""
    played = begun()
    played.until(95)
    played.escalation = replace(played.escalation, engaged=("person:minsu",), awaited=("cto",))
    policy = Policy.from_json(json.loads(json.dumps(played.escalation.policy.to_json())))
    assert policy == RUNBOOK
    row = json.loads(json.dumps(played.escalation.to_json(), default=datetime.isoformat))
    assert Escalation.from_json(policy, row) == played.escalation


def test_a_policy_of_another_version_is_read() -> None:
    """Keys that this version does not know are left alone, those that it misses have their defaults."""
    policy = Policy.from_json({"name": "x", "steps": [{"level": 1, "notify": ["person:a"], "mood": "good"}], "mood": 1})
    assert policy == Policy("x", (PolicyStep(1, ("person:a",), on_empty=OnEmpty.FALLBACK),))
