"""In which part of a minute use is counted."""

from __future__ import annotations

from datetime import datetime

import pytest

from leh_guardian.model.spend.usage import bucket


@pytest.mark.parametrize(
    ("happened", "accepted", "begins"),
    [
        ("12:00:59.9", None, "12:00:00"),
        ("12:00:10", "12:00:20.5", "12:00:00"),
        ("12:00:19.9", "12:00:20.5", "12:00:00"),
        ("12:00:20.1", "12:00:20.5", "12:00:20"),
        ("12:00:21", "12:00:20.5", "12:00:21"),
        ("12:00:59", "12:00:20.5", "12:00:21"),
        ("12:00:00.1", "12:00:00.5", "12:00:00"),
        ("12:00:30", "12:00:00.5", "12:00:01"),
        ("12:01:10", "12:00:59.5", "12:01:00"),
        ("12:02:10", "12:00:20.5", "12:02:00"),
    ],
)
def test_a_minute_has_parts_where_use_was_accepted_within_it(happened: str, accepted: str | None, begins: str) -> None:
    """Before that second, that second, after it: what is known to be after is never counted with what was before."""

    def at(time: str) -> datetime:
        return datetime.fromisoformat(f"2026-11-23T{time}+00:00")

    assert bucket(at(happened), at(accepted) if accepted else None) == at(begins)
