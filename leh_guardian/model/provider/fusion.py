"""Owns the verdict on a provider, of its status page and of the worker's own errors; the one rule: neither is believed alone for long.

Pages are green for hours while requests fail, and red while nothing that the worker uses is touched. So the page confirms what
the worker sees, and what the worker sees decides; shares are of *attempted* jobs, in a window of 5 and one of 30 minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from leh_guardian.model.provider.snapshot import Page, PageState

WINDOWS: Final = (timedelta(minutes=5), timedelta(minutes=30))
"""Over which shares are taken, the newest first."""
_HIGH: Final = 0.5
_LOW: Final = 0.05
_ENOUGH: Final = 20
_FEW: Final = 5
_CASES: Final = 3
"""Fewer cases with errors than this: it is about these cases, not about the provider."""


@dataclass(frozen=True, slots=True)
class Share:
    """What became of the jobs that the worker attempted in a window."""

    attempts: int
    external: int = 0
    """Attempts that failed as they do when the provider is away."""
    quota: int = 0
    """Attempts that the provider refused for a spent budget."""
    cases: int = 0
    """Different cases among the failures."""
    signatures: int = 0
    """Different errors among the failures."""
    since_deployment: bool = False
    """Whether the errors began with the newest deployment of the worker."""

    @property
    def known(self) -> bool:
        """Whether there are enough attempts to speak of a share: 20, or 5 that all failed."""
        return self.attempts >= _ENOUGH or (self.attempts >= _FEW and self.external >= self.attempts)

    @property
    def rate(self) -> float:
        """The share of external failures, 0 to 1."""
        return min(1.0, self.external / self.attempts) if self.attempts > 0 else 0.0

    @property
    def high(self) -> bool:
        """Whether it looks as if the provider were away: half of the attempts or more, in three cases or more."""
        return self.known and self.rate >= _HIGH and self.cases >= _CASES

    @property
    def low(self) -> bool:
        """Whether hardly anything fails."""
        return self.known and self.rate < _LOW


class State(StrEnum):
    """What is the matter with the provider."""

    OUTAGE_CONFIRMED = "outage_confirmed"
    OUTAGE_SUSPECTED = "outage_suspected"
    DEGRADED = "degraded"
    """Some requests fail and the page says so: go on slowly."""
    NOTICE = "page_only"
    """The page is bad, the worker does not feel it: tell people, keep working."""
    TRANSIENT = "transient"
    NORMAL = "normal"
    QUOTA = "quota"
    """Not away: our budget is spent, and every further call is refused as well."""
    CODE_BUG = "code_bug"
    UNDECIDED = "undecided"
    """Another window, or another look, is needed."""

    @property
    def outage(self) -> bool:
        """Whether the provider is held to be away."""
        return self in {State.OUTAGE_CONFIRMED, State.OUTAGE_SUSPECTED}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A state, how sure it is, and why."""

    state: State
    confidence: float
    """0 to 1."""
    reason: str
    strong: bool = False
    """Whether the worker's own errors say so, and not the page alone."""

    def instead(self) -> str:
        """Return what people must do where it is no outage: neither a spent quota nor our own bug is over by waiting."""
        if self.state is State.QUOTA:
            return f"{self.reason}: stop all calls and raise the quota or pay; a redrive would fail alike"
        return f"{self.reason}: roll back or deploy a fix, then reprocess; a redrive would fail alike"


def fuse(page: Page, windows: Sequence[Share | None], diagnosis: str | None = None) -> Verdict:
    """Return the verdict on what the page says and the worker's `windows` show, the newest first, None or too few where not known.

    `diagnosis` is what an earlier look at the worker's log said: `quota` and `code_bug` are believed, and `external_outage`
    counts as one window where there is no share.
    """
    given = [share for share in windows if share is not None]
    known = [share for share in given if share.known]
    if diagnosis == "quota" or any(share.quota >= 1 for share in given):
        return Verdict(State.QUOTA, 0.95, "the provider refuses for a spent quota: this is no outage", strong=True)
    if diagnosis == "code_bug" or any(_is_bug(share) for share in given):
        reason = "one error, new since the newest deployment, in many cases: this is our code"
        return Verdict(State.CODE_BUG, 0.8, reason, strong=True)
    if not known:
        if diagnosis == "external_outage":
            return _high(page, "the worker's log looks like an outage of the provider", sustained=False)
        return _page_alone(page)
    newest = known[0]
    told = f"{newest.external} of {newest.attempts} attempts ({newest.rate:.0%}) failed externally, in {newest.cases} cases"
    if newest.high:
        return _high(page, told, sustained=len(known) > 1 and all(share.high for share in known))
    if newest.low:
        return _low(page, told)
    if page.state is PageState.BAD:
        return Verdict(State.DEGRADED, 0.7, f"{told}; {_said(page)}", strong=True)
    return Verdict(State.TRANSIENT, 0.6, f"{told}; {_said(page)}", strong=True)


def _high(page: Page, told: str, *, sustained: bool) -> Verdict:
    match page.state:
        case PageState.BAD:
            return Verdict(State.OUTAGE_CONFIRMED, 0.95, f"{told}; {_said(page)}", strong=True)
        case PageState.UNKNOWN:
            return Verdict(State.OUTAGE_SUSPECTED, 0.5, f"{told}; {_said(page)}", strong=True)
        case _ if sustained:
            reason = f"{told}, in both windows; {_said(page)}: look at our own egress and name service, too"
            return Verdict(State.OUTAGE_SUSPECTED, 0.6, reason, strong=True)
        case _:
            return Verdict(State.UNDECIDED, 0.3, f"{told}, in one window; {_said(page)}", strong=True)


def _low(page: Page, told: str) -> Verdict:
    if page.state is PageState.BAD:
        return Verdict(State.NOTICE, 0.8, f"{told}; {_said(page)}")
    confidence = 0.95 if page.state is PageState.GOOD else 0.7
    return Verdict(State.NORMAL, confidence, f"{told}; {_said(page)}")


def _page_alone(page: Page) -> Verdict:
    alone = f"own error share not known: the page alone decides; {_said(page)}"
    match page.state:
        case PageState.GOOD:
            return Verdict(State.NORMAL, 0.5, alone)
        case PageState.UNKNOWN:
            return Verdict(State.UNDECIDED, 0.0, alone)
        case _ if page.worst is not None and page.worst.away:
            return Verdict(State.OUTAGE_SUSPECTED, 0.6, alone)
        case _:
            return Verdict(State.DEGRADED, 0.4, alone)


def _said(page: Page) -> str:
    if page.state is PageState.GOOD:
        return "the page says that all is well"
    if page.state is PageState.BAD:
        return f"the page says {page.worst} of {', '.join(page.affected)}"
    return f"the page is unknown ({'; '.join(page.reasons) or 'it was not asked'})"


def _is_bug(share: Share) -> bool:
    return share.signatures == 1 and share.since_deployment and share.cases >= _CASES
