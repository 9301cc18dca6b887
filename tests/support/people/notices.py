"""Owns the notices that ways to people are tested with; the one rule: what is of the event can be told from everything else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from leh_guardian.ports import Button, Notice, NoticeKind

PLANTED = "김비밀 cases/9f3/raw/ev_1_고소장.pdf"
"""Event content: what is strict may not show it."""

PAGE = Notice(
    id="5f0c7a52-6a0f-4f6e-9c39-6a9f7f1a0001",
    title="[Lv2] leh-ai-worker: DLQ에 메시지",
    lines=[f"원인: {PLANTED}", "<!channel> <@U1> <https://evil.example|여기> *굵게*", "자동 조치: 되돌림 2회 실패"],
    incident="0199f7c3-0000-7000-8000-000000000042",
    rule="ai-worker-dlq",
    severity="sev2",
    facts={"file": PLANTED},
    kind=NoticeKind.PAGE,
    number="INC-1042",
    level=2,
    status="triggered",
    link="https://g.example.kr/a/0123456789abcdef0123456789abcdef",
    short="[Lv2] 증거 처리 INC-1042 14:32까지 확인 필요",
    spoken="레브 가디언입니다. 등급 이, 증거 처리 장애. 문자 링크에서 확인해 주세요.",
    variables={"등급": "Lv2", "서비스": "증거 처리", "요약": "DLQ에 메시지", "기한": "14:32", "사건번호": "INC-1042"},
    buttons=[
        Button("ack", "확인", "token-ack"),
        Button("escalate", "상위 보고", "token-escalate", confirm="상위 담당자를 부릅니다."),
    ],
)


def page(**changes: Any) -> Notice:
    """Return the page with other values."""
    return replace(PAGE, **changes)
