"""Owns what a message to people says when it goes out; the one rule: what others may read holds nothing of the event.

A message's own words were frozen with it. Added here is what is true now: what has been tried, what is bundled with it, and the forms
for a telephone: level, rule and number only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from leh_guardian.engine.answer_links import Replies
from leh_guardian.engine.wording import ACTION_WORDS
from leh_guardian.model.incident import Incident
from leh_guardian.model.text import told
from leh_guardian.ports import Notice, NoticeKind
from leh_guardian.telemetry.redaction import redact

_LONGEST: Final = 16_000
_MOST_BUNDLED: Final = 20
_KINDS: Final = {
    "page": NoticeKind.PAGE,
    "update": NoticeKind.NOTICE,
    "status": NoticeKind.STATUS,
    "reminder": NoticeKind.REMINDER,
}
_STATES: Final = {"triggered": "응답 필요", "acknowledged": "확인됨", "snoozed": "보류", "resolved": "해결됨"}


def compose(
    action_id: UUID,
    incident: Incident,
    params: Mapping[str, Any],
    *,
    to: str,
    tried: Sequence[Mapping[str, Any]],
    bundle: Sequence[str],
    thread: Mapping[str, str],
    again: bool,
    strict: bool,
    replies: Replies,
    following: str = "",
) -> Notice:
    """Return a message as it goes out; `following` says who is called next.

    Whom to call is what it may be for; nobody's number and no secret is, wherever in the text they come from.
    """
    title, *lines = redact(params["text"], _LONGEST, phones=False).splitlines() or [""]
    if bundle:
        lines += [f"같은 시간에 발생한 장애 {len(bundle)}건:", *(f"· {one}" for one in bundle[:_MOST_BUNDLED])]
        if len(bundle) > _MOST_BUNDLED:
            lines.append(f"· 그 밖에 {len(bundle) - _MOST_BUNDLED}건")
    if params["kind"] in {"page", "update"} and (done := [_tried(one) for one in tried if one["status"] != "skipped"]):
        lines.append("자동 조치: " + " · ".join(done))
    if following and params["kind"] == "page":
        lines.append(following)
    if replies.code:
        lines.append(f"확인 코드: {replies.code} (링크에서 입력)")
    if again:
        lines.append("(재전송: 이미 받은 내용일 수 있습니다)")
    number = f"INC-{incident.number}"
    more = f" 외 {len(bundle)}건" if bundle else ""
    state = _STATES[incident.status.value]
    level = params["level"] or incident.level
    code = f" 코드 {replies.code}" if replies.code else ""
    about = f" {incident.rule_id} {number}{more} {state}"
    return Notice(
        id=str(action_id),
        # The title names what it is about, which an event chose.
        title=f"[{incident.severity.value.upper()}] [Lv{level}]{about}" if strict else title + more,
        lines=() if strict else lines,
        incident=str(incident.id),
        rule=incident.rule_id,
        severity=incident.severity.value,
        kind=NoticeKind.APPROVAL if params.get("approves") and params["kind"] != "status" else _KINDS[params["kind"]],
        to=to,
        number=number,
        level=level,
        status=incident.status.value,
        link=replies.link,
        code=replies.code,
        short=f"[Lv{level}]{code}{about}",
        spoken=f"레브 가디언입니다. 등급 {level}, {incident.rule_id.replace('-', ' ')}, {state}. 문자 링크에서 확인해 주세요.",
        variables={
            "등급": f"Lv{level}",
            "서비스": incident.rule_id,
            "요약": f"{state}{code}",
            "사건번호": number,
            "기한": params.get("deadline", ""),
        },
        buttons=replies.buttons,
        thread=thread,
        again=again,
    )


def _tried(row: Mapping[str, Any]) -> str:
    outcome = json.loads(row["outcome"]) if row["outcome"] else {}
    said = ACTION_WORDS[row["status"]] + (" (연습)" if row["dry_run"] else "")
    # What a look has found, and a handler has put into few words, is what an approval is about.
    brief = (outcome.get("facts") or {}).get("brief") or ""
    summary = outcome.get("summary", "") if row["status"] in {"failed", "needs_human"} else brief
    return f"{row['handler']} {said}" + (f" ({told(summary, 120, phones=False)})" if summary else "")
