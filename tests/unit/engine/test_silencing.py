"""What may be silenced, and by what words."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from leh_guardian.engine.silencing import NoSilence, matching, wanted, written
from leh_guardian.model.oncall import terms
from leh_guardian.model.plan import Severity
from leh_guardian.model.silence import Silence

NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        (("rule=down",), {"rule": ["down"]}),
        (("rule=down,severity=sev3",), {"rule": ["down"], "severity": ["sev3"]}),
        (("rule=down, rule=up", "level=2"), {"rule": ["down", "up"], "level": [2]}),
        (("dedup_key=prod-*",), {"dedup_key": [{"wildcard": "prod-*"}]}),
        (("dedup_key=a=b",), {"dedup_key": ["a=b"]}),
        (('{"rule": [{"prefix": "a,b"}]}',), {"rule": [{"prefix": "a,b"}]}),
    ],
)
def test_conditions_as_people_type_them(given: tuple[str, ...], match: dict[str, Any]) -> None:
    """Pairs, several of a name being any of them; what has commas is written as in oncall.yaml."""
    assert written(given) == match
    assert wanted(match, NOW + HOUR, "배포", "kim", NOW).match == match


@pytest.mark.parametrize("given", ["down", "rule=", "=down", "rule=a,,", "{", "{} x", "[1]", "Rule=a", "{" * 9999])
def test_what_is_no_condition(given: str) -> None:
    """It is refused with how to write one."""
    with pytest.raises(NoSilence) as refused:
        written([given])
    assert re.search("rule=이름|JSON", refused.value.text.ko)


@pytest.mark.parametrize(
    ("match", "words"),
    [
        ({}, "모든 알림을 끄는"),
        (None, "모든 알림을 끄는"),
        ("rule", "모든 알림을 끄는"),
        ({"rule": [{"wildcard": "*"}]}, "모든 장애에"),
        ({"rule": [{"anything-but": "other"}]}, "모든 장애에"),
        ({"severity": [{"prefix": "sev"}]}, "모든 장애에"),
        ({"severity": ["sev1", "sev2", "sev3", "sev4", "sev5"], "level": [{"numeric": [">=", 0]}]}, "모든 장애에"),
        ({"dedup_key": [{"exists": True}]}, "모든 장애에"),
        ({"$or": [{"rule": ["a"]}, {"level": [{"exists": True}]}]}, "모든 장애에"),
        ({"class": ["security"]}, "보안 등급"),
        ({"class": [{"prefix": "data_"}], "rule": ["down"]}, "data_leak"),
        ({"class": [{"anything-but": "noise"}]}, "모든 장애에"),
        ({"class": [{"anything-but": "noise"}], "level": [1]}, "보안 등급"),
        ({"rules": ["down"]}, "did you mean `rule`"),
        ({"rule": "down"}, "이벤트 패턴이 아닙니다"),
        ({"rule": {"a": ["b"]}}, "rule.a"),
    ],
)
def test_what_nobody_may_silence(match: Any, words: str) -> None:
    """Everything, security, and what is no condition."""
    with pytest.raises(NoSilence) as refused:
        wanted(match, NOW + HOUR, "배포", "kim", NOW)
    assert words in refused.value.text.ko


@pytest.mark.parametrize(
    ("until", "reason", "words"),
    [
        (NOW + timedelta(days=7, seconds=1), "배포", "1분부터 7일"),
        (NOW, "배포", "1분부터"),
        (NOW - HOUR, "배포", "1분부터"),
        (NOW + HOUR, "", "이유"),
        (NOW + HOUR, " \n", "이유"),
        (NOW + HOUR, None, "이유"),
    ],
)
def test_it_has_an_end_and_a_reason(until: datetime, reason: Any, words: str) -> None:
    """A week at most."""
    with pytest.raises(NoSilence) as refused:
        wanted({"rule": ["down"]}, until, reason, "kim", NOW)
    assert words in refused.value.text.ko


def test_the_one_that_holds_longest_counts_and_security_knows_none() -> None:
    """Of several that match the last to end; a rule's silence does not cover what is classed as security."""

    def facts(class_: str) -> dict[str, Any]:
        return terms.facts(rule="down", severity=Severity.SEV2, class_=class_, level=1, dedup_key="down-a")

    def silence(number: int, hours: int, rule: str = "down") -> Silence:
        return Silence(UUID(int=number), {"rule": [rule]}, "배포", "kim", NOW, NOW + hours * HOUR)

    found = matching([silence(1, 1), silence(2, 3), silence(3, 2), silence(4, 9, "up")], facts("availability"))
    assert found is not None
    assert found.id == UUID(int=2)
    assert matching([silence(1, 1)], facts("security")) is None
