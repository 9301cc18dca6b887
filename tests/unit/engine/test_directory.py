"""Whom a target is at an instant, and by what ways: looked up when a call goes out, with the file of that moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leh_guardian.engine.directory import Directory, People
from leh_guardian.model.oncall import OnCall
from leh_guardian.model.plan import Severity
from leh_guardian.model.policy import OnEmpty
from leh_guardian.rules.oncall.loading import load_oncall

FILE = """
version: 1
timezone: Asia/Seoul
people:
  minsu:
    name: 김민수
    slack: U1
    phone: "+821000000001"
    notify: {normal: [{after: 0m, via: [slack]}], urgent: [{after: 0m, via: [slack]}, {after: 5m, via: [sms]}]}
    quiet_hours: {from: "23:00", to: "08:00"}
  seoyeon: {name: 최서연, slack: U2, notify: {normal: [{after: 0m, via: [slack]}], urgent: [{after: 0m, via: [slack]}]}}
  silent: {name: 말없음}
teams: {all: [minsu, seoyeon, silent]}
channels: {slack: {provider: slack, kind: dm}, sms: {provider: solapi, kind: sms, from: "029302266"}, ops: {provider: webhook}}
schedules:
  now: {name: Now, layers: [{name: l, rotation: {phases: [{from: 2026-01-05, members: [minsu]}]}}], fallback: [seoyeon]}
  later: {name: Later, layers: [{name: l, rotation: {phases: [{from: 2030-01-07, members: [minsu]}]}}], fallback: [seoyeon]}
  never: {name: Never, layers: [{name: l, rotation: {phases: [{from: 2030-01-07, members: [minsu]}]}}]}
policies: {default: {steps: [{level: 1, notify: [schedule:now]}]}}
"""
NIGHT = datetime(2026, 11, 22, 17, tzinfo=UTC)
"""Two in the morning in Seoul."""


def oncall(text: str = FILE) -> OnCall:
    """Return the file, read."""
    return load_oncall(text.encode(), "oncall.yaml", {})


@pytest.mark.parametrize(
    ("target", "on_empty", "people", "gaps"),
    [
        ("schedule:now", OnEmpty.FALLBACK, ("minsu",), 0),
        ("schedule:now", OnEmpty.SKIP, ("minsu",), 0),
        ("schedule:later", OnEmpty.FALLBACK, ("seoyeon",), 1),
        ("schedule:later", OnEmpty.SKIP, (), 1),
        ("schedule:never", OnEmpty.FALLBACK, (), 1),
        ("schedule:gone", OnEmpty.FALLBACK, (), 1),
        ("person:gone", OnEmpty.FALLBACK, (), 1),
        ("person:silent", OnEmpty.FALLBACK, (), 1),
        ("team:all", OnEmpty.FALLBACK, ("minsu", "seoyeon"), 1),
    ],
)
def test_whom_a_target_is(target: str, on_empty: OnEmpty, people: tuple[str, ...], gaps: int) -> None:
    """Where nobody is on call the fallback is, unless the step would rather be skipped; whoever cannot be reached is a gap."""
    reached = Directory(oncall(), "ops").reach([target], NIGHT, Severity.SEV2, on_empty)
    assert (reached.people, len(reached.gaps), reached.anybody) == (people, gaps, bool(people))


@pytest.mark.parametrize(
    ("severity", "minutes"),
    [
        (Severity.SEV1, [("slack", 0), ("sms", 5)]),
        (Severity.SEV2, [("slack", 0), ("sms", 5)]),
        (Severity.SEV3, [("slack", 6 * 60)]),
    ],
)
def test_quiet_hours_hold_back_what_can_wait(severity: Severity, minutes: list[tuple[str, int]]) -> None:
    """At two in the morning a grave call goes out at once, another one at eight."""
    ways = Directory(oncall(), "ops").ways("minsu", severity, NIGHT)
    assert [(way.channel, (way.due_at - NIGHT) // timedelta(minutes=1)) for way in ways] == minutes


def test_people_are_those_of_the_newest_file() -> None:
    """A reload changes who is called from then on, and so does the next one; without a file there is the built-in policy."""
    current: list[Any] = [type("Rules", (), {"oncall": None})]
    people = People("ops")
    people.follow(lambda: current[0])
    assert people.directory().person("minsu") is None
    for name in ("김민수", "박민수"):
        current[0] = type("Rules", (), {"oncall": oncall(FILE.replace("김민수", name))})
        assert people.directory().named("person:minsu") == name
    assert people.directory() is people.directory()


def test_a_policy_that_is_gone_is_replaced() -> None:
    """Somebody must be called: by the default policy, and where there is none by whichever there is."""
    made = oncall()
    assert Directory(made, "ops").policy("gone").name == "default"
    other = replace(made.policies["default"], name="other")
    assert Directory(replace(made, policies={"other": other}), "ops").policy("gone") is other
