"""Use that is estimated from the worker's log: by case, once for each attempt, and only while nobody tells better."""

from __future__ import annotations

from datetime import UTC, datetime

from leh_guardian.model.event import Event
from leh_guardian.model.spend.prices import Prices
from leh_guardian.model.spend.usage import priced
from leh_guardian.ports import LogMessage
from leh_guardian.worker.attempts import attempts_by_case
from leh_guardian.worker.estimates import Estimates, Job

START = datetime(2026, 11, 2, 3, tzinfo=UTC)


def said(text: str, request: int = 1, stream: str = "s") -> LogMessage:
    """A line of an attempt."""
    return LogMessage(f"00000000-0000-4000-8000-{request:012d} {text}", stream, 0.0)


LINES = [
    said("reading cases/case_1/raw/ev_1_녹취 파일.m4a"),
    said("failed: cases/case_1/raw/ev_1_녹취 파일.m4a"),
    said("reading cases/case_1/raw/ev_1_녹취 파일.m4a", 2),
    said("reading cases/case_2/raw/ev_9_a.pdf", 3),
    LogMessage("cases/case_3/raw/ev_5_a.pdf", "other", 0.0),
    LogMessage("cases/case_3/raw/ev_5_a.pdf", "other", 0.0),
    said("cases/../raw/ev_1_a cases/case_4/processed/ev_1_a cases/case_5/raw/"),
]


def test_an_attempt_is_counted_once() -> None:
    """However often it names its evidence; a second attempt counts again, without a request id the stream tells them apart."""
    assert attempts_by_case(LINES) == {"case_1": 2, "case_2": 1, "case_3": 1}
    assert attempts_by_case([]) == {}


def test_an_estimate_is_a_record_of_use_that_says_what_it_is() -> None:
    """The same from every replica."""
    estimates = Estimates(Job("m", 1000, 100), lambda: False)
    events = list(estimates.of("g", START, "ap-northeast-2", LINES))
    assert [event["detail"]["case_id"] for event in events] == ["case_1", "case_2", "case_3"]
    assert events == list(estimates.of("g", START, "ap-northeast-2", LINES))
    _, usage = priced(Event(str(events[0]["id"]), dict(events[0])), Prices({}))
    assert usage is not None
    assert (usage.case_id, usage.tokens, usage.attempts, usage.estimated) == ("case_1", 2200, 2, True)


def test_nothing_is_estimated_where_the_worker_tells() -> None:
    """What is better known is not counted twice."""
    assert list(Estimates(Job("m", 1000, 100), lambda: True).of("g", START, "r", LINES)) == []
