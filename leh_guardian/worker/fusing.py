"""Owns the verdict on log, dead letters and status page together; the one rule: of two that differ the one that harms more holds.

What the letters died of is what a redrive would meet again; what the log says is what it would meet now. The page confirms an
outage, and never makes one of nothing: pages are green for hours while requests fail, and red while nothing is felt.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from leh_guardian.diagnosis import Diagnosis, Verdict
from leh_guardian.model.provider.snapshot import Page, PageState
from leh_guardian.worker.share import share_of

_BY_HARM: Final = (
    Verdict.QUOTA,
    Verdict.CODE_BUG,
    Verdict.CONFIG,
    Verdict.BAD_INPUT,
    # Before what passes: what is not known is never sent again in bulk.
    Verdict.UNKNOWN,
    Verdict.INTERNAL_DEPENDENCY,
    Verdict.EXTERNAL_OUTAGE,
    Verdict.THROTTLED,
    Verdict.TRANSIENT,
)
_FEW: Final = 0.1
"""Part of all failures below which one of the two has no say, unless it says that a quota is spent."""
_BOTH_SOURCES: Final = 0.8
"""How much of its confidence is left to the one that holds where the other says something else."""
_UNEXPLAINED: Final = 0.5
"""How much of its confidence is left where the log has seen less than a tenth of what died."""
_DONE_SINCE: Final = 5
"""Jobs that must have been attempted of late, none of them in vain, for an outage that letters tell of to be over."""
_CONFIRMED: Final = 0.95
_AGAINST: Final = 0.6
"""The most confidence in an outage of which the provider's page says nothing."""
_SEEN_ON_PAGE: Final = 0.8
_HALF: Final = 0.5


@dataclass(frozen=True, slots=True)
class Finding:
    """What ails the worker, how sure that is, from 0 to 1, and why."""

    verdict: Verdict
    confidence: float
    reason: str


def fused(log: Diagnosis | None, letters: Diagnosis | None, page: Page | None, dead: int = 0) -> Finding:
    """Return the verdict; None stands for what was not asked, or could not be read. `dead` is how many letters there are about."""
    found = _together(log if log and log.failed else None, _of_today(letters, log))
    found = found if page is None else _with_page(found, log, page)
    silent = letters is None or not letters.failed
    if log is None or not log.failed or not silent or log.failed >= _FEW * dead:
        return found
    # Hundreds died in silence, and the log has seen a handful fail: what killed the others may be something else.
    reason = f"{found.reason}; {log.failed} failures do not explain about {dead} dead letters that do not say why"
    return Finding(found.verdict, round(found.confidence * _UNEXPLAINED, 2), reason)


def _of_today(letters: Diagnosis | None, log: Diagnosis | None) -> Diagnosis | None:
    """Return what the letters say, seen from the present: an outage that killed them may be over."""
    if letters is None or not letters.failed:
        return None
    if letters.verdict != Verdict.EXTERNAL_OUTAGE or log is None:
        return letters
    over = log.attempts >= _DONE_SINCE and not log.work.get(Verdict.EXTERNAL_OUTAGE)
    return replace(letters, verdict=Verdict.TRANSIENT) if over else letters


def _together(log: Diagnosis | None, letters: Diagnosis | None) -> Finding:
    there = [one for one in (log, letters) if one is not None]
    if not there:
        return Finding(Verdict.UNKNOWN, 0.0, "no failure in the log, and no dead letter that says what it died of")
    failed = sum(one.failed for one in there)
    sources = [one for one in there if _has_a_say(one, failed)]
    first = min(sources, key=lambda one: (_BY_HARM.index(one.verdict), -one.confidence))
    agree = all(one.verdict == first.verdict for one in sources)
    confidence = first.confidence if agree else round(first.confidence * _BOTH_SOURCES, 2)
    return Finding(first.verdict, confidence, _said(log, letters))


def _has_a_say(one: Diagnosis, failed: int) -> bool:
    return one.verdict == Verdict.QUOTA or one.failed >= _FEW * failed


def _said(log: Diagnosis | None, letters: Diagnosis | None) -> str:
    told = []
    if log is not None:
        told.append(f"the log: {log.verdict}, {log.failed} of {log.attempts} attempts failed")
    if letters is not None:
        told.append(f"dead letters: {letters.verdict}, by {letters.failed} that say what they died of")
    return "; ".join(told)


def _with_page(found: Finding, log: Diagnosis | None, page: Page) -> Finding:
    match found.verdict, page.state:
        case Verdict.EXTERNAL_OUTAGE, PageState.BAD:
            reason = f"{found.reason}; the status page says {page.worst} of {', '.join(page.affected)}"
            return Finding(found.verdict, max(found.confidence, _CONFIRMED), reason)
        case Verdict.EXTERNAL_OUTAGE, PageState.GOOD:
            reason = (
                f"{found.reason}; the status page says that all is well: look at our own egress and name service, too"
            )
            return Finding(found.verdict, min(found.confidence, _AGAINST), reason)
        case Verdict.TRANSIENT, PageState.BAD if _half_fails_outside(log) and page.worst and page.worst.away:
            # Too few cases to tell by the log alone: at night two jobs may be all that there is.
            reason = f"{found.reason}; the status page says {page.worst} of {', '.join(page.affected)}"
            return Finding(Verdict.EXTERNAL_OUTAGE, _SEEN_ON_PAGE, reason)
    return found


def _half_fails_outside(log: Diagnosis | None) -> bool:
    return log is not None and log.failed > 0 and share_of(log).rate >= _HALF
