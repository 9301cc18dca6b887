"""A journal for a person's eyes."""

from __future__ import annotations

from typing import Any

from leh_guardian.cli.journal_lines import folded


def looks(action: str, count: int) -> list[dict[str, Any]]:
    """So many looks of an action."""
    kinds = ("attempt.started", "attempt.waiting")
    return [{"kind": kind, "action": action, "n": n} for n in range(count) for kind in kinds]


def test_a_long_wait_is_folded() -> None:
    """The first two looks and the last two stay, what lies between is counted, and everything else is as it was."""
    opened, done = {"kind": "incident.opened", "action": None}, {"kind": "action.succeeded", "action": "a"}
    wait = looks("a", 720)
    assert list(folded([opened, *wait, done])) == [opened, *wait[:4], 1432, *wait[-4:], done]


def test_a_short_wait_is_shown_whole() -> None:
    """Four looks are four looks; those of two actions are not taken together."""
    lines = [*looks("a", 4), *looks("b", 4), {"kind": "plan.done", "action": None}]
    assert list(folded(lines)) == lines
