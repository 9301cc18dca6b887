"""The diagnosis of a stuck AI worker from its log: pure, streaming, in bounded memory.

Bytes → messages (`reading`, `transport`) → records (`grouping`) → what each says of a failure (`judging`, `structured`,
`tracebacks`, `mentions`) → its fields (`failure`) → the first signature that fits (`signatures`) → counts (`tally`) → `verdict`.
"""

from __future__ import annotations

from leh_guardian.diagnosis.diagnoser import Diagnoser, diagnose_stream
from leh_guardian.diagnosis.signatures import Signature, Table, Verdict
from leh_guardian.diagnosis.subjects import Subject
from leh_guardian.diagnosis.verdict import Diagnosis

__all__ = ["Diagnoser", "Diagnosis", "Signature", "Subject", "Table", "Verdict", "diagnose_stream"]
