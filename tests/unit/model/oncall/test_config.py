"""What else `oncall.yaml` says: quiet hours, retries, maintenance, classes, and what holds without a file."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from leh_guardian.model.oncall import Person, QuietHours, built_in
from leh_guardian.model.oncall.classification import Class, Classification
from leh_guardian.model.oncall.delivery import Channel, Retry
from leh_guardian.model.oncall.terms import Maintenance
from leh_guardian.model.plan import Severity
from leh_guardian.model.policy import Policy

SEOUL = ZoneInfo("Asia/Seoul")


class Everything:
    """A condition that always holds."""

    def matches(self, event: Any) -> bool:
        """Hold."""
        return True


class Named:
    """An index of which the event names the rules that match."""

    def match(self, event: Any) -> set[str]:
        """Return them."""
        return set(event["rules"])


def seoul(text: str) -> datetime:
    """Return the instant of a time on Seoul's clocks."""
    return datetime.fromisoformat(text).replace(tzinfo=SEOUL)


@pytest.mark.parametrize(
    ("clock", "severity", "wanted"),
    [
        ("23:00", Severity.SEV3, True),
        ("07:59", Severity.SEV4, True),
        ("08:00", Severity.SEV3, False),
        ("03:00", Severity.SEV2, False),
        ("03:00", Severity.SEV1, False),
    ],
)
def test_quiet_hours_are_for_what_can_wait(clock: str, severity: Severity, wanted: bool) -> None:
    """They go past midnight, end when they say, and never hold back sev1 and sev2."""
    person = Person("a", "A", quiet=QuietHours(time(23), time(8)))
    assert person.is_quiet(severity, seoul(f"2026-11-02T{clock}"), SEOUL) is wanted


def test_the_last_pause_holds_on() -> None:
    """Unless the provider asks for another one, and is to be heard."""
    retry = Retry(most=3, backoff=(5.0, 15.0))
    assert [retry.pause(n, None) for n in (1, 2, 3, 4)] == [5.0, 15.0, 15.0, 15.0]
    assert retry.pause(1, 90.0) == 90.0
    assert Retry(backoff=(5.0,), honor_retry_after=False).pause(1, 90.0) == 5.0


@pytest.mark.parametrize(
    ("when", "wanted"),
    [
        ("2026-11-03T01:59", None),
        ("2026-11-03T02:00", "2026-11-03T03:00"),
        ("2026-11-03T02:59", "2026-11-03T03:00"),
        ("2026-11-03T03:00", None),
        ("2026-11-04T02:30", None),
    ],
)
def test_a_weekly_window(when: str, wanted: str | None) -> None:
    """It runs on its weekday, by the zone's clocks, and says when it ends."""
    window = Maintenance("m", SEOUL, Everything(), weekdays=frozenset({1}), at=time(2), length=3600.0)
    assert window.until(seoul(when)) == (seoul(wanted) if wanted else None)


def test_a_window_past_midnight_and_one_that_comes_once() -> None:
    """The day of its beginning counts; a fixed one is half-open by the wall clock."""
    night = Maintenance("m", SEOUL, Everything(), weekdays=frozenset({6}), at=time(23), length=7200.0)
    assert night.until(seoul("2026-11-09T00:30")) == seoul("2026-11-09T01:00")
    begin, end = datetime.fromisoformat("2026-11-03T02:00"), datetime.fromisoformat("2026-11-03T03:00")
    once = Maintenance("m", SEOUL, Everything(), begin=begin, end=end)
    assert once.until(seoul("2026-11-03T02:00")) == seoul("2026-11-03T03:00")
    assert once.until(seoul("2026-11-03T03:00")) is None


def test_the_worst_class_counts() -> None:
    """Of the rules that match, by severity, then level, then place; what it does not say is the default's."""
    rules = {
        "note": Class(Severity.SEV4),
        "second": Class(Severity.SEV2, start_level=1),
        "third": Class(Severity.SEV2, "data_integrity", start_level=2),
    }
    classes = Classification(Class(Severity.SEV3, "unknown", "default", 1), rules, Named())
    found = classes.of({"rules": ["note", "second", "third"]})
    assert found is not None
    assert found.of == Class(Severity.SEV2, "data_integrity", "default", 2)
    assert found.rules == ("third", "second", "note")
    assert classes.of({"rules": []}) is None


def test_without_a_file_the_runbooks_times_hold() -> None:
    """Half an hour, an hour, then again and again for ever; and the policy can be frozen into an incident."""
    policy = built_in("ops").policies["default"]
    assert [(step.level, step.ack_within, step.notify) for step in policy.steps] == [
        (1, 1800.0, ("channel:ops",)),
        (2, 3600.0, ("channel:ops",)),
        (3, None, ("channel:ops",)),
    ]
    assert (policy.after_last.every, policy.after_last.max_every, policy.after_last.times) == (900.0, 3600.0, None)
    assert Policy.from_json(policy.to_json()) == policy


def test_secrets_are_not_shown() -> None:
    """What a channel was given, and where a person can be reached, is in no log."""
    assert "s3cret" not in repr(Channel("sms", "solapi", options={"key": "s3cret"}))
    assert "+8210" not in repr(Person("a", "A", {"phone": "+821000000001"}))
    assert built_in("ops").timezone.utcoffset(datetime(2026, 1, 1, tzinfo=UTC)) is not None
