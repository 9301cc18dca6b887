"""Owns the shapes of the Legal Evidence Hub's own events, guardian's included; the one rule: the service may send more than this.

Its programs grow without asking guardian, so every event has room for other fields, and an event of another name is not doubted.
What stands here is what rules rely on: fields whose type decides whether a comparison can ever hold.
"""

from __future__ import annotations

from typing import Final

from leh_guardian.rules.shapes.event_type import EventType
from leh_guardian.rules.shapes.kinds import FLAG, MORE, NUMBER, OPEN, TEXT, Rows, Shape, one_of, texts

_WORKER: Final = ("leh.ai-worker",)
_BACKEND: Final = ("leh.backend",)
_GUARDIAN: Final = ("leh.guardian",)
_VERDICTS: Final = (
    *("external_outage", "throttled", "quota", "transient", "code_bug"),
    *("bad_input", "config", "internal_dependency", "unknown"),
)
_STATUSES: Final = ("OK", "WARN", "FAIL", "UNKNOWN")
_MORE: Final[dict[str, Shape]] = {MORE: OPEN}

EVENTS: Final = (
    EventType(
        _WORKER,
        "TokenUsage",
        {
            **texts("case_id user_id evidence_id model"),
            **texts("sha256 outcome"),
            **dict.fromkeys(("cost_usd", "prompt_tokens", "completion_tokens", "attempt"), NUMBER),
            "priced": FLAG,
            **_MORE,
        },
    ),
    EventType(_WORKER, "AllowanceSpent", {"case_id": TEXT, "tokens": NUMBER, **_MORE}),
    EventType(_WORKER, "EvidenceProcessed", {**texts("s3_key case_id evidence_id status"), **_MORE}),
    EventType(
        _GUARDIAN,
        "Worker Errors Logged",
        {
            "log_group": TEXT,
            "window": texts("start end"),
            "verdict": one_of(*_VERDICTS),
            **dict.fromkeys(("confidence", "errors", "attempts", "failed"), NUMBER),
            "signatures": OPEN,
            "samples": Rows({"class": one_of(*_VERDICTS), **texts("signature text")}),
            **dict.fromkeys(("cases", "evidence"), Rows(TEXT)),
            "whole": FLAG,
        },
    ),
    EventType(
        _GUARDIAN,
        "Spend Limit Crossed",
        {
            "scope": one_of("case", "user", "fleet"),
            "tier": one_of("warn", "park", "hard"),
            **texts("key case_id user_id limit reason unusual"),
            **dict.fromkeys(("over", "tokens", "usd", "attempts"), NUMBER),
            "estimated": FLAG,
            "estimated_from": Rows(one_of("log", "table")),
        },
    ),
    EventType(
        _GUARDIAN,
        "Circuit Changed",
        {
            "scope": one_of("case", "user", "fleet"),
            "state": one_of("closed", "open", "half_open", "forced_open", "forced_closed", "shadow"),
            "verdict": one_of("legitimate", "suspicious", "attack"),
            **texts("key case_id user_id actor reason until"),
            **dict.fromkeys(("version", "opens"), NUMBER),
            **dict.fromkeys(("asks", "hard"), FLAG),
        },
    ),
    EventType(_GUARDIAN, "Parked Work Left", {"case_id": TEXT, "parked": NUMBER}),
    EventType(_GUARDIAN, "Schedule Tick", {"rule": TEXT, "at": TEXT, "late_seconds": NUMBER, "caught_up": FLAG}),
    EventType(
        _GUARDIAN,
        "Check Result",
        {
            "status": one_of(*_STATUSES),
            "previous": one_of(*_STATUSES, "none"),
            **texts("check since rule"),
            **dict.fromkeys(("measured", "threshold", "evidence"), OPEN),
            **dict.fromkeys(("reasons", "what_to_do"), Rows(texts("ko en"))),
            **_MORE,
        },
    ),
    EventType(_GUARDIAN, "Weekly Report Sent", {"overall": one_of(*_STATUSES), **texts("report previous week")}),
    EventType(_GUARDIAN, "Weekly Report Awaited", {"report": TEXT}),
    EventType(_BACKEND, "CaseClosed", {**texts("case_id user_id"), **_MORE}),
    EventType(_BACKEND, "CaseCloseUndoRequested", {**texts("case_id user_id reason"), **_MORE}),
    EventType((*_BACKEND, *_GUARDIAN), "CaseRestoreRequested", {**texts("case_id user_id reason"), **_MORE}),
)
