"""Owns what a look through the audit logs proves, in words; the one rule: what was neither seen nor drawn whole proves nothing."""

from __future__ import annotations

from collections.abc import Sequence

from leh_guardian.checks.audit import wording as say
from leh_guardian.checks.audit.covered import Covered
from leh_guardian.checks.audit.sizes import Design
from leh_guardian.language import Text


def statement(sources: Sequence[Covered], design: Design) -> Text | None:
    """Return what was read of each source and what rate of disclosing lines is still possible; None where there is no source."""
    said = [_of(one, design) for one in sources]
    if not said:
        return None
    return Text.each(lambda locale: "; ".join(one.of(locale) for one in said))


def _of(one: Covered, design: Design) -> Text:
    if not one.ended or one.gaps:
        return say.proves_nothing(one.place, one.lines)
    disclosing = one.leaking + one.beside
    if one.effective is None:
        if disclosing:
            return say.whole_disclosing(one.place, one.lines, disclosing)
        return say.whole(one.place, one.lines) if one.lines else say.empty(one.place)
    bound = one.bound(design)
    if bound is not None:
        return say.sampled(one.place, say.UNITS[one.unit], one.looked, one.there or 0, bound, design)
    return say.sampled_disclosing(one.place, say.UNITS[one.unit], one.looked, one.there or 0, disclosing)
