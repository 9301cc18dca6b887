"""Owns what every post-mortem draft says, whatever happened: headings, titles of tables, questions; the one rule: nothing of an event."""

from __future__ import annotations

from typing import Final

from leh_guardian.language import Text

DRAFT: Final = Text(
    ko="> 자동으로 만든 초안입니다. 비밀 값과 연락처는 가려져 있습니다. 시각은 모두 한국 시간(KST)입니다.",
    en="> A draft made by guardian. Secrets and numbers of people are masked. All times are Korea's (KST).",
)
SUMMARY: Final = Text(ko="## 요약", en="## Summary")
LEVELS: Final = Text(ko="## 단계별 대응", en="## Levels")
OF_LEVELS: Final = (
    Text(ko="단계", en="Level"),
    Text(ko="첫 호출", en="First call"),
    Text.same("MTTA"),
    Text.same("MTTR"),
)
NOBODY: Final = Text(ko="호출한 사람이 없습니다.", en="Nobody was called.")
TIMELINE: Final = Text(ko="## 경과", en="## Timeline")
CALLED: Final = Text(ko="## 누구를 어떻게 불렀는가", en="## Who was called, and how")
OF_CALLED: Final = (
    Text(ko="시각", en="Time"),
    Text(ko="대상", en="Who"),
    Text(ko="수단", en="Channel"),
    Text(ko="종류", en="Kind"),
    Text(ko="수신", en="Receipt"),
    Text(ko="비고", en="Remark"),
)
NO_MESSAGES: Final = Text(ko="보낸 메시지가 없습니다.", en="No message was sent.")
ACTIONS: Final = Text(ko="## 자동 조치", en="## Remedies")
NO_ACTIONS: Final = Text(ko="자동 조치가 없었습니다.", en="There was no automatic remedy.")
EVENT: Final = Text(ko="## 이벤트", en="## Event")
WHY: Final = Text(
    ko="""## 5-Why

1. 왜 발생했습니까?
2. 왜 그 원인이 있었습니까?
3. 왜 미리 막지 못했습니까?
4. 왜 더 일찍 알지 못했습니까?
5. 왜 더 빨리 해결하지 못했습니까?

## 재발 방지

| 할 일 | 담당 | 기한 | 상태 |
| --- | --- | --- | --- |
|  |  |  |  |""",
    en="""## 5-Why

1. Why did it happen?
2. Why was there that cause?
3. Why was it not prevented?
4. Why was it not known earlier?
5. Why was it not over sooner?

## So that it does not happen again

| To do | Who | Until | State |
| --- | --- | --- | --- |
|  |  |  |  |""",
)
