"""Use that is estimated, from the worker's log and the evidence table: once for each attempt, and only while nobody tells better."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leh_guardian.errors import Unavailable
from leh_guardian.evidence.record import EvidenceRecords
from leh_guardian.model.event import Event
from leh_guardian.model.spend.prices import Prices
from leh_guardian.model.spend.usage import priced
from leh_guardian.ports import LogMessage, TableLayout
from leh_guardian.worker.assumed import Job, PerKind
from leh_guardian.worker.attempts import AttemptLog
from leh_guardian.worker.estimates import Ended, Estimates
from leh_guardian.worker.pieces import Pieces, over_at

START = datetime(2026, 11, 2, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
JOB = Job("m", 1000, 100, {"text": PerKind(0, 300), "image": PerKind(1000, 0)}, 50_000)


def said(text: str, request: int = 1, stream: str = "s", at: float = 0.0) -> LogMessage:
    """A line of an attempt."""
    return LogMessage(f"00000000-0000-4000-8000-{request:012d} {text}", stream, START.timestamp() + at)


def begun(request: int, at: float, stream: str = "s", word: str = "START") -> LogMessage:
    """Lambda's line of its beginning, or its end."""
    line = f"{word} RequestId: 00000000-0000-4000-8000-{request:012d} Version: $LATEST"
    return LogMessage(line, stream, START.timestamp() + at)


def ended(request: int, at: float, stream: str = "s") -> LogMessage:
    """Of its end."""
    return begun(request, at, stream, "END")


def cases(log: AttemptLog, messages: Sequence[LogMessage]) -> Counter[str]:
    """How many attempts at evidence of each case some messages are the first to tell of."""
    return Counter(attempt.piece[0] for attempt in log.read(messages))


KEY = "cases/case_1/raw/ev_1_녹취 파일.m4a"
LINES = [
    said(f"reading {KEY}"),
    said(f"failed: {KEY}"),
    said(f"reading {KEY}", 2),
    said("reading cases/case_2/raw/ev_9_a.pdf", 3),
    LogMessage("cases/case_3/raw/ev_5_a.pdf", "other", START.timestamp()),
    LogMessage("cases/case_3/raw/ev_5_a.pdf", "other", START.timestamp()),
    said("cases/../raw/ev_1_a cases/case_4/processed/ev_1_a cases/case_5/raw/"),
]


class Table:
    """A table of the records that a test gives it."""

    def __init__(self, *items: Mapping[str, Any], fails: bool = False) -> None:
        self.items = {item["evidence_id"]: item for item in items}
        self.fails = fails

    async def layout(self, _: str) -> TableLayout:
        """By evidence alone."""
        return TableLayout("evidence_id")

    async def get(self, _: str, key: Mapping[str, str]) -> Mapping[str, Any] | None:
        """An item."""
        if self.fails:
            raise Unavailable("away")
        return self.items.get(key["evidence_id"])


def estimates(*items: Mapping[str, Any], fails: bool = False, told: Callable[[], bool] = lambda: False) -> Estimates:
    """Estimates beside a table."""
    records = EvidenceRecords(Table(*items, fails=fails), "t", None)  # type: ignore[arg-type]
    return Estimates(JOB, told, "ap-northeast-2", records)


def test_an_attempt_is_counted_once() -> None:
    """However often it names its evidence; a second attempt counts again, without a request id the stream tells them apart."""
    log = AttemptLog()
    assert cases(log, LINES) == {"case_1": 2, "case_2": 1, "case_3": 1}
    assert cases(log, []) == {}


def test_an_attempt_that_lasts_is_one() -> None:
    """It names its piece in one minute and again in the next; Lambda's repetition of it has the same id and is another."""
    log = AttemptLog()
    assert cases(log, [begun(1, 50), said(f"reading {KEY}", 1, at=59)]) == {"case_1": 1}
    assert cases(log, [said(f"failed {KEY}", 1, at=200), ended(1, 201)]) == {}
    assert cases(log, [begun(1, 260), said(f"reading {KEY}", 1, at=261), ended(1, 262)]) == {"case_1": 1}
    assert cases(log, [begun(1, 380, "s2"), said(f"reading {KEY}", 1, "s2", at=381)]) == {"case_1": 1}
    # Of a log without these lines what goes on within a minute is one.
    assert cases(log, [said(f"reading {KEY}", 7, "s3", at=400)]) == {"case_1": 1}
    assert cases(log, [said(f"page 2 of {KEY}", 7, "s3", at=450), said(f"page 3 of {KEY}", 7, "s3", at=509)]) == {}
    assert cases(log, [said(f"reading {KEY}", 7, "s3", at=570)]) == {"case_1": 1}


async def test_an_estimate_is_a_record_of_use_that_says_what_it_is() -> None:
    """The same from every replica, and again when it is asked again; of one source, and priced like any record."""
    one = estimates()
    events = await one.of_log(START, LINES)
    assert [event["detail"]["case_id"] for event in events] == ["case_1", "case_2", "case_3"]
    assert events == await one.of_log(START, LINES) == await estimates().of_log(START, LINES)
    assert await one.of_log(START + MINUTE, [said(f"again {KEY}", 2, at=30)]) == []
    _, usage = priced(Event(str(events[0]["id"]), dict(events[0])), Prices({}))
    assert usage is not None
    assert (usage.case_id, usage.tokens, usage.attempts, usage.estimated) == ("case_1", 2200, 2, True)
    assert (events[0]["detail"]["estimated_from"], events[0]["detail"]["sized"]) == ("log", 0)


async def test_nothing_is_estimated_where_the_worker_tells() -> None:
    """What is better known is not counted twice."""
    assert await estimates(told=lambda: True).of_log(START, LINES) == []


@pytest.mark.parametrize(
    ("record", "tokens"),
    [
        ({"size": 10_240, "content_type": "text/plain"}, 3000),
        ({"file_size": "10240", "file_type": "TXT"}, 3000),
        ({"size_bytes": 10_240.0, "type": "text"}, 3000),
        ({"size": 5_000_000, "content_type": "text/plain"}, 50_000),
        ({"size": 7, "content_type": "image/png"}, 1000),
        ({"size": 7}, 1000),
        ({"size": -7, "content_type": "text/plain"}, 1000),
        ({"size": True, "content_type": "text/plain"}, 1000),
        ({"size": 7, "content_type": "application/x-nothing"}, 1000),
        ({"size": 7, "content_type": ["text/plain"]}, 1000),
        ({"size": "९", "content_type": "text/plain"}, 1000),
    ],
)
async def test_a_piece_that_the_log_names_has_the_size_of_its_record(record: Mapping[str, Any], tokens: int) -> None:
    """By kind and size, no more than the bound; what its record does not say so that it can be used is as an average piece."""
    item = {"evidence_id": "ev_1", "case_id": "case_1", **record}
    [event] = await estimates(item).of_log(START, LINES[:2])
    assert (event["detail"]["prompt_tokens"], event["detail"]["completion_tokens"]) == (tokens, 100)


async def test_a_table_that_is_away_costs_no_estimate() -> None:
    """Without records, and with those of another case, the number of attempts is what counts."""
    for one in (
        estimates(fails=True),
        estimates({"evidence_id": "ev_1", "case_id": "case_x", "size": 9, "type": "text"}),
    ):
        [event] = await one.of_log(START, LINES[:1])
        assert (event["detail"]["prompt_tokens"], event["detail"]["sized"]) == (1000, 0)


def record(evidence: str, at: datetime, status: str = "processed", **more: Any) -> dict[str, Any]:
    """A record of the table."""
    return {"evidence_id": evidence, "case_id": "case_1", "status": status, "updated_at": at.isoformat(), **more}


def test_what_records_tell() -> None:
    """An attempt that is over, when it was; one at work is over once Lambda would have ended it; a count tells of more than one."""
    pieces, until = Pieces(), START + 5 * MINUTE
    items = [
        record("ev_1", START, "processed", attempts=3),
        record("ev_2", START + MINUTE, "FAILED"),
        record("ev_3", START - 14 * MINUTE, "processing"),
        record("ev_4", START, "processing"),
        record("ev_5", until),
        record("../x", START),
        {"evidence_id": "ev_6", "case_id": "case_1", "status": "processed"},
        record("ev_7", START) | {"case_id": None, "status": 7},
    ]
    found = pieces.ended(items, START, until)
    assert [(one.piece[1], one.attempts) for one in found] == [("ev_1", 1), ("ev_2", 1), ("ev_3", 1)]
    assert found[2].at == (START + MINUTE).timestamp()
    later = until + MINUTE
    more = [record("ev_1", later, attempts=7), record("ev_2", later), record("ev_8", later, attempts=10**30)]
    assert [one.attempts for one in pieces.ended(more, until, until + 5 * MINUTE)] == [4, 1, 1]
    # After a time of which the log has told a difference would count that again.
    again = [record("ev_1", START + 60 * MINUTE, attempts=99)]
    assert [one.attempts for one in pieces.ended(again, START + 59 * MINUTE, START + 64 * MINUTE)] == [1]
    assert over_at({"status": "processing", "updated_at": "9999-12-31T23:59:59+00:00"}) is None


async def test_what_both_tell_of_is_counted_by_one() -> None:
    """The log's beginning and the table's end are one attempt, in either order; what ended before the log's END is, and no later."""
    one = estimates()
    at = START.timestamp()
    lines = [begun(1, 0), said(f"reading {KEY}", 1, at=1), ended(1, 100)]
    assert len(await one.of_log(START, lines)) == 1
    assert one.of_table([Ended(("case_1", "ev_1"), at + 99, {})]) == []
    [event] = one.of_table([Ended(("case_1", "ev_1"), at + 200, {"size": 1024, "type": "text"})])
    assert (event["detail"]["attempts"], event["detail"]["prompt_tokens"]) == (1, 300)
    assert event["detail"]["estimated_from"] == "table"
    # The log comes back, and tells of the same minutes.
    again = [begun(2, 190), said(f"reading {KEY}", 2, at=191), said("reading cases/case_1/raw/ev_2_b.pdf", 2, at=192)]
    [beyond] = await one.of_log(START + 3 * MINUTE, again)
    assert beyond["detail"]["attempts"] == 1
    assert beyond["id"] != event["id"]


ATTEMPTS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 1500), st.integers(1, 600), st.sampled_from(["log", "table", "both"])),
    max_size=8,
)


@given(ATTEMPTS, st.booleans())
async def test_an_attempt_counts_once_whichever_tells(attempts: list[tuple[int, int, int, str]], late: bool) -> None:
    """Of attempts at pieces, one after the other, each is told by log, table or both: those are what is counted, and no more."""
    free: dict[int, int] = {}
    lines, ends, count = list[LogMessage](), list[Ended](), 0
    for number, (piece, start, lasts, by) in enumerate(sorted(attempts, key=lambda each: each[1])):
        begins = max(start, free.get(piece, 0))
        free[piece] = begins + lasts + 5
        count += 1
        if by != "table":
            key, stream = f"cases/case_1/raw/ev_{piece}_a.pdf", f"s{number}"
            lines += [
                begun(number, begins, stream),
                said(key, number, stream, begins),
                ended(number, begins + lasts, stream),
            ]
        if by != "log":
            ends.append(Ended(("case_1", f"ev_{piece}"), START.timestamp() + begins + lasts, {}))
    one, told = estimates(), dict[str, int]()
    lines.sort(key=lambda line: line.at)

    def take_in(events: Sequence[Mapping[str, Any]]) -> None:
        for event in events:
            told.setdefault(event["id"], event["detail"]["attempts"])

    if not late:
        take_in(one.of_table(ends))
    for minute in range(115):
        since = (START + minute * MINUTE).timestamp()
        window = [line for line in lines if since <= line.at < since + 60]
        take_in(await one.of_log(START + minute * MINUTE, window))
    if late:
        take_in(one.of_table(ends))
    assert sum(told.values()) == count
