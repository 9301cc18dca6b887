"""Owns the judgement of an upload burst; the one rule: pure, so that the same records and rules always give the same verdict."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from leh_guardian.uploads.crowd import with_crowds
from leh_guardian.uploads.gathering import INCIDENT, gather
from leh_guardian.uploads.judgement import Judged, Judgement
from leh_guardian.uploads.measures import MEASURES
from leh_guardian.uploads.record import Record
from leh_guardian.uploads.signals import WORST, SignalTable, Verdict, weigh
from leh_guardian.uploads.subject import Subject, subjects_of

_ORDER: Final = {verdict: place for place, verdict in enumerate(WORST)}


def judge(
    records: Iterable[Record], rules: SignalTable, now: datetime, window: timedelta = timedelta(seconds=INCIDENT)
) -> Judgement:
    """Return what the records of an upload burst are taken for.

    Args:
        records: in any order, from any sources; see `record_of`. They are taken in one by one and need not fit into memory.
        rules: the signals.
        now: aware; records dated more than a year ahead of it are left out. The incident ends with the newest of the rest.
        window: the length of the incident; the weights are tuned on a day.
    """
    gathered = gather(records, now, window.total_seconds())
    wanted = {c.measure for signal in rules.signals for c in (*signal.when, *signal.unless)}
    judged = [_judged(subject, wanted, rules) for subject in with_crowds(subjects_of(gathered))]
    judged.sort(key=_worst_first)
    verdict, score = (
        (judged[0].weighed.verdict, judged[0].weighed.score) if judged else (Verdict.LEGITIMATE, rules.prior)
    )
    return Judgement(verdict, score, tuple(judged), gathered, rules.digest, rules.prior)


def _judged(subject: Subject, wanted: set[str], rules: SignalTable) -> Judged:
    values = {name: MEASURES[name].function(subject) for name in wanted}
    return Judged(subject, values, weigh(values, rules))


def _worst_first(judged: Judged) -> tuple[int, float, str, str]:
    who = judged.subject.who
    return (_ORDER[judged.weighed.verdict], -judged.weighed.score, who.user or "", who.case or "")
