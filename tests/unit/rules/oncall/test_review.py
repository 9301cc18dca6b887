"""What is doubtful about on-call: each finding is told where something would be missed at night, and only there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from leh_guardian.model.oncall import spans
from leh_guardian.model.oncall.review import Finding, review
from leh_guardian.rules.oncall.loading import load_oncall
from tests.unit.rules.oncall.test_loading import ENVIRONMENT, EXAMPLE

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def found(text: str = EXAMPLE, *, environment: dict[str, str] = ENVIRONMENT, days: int = 90) -> list[Finding]:
    """Return what is doubtful about a file."""
    return review(load_oncall(text.encode(), "oncall.yaml", environment), NOW, days)


def test_the_example_is_in_order() -> None:
    """Nothing is told of on-call that does what it should."""
    assert found(days=400) == []


CTO = "via: [voice, sms, kakao, slack_dm, email]}\n        - {after: 3m, via: [voice]}"
CHANGES = [
    ("from: 2026-11-02, members: [seoyeon, dohyun]", "from: 2026-12-28, members: [seoyeon, dohyun]",
     "gap schedule:lv2_lead long-duty schedule:lv2_lead two-levels policy:default two-levels policy:security"),
    ("members: [seoyeon, dohyun]", "members: [seoyeon]", "long-duty schedule:lv2_lead"),
    ("name: 이지영", "name: 자리표시", "placeholder person:jiyoung"),
    ("  executives: [cto, pm]", "  executives: [cto]", "never-called person:pm"),
    ("        - {after: 3m, via: [voice]}\n", "        - {after: 3m, via: [slack_dm]}\n", ""),
    (CTO, "via: [slack_dm, email]}", "no-phone person:cto"),
    (CTO, "via: [sns_sms, email]}", "only-aws person:cto"),
    ('    slack: U6\n', "", "no-address person:cto"),
    ('    phone: "+821000000006"\n', "", "no-address person:cto no-address person:cto no-address person:cto"),
    (", resolved: KA01TP_OK", "", "no-template channel:kakao"),
    ("times: forever", "times: 5", "not-forever policy:default not-forever policy:security"),
    ("webhook:pagerduty]", "person:cto]", ""),
    ("notify: [schedule:lv1_dev, channel:slack_ops]", "notify: [channel:slack_ops]", ""),
    ("[schedule:lv2_lead, schedule:lv1_dev]", "[schedule:lv1_dev]", ""),
    ("        notify: [schedule:lv2_lead]", "        notify: [schedule:lv1_dev]",
     "two-levels policy:default two-levels policy:security"),
    ("        notify: [schedule:lv2_lead]", "        notify: [person:minsu]", "two-levels policy:default two-levels policy:security"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "wanted"), CHANGES)
def test_a_change_for_the_worse_is_told(old: str, new: str, wanted: str) -> None:
    """By its code and what it is about, and nothing else is."""
    assert old in EXAMPLE
    told = sorted(
        {f"{one.code} {one.subject}" for one in found(EXAMPLE.replace(old, new, 1)) if one.code != "two-levels"}
    )
    levels = sorted(
        {f"{one.code} {one.subject}" for one in found(EXAMPLE.replace(old, new, 1)) if one.code == "two-levels"}
    )
    pairs = wanted.split()
    assert told + levels == sorted({f"{code} {subject}" for code, subject in zip(pairs[::2], pairs[1::2], strict=True)})


def test_a_gap_has_its_time() -> None:
    """It begins and ends where the duty does; the fallback is named."""
    [gap] = [one for one in found(EXAMPLE.replace(CHANGES[0][0], CHANGES[0][1])) if one.code == "gap"]
    assert (gap.begin, gap.end) == (NOW, datetime(2026, 12, 28, 1, tzinfo=UTC))
    assert "cto" in gap.message.ko


def test_two_weeks_are_not_too_long() -> None:
    """Also where the clocks change in them: the duty of a fortnight is told by no more than an hour."""
    text = EXAMPLE.replace("  lv2_lead:\n", "  lv2_lead:\n    timezone: America/New_York\n")
    assert "long-duty" not in {one.code for one in found(text, days=360)}


def test_who_is_on_two_levels_is_told_since_when() -> None:
    """The same person for two levels is one call less than the policy promises: in January who looks on is also on Lv2."""
    [one, _] = [
        one for one in found(EXAMPLE.replace("[seoyeon, dohyun]", "[dohyun, seoyeon]")) if one.code == "two-levels"
    ]
    assert (one.subject, one.begin) == ("policy:default", datetime(2027, 1, 4, 1, tzinfo=UTC))
    assert "dohyun 님이 Lv1과 Lv2에" in one.message.ko
    [one, _] = [
        one for one in found(EXAMPLE.replace("[schedule:lv2_lead]", "[person:minsu]", 1)) if one.code == "two-levels"
    ]
    text = EXAMPLE.replace("[schedule:lv1_dev, channel:slack_ops]", "[person:seoyeon]")
    [other, _] = [one for one in found(text) if one.code == "two-levels"]
    assert other.begin == datetime(2026, 11, 30, 1, tzinfo=UTC)
    turns = spans(load_oncall(EXAMPLE.encode(), "x", ENVIRONMENT).schedules["lv1_dev"], NOW, NOW + timedelta(days=30))
    assert one.begin == next(span.begin for span in turns if "minsu" in span.duty.people)


def test_a_variable_that_is_not_set() -> None:
    """The channel that cannot work is named."""
    told = [(one.code, one.subject) for one in found(environment={"SOLAPI_PF_ID": "x", "SMS_FROM": "x"})]
    assert told == [("no-variable", "channel:pagerduty")]


def test_a_schedule_that_nobody_calls_and_a_step_that_nobody_hears() -> None:
    """Duty without a policy, and a policy whose people have no contact rules."""
    text = (
        "version: 1\npeople: {a: {name: A}}\n"
        "schedules: {one: {layers: [{rotation: {phases: [{from: 2026-11-02, members: [a]}]}}]}}\n"
        "policies: {default: {steps: [{level: 1, notify: [person:a]}]}}\n"
    )
    told = {(one.code, one.subject) for one in found(text)}
    assert {("unused-schedule", "schedule:one"), ("nobody-reached", "policy:default"), ("no-phone", "person:a")} <= told


def test_a_calendar_that_ends() -> None:
    """Holidays that a package does not know of are told, not silently none."""
    oncall = load_oncall(EXAMPLE.encode(), "oncall.yaml", ENVIRONMENT)
    found = review(oncall, datetime(2100, 11, 1, tzinfo=UTC), 90)
    assert ("calendar-ends", "calendar:kr_public") in {(one.code, one.subject) for one in found}
