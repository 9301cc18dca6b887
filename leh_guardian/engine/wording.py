"""Owns what the engine says to the on-call; the one rule: what happened, what it needs, what to type - in that order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from leh_guardian.language import NOTHING, Locale, Text, length, lines_of
from leh_guardian.model.escalation import Call, Why
from leh_guardian.model.expectation import MANY
from leh_guardian.model.incident import Incident
from leh_guardian.model.journal import Kind
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
    UNHANDLED = "unhandled"
    RULES_REFUSED = "rules-refused"
    RULE_GONE = "rule-gone"
    ALARM_GONE = "alarm-gone"
    SLOW = "slow"
    STALLED = "stalled"
    NO_OK = "no-ok"
    BESIDE = "beside"
    SILENT = "silent"
    PROBE = "probe"
    CHANNEL_BROKEN = "channel-broken"


_SENTENCES: Final = {
    Cause.STEP_FAILED: Text(
        ko="자동 조치가 실패하여 중단했습니다. 사람이 확인해야 합니다.",
        en="A remedy failed, so guardian stopped. A person has to look.",
    ),
    Cause.NEEDS_HUMAN: Text(
        ko="조치가 실행되었는지 알 수 없습니다. 다시 실행하지 않고 사람의 확인을 기다립니다.",
        en="It is not known whether a remedy was carried out. It is not tried again: guardian waits for a person to look.",
    ),
    Cause.BUDGET_SPENT: Text(
        ko=(
            "규칙의 실행 한도를 모두 사용했습니다. "
            "이후 이 규칙의 장애는 조치하지도, 하나씩 알리지도 않으므로 사람이 확인해야 합니다."
        ),
        en=(
            "The rule has used up the runs that it may have. "
            "Until there are more, its incidents are neither remedied nor told one by one: a person has to look."
        ),
    ),
    Cause.PROBE: Text(
        ko="guardian이 서비스를 직접 점검한 결과(프로브)가 연속으로 실패했습니다. 서비스가 동작하는지 사람이 확인해야 합니다.",
        en="guardian's own probe of the service failed several times in a row. A person has to look whether the service works.",
    ),
    Cause.ALARM_GONE: Text(
        ko="이 장애의 CloudWatch 경보가 삭제되어 정상(OK) 이벤트로 닫히지 않습니다. 확인 후 직접 해결 처리하세요.",
        en="The CloudWatch alarm of this incident was deleted, so no OK will close it. Look, and resolve it yourself.",
    ),
    Cause.CHANNEL_BROKEN: Text(
        ko=(
            "연락 채널 불통: 이 채널이 메시지를 받지 않아 다른 수단(failover)으로 보냅니다. "
            "토큰, 권한, 서비스 상태를 확인하세요. 다시 동작하면 자동으로 닫힙니다."
        ),
        en=(
            "A channel does not work: it takes no messages, so they go by another one (failover). "
            "Check its token, its permissions and the provider. The incident closes once it works again."
        ),
    ),
    Cause.NOT_HELPED: Text(
        ko="조치를 실행했지만 효과가 확인되지 않았습니다.",
        en="The remedy was carried out, and no effect of it can be seen.",
    ),
    Cause.FALSE_OK: Text(
        ko="경보는 정상(OK)으로 바뀌었지만 큐가 비지 않았습니다.",
        en="The alarm says OK, but the queue is not empty.",
    ),
    Cause.UNCONFIRMED: Text(
        ko="경보는 정상(OK)으로 바뀌었지만 큐를 확인할 수 없어 장애를 닫지 않았습니다.",
        en="The alarm says OK, but the queue cannot be looked at, so the incident stays open.",
    ),
    Cause.APPROVAL: Text(
        ko="승인을 기다리는 조치가 있습니다. 승인하지 않으면 아무것도 실행하지 않습니다.",
        en="A remedy waits for approval. Nothing is carried out without it.",
    ),
    Cause.NO_REMEDY: Text(
        ko="자동 조치가 없는 장애입니다. 사람이 대응해야 합니다.",
        en="There is no automatic remedy for this incident. A person has to deal with it.",
    ),
    Cause.UNHANDLED: Text(
        ko="진단 결과에 맞는 조치가 규칙에 없어 아무 조치도 하지 않았습니다. 사람이 대응해야 합니다.",
        en="The rule has no remedy for what the diagnosis found, so nothing was done. A person has to deal with it.",
    ),
    Cause.RULES_REFUSED: Text(
        ko="규칙 파일을 읽을 수 없어 마지막으로 정상인 규칙을 계속 사용합니다. 파일을 고치면 자동으로 다시 읽습니다.",
        en="The rule files cannot be used; the last good rules stay in use. Mend the files, and they are read again by themselves.",
    ),
    Cause.SLOW: Text(
        ko="자동 조치가 정해진 시간 안에 끝나지 않아 호출합니다. 조치는 계속 진행 중입니다.",
        en="The remedy has not ended in its time, so you are called. It is still at work.",
    ),
    Cause.STALLED: Text(
        ko="자동 조치가 진행되지 않고 있습니다. 사람이 확인해야 합니다.",
        en="The remedy is making no progress. A person has to look.",
    ),
    Cause.NO_OK: Text(
        ko="자동 조치는 끝났지만 경보가 정상(OK)으로 돌아오지 않았습니다. 사람이 확인해야 합니다.",
        en="The remedy has ended, but the alarm has not come back to OK. A person has to look.",
    ),
    Cause.BESIDE: Text(
        ko="자동 조치와 동시에 담당자를 호출합니다.",
        en="People are called while the remedy is at work.",
    ),
    Cause.SILENT: Text(
        ko="정해진 시간 안에 신호(하트비트)가 오지 않았습니다. 보내는 쪽이 멈추지 않았는지 사람이 확인해야 합니다.",
        en="A heartbeat did not come in its time. A person has to look whether its sender has stopped.",
    ),
    Cause.RULE_GONE: Text(
        ko="이 장애의 규칙이 삭제되었거나 이름이 바뀌어 정상(OK) 이벤트로 닫히지 않습니다. 확인 후 직접 해결 처리하세요.",
        en="This incident's rule was removed or renamed, so no OK event closes it. Look, and resolve it by hand.",
    ),
}


STATES: Final = {
    "triggered": Text(ko="응답 필요", en="needs an answer"),
    "acknowledged": Text(ko="확인됨", en="acknowledged"),
    "snoozed": Text(ko="보류", en="snoozed"),
    "resolved": Text(ko="해결됨", en="resolved"),
}
"""What people call the states of an incident when it is for them to answer."""
ACTION_WORDS: Final = {
    "proposed": Text(ko="승인 대기", en="waits for approval"),
    "scheduled": Text(ko="예정", en="scheduled"),
    "running": Text(ko="실행 중", en="running"),
    "waiting": Text(ko="기다리는 중", en="waiting"),
    "succeeded": Text(ko="성공", en="succeeded"),
    "skipped": Text(ko="건너뜀", en="skipped"),
    "failed": Text(ko="실패", en="failed"),
    "needs_human": Text(ko="결과를 알 수 없음", en="outcome unknown"),
    "rejected": Text(ko="거절됨", en="rejected"),
}
"""What people call the states of an action."""


def called(call: Call, incident: Incident, ack_within: float | None, late: timedelta | None, by: str) -> Text:
    """Return what somebody is called with: what it is about and until when to answer, why now, and what was told before."""
    within = length(timedelta(seconds=ack_within or 0))
    until = Text(ko=f"{within.ko} 내 응답", en=f"answer within {within.en}")
    if not ack_within:
        until = Text(ko="즉시 응답", en="answer now")
    head = f"[{incident.severity.value.upper()}·Lv{call.level}] {_subject(incident)}"
    lines = [Text(ko=f"{head} · {until.ko}", en=f"{head} · {until.en}")]
    if why := because(call, by):
        lines.append(why)
    if late is not None:
        behind = length(late)
        lines.append(
            Text(
                ko=f"지연 처리: guardian이 멈춰 있어 예정보다 {behind.ko} 늦게 호출합니다.",
                en=f"Late: guardian stood still, so this call is {behind.en} later than planned.",
            )
        )
    if call.passed:
        levels = ", ".join(f"Lv{level}" for level in call.passed)
        lines.append(
            Text(
                ko=f"{levels}은(는) 호출하지 못하고 지나갔습니다.",
                en=f"{levels} could not be called and was passed over.",
            )
        )
    return lines_of(*lines, _about(incident))


def passed_on(call: Call, incident: Incident, by: str) -> Text:
    """Return what those hear who were called before, when others are called."""
    subject = _subject(incident)
    return lines_of(
        Text(ko=f"[Lv{call.level} 호출] {subject}", en=f"[Lv{call.level} called] {subject}"),
        because(call, by) or Text(ko=f"Lv{call.level}을(를) 호출했습니다.", en=f"Lv{call.level} has been called."),
        _look(incident),
    )


def because(call: Call, by: str) -> Text:
    """Return why somebody is called; nothing where it has just begun."""
    return _whys(call.level, length(timedelta(seconds=call.waited)), _who(by)).get(call.why, NOTHING)


def _whys(level: int, waited: Text, by: Text) -> dict[Why, Text]:
    return {
        Why.UNANSWERED: Text(
            ko=f"{waited.ko} 무응답으로 Lv{level} 호출", en=f"Lv{level} called: no answer for {waited.en}"
        ),
        Why.REPEATED: Text(
            ko=f"{waited.ko} 무응답으로 Lv{level} 다시 호출", en=f"Lv{level} called again: no answer for {waited.en}"
        ),
        Why.UNRESOLVED: Text(
            ko=f"확인했지만 제시간에 해결되지 않아 Lv{level} 호출",
            en=f"Lv{level} called: acknowledged, but not resolved in time",
        ),
        Why.EXPIRED: Text(
            ko=f"확인한 뒤 소식이 없어 Lv{level} 다시 호출",
            en=f"Lv{level} called again: nothing was heard after the acknowledgement",
        ),
        Why.TAKEN_BACK: Text(
            ko=f"확인이 취소되어 Lv{level} 다시 호출", en=f"Lv{level} called again: the acknowledgement was taken back"
        ),
        Why.ASKED: Text(ko=f"{by.ko} 님의 상위 보고로 Lv{level} 호출", en=f"Lv{level} called: escalated by {by.en}"),
        Why.WORSE: Text(ko=f"상황이 더 나빠져 Lv{level} 호출", en=f"Lv{level} called: it has got worse"),
        Why.REOPENED: Text(
            ko=f"해결된 장애가 다시 발생하여 Lv{level} 호출", en=f"Lv{level} called: resolved trouble has come back"
        ),
        Why.WOKEN: Text(
            ko=f"보류 시간이 끝났고 장애가 계속되어 Lv{level} 다시 호출",
            en=f"Lv{level} called again: the snooze is over and the trouble is not",
        ),
    }


def deadline(ack_within: float | None) -> Text:
    """Return until when an answer is expected."""
    if not ack_within:
        return Text(ko="즉시", en="now")
    within = length(timedelta(seconds=ack_within))
    return Text(ko=f"{within.ko} 내", en=f"within {within.en}")


def news(what: Kind, incident: Incident, by: str, detail: str | Text) -> Text:
    """Return what those who were told of an incident hear when it moves on."""
    word, sentence = _news(what, _who(by))
    subject = _subject(incident)
    lines = [Text(ko=f"[{word.ko}] {subject}", en=f"[{word.en}] {subject}"), sentence]
    if detail:
        lines.append(detail_line(_told(detail, 300)))
    return lines_of(*lines, _look(incident))


def _news(what: Kind, by: Text) -> tuple[Text, Text]:
    match what:
        case Kind.ACKNOWLEDGED:
            return Text(ko="확인", en="ACKNOWLEDGED"), Text(
                ko=f"{by.ko} 님이 확인하고 대응 중입니다. 더 호출하지 않습니다.",
                en=f"{by.en} has acknowledged and is dealing with it. Nobody else is called.",
            )
        case Kind.RESOLVED:
            return Text(ko="해결", en="RESOLVED"), Text(ko="장애가 해결되었습니다.", en="The incident is resolved.")
        case Kind.SNOOZED:
            return Text(ko="보류", en="SNOOZED"), Text(
                ko=f"{by.ko} 님이 잠시 보류했습니다. 시간이 지나면 다시 호출합니다.",
                en=f"{by.en} has snoozed it. People are called again afterwards.",
            )
        case Kind.APPROVAL_GIVEN:
            return Text(ko="승인", en="APPROVED"), Text(
                ko=f"{by.ko} 님이 조치를 승인했습니다. 다른 사람의 승인이 더 필요합니다.",
                en=f"{by.en} has approved the remedy. Somebody else has to approve it, too.",
            )
        case Kind.ACK_ENDED:
            return Text(ko="확인 취소", en="ACKNOWLEDGEMENT TAKEN BACK"), Text(
                ko=f"{by.ko} 님이 확인을 취소했습니다.", en=f"{by.en} has taken the acknowledgement back."
            )
        case Kind.NEEDS_PERSON:
            return Text(ko="정상 신호", en="BACK TO NORMAL"), Text(
                ko="경보가 정상으로 돌아왔습니다. 이 등급의 장애는 자동으로 닫지 않으므로 확인 후 직접 해결 처리하세요.",
                en="The alarm is back to normal. An incident of this level is not closed by itself: look, and resolve it.",
            )
    raise ValueError(what)


def reminder(incident: Incident, left: timedelta) -> Text:
    """Return what somebody hears whose acknowledgement is about to run out."""
    subject, rest = _subject(incident), length(left)
    command = f"leh-guardian incidents ack {incident.id}"
    return lines_of(
        Text(ko=f"[알림] {subject}", en=f"[REMINDER] {subject}"),
        Text(
            ko=f"확인한 장애가 아직 해결되지 않았습니다. {rest.ko} 뒤에는 다시 호출합니다.",
            en=f"What you acknowledged is not resolved yet. In {rest.en} people are called again.",
        ),
        Text(
            ko=f"계속 대응 중이면 다시 확인하세요: {command}",
            en=f"If you are still at it, acknowledge again: {command}",
        ),
    )


def message(cause: Cause, incident: Incident, detail: str | Text, *, action: str | None = None) -> Text:
    """Return the text of a message about `incident`; `detail` is data and is shown on one line."""
    lines = [
        Text.same(f"[{incident.severity.value.upper()}] {_subject(incident)}"),
        _SENTENCES[cause],
        # What an approval is for is shown whole, or nearly: nobody is to approve what they have not seen.
        detail_line(_told(detail, 2000 if cause is Cause.APPROVAL else 600)),
    ]
    if incident.dedup_key == MANY:
        lines.append(
            Text(
                ko="같은 규칙으로 놓친 나머지를 모두 이 장애 하나로 셉니다. 하나하나의 이름은 아래 명령의 기록에 있습니다.",
                en="All the others that this rule has missed count as this one incident. Each is named in the journal below.",
            )
        )
    if action is not None:
        approve, reject = f"leh-guardian actions approve {action}", f"leh-guardian actions reject {action}"
        lines.append(Text(ko=f"승인: {approve}", en=f"Approve: {approve}"))
        lines.append(Text(ko=f"거절: {reject}", en=f"Reject: {reject}"))
    if cause is Cause.BUDGET_SPENT:
        command = f"leh-guardian incidents list --rule {incident.rule_id}"
        lines.append(Text(ko=f"목록: {command}", en=f"List: {command}"))
    return lines_of(*lines, _look(incident))


_MEASURES: Final = {
    "count": Text(ko="이벤트 수", en="events"),
    "sum": Text(ko="합계", en="sum"),
    "distinct": Text(ko="서로 다른 값", en="different values"),
}


def too_much(envelope: Mapping[str, Any]) -> Text:
    """Return what a window rule measured in the event that set it off, nothing for any other event."""
    told = envelope.get("window")
    if not isinstance(told, Mapping) or not {"measure", "value", "bound", "over"} <= told.keys():
        return NOTHING
    over, measure = length(timedelta(seconds=told["over"])), _MEASURES[told["measure"]]
    value, bound = f"{told['value']:,}", f"{told['bound']:,}"
    return Text(
        ko=f"{over.ko} 동안 {measure.ko} {value} (한도 {bound})",
        en=f"{measure.en} within {over.en}: {value} (limit {bound})",
    )


def passed_time(lasts: timedelta) -> Text:
    """Return how long an incident has been open."""
    passed = length(lasts)
    return Text(ko=f"{passed.ko} 지남", en=f"after {passed.en}")


def _about(incident: Incident) -> Text:
    """Return what was told of it before, without its title."""
    escalation = incident.escalation

    def written(locale: Locale) -> str:
        lines = (escalation.said(locale) if escalation else "").splitlines()[1:]
        return "\n".join(lines) or _look(incident).of(locale)

    return Text.each(written)


def _subject(incident: Incident) -> str:
    subject = f" ({told(incident.dedup_key, 120, phones=False)})" if incident.dedup_key else ""
    return f"{incident.rule_id}{subject}"


def _look(incident: Incident) -> Text:
    command = f"leh-guardian incidents show {incident.id}"
    return Text(ko=f"확인: {command}", en=f"Look: {command}")


def detail_line(detail: str | Text) -> Text:
    """Return the line of what an event or another system says."""
    said = Text.same(detail)
    return Text(ko=f"상세: {said.ko}", en=f"Details: {said.en}")


def _told(detail: str | Text, most: int) -> Text:
    said = Text.same(detail)
    return Text.each(lambda locale: told(said.of(locale), most, phones=False))


def _who(by: str) -> Text:
    return Text.same(told(by, 60, phones=False)) if by else Text(ko="담당자", en="somebody on duty")
