"""Owns the shapes of the Legal Evidence Hub's own events, apart from AWS's; the one rule: the service may send more than this.

Its programs grow without asking guardian, so every event has room for other fields, and an event of another name is not doubted.
What stands here is what rules rely on: fields whose type decides whether a comparison can ever hold.
"""

from __future__ import annotations

from typing import Final

from leh_guardian.rules.shapes.event_type import EventType
from leh_guardian.rules.shapes.kinds import MORE, NUMBER, OPEN, Shape, texts

_WORKER: Final = ("leh.ai-worker",)
_BACKEND: Final = ("leh.backend",)
_MORE: Final[dict[str, Shape]] = {MORE: OPEN}

EVENTS: Final = (
    EventType(
        _WORKER,
        "TokenUsage",
        {
            **texts("case_id user_id evidence_id model"),
            **dict.fromkeys(("cost_usd", "input_tokens", "output_tokens"), NUMBER),
            **_MORE,
        },
    ),
    EventType(_WORKER, "EvidenceProcessed", {**texts("s3_key case_id evidence_id status"), **_MORE}),
    EventType(_BACKEND, "CaseClosed", {**texts("case_id user_id"), **_MORE}),
    EventType(_BACKEND, "CaseRestoreRequested", {**texts("case_id user_id reason"), **_MORE}),
)
