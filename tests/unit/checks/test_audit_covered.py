"""What one source comes to: a table of what was looked at."""

from __future__ import annotations

from typing import Any

import pytest

from leh_guardian.checks.audit import wording as say
from leh_guardian.checks.audit.covered import OBJECTS, Covered
from leh_guardian.checks.audit.sizes import Design
from leh_guardian.checks.result import Findings

DESIGN = Design()


def covered(**more: Any) -> Covered:
    """A source of which a hundred lines were all looked at."""
    return Covered("logs", "/leh/audit", **({"there": 100, "looked": 100, "lines": 100, "ended": True} | more))


JUDGED: dict[str, tuple[Covered, str, str, str]] = {
    "all of it": (covered(), "OK", "whole", "all of 100 lines read"),
    "nothing there": (covered(there=0, looked=0, lines=0), "WARN", "whole", "no line within the time"),
    "a sample": (
        covered(there=10**6, looked=3400, effective=3328),
        "OK",
        "sample",
        "fewer than 0.1 % of all, with 95 %",
    ),
    "a sample that is too small": (covered(there=10**6, looked=3400, effective=3327), "UNKNOWN", "sample", "0.1 %"),
    "objects": (covered(unit=OBJECTS, there=10**4, looked=332, effective=332), "OK", "sample", "332 of 10000 objects"),
    "too few objects": (covered(unit=OBJECTS, there=10**4, looked=331, effective=331), "UNKNOWN", "sample", "1 %"),
    "a stratum that was not met": (covered(there=10**6, looked=3400, effective=0), "UNKNOWN", "sample", "0.1 %"),
}


@pytest.mark.parametrize(("one", "status", "how", "said"), JUDGED.values(), ids=JUDGED)
def test_what_it_comes_to(one: Covered, status: str, how: str, said: str) -> None:
    """All is OK, a sample is if it is large enough, and says by how much; nothing is not."""
    found = Findings()
    one.judge(DESIGN, found)
    [finding] = found.seen
    assert (finding.status, one.row(DESIGN)["how"]) == (status, how)
    assert said in finding.reason.en


@pytest.mark.parametrize("more", [{}, {"effective": 5000}, {"leaking": 3}])
def test_a_gap_is_unknown_whatever_was_seen(more: dict[str, Any]) -> None:
    """It is never OK, and nothing else is said that would sound like it."""
    one, found = covered(**more), Findings()
    one.gap(say.listing_cut("/leh/audit"), say.NARROWER)
    one.judge(DESIGN, found)
    assert [finding.status for finding in found.seen] == ["UNKNOWN"]
    assert (one.row(DESIGN)["how"], one.whole) == ("part", False)


@pytest.mark.parametrize("more", [{"leaking": 1}, {"beside": 1}, {"leaking": 1, "effective": 5000}, {"ended": False}])
def test_nothing_is_promised_of_what_leaks_or_did_not_end(more: dict[str, Any]) -> None:
    """Neither a sentence nor a bound: what was found, or refused, is told elsewhere."""
    one, found = covered(**more), Findings()
    one.judge(DESIGN, found)
    assert found.seen == []
    assert one.row(DESIGN)["bound"] is None


def test_gaps_without_end_are_told_by_the_first() -> None:
    """A thousand objects that cannot be read are one result."""
    one, found = covered(), Findings()
    for number in range(1000):
        one.gap(say.object_unseen("b", str(number), "why"))
    one.judge(DESIGN, found)
    assert len(found.seen) == 20
