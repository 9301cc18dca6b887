"""Which overrides of duty somebody can have by command."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leh_guardian.engine.directory import People
from leh_guardian.engine.overriding import Asked, NoOverride, described, wanted
from leh_guardian.model.oncall import OnCall, on_call
from leh_guardian.rules.oncall.loading import load_oncall
from leh_guardian.rules.ruleset import RuleSet
from tests.support.on_call import on_call_text

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)
"""Three in the morning in Korea."""
HOUR = timedelta(hours=1)
ASKED = Asked("lv1", datetime(2026, 11, 23, 10), datetime(2026, 11, 24, 10), "감기", "minsu", {"minsu": "seoyeon"})  # noqa: DTZ001 - by the schedule's clocks


@pytest.fixture(scope="module")
def oncall() -> OnCall:
    """People and two schedules."""
    return load_oncall(on_call_text().encode(), "oncall.yaml")


def test_times_are_the_schedules_clocks_and_people_have_names(oncall: OnCall) -> None:
    """Without a zone; with one they are that instant; what would have begun already begins now."""
    found = wanted(oncall, replace(ASKED, replace={"김민수": "SEOYEON"}, add=("cto", "한지훈")), NOW)
    assert (found.begins_at, found.ends_at) == (NOW + 7 * HOUR, NOW + 31 * HOUR)
    assert (found.replace, found.add) == ({"minsu": "seoyeon"}, ("cto",))
    assert described(found, oncall).ko == "lv1 11-23 10:00 ~ 11-24 10:00 김민수 대신 최서연, 한지훈 추가 (감기)"
    now = wanted(oncall, replace(ASKED, begin=NOW - HOUR, end=NOW + HOUR), NOW)
    assert (now.begins_at, now.ends_at) == (NOW, NOW + HOUR)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schedule": "lv3"}, ["당직표 'lv3'", "did you mean"]),
        ({"end": NOW - HOUR}, ["이미 지난 시간"]),
        ({"begin": NOW + 3 * HOUR, "end": NOW + 2 * HOUR}, ["시작(from)보다 뒤"]),
        ({"end": NOW + timedelta(days=400)}, ["366일까지"]),
        ({"replace": {}}, ["바꾸는 것이 없습니다"]),
        ({"replace": {"minsu": "nobody"}, "reason": " ", "add": ("x",)}, ["nobody", "x:", "이유를"]),
        ({"add": tuple(map(str, range(60)))}, ["50명까지"]),
    ],
)
def test_all_that_is_wrong_is_said_at_once(oncall: OnCall, changes: dict[str, Any], words: list[str]) -> None:
    """One message."""
    with pytest.raises(NoOverride) as refused:
        wanted(oncall, replace(ASKED, **changes), NOW)
    assert all(word in refused.value.text.ko for word in words), refused.value.text.ko


def test_a_replica_lays_it_over_the_file_of_now() -> None:
    """Whichever comes first, the reload or the override; a file that lost the schedule has it as a misfit."""
    files = [load_oncall(on_call_text().encode(), "oncall.yaml")]
    people = People("ops")
    people.follow(lambda: RuleSet("", (), oncall=files[-1]))
    stored = [wanted(files[0], ASKED, NOW)]
    at = stored[0].begins_at
    people.override(stored)
    assert on_call(people.directory().oncall, "lv1", at).people == ("seoyeon",)
    assert on_call(people.directory().file, "lv1", at).people == ("minsu",)
    same = people.directory()
    people.override(list(stored))
    assert people.directory() is same
    files.append(load_oncall(on_call_text().replace("lv1", "first").encode(), "oncall.yaml"))
    assert [one.reason.ko for one in people.misfits] == ["당직표 lv1이(가) 없습니다"]
    assert on_call(people.directory().oncall, "first", at).people == ("minsu",)
    people.override([])
    assert people.misfits == ()
