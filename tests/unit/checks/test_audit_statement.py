"""What a look through the audit logs proves, in a sentence that the weekly report prints whatever else was found."""

from __future__ import annotations

import pytest

from leh_guardian.checks.audit import wording as say
from leh_guardian.checks.audit.covered import OBJECTS, Covered
from leh_guardian.checks.audit.sizes import Design
from leh_guardian.checks.audit.statement import statement
from tests.unit.checks.test_audit_covered import covered

DESIGN = Design()
SAID: dict[str, tuple[Covered, str]] = {
    "all of it": (covered(), "all of 100 lines read, none disclosing"),
    "all of it, and something is wrong": (covered(leaking=2, beside=1), "all of 100 lines read, 3 disclosing"),
    "a sample": (covered(there=10**6, looked=3400, effective=3328), "fewer than 0.1 % of all, with 95 % confidence"),
    "a sample too small for what is wanted": (
        covered(there=10**6, looked=299, effective=299),
        "none disclosing in 299 of 1000000",
    ),
    "a sample with findings": (
        covered(unit=OBJECTS, there=500, looked=332, effective=332, leaking=4),
        "4 disclosing in 332 of 500 objects drawn",
    ),
    "what did not end": (covered(ended=False, lines=12), "12 lines, which says nothing of the rest"),
    "nothing there": (covered(there=0, looked=0, lines=0), "no line within the time"),
}


@pytest.mark.parametrize(("one", "said"), SAID.values(), ids=SAID)
def test_each_source_has_its_bound(one: Covered, said: str) -> None:
    """A clean sample has a bound; whatever is not whole and not drawn has none."""
    told = statement([one], DESIGN)
    assert told is not None
    assert said in told.en
    assert ("confidence" in told.en) is (one.bound(DESIGN) is not None)


def test_a_gap_takes_the_bound_away_and_sources_stand_beside_each_other() -> None:
    """One that was cut short proves nothing, however much was drawn of it; without a source nothing is said."""
    cut = covered(there=10**6, looked=3400, effective=3328)
    cut.gap(say.listing_cut("/leh/audit"))
    told = statement([cut, covered()], DESIGN)
    assert told is not None
    first, second = told.en.split("; ")
    assert "confidence" not in first
    assert "all of 100 lines" in second
    assert statement([], DESIGN) is None
