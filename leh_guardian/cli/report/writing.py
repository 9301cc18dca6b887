"""Owns the text of a post-mortem draft, in Korean Markdown; the one rule: facts first and complete, what people must add is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from leh_guardian.cli.journal_lines import folded
from leh_guardian.cli.output import SEOUL
from leh_guardian.cli.report import words
from leh_guardian.cli.report.markdown import block, table, text
from leh_guardian.engine.wording import ACTION_WORDS, spoken

_WHY = """## 5-Why

1. 왜 발생했습니까?
2. 왜 그 원인이 있었습니까?
3. 왜 미리 막지 못했습니까?
4. 왜 더 일찍 알지 못했습니까?
5. 왜 더 빨리 해결하지 못했습니까?

## 재발 방지

| 할 일 | 담당 | 기한 | 상태 |
| --- | --- | --- | --- |
|  |  |  |  |""".split("\n")


def written(found: Mapping[str, Any], named: Callable[[str], str]) -> str:
    """Return the draft of what `history` found; `named` gives the name of a target such as `person:minsu`."""
    return "\n".join(
        [
            f"# 장애 보고서 초안: {text(found['rule'])} ({found['id'][:8]})",
            "",
            "> 자동으로 만든 초안입니다. 비밀 값과 연락처는 가려져 있습니다. 시각은 모두 한국 시간(KST)입니다.",
            "",
            *_summary(found),
            "",
            *_levels(found),
            "",
            *_timeline(found),
            "",
            *_called(found, named),
            "",
            *_actions(found),
            "",
            "## 이벤트",
            "",
            *block(found["event"]),
            "",
            *_WHY,
            "",
        ]
    )


def _summary(found: Mapping[str, Any]) -> list[str]:
    times = found["times"]
    return [
        "## 요약",
        "",
        f"- 규칙: {text(found['rule'])}",
        f"- 대상: {text(found['dedup_key'] or '-')}",
        f"- 심각도: {text(found['severity'].upper())}, 도달한 단계: {f'Lv{level}' if (level := found['level']) else '호출 없음'}",
        f"- 상태: {words.STATUS[found['status']]}",
        f"- 발생: {_at(found['opened_at'])} · 첫 호출: {_at(times['called_at'])}"
        f" · 첫 확인: {_at(times['acknowledged_at'])} · 해결: {_at(times['resolved_at'])}",
        f"- MTTA(발생부터 첫 확인까지): {_length(times['acknowledged_seconds'])}",
        f"- MTTR(발생부터 해결까지): {_length(times['resolved_seconds'])}",
        f"- 이벤트 {found['events']}건, 실행 {found['run']}회",
        "- 영향: (사람이 적습니다)",
        "- 원인: (사람이 적습니다)",
    ]


def _levels(found: Mapping[str, Any]) -> list[str]:
    rows = [
        [
            f"Lv{one['level']}",
            _at(one["called_at"]),
            _length(one["acknowledged_seconds"]),
            _length(one["resolved_seconds"]),
        ]
        for one in found["levels"]
    ]
    head = ["## 단계별 대응", ""]
    return [*head, *(table(("단계", "첫 호출", "MTTA", "MTTR"), rows) if rows else ["호출한 사람이 없습니다."])]


def _timeline(found: Mapping[str, Any]) -> list[str]:
    lines = ["## 경과", ""]
    for line in folded(found["journal"]):
        if isinstance(line, int):
            lines.append(f"- … 같은 확인 기록 {line}줄 생략")
            continue
        said = words.KINDS.get(line["kind"]) or text(line["kind"])
        handler, by, level = (line["data"].get(name) for name in ("handler", "by", "level"))
        about = [f"Lv{level}" if isinstance(level, int) else "", text(handler or ""), text(f"{by} 님" if by else "")]
        reason = f": {text(line['reason'], 200)}" if line["reason"] else ""
        lines.append(f"- {_at(line['at'])} {' '.join(filter(None, (said, *about)))}{reason}")
    return lines


def _called(found: Mapping[str, Any], named: Callable[[str], str]) -> list[str]:
    rows = [
        [
            _at(one["sent_at"]),
            text(named(one["target"])),
            text(one["channel"]),
            words.MESSAGE.get(one["kind"]) or text(one["kind"]),
            words.RECEIPT[one["receipt"]] + (f" ({_at(one['receipt_at'])})" if one["receipt_at"] else ""),
            "두 번 갔을 수 있음" if one["again"] else "",
        ]
        for one in found["deliveries"]
    ]
    for one in found["untold"]:
        why = (one["outcome"] or {}).get("summary", "")
        params = one["params"]
        kind = str(params.get("kind", ""))
        rows.append(
            [
                _at(one["due_at"]),
                text(named(str(params.get("target", "-")))),
                text(params.get("channel", "-")),
                words.MESSAGE.get(kind) or text(kind),
                f"보내지 못함: {ACTION_WORDS[one['status']]}",
                text(why, 120),
            ]
        )
    head = ["## 누구를 어떻게 불렀는가", ""]
    titles = ("시각", "대상", "수단", "종류", "수신", "비고")
    return [*head, *(table(titles, rows) if rows else ["보낸 메시지가 없습니다."])]


def _actions(found: Mapping[str, Any]) -> list[str]:
    lines = ["## 자동 조치", ""]
    for one in found["actions"]:
        outcome = one["outcome"] or {}
        dry = " (모의 실행)" if one["dry_run"] else ""
        by = f", 승인 {text(one['approved_by'])}" if one["approved_by"] else ""
        head = f"{text(one['step'])} = {text(one['handler'])}: {ACTION_WORDS[one['status']]}{dry}"
        lines.append(f"- {head}, 시도 {one['attempt']}회, {_at(one['created_at'])} ~ {_at(one['updated_at'])}{by}")
        if summary := outcome.get("summary"):
            lines.append(f"  - 결과: {text(summary)}")
        facts = outcome.get("facts")
        lines += (
            [f"  - {text(name, 60)}: {text(value)}" for name, value in facts.items()] if isinstance(facts, dict) else []
        )
    return lines if found["actions"] else [*lines, "자동 조치가 없었습니다."]


def _at(at: datetime | None) -> str:
    return at.astimezone(SEOUL).strftime("%Y-%m-%d %H:%M:%S") if at else "-"


def _length(seconds: float | None) -> str:
    return "-" if seconds is None else spoken(timedelta(seconds=seconds))
