"""The demo's copy of the shipped rules: they are still rules, and the places that it changes are there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leh_guardian.app import handlers
from leh_guardian.errors import SettingsError
from leh_guardian.local.short_rules import SHORT, WEEKLY, copy_rules, soon
from leh_guardian.rules.loader import load_rules

NOW = datetime(2026, 11, 27, 14, 59, 20, tzinfo=UTC)
SHIPPED = Path(__file__).parents[3] / "rules"


def test_the_copy_has_every_rule_and_its_times_are_short(tmp_path: Path) -> None:
    """The daemon takes it, with all rules of the shipped folder; the rest of a changed rule is as it was."""
    copy_rules(SHIPPED, tmp_path / "rules", NOW)
    shipped, short = load_rules(SHIPPED, handlers()), load_rules(tmp_path / "rules", handlers())
    assert [rule.id for rule in short.rules] == [rule.id for rule in shipped.rules]
    changed = [a.id for a, b in zip(shipped.rules, short.rules, strict=True) if a.plan != b.plan]
    assert set(changed) <= set(SHORT)
    before, after = (
        next(rule for rule in rules.rules if rule.id == "ai-worker-dlq").plan.steps for rules in (shipped, short)
    )
    assert [(step.id, step.uses, step.condition) for step in after] == [
        (step.id, step.uses, step.condition) for step in before
    ]


def test_a_rule_that_is_gone_is_named(tmp_path: Path) -> None:
    """Without the rules that the demo plays with it says which, before anything runs."""
    (tmp_path / "shipped").mkdir()
    with pytest.raises(SettingsError, match=r"ai-worker-dlq, case-restore-requested, .*weekly-report"):
        copy_rules(tmp_path / "shipped", tmp_path / "rules", NOW)


def test_the_weekly_rules_tick_once_while_it_plays(tmp_path: Path) -> None:
    """Half a minute after it begins at the earliest, when the daemon is there, and a minute later at most; over midnight, too."""
    assert soon(NOW) == "0 0 * * *"
    assert soon(NOW + timedelta(seconds=20)) == "1 0 * * *"
    copy_rules(SHIPPED, tmp_path / "rules", NOW)
    rules = load_rules(tmp_path / "rules", handlers())
    for name in WEEKLY:
        rule = rules.get(name)
        assert rule is not None
        assert rule.schedule is not None
        tick = rule.schedule.cron.next(NOW)
        assert tick is not None
        assert timedelta(seconds=30) <= tick - NOW <= timedelta(seconds=90)
