"""The circuit: every state has an exit, versions only grow, and a person's word is a person's to take back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leh_guardian.model.spend import circuit as machine
from leh_guardian.model.spend.circuit import GUARDIAN, Circuit, Crowd, NotNow, Recovery, State, Verdict
from leh_guardian.model.spend.limits import Scope, Tier

NOW = datetime(2026, 11, 2, 3, tzinfo=UTC)
RULES = Recovery()
NEW = Circuit(Scope.CASE, "case_1")


def at(minutes: float) -> datetime:
    """An instant."""
    return NOW + timedelta(minutes=minutes)


def opened(tier: Tier = Tier.PARK, minutes: float = 0, circuit: Circuit = NEW) -> Circuit:
    """A circuit that was tripped."""
    return machine.trip(circuit, tier, "too much", at(minutes), RULES, room=True)


def test_too_much_opens_and_a_legitimate_verdict_lets_go_on() -> None:
    """closed, open, half open, closed: what was used before is accepted."""
    one = opened()
    assert (one.state, one.version, one.opens, one.opened_at) == (State.OPEN, 1, 1, NOW)
    probing = machine.judged(one, Verdict.LEGITIMATE, "a bulk upload", at(1), RULES)
    assert (probing.state, probing.allowance, probing.until) == (State.HALF_OPEN, RULES.allowance, at(1) + RULES.lease)
    assert machine.probed(probing, 1000, at(2), RULES) is probing
    done = machine.probed(probing, RULES.allowance // 2, at(3), RULES)
    assert (done.state, done.cleared_at, done.tier, done.version) == (State.CLOSED, at(3), None, 3)


def test_a_probe_over_its_allowance_opens_again_for_longer() -> None:
    """Twice in a row is twice the pause; nothing spent at all closes when the lease is over: it cannot get stuck."""
    probing = machine.judged(opened(), Verdict.LEGITIMATE, "", at(1), RULES)
    again = machine.probed(probing, RULES.allowance + 1, at(2), RULES)
    assert (again.state, again.opens) == (State.OPEN, 2)
    assert again.until is not None
    assert timedelta(minutes=30) <= again.until - at(2) <= timedelta(minutes=36)
    assert machine.due(probing, at(1) + RULES.lease, RULES).state is State.CLOSED


def test_openings_are_forgotten_after_healthy_hours() -> None:
    """One for each six."""
    closed = machine.closed(opened(circuit=opened(circuit=opened())), "kim", "fine", at(60))
    assert opened(minutes=61, circuit=closed).opens == closed.opens + 1
    assert opened(minutes=60 + 13 * 60, circuit=closed).opens == max(0, closed.opens - 2) + 1


def test_without_a_verdict_it_is_tried_after_the_pause() -> None:
    """And neither before nor where the verdict was bad or the limit hard."""
    one = opened()
    assert one.until is not None
    assert machine.due(one, one.until - timedelta(seconds=1), RULES) is one
    assert machine.due(one, one.until, RULES).state is State.HALF_OPEN
    for verdict in (Verdict.SUSPICIOUS, Verdict.ATTACK):
        bad = machine.judged(one, verdict, "", at(1), RULES)
        assert (bad.state, bad.until, bad.verdict) == (State.OPEN, None, verdict)
    hard = opened(Tier.HARD)
    assert hard.until is None
    assert machine.judged(hard, Verdict.LEGITIMATE, "", at(1), RULES).state is State.OPEN
    assert machine.closed(hard, "kim", "paid", at(5)).state is State.CLOSED


@pytest.mark.parametrize("verdict", [Verdict.SUSPICIOUS, Verdict.ATTACK])
def test_a_bad_verdict_that_comes_late_takes_the_trial_back(verdict: Verdict) -> None:
    """It had cooled down while guardian was away: paused again, in the same opening, until a person says otherwise."""
    one = opened()
    probing = machine.due(one, at(20), RULES)
    assert probing.state is State.HALF_OPEN
    bad = machine.judged(probing, verdict, "replays", at(21), RULES)
    assert (bad.state, bad.until, bad.verdict, bad.allowance) == (State.OPEN, None, verdict, None)
    assert (bad.version, bad.opens, bad.opened_at) == (probing.version + 1, one.opens, one.opened_at)
    assert machine.due(bad, at(600), RULES) is bad
    assert machine.judged(probing, Verdict.LEGITIMATE, "", at(21), RULES) is probing


def test_a_hard_limit_holds_what_was_only_parked() -> None:
    """It grows graver, never milder."""
    harder = opened(Tier.HARD, 1, opened())
    assert (harder.state, harder.hard, harder.until, harder.version) == (State.OPEN, True, None, 2)
    assert opened(Tier.PARK, 2, harder) is harder


def test_without_room_it_is_shadowed_unless_the_limit_is_hard() -> None:
    """Then opened once there is room; the shadow ends by itself."""
    shadow = machine.trip(NEW, Tier.PARK, "too much", NOW, RULES, room=False)
    assert (shadow.state, shadow.actor) == (State.SHADOW, GUARDIAN)
    assert machine.trip(shadow, Tier.PARK, "more", at(1), RULES, room=False) is shadow
    assert opened(minutes=1, circuit=shadow).state is State.OPEN
    assert machine.due(shadow, at(15), RULES).state is State.CLOSED
    assert machine.trip(NEW, Tier.HARD, "cap", NOW, RULES, room=False).state is State.OPEN


def test_what_is_tried_needs_no_room_to_open_again() -> None:
    """It has its place among those that are open: the cap that it fills itself is no reason to let it go on."""
    probing = machine.judged(opened(), Verdict.LEGITIMATE, "", at(1), RULES)
    again = machine.trip(probing, Tier.PARK, "too much", at(2), RULES, room=False)
    assert (again.state, again.opens) == (State.OPEN, 2)


@pytest.mark.parametrize("verdict", [Verdict.SUSPICIOUS, Verdict.ATTACK])
def test_a_verdict_that_is_said_again_changes_nothing(verdict: Verdict) -> None:
    """The same attempt once more: rules hear of it once. What is said with other reasons is another look."""
    once = machine.judged(opened(), verdict, "from one address", at(1), RULES)
    assert machine.judged(once, verdict, "from one address", at(2), RULES) is once
    assert machine.judged(once, verdict, "from two", at(2), RULES).version == once.version + 1
    hard = machine.judged(opened(Tier.HARD), Verdict.LEGITIMATE, "", at(1), RULES)
    assert machine.judged(hard, Verdict.LEGITIMATE, "", at(2), RULES) is hard


@pytest.mark.parametrize(
    ("crowd", "room"),
    [
        (Crowd(0, 0, 0), True),
        (Crowd(1, 0, 5), False),
        (Crowd(1, 0, 20), True),
        (Crowd(2, 0, 29), False),
        (Crowd(9, 0, 5000), True),
        (Crowd(10, 0, 5000), False),
        (Crowd(0, 3, 5000), False),
    ],
)
def test_the_cap_on_open_circuits(crowd: Crowd, room: bool) -> None:
    """A tenth of the active cases, one always, ten at most, three in ten minutes."""
    assert crowd.room(RULES) is room


def test_a_persons_pause_is_not_lifted_by_the_machine() -> None:
    """When its time is over it asks, once; trips and verdicts change nothing about it."""
    forced = machine.forced(NEW, State.FORCED_OPEN, "kim", "billing dispute", NOW, at(60))
    assert opened(circuit=forced) is forced
    assert machine.judged(forced, Verdict.LEGITIMATE, "", at(1), RULES) is forced
    asking = machine.due(forced, at(60), RULES)
    assert (asking.state, asking.asks, asking.until, asking.actor) == (State.FORCED_OPEN, True, None, "kim")
    assert machine.due(asking, at(600), RULES) is asking
    assert machine.closed(asking, "kim", "settled", at(700)).state is State.CLOSED


def test_what_a_person_allows_is_allowed_for_its_time() -> None:
    """And held against the case afterwards: it was allowed, not accepted."""
    forced = machine.forced(NEW, State.FORCED_CLOSED, "kim", "a trial tomorrow", NOW, at(60))
    assert opened(Tier.HARD, circuit=forced) is forced
    ended = machine.due(forced, at(60), RULES)
    assert (ended.state, ended.cleared_at) == (State.CLOSED, None)


def test_a_persons_shadow_is_not_opened() -> None:
    """It says what would be done, until it ends."""
    shadow = machine.forced(NEW, State.SHADOW, "kim", "a trial of the limits", NOW, at(60))
    assert opened(circuit=shadow) is shadow
    assert machine.due(shadow, at(60), RULES).state is State.CLOSED


def test_what_is_closed_cannot_be_closed() -> None:
    """Whoever tries learns so."""
    with pytest.raises(NotNow, match="case case_1 is closed"):
        machine.closed(NEW, "kim", "", NOW)


def test_the_time_to_its_effect() -> None:
    """From the opening to the last use that was told of."""
    assert NEW.open_to_effect is None
    one = opened()
    assert one.open_to_effect == timedelta(0)


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("trip"), st.sampled_from(Tier), st.booleans()),
        st.tuples(st.just("judge"), st.sampled_from(Verdict)),
        st.tuples(st.just("wait"), st.integers(1, 500)),
        st.tuples(st.just("probe"), st.integers(0, 400_000)),
        st.tuples(st.just("force"), st.sampled_from([State.FORCED_OPEN, State.FORCED_CLOSED, State.SHADOW])),
        st.tuples(st.just("close")),
    ),
    max_size=30,
)


@given(MOVES)
def test_any_history_keeps_the_promises(moves: list[tuple[Any, ...]]) -> None:
    """Versions grow by one with each change; what waits for time has a time, what does not has a person; nobody's pause is lifted."""
    one, now = NEW, NOW
    for move in moves:
        before = one
        match move:
            case ("trip", tier, room):
                one = machine.trip(one, tier, "t", now, RULES, room=room)
            case ("judge", verdict):
                one = machine.judged(one, verdict, "j", now, RULES)
            case ("wait", minutes):
                now += timedelta(minutes=minutes)
                one = machine.due(one, now, RULES)
            case ("probe", used):
                one = machine.probed(one, used, now, RULES)
            case ("force", state):
                one = machine.forced(one, state, "kim", "f", now, now + timedelta(hours=1))
            case _ if one.state is not State.CLOSED:
                one = machine.closed(one, "kim", "c", now)
        assert one.version - before.version in {0, 1}
        assert one == before or one.version > before.version
        if before.state is State.FORCED_OPEN and move[0] not in {"force", "close"}:
            assert one.state is State.FORCED_OPEN
        if before.hard and move[0] not in {"force", "close"}:
            assert one.state is State.OPEN
        has_exit = one.state is State.CLOSED or one.until is not None
        waits_for_person = one.hard or one.asks or one.verdict in {Verdict.SUSPICIOUS, Verdict.ATTACK}
        assert has_exit or waits_for_person
        assert (one.allowance is not None) == (one.state is State.HALF_OPEN)
