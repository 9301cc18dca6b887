"""The judgement of an upload burst: attack, suspicious or legitimate, by named signals and their numbers; pure.

Lines → records (`reading`, `record`) → the newest 24 hours and what was before (`gathering`) → who uploaded (`subject`, `retries`,
`crowd`) → numbers (`measures`) → signals that hold and what they weigh (`signals`) → the answer (`judging`, `judgement`).
"""

from __future__ import annotations

from leh_guardian.uploads.judgement import Judged, Judgement
from leh_guardian.uploads.judging import judge
from leh_guardian.uploads.reading import UploadLog
from leh_guardian.uploads.record import Record, record_of
from leh_guardian.uploads.signals import Condition, Signal, SignalTable, Verdict

__all__ = [
    "Condition",
    "Judged",
    "Judgement",
    "Record",
    "Signal",
    "SignalTable",
    "UploadLog",
    "Verdict",
    "judge",
    "record_of",
]
