"""The verdict on a provider: the table, row by row and column by column, and its thresholds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leh_guardian.model.provider.fusion import Share, State, fuse
from leh_guardian.model.provider.snapshot import ComponentStatus, Page, PageState, unknown

GOOD = Page(PageState.GOOD, ComponentStatus.OPERATIONAL, source="native")
BAD = Page(PageState.BAD, ComponentStatus.MAJOR, ("Responses",), source="native")
SLOW = Page(PageState.BAD, ComponentStatus.DEGRADED, ("Responses",), source="native")
UNKNOWN = unknown("404")

HIGH = Share(20, external=10, cases=3)
SOME = Share(20, external=9, cases=3)
LOW = Share(21, external=1, cases=1)


@pytest.mark.parametrize(
    ("windows", "page", "state"),
    [
        ([HIGH, HIGH], BAD, State.OUTAGE_CONFIRMED),
        ([HIGH], BAD, State.OUTAGE_CONFIRMED),
        ([HIGH], SLOW, State.OUTAGE_CONFIRMED),
        ([HIGH, HIGH], GOOD, State.OUTAGE_SUSPECTED),
        ([HIGH, SOME], GOOD, State.UNDECIDED),
        ([HIGH], GOOD, State.UNDECIDED),
        ([HIGH], UNKNOWN, State.OUTAGE_SUSPECTED),
        ([SOME], BAD, State.DEGRADED),
        ([SOME], GOOD, State.TRANSIENT),
        ([SOME], UNKNOWN, State.TRANSIENT),
        ([LOW], BAD, State.NOTICE),
        ([LOW], GOOD, State.NORMAL),
        ([LOW], UNKNOWN, State.NORMAL),
        ([], BAD, State.OUTAGE_SUSPECTED),
        ([], SLOW, State.DEGRADED),
        ([], GOOD, State.NORMAL),
        ([], UNKNOWN, State.UNDECIDED),
        ([None, None], BAD, State.OUTAGE_SUSPECTED),
    ],
)
def test_the_table(windows: list[Share | None], page: Page, state: State) -> None:
    """Each cell of own errors by page, and what the page alone says where the errors are not known."""
    assert fuse(page, windows).state is state


@pytest.mark.parametrize("page", [GOOD, BAD, UNKNOWN])
def test_quota_and_bugs_are_told_whatever_the_page_says(page: Page) -> None:
    """One refusal for a spent quota is enough, of however few attempts; so is one new error in many cases. Quota goes first."""
    quota, bug = Share(1, quota=1), Share(20, external=20, cases=3, signatures=1, since_deployment=True)
    assert fuse(page, [quota]).state is State.QUOTA
    assert fuse(page, [bug]).state is State.CODE_BUG
    assert fuse(page, [bug, quota]).state is State.QUOTA
    assert fuse(page, [], "quota").state is State.QUOTA
    assert fuse(page, [], "code_bug").state is State.CODE_BUG


@pytest.mark.parametrize(
    ("share", "known", "high", "low"),
    [
        (Share(20, external=10, cases=3), True, True, False),
        (Share(20, external=10, cases=2), True, False, False),
        (Share(19, external=18, cases=9), False, False, False),
        (Share(5, external=5, cases=3), True, True, False),
        (Share(4, external=4, cases=4), False, False, False),
        (Share(20, external=1, cases=1), True, False, False),
        (Share(21, external=1, cases=1), True, False, True),
        (Share(0), False, False, False),
        (Share(-3, external=-3), False, False, False),
    ],
)
def test_thresholds(share: Share, *, known: bool, high: bool, low: bool) -> None:
    """20 attempts or 5 that all failed; half of them in three cases; below five of a hundred."""
    assert (share.known, share.high, share.low) == (known, high, low)


def test_one_files_errors_are_no_outage() -> None:
    """All failures in two cases are about these cases: never an outage, whatever the page says."""
    concentrated = Share(20, external=20, cases=2)
    assert fuse(BAD, [concentrated]).state is State.DEGRADED
    assert fuse(GOOD, [concentrated, concentrated]).state is State.TRANSIENT


def test_the_older_window_speaks_where_the_newer_is_too_small() -> None:
    """Five minutes with three attempts say nothing; the thirty around them do."""
    assert fuse(BAD, [Share(3, external=3, cases=3), HIGH]).state is State.OUTAGE_CONFIRMED


def test_a_diagnosis_counts_as_one_window() -> None:
    """`external_outage` without numbers is confirmed by a bad page, and not by a good one."""
    assert fuse(BAD, [], "external_outage").state is State.OUTAGE_CONFIRMED
    assert fuse(GOOD, [], "external_outage").state is State.UNDECIDED
    assert fuse(UNKNOWN, [], "external_outage").state is State.OUTAGE_SUSPECTED
    assert fuse(GOOD, [], "transient").state is State.NORMAL


_shares = st.builds(Share, *(st.integers(0, 50) for _ in range(5)), st.booleans())
_pages = st.sampled_from([GOOD, BAD, SLOW, UNKNOWN])


@given(page=_pages, windows=st.lists(st.none() | _shares, max_size=2))
def test_certainty_needs_both(page: Page, windows: list[Share | None]) -> None:
    """An outage is confirmed by page and errors together alone; what one of them says is at most suspected, with less confidence."""
    verdict = fuse(page, windows)
    assert 0 <= verdict.confidence <= 1
    assert verdict.reason
    if verdict.state is State.OUTAGE_CONFIRMED:
        assert page.state is PageState.BAD
        assert any(share is not None and share.high for share in windows)
    if verdict.state is State.OUTAGE_SUSPECTED:
        assert verdict.confidence <= 0.6
    if not any(share is not None and share.known for share in windows) and verdict.state is not State.QUOTA:
        assert verdict.confidence <= 0.8 if verdict.state is State.CODE_BUG else verdict.confidence <= 0.6


@given(page=_pages)
def test_unknown_is_never_normal(page: Page) -> None:
    """Without a page and without shares nothing is normal."""
    assert fuse(UNKNOWN, []).state is State.UNDECIDED
    assert fuse(page, []).state is not State.OUTAGE_CONFIRMED
