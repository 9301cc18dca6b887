"""When a step's `if` holds."""

from __future__ import annotations

from typing import Any

import pytest

from leh_guardian.errors import RuleError
from leh_guardian.rules.conditions import facts_asked, holds

FACTS = {"cause": {"verdict": "quota", "count": 7}, "look": {}}


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ({"cause": {"verdict": ["quota", "transient"]}}, True),
        ({"cause": {"verdict": ["code_bug"]}}, False),
        ({"cause": {"count": [{"numeric": [">", 5]}]}}, True),
        ({"cause": {"verdict": [{"anything-but": ["code_bug"]}]}}, True),
        ({"later": {"verdict": ["quota"]}}, False),
        ({"later": {"verdict": [{"exists": False}]}}, True),
        ({"look": {"x": ["y"]}}, False),
        ({"$or": [{"cause": {"verdict": ["x"]}}, {"cause": {"count": [7]}}]}, True),
    ],
)
def test_conditions_are_event_patterns_over_facts(condition: dict[str, Any], answer: bool) -> None:
    """Facts of steps that did not run are absent."""
    assert holds(condition, FACTS) is answer


def test_a_condition_that_is_no_pattern_is_an_error_of_rules() -> None:
    """Only a plan that was tampered with holds one."""
    with pytest.raises(RuleError, match="object or an array"):
        holds({"cause": "x"}, FACTS)


def test_the_facts_that_conditions_look_at() -> None:
    """By step, over several conditions and the branches of each."""
    conditions: list[dict[str, Any]] = [
        {"cause": {"verdict": ["quota"]}, "look": {"left": [0]}},
        {"$or": [{"cause": {"count": [7]}}, {"later": {"x": ["y"]}}]},
    ]
    assert facts_asked(conditions) == {"cause": {"verdict", "count"}, "look": {"left"}, "later": {"x"}}
    assert facts_asked([]) == {}
