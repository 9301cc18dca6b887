"""What the weekly report says: weeks by the calendar, what did not run, what has changed, since when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from leh_guardian.checks.weekly.report import Change, Row, compose, missing, week_end, week_of
from leh_guardian.model.check import KeptResult, Status
from tests.unit.checks.weekly.sample import NOW, SEOUL, kept, words

CHECK = "check_s3_tmp"


def row(*results: KeptResult, fresh: datetime | None = None) -> Row:
    """Return the one check's row."""
    [found] = compose(results, [CHECK], NOW, SEOUL, fresh=fresh).rows
    return found


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        ("OK", "OK", Change.SAME),
        ("OK", "WARN", Change.WORSE),
        ("WARN", "UNKNOWN", Change.WORSE),
        ("UNKNOWN", "FAIL", Change.WORSE),
        ("FAIL", "UNKNOWN", Change.BETTER),
        ("FAIL", "OK", Change.BETTER),
        (None, "FAIL", Change.NEW),
    ],
)
def test_beside_last_week(before: str | None, now: str, change: Change) -> None:
    """A check is worse, better or the same by the order OK, WARN, UNKNOWN, FAIL; without an earlier run it is new."""
    found = row(kept(CHECK, now), *([kept(CHECK, before, 1)] if before else []))
    assert (found.status, found.before, found.change) == (now, before, change)


def test_a_check_that_did_not_run_is_unknown() -> None:
    """It is said when it ran last and what to look at; nothing of its old numbers is shown as this week's."""
    found = row(kept(CHECK, "OK", 2, measured={"objects": 7}))
    assert (found.status, found.before, found.looked_at) == (Status.UNKNOWN, Status.UNKNOWN, None)
    assert found.since == NOW - timedelta(weeks=2, minutes=1)
    assert found.measured == {}
    assert "11-16 09:01 OK" in found.reasons[0].ko
    assert CHECK in found.what_to_do[0].en
    assert found.trend[-3:] == (Status.OK, None, None)


def test_a_check_that_never_ran() -> None:
    """It is UNKNOWN and new, and nobody claims to know since when."""
    found = row()
    assert (found.status, found.before, found.change, found.since) == (Status.UNKNOWN, None, Change.NEW, None)


def test_the_week_is_the_readers() -> None:
    """Sunday 23:59 in Seoul is last week's, a minute later is this week's; the newest of a week counts."""
    midnight = datetime(2026, 11, 29, 15, 0, tzinfo=UTC)
    late, early = kept(CHECK, "FAIL", at=midnight), kept(CHECK, "OK", at=midnight + timedelta(minutes=1))
    found = row(early, late)
    assert (found.status, found.before) == (Status.OK, Status.FAIL)
    assert [week_of(one.looked_at, SEOUL) for one in (late, early)] == ["2026-W48", "2026-W49"]
    assert row(kept(CHECK, "OK"), kept(CHECK, "FAIL", at=NOW - timedelta(hours=1))).status is Status.OK


def test_weeks_over_the_turn_of_the_year_and_of_the_clocks() -> None:
    """Weeks follow each other without a gap: 53 weeks in 2026, and a week of 167 or 169 hours is one."""
    report = compose([], [CHECK], datetime(2027, 1, 6, tzinfo=UTC), SEOUL)
    assert report.weeks[-3:] == ("2026-W52", "2026-W53", "2027-W01")
    berlin = ZoneInfo("Europe/Berlin")
    for at in (datetime(2026, 11, 1, 22, 30, tzinfo=UTC), datetime(2026, 4, 5, 21, 30, tzinfo=UTC)):
        weeks = compose([], [CHECK], at, berlin, weeks=4).weeks
        assert len(set(weeks)) == 4
    assert week_end("2026-W49", SEOUL) == datetime(2026, 12, 6, 15, tzinfo=UTC)
    for wrong in ("2026-W54", "2026", "W49-2026", ""):
        with pytest.raises(ValueError, match=r".*"):
            week_end(wrong, SEOUL)


def test_what_is_too_old_is_waited_for() -> None:
    """A result from before `fresh` is missing, in the report as well; one from the future is nobody's."""
    results = [kept(CHECK, "OK", at=NOW - timedelta(hours=20)), kept("check_rds_backup", "OK")]
    fresh = NOW - timedelta(hours=12)
    assert missing(results, [CHECK, "check_rds_backup"], NOW, fresh) == [CHECK]
    assert row(results[0], fresh=fresh).status is Status.UNKNOWN
    assert missing([kept(CHECK, "OK", at=NOW + timedelta(hours=1))], [CHECK], NOW, fresh) == [CHECK]


def test_the_whole_is_as_good_as_its_worst_and_news_come_first() -> None:
    """Overall is the worst, FAIL above UNKNOWN; what has changed stands first, then the worst."""
    names = ["check_a", "check_b", "check_c", "check_d"]
    report = compose(
        [
            *(kept("check_a", "FAIL", weeks) for weeks in (0, 1)),
            *(kept("check_b", "OK", weeks) for weeks in (0, 1)),
            kept("check_c", "OK"),
            kept("check_c", "WARN", 1),
        ],
        names,
        NOW,
        SEOUL,
    )
    assert (report.overall, report.before) == (Status.FAIL, Status.FAIL)
    assert [one.check for one in report.rows] == ["check_c", "check_a", "check_d", "check_b"]
    assert compose([], [], NOW, SEOUL).overall is Status.OK
    assert compose([kept("check_a", "OK")], names[:1], NOW, SEOUL).before is None


@pytest.mark.parametrize(
    "facts",
    [
        {"statement": words("표본", "sample")},
        {"measured": {"statement": words("표본", "sample")}},
        {"evidence": {"statement": words("표본", "sample")}},
    ],
)
def test_what_a_sample_proves(facts: dict[str, Any]) -> None:
    """A statement is found wherever in the result it is; as a plain text, too."""
    assert row(kept(CHECK, "OK", **facts)).statement.ko == "표본"
    assert row(kept(CHECK, "OK", statement="at most 3/n")).statement.en == "at most 3/n"


def test_results_of_another_version_do_not_break_it() -> None:
    """What does not fit is left out: a report that fails for an old row would not go out at all."""
    found = row(
        kept(CHECK, "WARN", measured=[1], threshold="x", evidence=None, reasons=[{"ko": 1}, 7], what_to_do={"a": 1})
    )
    assert (found.status, found.measured, found.reasons, found.what_to_do) == (Status.WARN, {}, (), ())
