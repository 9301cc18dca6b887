"""Owns the journal's kinds and other closed lists in people's words; the one rule: every kind has its words (a test sees to it)."""

from __future__ import annotations

from typing import Final

from leh_guardian.language import Text
from leh_guardian.model.journal import Kind

KINDS: Final[dict[str, Text]] = {
    Kind.MALFORMED: Text(ko="이벤트가 아닌 메시지를 받음", en="a message that is no event"),
    Kind.OPENED: Text(ko="장애가 열림", en="incident opened"),
    Kind.COALESCED: Text(ko="같은 이벤트가 더 옴", en="more of the same event"),
    Kind.REOPENED: Text(ko="다시 발생함", en="came back"),
    Kind.RUN_AGAIN: Text(ko="일정에 따라 다시 실행함", en="run again by its schedule"),
    Kind.OK_HELD: Text(ko="정상(OK) 신호를 받아 확인 중", en="OK received, being confirmed"),
    Kind.OK_DROPPED: Text(ko="정상(OK) 뒤에 다시 발생함", en="came back after the OK"),
    Kind.OK_STALE: Text(ko="오래된 정상(OK) 신호를 무시함", en="an old OK was ignored"),
    Kind.ACKNOWLEDGED: Text(ko="사람이 확인함", en="acknowledged by a person"),
    Kind.ESCALATED: Text(ko="사람에게 알릴 이유가 생김", en="there was reason to tell people"),
    Kind.CALLED: Text(ko="호출함", en="called"),
    Kind.REMINDED: Text(ko="확인한 사람에게 다시 알림", en="reminded whoever had acknowledged"),
    Kind.STEP_SKIPPED: Text(ko="부를 사람이 없어 다음 단계로 넘어감", en="nobody to call, went on to the next step"),
    Kind.ON_CALL_GAP: Text(ko="당직이 비었거나 연락할 수 없음", en="nobody on call, or not to be reached"),
    Kind.ACK_ENDED: Text(ko="확인이 끝남(시간 초과 또는 취소)", en="acknowledgement ended (ran out or was taken back)"),
    Kind.RAISED: Text(ko="사람이 상위 보고함", en="escalated by a person"),
    Kind.SNOOZED: Text(ko="사람이 잠시 보류함", en="snoozed by a person"),
    Kind.WORSE: Text(ko="상황이 더 나빠짐", en="got worse"),
    Kind.NEEDS_PERSON: Text(
        ko="정상으로 돌아왔으나 사람이 닫아야 함", en="back to normal, but a person has to close it"
    ),
    Kind.AUDIT_REPAIRED: Text(ko="빠진 호출을 찾아 다시 예약함", en="a missing call was found and planned again"),
    Kind.ELSEWHERE: Text(ko="다른 수단으로 다시 보냄", en="sent again another way"),
    Kind.RESOLVED: Text(ko="해결됨", en="resolved"),
    Kind.ORPHANED: Text(ko="규칙이 없어져 자동으로 닫히지 않음", en="its rule is gone, so it does not close by itself"),
    Kind.STILL_BUSY: Text(ko="조치가 실행 중이라 아직 닫지 않음", en="a remedy is at work, so it is not closed yet"),
    Kind.FOUND: Text(ko="기다리던 결과를 찾음", en="what was waited for was found"),
    Kind.MISSED: Text(ko="기다리던 결과가 오지 않음", en="what was waited for did not come"),
    Kind.LOOK_FAILED: Text(ko="결과를 확인하지 못함", en="could not look for it"),
    Kind.DROPPED: Text(ko="기다림을 그만둠(규칙 삭제)", en="not waited for any more (its rule was removed)"),
    Kind.TICKS_MISSED: Text(
        ko="예약 시각에 guardian이 동작하지 않았음", en="guardian was away when its schedule ticked"
    ),
    Kind.RULE_OFF: Text(ko="꺼진 규칙이라 처리하지 않음", en="its rule is off, nothing was done"),
    Kind.OK_UNMATCHED: Text(ko="열린 장애가 없는 정상(OK) 신호", en="an OK with no open incident"),
    Kind.NO_KEY: Text(ko="무엇의 결과인지 알 수 없음", en="not known what it belongs to"),
    Kind.BUDGET_SPENT: Text(ko="실행 한도를 모두 사용함", en="all runs of the rule or the target are used up"),
    Kind.OVER_BUDGET: Text(
        ko="사람의 요청으로 대상별 한도를 넘겨 실행함", en="run beyond the budget of its target, by a person's word"
    ),
    Kind.COOLDOWN: Text(ko="대기 시간 뒤로 미룸", en="put off by the cooldown"),
    Kind.PLANNED: Text(ko="조치를 계획함", en="remedy planned"),
    Kind.PROPOSED: Text(ko="승인을 기다림", en="waits for approval"),
    Kind.APPROVAL_GIVEN: Text(ko="한 사람이 승인함(더 필요함)", en="approved by one (more are needed)"),
    Kind.APPROVED: Text(ko="조치가 승인됨", en="remedy approved"),
    Kind.REJECTED: Text(ko="조치가 거절됨", en="remedy rejected"),
    Kind.SKIPPED: Text(ko="조치를 건너뜀", en="remedy skipped"),
    Kind.HELD: Text(ko="킬 스위치로 조치를 멈춰 둠", en="remedy held by the kill switch"),
    Kind.STARTED: Text(ko="조치를 시작함", en="remedy started"),
    Kind.LOST: Text(ko="이전 시도가 사라져 이어받음", en="an earlier try was lost, taken over"),
    Kind.CHECKPOINT: Text(ko="조치의 중간 기록", en="note of a remedy at work"),
    Kind.RETRIED: Text(ko="실패하여 다시 시도함", en="failed, tried again"),
    Kind.WAITING: Text(ko="기다림", en="waiting"),
    Kind.HALTED: Text(ko="조치를 중단함", en="remedy stopped"),
    Kind.RELEASED: Text(ko="종료하면서 조치를 내려놓음", en="remedy laid down at shutdown"),
    Kind.SUCCEEDED: Text(ko="조치가 성공함", en="remedy succeeded"),
    Kind.OBSERVED: Text(ko="조치를 모의 실행함", en="remedy tried out without effect"),
    Kind.NOTHING_TO_DO: Text(ko="할 일이 없었음", en="there was nothing to do"),
    Kind.FAILED: Text(ko="조치가 실패함", en="remedy failed"),
    Kind.NEEDS_HUMAN: Text(ko="조치의 결과를 알 수 없음", en="outcome of the remedy unknown"),
    Kind.PLAN_DONE: Text(ko="모든 조치가 끝남", en="all remedies have ended"),
    Kind.PLAN_STOPPED: Text(ko="조치를 더 진행하지 않음", en="no more remedies"),
    Kind.VERIFIED: Text(ko="효과를 확인함", en="effect confirmed"),
    Kind.LETTER_RELEASED: Text(ko="격리된 메시지를 되돌려 보냄", en="a message in quarantine was sent back"),
    Kind.LETTER_DISCARDED: Text(ko="격리된 메시지를 버림", en="a message in quarantine was discarded"),
    Kind.DEPLOYED: Text(ko="배포를 알림", en="deployment told"),
    Kind.TRIED: Text(ko="연락 수단을 시험함", en="ways to somebody tested"),
    Kind.MODE_SET: Text(ko="모드를 바꿈", en="mode changed"),
    Kind.RULES_LOADED: Text(ko="규칙을 읽음", en="rules read"),
    Kind.RULES_REFUSED: Text(ko="규칙 파일을 거부함", en="rule files refused"),
    Kind.COVERED: Text(ko="경보의 장애가 이미 열려 있음", en="the incident of an alarm says so already"),
    Kind.RECONCILED: Text(ko="놓친 이벤트를 AWS에서 확인해 복구", en="a lost event was rebuilt from AWS's word"),
    Kind.ALARM_GONE: Text(ko="AWS에 경보가 없음", en="AWS does not know its alarm any more"),
    Kind.CAME_LATE: Text(ko="복구한 이벤트의 원본이 늦게 도착", en="the original of a rebuilt event came late"),
    Kind.SILENCED: Text(ko="사람이 알림을 잠시 껐음(무음)", en="silenced by a person"),
    Kind.SILENCE_ENDED: Text(ko="무음을 끝냄", en="silence ended"),
    Kind.HANDOVER: Text(ko="당직 교대를 알림", en="handover announced"),
    Kind.OVERRIDDEN: Text(ko="당직을 바꿈", en="duty changed"),
    Kind.OVERRIDE_ENDED: Text(ko="당직 변경을 끝냄", en="change of duty ended"),
    Kind.OVERRIDE_MISFIT: Text(
        ko="당직 변경이 파일과 맞지 않아 적용되지 않음", en="a change of duty does not fit the file, and is not applied"
    ),
    Kind.UNPRICED: Text(
        ko="단가 없는 모델을 가장 비싼 단가로 계산", en="a model without a price, counted at the highest"
    ),
    Kind.NO_TOKENS: Text(ko="토큰 수가 없는 사용 기록", en="a record of use without tokens"),
    Kind.CIRCUIT: Text(ko="AI 처리 회로 상태 변경", en="a circuit of AI processing changed"),
    Kind.NOT_COUNTED: Text(ko="셀 값이 없는 이벤트를 세지 않음", en="an event without the value to count"),
}
STATUS: Final = {
    "triggered": Text(ko="발생", en="triggered"),
    "acknowledged": Text(ko="확인됨", en="acknowledged"),
    "snoozed": Text(ko="보류", en="snoozed"),
    "resolved": Text(ko="해결됨", en="resolved"),
}
RECEIPT: Final = {
    "pending": Text(ko="수신 확인 없음", en="not known to have arrived"),
    "delivered": Text(ko="도착 확인", en="arrived"),
    "failed": Text(ko="도착하지 않음", en="did not arrive"),
}
MESSAGE: Final = {
    "page": Text(ko="호출", en="call"),
    "update": Text(ko="알림", en="news"),
    "status": Text(ko="상태", en="state"),
    "reminder": Text(ko="재알림", en="reminder"),
}
