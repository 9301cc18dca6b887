"""Log, letters and page together: what harms more holds, and the page confirms or casts doubt."""

from __future__ import annotations

import pytest

from leh_guardian.diagnosis import Diagnoser, Diagnosis, Subject
from leh_guardian.model.provider.snapshot import ComponentStatus, Page, PageState, unknown
from leh_guardian.rules.signatures import table_of
from leh_guardian.worker.fusing import fused
from leh_guardian.worker.share import share_of

TABLE = table_of()
QUOTA = ("RateLimitError", "Error code: 429 - {'error': {'message': 'x', 'type': 'insufficient_quota', 'code': None}}")
TIMEOUT = ("openai.APITimeoutError", "Request timed out.")
BUG = ("KeyError", "'case_id'")
DENIED = ("ClientError", "An error occurred (AccessDenied) when calling the GetObject operation: Access Denied")
BROKEN = ("pypdf.errors.PdfReadError", "EOF marker not found")
CONFLICT = ("openai.ConflictError", "Error code: 409 - {'error': {'message': 'conflict'}}")
SLOW_DOWN = ("openai.InternalServerError", "Error code: 503 - {'error': {'message': 'x', 'code': 'slow_down'}}")
SEARCH = ("opensearchpy.exceptions.ConnectionTimeout", "ConnectionTimeout caused by - ReadTimeoutError(x)")
STRANGE = ("worker.errors.PipelineError", "step four")

GOOD = Page(PageState.GOOD, ComponentStatus.OPERATIONAL)
BAD = Page(PageState.BAD, ComponentStatus.MAJOR, ("Responses",))
SLUGGISH = Page(PageState.BAD, ComponentStatus.DEGRADED, ("Responses",))


def failures(*kinds: tuple[tuple[str, str], int], done: int = 0, cases: int = 50) -> Diagnosis:
    """What failed, so often each, over so many cases; and what was done beside it."""
    diagnoser = Diagnoser(TABLE)
    for n in range(done):
        request = f"00000000-0000-4000-8000-{n:012d}"
        diagnoser.feed_event(n, f"START RequestId: {request} Version: 12", stream="s")
        diagnoser.feed_event(n, f"REPORT RequestId: {request} Duration: 9 ms", stream="s")
    for number, ((name, text), count) in enumerate(kinds):
        for n in range(count):
            subject = Subject(f"case_{n % cases}", f"ev_{number}x{n}")
            diagnoser.feed_failure(1, name, text, subject=subject, request=f"r{number}-{n}")
    return diagnoser.finish()


QUIET = failures()

CASES = {
    "nothing at all": (QUIET, None, None, "unknown", (0, 0)),
    "nothing was read": (None, None, BAD, "unknown", (0, 0)),
    "a bad page alone is no outage of ours": (failures(done=30), None, BAD, "unknown", (0, 0)),
    # One of the two.
    "log alone": (failures((BUG, 9)), None, None, "code_bug", (0.9, 1)),
    "letters alone": (None, failures((BUG, 9)), None, "code_bug", (0.9, 1)),
    "letters where the log is quiet": (QUIET, failures((DENIED, 9)), None, "config", (0.9, 1)),
    # Both: what harms more.
    "quota in one letter": (failures((TIMEOUT, 40)), failures((QUOTA, 1)), BAD, "quota", (0.75, 0.8)),
    "quota in the log": (failures((QUOTA, 1), done=99), failures((CONFLICT, 30)), GOOD, "quota", (0.7, 1)),
    "a bug in the letters, an outage now": (failures((TIMEOUT, 20)), failures((BUG, 20)), BAD, "code_bug", (0.7, 0.85)),
    "a bug now, what passes in the letters": (
        failures((BUG, 20)),
        failures((CONFLICT, 20)),
        GOOD,
        "code_bug",
        (0.7, 0.85),
    ),
    "config before what passes": (failures((DENIED, 9)), failures((CONFLICT, 9)), None, "config", (0.5, 0.85)),
    "bad files before what passes": (
        failures((CONFLICT, 9)),
        failures((BROKEN, 9), cases=3),
        None,
        "bad_input",
        (0.5, 0.85),
    ),
    "what nobody knows before what passes": (failures((CONFLICT, 9)), failures((STRANGE, 9)), None, "unknown", (0, 0)),
    "our own services before what passes": (
        failures((SEARCH, 9)),
        failures((CONFLICT, 9)),
        None,
        "internal_dependency",
        (0.5, 0.85),
    ),
    "a handful against hundreds has no say": (
        failures((BUG, 2)),
        failures((CONFLICT, 90)),
        None,
        "transient",
        (0.9, 1),
    ),
    "nor has one strange letter": (failures((CONFLICT, 90)), failures((STRANGE, 1)), None, "transient", (0.9, 1)),
    "the two agree": (failures((CONFLICT, 9)), failures((CONFLICT, 9)), None, "transient", (0.9, 1)),
    # An outage and its page.
    "an outage without a page": (failures((TIMEOUT, 20)), None, None, "external_outage", (0.7, 0.7)),
    "a page that is not known": (failures((TIMEOUT, 20)), None, unknown("no"), "external_outage", (0.7, 0.7)),
    "a page that confirms": (failures((TIMEOUT, 20)), None, BAD, "external_outage", (0.95, 0.95)),
    "a page that is merely slow confirms": (failures((TIMEOUT, 20)), None, SLUGGISH, "external_outage", (0.95, 0.95)),
    "a page that says that all is well": (failures((TIMEOUT, 20)), None, GOOD, "external_outage", (0.6, 0.6)),
    "two jobs at night, and a page that is bad": (failures((TIMEOUT, 2)), None, BAD, "external_outage", (0.8, 0.8)),
    "two jobs at night, and a page that is slow": (failures((TIMEOUT, 2)), None, SLUGGISH, "transient", (0.5, 0.7)),
    "two jobs at night, and no page": (failures((TIMEOUT, 2)), None, None, "transient", (0.5, 0.7)),
    "a tenth fails, and the page is bad": (failures((TIMEOUT, 10), done=90), None, BAD, "transient", (0.9, 1)),
    "throttled is no outage": (failures((SLOW_DOWN, 20)), None, BAD, "throttled", (0.9, 1)),
    "a bad page does not excuse a bug": (failures((BUG, 20)), None, BAD, "code_bug", (0.9, 1)),
    "a bad page does not make the unknown known": (failures((STRANGE, 20)), None, BAD, "unknown", (0, 0)),
    # An outage that is over.
    "letters of an outage, jobs are done again": (
        failures(done=20),
        failures((TIMEOUT, 20)),
        None,
        "transient",
        (0.7, 0.7),
    ),
    "letters of an outage, nothing was tried since": (
        failures(done=4),
        failures((TIMEOUT, 20)),
        None,
        "external_outage",
        (0.7, 0.7),
    ),
    "letters of an outage that goes on": (
        failures((TIMEOUT, 15), done=15),
        failures((TIMEOUT, 20)),
        BAD,
        "external_outage",
        (0.95, 0.95),
    ),
}


@pytest.mark.parametrize(("log", "letters", "page", "verdict", "sure"), CASES.values(), ids=CASES)
def test_together(
    log: Diagnosis | None, letters: Diagnosis | None, page: Page | None, verdict: str, sure: tuple[float, float]
) -> None:
    """Each combination has its verdict, and how sure it is lies between two bounds."""
    finding = fused(log, letters, page)
    assert (finding.verdict.value, sure[0] <= finding.confidence <= sure[1]) == (verdict, True), finding


@pytest.mark.parametrize("harmful", [QUOTA, BUG], ids=["quota", "bug"])
@pytest.mark.parametrize("passing", [TIMEOUT, CONFLICT, SLOW_DOWN], ids=["timeout", "conflict", "slow down"])
@pytest.mark.parametrize("page", [None, GOOD, BAD], ids=["no page", "good", "bad"])
@pytest.mark.parametrize("swapped", [False, True])
def test_a_quota_or_a_bug_never_passes(
    harmful: tuple[str, str], passing: tuple[str, str], page: Page | None, swapped: bool
) -> None:
    """Whichever of the two says it, and whatever the page says: neither is called something that a redrive cures."""
    two = (failures((harmful, 10)), failures((passing, 80)))
    finding = fused(*(reversed(two) if swapped else two), page)
    assert finding.verdict in {"quota", "code_bug"}


@pytest.mark.parametrize(
    ("log", "letters", "dead", "sure"),
    [
        (failures((CONFLICT, 3)), None, 31, 0.33),
        (failures((CONFLICT, 3)), failures(), 31, 0.33),
        (failures((CONFLICT, 3)), None, 30, 0.65),
        (failures((CONFLICT, 3)), failures((CONFLICT, 3)), 31, 0.65),
        (failures(done=9), None, 31, 0.0),
        (None, None, 31, 0.0),
    ],
)
def test_letters_that_nothing_explains(
    log: Diagnosis | None, letters: Diagnosis | None, dead: int, sure: float
) -> None:
    """Three failures of this quarter of an hour say little of hundreds of letters that do not say why they died."""
    finding = fused(log, letters, None, dead)
    assert finding.confidence == pytest.approx(sure, abs=0.01)
    assert ("do not explain" in finding.reason) == (sure == 0.33)


def test_share() -> None:
    """Attempts that were done count, a spent quota is told apart, and where the log names no case work stands for cases."""
    share = share_of(failures((TIMEOUT, 6), (BUG, 1), (QUOTA, 1), done=12, cases=4))
    assert (share.attempts, share.external, share.quota, share.cases, share.signatures) == (20, 6, 1, 4, 3)
    diagnoser = Diagnoser(TABLE)
    for n in range(5):
        diagnoser.feed_failure(n, *TIMEOUT, request=f"r{n}")
    assert share_of(diagnoser.finish()).cases == 5
    diagnoser = Diagnoser(TABLE)
    for n in range(5):
        diagnoser.feed_failure(n, *TIMEOUT, request=f"r{n}", subject=Subject("", "ev_1"))
    assert share_of(diagnoser.finish()).cases == 0


@pytest.mark.parametrize(("kind", "since"), [(BUG, True), (STRANGE, True), (TIMEOUT, False), (QUOTA, False)])
def test_what_passes_is_no_deployments_bug(kind: tuple[str, str], since: bool) -> None:
    """A provider that falls over just after a deployment is not taken for a bug of it."""
    diagnoser = Diagnoser(TABLE, deployed_at=1000.0)
    for at in (900.0, 910.0):
        diagnoser.feed_event(1, "START RequestId: 00000000-0000-4000-8000-000000000001 Version: 12", stream="s", at=at)
    for n in range(5):
        diagnoser.feed_failure(n, *kind, request=f"r{n}", subject=Subject(f"case_{n}"), at=1010.0)
    diagnosis = diagnoser.finish()
    assert diagnosis.concentration.since_deploy
    assert share_of(diagnosis).since_deployment is since
