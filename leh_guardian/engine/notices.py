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
from leh_guardian.engine.wording import ACTION_WORDS, STATES
from leh_guardian.language import NOTHING, Locale, Text, count
from leh_guardian.model.incident import Incident
from leh_guardian.model.text import told
from leh_guardian.ports import Notice, NoticeKind
from leh_guardian.telemetry.redaction import redact

_LONGEST: Final = 16_000
_LONGEST_BRIEF: Final = 300
"""It is what an approval is about: who closed a case and when, what is missing where, the price."""
_MOST_BUNDLED: Final = 20
_KINDS: Final = {
    "page": NoticeKind.PAGE,
    "update": NoticeKind.NOTICE,
    "status": NoticeKind.STATUS,
    "reminder": NoticeKind.REMINDER,
    "handover": NoticeKind.NOTICE,
}
_AGAIN: Final = Text(ko="(재전송: 이미 받은 내용일 수 있습니다)", en="(sent again: you may have had it already)")


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
    locale: Locale = Locale.KO,
) -> Notice:
    """Return a message as it goes out, in the language of its text; `following` says who is called next.

    Whom to call is what it may be for; nobody's number and no secret is, wherever in the text they come from.
    """
    title, *lines = redact(params["text"], _LONGEST, phones=False).splitlines() or [""]
    if bundle:
        lines += [_beside(len(bundle)).of(locale), *(f"· {one}" for one in bundle[:_MOST_BUNDLED])]
        if (left := len(bundle) - _MOST_BUNDLED) > 0:
            lines.append(Text(ko=f"· 그 밖에 {left}건", en=f"· and {left} more").of(locale))
    if params["kind"] in {"page", "update"} and (
        done := [_tried(one, locale) for one in tried if one["status"] != "skipped"]
    ):
        did = " · ".join(done)
        lines.append(Text(ko=f"자동 조치: {did}", en=f"Remedies: {did}").of(locale))
    if following and params["kind"] == "page":
        lines.append(following)
    if replies.code:
        digits = replies.code
        lines.append(
            Text(ko=f"확인 코드: {digits} (링크에서 입력)", en=f"Code: {digits} (type it behind the link)").of(locale)
        )
    if again:
        lines.append(_AGAIN.of(locale))
    number = f"INC-{incident.number}"
    more = Text(ko=f" 외 {len(bundle)}건", en=f" and {len(bundle)} more").of(locale) if bundle else ""
    state = STATES[incident.status.value]
    level = params["level"] or incident.level
    code = Text(ko=f" 코드 {replies.code}", en=f" code {replies.code}") if replies.code else NOTHING
    about = f" {incident.rule_id} {number}{more} {state.of(locale)}"
    brief = params.get("brief", "")
    return Notice(
        id=str(action_id),
        # The title names what it is about, which an event chose.
        title=(brief or f"[{incident.severity.value.upper()}] [Lv{level}]{about}") if strict else title + more,
        lines=() if strict else lines,
        incident=str(incident.id),
        rule=incident.rule_id,
        severity=incident.severity.value,
        kind=NoticeKind.APPROVAL if params.get("approves") and params["kind"] != "status" else _KINDS[params["kind"]],
        to=to,
        number="" if brief else number,
        level=level,
        status=incident.status.value,
        link=replies.link,
        code=replies.code,
        short=brief or f"[Lv{level}]{code.of(locale)}{about}",
        spoken=brief or _spoken(level, incident.rule_id.replace("-", " "), state).of(locale),
        variables={
            "등급": f"Lv{level}",
            "서비스": incident.rule_id,
            "요약": f"{state.ko}{code.ko}",
            "사건번호": number,
            "기한": params.get("deadline", ""),
        },
        buttons=replies.buttons,
        thread=thread,
        again=again,
        locale=locale,
    )


def _beside(others: int) -> Text:
    return Text(ko=f"같은 시간에 발생한 장애 {others}건:", en=f"{count(others, 'incident')} at the same time:")


def _spoken(level: int, rule: str, state: Text) -> Text:
    return Text(
        ko=f"레브 가디언입니다. 등급 {level}, {rule}, {state.ko}. 문자 링크에서 확인해 주세요.",
        en=f"This is L E H guardian. Level {level}, {rule}, {state.en}. Please answer by the link in the text message.",
    )


def _tried(row: Mapping[str, Any], locale: Locale) -> str:
    outcome = json.loads(row["outcome"]) if row["outcome"] else {}
    dry = Text(ko=" (연습)", en=" (dry run)").of(locale) if row["dry_run"] else ""
    said = ACTION_WORDS[row["status"]].of(locale) + dry
    # What a look has found, and a handler has put into few words, is what an approval is about.
    if row["status"] in {"failed", "needs_human"}:
        summary, most = outcome.get("summary", ""), 120
    else:
        summary, most = _brief(outcome.get("facts") or {}, locale), _LONGEST_BRIEF
    return f"{row['handler']} {said}" + (f" ({told(summary, most, phones=False)})" if summary else "")


def _brief(facts: Mapping[str, Any], locale: Locale) -> str:
    """Return what was found or done in few words, in the reader's language where it is kept in that."""
    kept = facts.get("brief_in")
    found = kept.get(locale.value) if isinstance(kept, Mapping) else None
    return str(found or facts.get("brief") or "")
