"""Owns the stream from messages to a Diagnosis; the one rule: whoever feeds it, and however much, it needs a bounded memory."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import replace
from typing import Final

from leh_guardian.diagnosis.failure import Failure
from leh_guardian.diagnosis.grouping import Grouper
from leh_guardian.diagnosis.judging import failures_of, is_error, read_record, told_elsewhere
from leh_guardian.diagnosis.masking import masked
from leh_guardian.diagnosis.reading import message, read_entries
from leh_guardian.diagnosis.record import Record
from leh_guardian.diagnosis.signatures import Judged, Table
from leh_guardian.diagnosis.structured import Said
from leh_guardian.diagnosis.subjects import Subject, activity_of, subject_of, words
from leh_guardian.diagnosis.tally import Item, Tally
from leh_guardian.diagnosis.transport import Entry
from leh_guardian.diagnosis.verdict import Diagnosis, diagnose
from leh_guardian.diagnosis.window import Readable

_MOST_REQUESTS: Final = 2000
_NOBODY: Final = Subject()
_VERSION: Final = re.compile(r"\[(\d{1,9}|\$LATEST)\]")


class Diagnoser:
    """Takes a log's messages one by one; `finish` says what they come to."""

    def __init__(self, table: Table, *, deployed_at: float | None = None) -> None:
        self._table = table
        self._deployed_at = deployed_at
        self._grouper = Grouper()
        self._tally = Tally()
        self._current: OrderedDict[str, str] = OrderedDict()
        """The request that each stream is in."""
        self._subjects: OrderedDict[str, Subject] = OrderedDict()
        """What each request, or stream, was about when it last said so."""
        self._before: OrderedDict[str, str] = OrderedDict()
        """What each request, or stream, said last."""

    def feed_event(self, n: int, text: str, *, stream: str = "", at: float | None = None) -> None:
        """Take a message as CloudWatch Logs gives it; `n` is what its line is called, `at` seconds since the epoch.

        It is one message, whatever it holds: a file that the worker logs may look like a log of thousands, in streams of its own.
        """
        for entry in message(n, text, document=False):
            self.feed(entry._replace(stream=stream or entry.stream or "", at=at or entry.at))

    def feed(self, entry: Entry) -> None:
        """Take a message."""
        for record in self._grouper.feed(entry):
            self._take(record)

    def feed_failure(
        self, n: int, name: str, text: str, *, subject: Subject = _NOBODY, request: str = "", at: float | None = None
    ) -> None:
        """Take a failure that something else than a log tells of, by the name and the text of its exception."""
        record = Record(n, request=request, at=at)
        self._tally.see(at)
        self._fail(record, told_elsewhere(name, text), request or subject.evidence or f"line {n}", subject, "")

    def finish(self) -> Diagnosis:
        """Return the diagnosis of all that was taken."""
        for record in self._grouper.finish():
            self._take(record)
        return diagnose(self._tally, self._deployed_at)

    def _take(self, record: Record) -> None:
        self._tally.see(record.at)
        said = read_record(record)
        request = record.request or said.request or self._current.get(record.stream, "")
        key = request or record.stream
        found = _VERSION.search(record.stream)
        version = found[1] if found else ""
        self._follow(record, request)
        subject = self._about(record, key)
        if request:
            self._tally.attempt(request, version)
        if is_error(record, said):
            self._fail(record, said, request or subject.evidence or f"line {record.n}", subject, version)
        elif record.platform is None and (text := words(record).strip()):
            _put(self._before, key, text[:400])

    def _fail(self, record: Record, said: Said, key: str, subject: Subject, version: str) -> None:
        if record.platform is not None and record.platform.repeats and self._tally.failed(key):
            return
        failures = failures_of(said)
        if failures[0].provider == "lambda" and failures[0].exception == "Timeout":
            failures = (self._timed_out(failures[0], key, record), *failures[1:])
        judged = self._table.judge(failures)
        sample = masked(said, judged) if self._tally.wants_sample(judged) else None
        self._tally.add(record.n, judged, sample)
        self._tally.attempt(key, version)
        self._tally.add_item(key, Item(_without_text(judged), subject, record.at, version))

    def _timed_out(self, failure: Failure, key: str, record: Record) -> Failure:
        said_last = self._before.get(key) or self._before.get(record.stream, "")
        return replace(failure, before=activity_of(said_last))

    def _follow(self, record: Record, request: str) -> None:
        if record.platform is not None and record.platform.kind == "start":
            _put(self._current, record.stream, request)
            self._before.pop(record.stream, None)
        elif record.platform is not None and record.platform.kind == "report":
            self._current.pop(record.stream, None)

    def _about(self, record: Record, key: str) -> Subject:
        named = subject_of(record)
        known = self._subjects.get(key, Subject()) if key else Subject()
        subject = Subject(named.case or known.case, named.evidence or known.evidence)
        if key and subject != known:
            _put(self._subjects, key, subject)
        return subject


def diagnose_stream(stream: Readable, table: Table, *, deployed_at: float | None = None) -> Diagnosis:
    """Return the diagnosis of a file of log lines, in whichever shape they are."""
    diagnoser = Diagnoser(table, deployed_at=deployed_at)
    for entry in read_entries(stream):
        diagnoser.feed(entry)
    return diagnoser.finish()


def _put(kept: OrderedDict[str, str] | OrderedDict[str, Subject], key: str, value: str | Subject) -> None:
    kept.pop(key, None)
    kept[key] = value  # type: ignore[assignment]
    if len(kept) > _MOST_REQUESTS:
        kept.popitem(last=False)


def _without_text(judged: Judged) -> Judged:
    """Return what is kept of a judgement: tens of thousands of them must not keep tens of thousands of texts."""
    return replace(judged, failure=Failure())
