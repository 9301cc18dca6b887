"""Owns what the engine says to the on-call, in Korean; the one rule: what happened, what it needs, what to type - in that order."""

from __future__ import annotations

from enum import StrEnum

from leh_guardian.model.incident import Incident
from leh_guardian.model.text import told


class Cause(StrEnum):
    """Why people are told."""

    STEP_FAILED = "step-failed"
    NEEDS_HUMAN = "needs-human"
    BUDGET_SPENT = "budget-spent"
    NOT_HELPED = "not-helped"
    FALSE_OK = "false-ok"
    UNCONFIRMED = "unconfirmed"
    APPROVAL = "approval"
    NO_REMEDY = "no-remedy"
    RULES_REFUSED = "rules-refused"
    RULE_GONE = "rule-gone"


_SENTENCES = {
    Cause.STEP_FAILED: "자동 조치가 실패하여 중단했습니다. 사람이 확인해야 합니다.",
    Cause.NEEDS_HUMAN: "조치가 실행되었는지 알 수 없습니다. 다시 실행하지 않고 사람의 확인을 기다립니다.",
    Cause.BUDGET_SPENT: (
        "규칙의 실행 한도를 모두 사용했습니다. "
        "이후 이 규칙의 장애는 조치하지도, 하나씩 알리지도 않으므로 사람이 확인해야 합니다."
    ),
    Cause.NOT_HELPED: "조치를 실행했지만 효과가 확인되지 않았습니다.",
    Cause.FALSE_OK: "경보는 정상(OK)으로 바뀌었지만 큐가 비지 않았습니다.",
    Cause.UNCONFIRMED: "경보는 정상(OK)으로 바뀌었지만 큐를 확인할 수 없어 장애를 닫지 않았습니다.",
    Cause.APPROVAL: "승인을 기다리는 조치가 있습니다. 승인하지 않으면 아무것도 실행하지 않습니다.",
    Cause.NO_REMEDY: "자동 조치가 없는 장애입니다. 사람이 대응해야 합니다.",
    Cause.RULES_REFUSED: "규칙 파일을 읽을 수 없어 마지막으로 정상인 규칙을 계속 사용합니다. 파일을 고치면 자동으로 다시 읽습니다.",
    Cause.RULE_GONE: "이 장애의 규칙이 삭제되었거나 이름이 바뀌어 정상(OK) 이벤트로 닫히지 않습니다. 확인 후 직접 해결 처리하세요.",
}


def message(cause: Cause, incident: Incident, detail: str, *, action: str | None = None) -> str:
    """Return the text of a message about `incident`; `detail` is data and is shown on one line."""
    subject = f" ({told(incident.dedup_key, 120, phones=False)})" if incident.dedup_key else ""
    lines = [
        f"[{incident.severity.value.upper()}] {incident.rule_id}{subject}",
        _SENTENCES[cause],
        f"상세: {told(detail, 600, phones=False)}",
    ]
    if action is not None:
        lines.append(f"승인: leh-guardian actions approve {action}")
        lines.append(f"거절: leh-guardian actions reject {action}")
    if cause is Cause.BUDGET_SPENT:
        lines.append(f"목록: leh-guardian incidents list --rule {incident.rule_id}")
    lines.append(f"확인: leh-guardian incidents show {incident.id}")
    return "\n".join(lines)
