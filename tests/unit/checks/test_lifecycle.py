"""What lifecycle rules mean for a prefix: a table of rules as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leh_guardian.checks.lifecycle import Cover, cover
from leh_guardian.ports.checks import LifecycleRule

NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)


def rule(prefix: str = "tmp/", **more: Any) -> LifecycleRule:
    """An enabled rule of seven days."""
    return LifecycleRule(**{"id": "r", "enabled": True, "prefix": prefix, "days": 7, **more})


def covered(*rules: LifecycleRule) -> Cover:
    """What rules do with tmp/."""
    return cover(rules, "tmp/", NOW)


@pytest.mark.parametrize(
    ("rules", "whole", "part"),
    [
        ([], None, None),
        ([rule()], 7, None),
        ([rule("")], 7, None),
        ([rule("tm")], 7, None),
        ([rule("tmp/uploads/")], None, 7),
        ([rule("temp/")], None, None),
        ([rule("/tmp/")], None, None),
        ([rule(enabled=False)], None, None),
        ([rule(narrowed="tag keep")], None, 7),
        ([rule("", narrowed="size above 1024")], None, 7),
        ([rule(days=None, delete_markers=True)], None, None),
        ([rule(days=None, noncurrent_days=1)], None, None),
        ([rule(days=None, abort_days=1)], None, None),
        ([rule(days=30), rule("", days=3)], 3, None),
        ([rule(narrowed="tag a", days=1), rule(days=9)], 9, 1),
        ([rule(days=None, date=NOW - timedelta(days=1))], 0, None),
        ([rule(days=None, date=NOW + timedelta(days=1))], None, None),
    ],
)
def test_what_expires(rules: list[LifecycleRule], whole: int | None, part: int | None) -> None:
    """Only an enabled expiration for a prefix that ours begins with expires all of it; tags, sizes and longer prefixes a part."""
    found = covered(*rules)
    assert (found.days, found.partial_days) == (whole, part)


def test_a_disabled_rule_is_named() -> None:
    """Somebody has switched it off: that is another repair than to write one."""
    assert covered(rule(id="off", enabled=False)).disabled == ("off",)
    assert covered(rule("temp/", enabled=False)).disabled == ()


def test_versions_markers_and_uploads() -> None:
    """What else is removed is read of the rules for all of the prefix; a kept version counts against a rule."""
    found = covered(rule(noncurrent_days=1, noncurrent_kept=2), rule("", days=None, noncurrent_days=5, abort_days=2))
    assert (found.noncurrent_days, found.noncurrent_kept, found.abort_days, found.delete_markers) == (5, 0, 2, True)
    lone = covered(rule(days=None, delete_markers=True))
    assert lone.delete_markers
    assert not covered(rule(days=None, date=NOW, narrowed="tag a")).delete_markers
