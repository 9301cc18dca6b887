"""Overrides that commands have stored, over the file's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from leh_guardian.model.oncall import OnCall, on_call
from leh_guardian.model.oncall.by_hand import StoredOverride, laid_over, shown_once
from leh_guardian.rules.oncall.loading import load_oncall
from tests.support.on_call import on_call_text

NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)
FILED = """
overrides:
  - {id: filed, schedule: lv1, from: 2026-11-23T20:00, to: 2026-11-23T22:00, replace: {minsu: cto}, by: cto, reason: 휴가}
"""


def stored(number: int = 1, **changes: Any) -> StoredOverride:
    """One of an hour from now on."""
    one = StoredOverride(UUID(int=number), "lv1", NOW, NOW + HOUR, "seoyeon", "감기", NOW, {"minsu": "seoyeon"})
    return replace(one, **changes)


def people(oncall: OnCall, at: datetime) -> tuple[str, ...]:
    """Who is on duty."""
    return on_call(oncall, "lv1", at).people


@pytest.fixture
def filed() -> OnCall:
    """A file with an override of its own, eleven hours from now."""
    return load_oncall(on_call_text(FILED).encode(), "oncall.yaml")


def test_it_holds_from_its_beginning_to_its_end(filed: OnCall) -> None:
    """By instants, not included its end; what is added or taken away likewise; who is on call says why."""
    later = stored(2, begins_at=NOW + HOUR, ends_at=NOW + 2 * HOUR, replace={}, add=("cto",))
    oncall, misfits = laid_over(filed, [stored(), later])
    assert misfits == ()
    hours = [people(oncall, NOW + n * HOUR) for n in (-1, 0, 1, 2)]
    assert hours == [("minsu",), ("seoyeon",), ("minsu", "cto"), ("minsu",)]
    assert "감기" in on_call(oncall, "lv1", NOW).because.ko
    assert people(filed, NOW) == ("minsu",)


def test_what_was_taken_back_holds_until_then(filed: OnCall) -> None:
    """And never, where that was before it began."""
    never = stored(2, begins_at=NOW + 2 * HOUR, ends_at=NOW + 3 * HOUR, ended_at=NOW)
    oncall, _ = laid_over(filed, [stored(ended_at=NOW + HOUR / 2), never])
    assert [people(oncall, NOW + n * HOUR / 4) for n in (1, 2, 8)] == [("seoyeon",), ("minsu",), ("minsu",)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"schedule": "gone"}, "당직표 gone이(가) 없습니다"),
        ({"replace": {"minsu": "nobody"}}, "nobody: 그런 사람이 없습니다"),
        ({"add": ("left",)}, "left: 그런 사람이 없습니다"),
        ({"begins_at": NOW + 9 * HOUR, "ends_at": NOW + 10 * HOUR}, "이미 다른 변경(filed)으로 교체되어"),
    ],
    ids=["schedule", "replaced-by", "added", "overlap"],
)
def test_what_does_not_fit_is_told_and_changes_nothing(filed: OnCall, changes: dict[str, Any], reason: str) -> None:
    """The file may have been changed since; the others hold all the same."""
    oncall, [misfit] = laid_over(filed, [stored(2, **changes), stored()])
    assert reason in misfit.reason.ko
    assert misfit.override.id == UUID(int=2)
    assert people(oncall, NOW) == ("seoyeon",)


def test_an_hour_that_comes_twice_is_written_by_its_first(filed: OnCall) -> None:
    """Where clocks go back only the first of the two hours can be written by them."""
    schedule = filed.schedules["lv1"]
    assert shown_once(NOW.replace(microsecond=5), schedule)
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    york = replace(schedule, zone=ZoneInfo("America/New_York"))
    assert (shown_once(first, york), shown_once(first + HOUR, york)) == (True, False)
