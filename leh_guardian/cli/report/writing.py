"""Owns the text of a post-mortem draft, in Markdown; the one rule: facts first and complete, what people must add is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from leh_guardian.cli.journal_lines import folded
from leh_guardian.cli.output import SEOUL
from leh_guardian.cli.report import headings, words
from leh_guardian.engine.wording import ACTION_WORDS
from leh_guardian.language import NOTHING, Locale, Text, count, length, lines_of
from leh_guardian.model.markdown import block, table, text

_BLANK: Final = NOTHING


def written(found: Mapping[str, Any], named: Callable[[str], str], locale: Locale = Locale.KO) -> str:
    """Return the draft of what `history` found; `named` gives the name of a target such as `person:minsu`."""
    rule, short = text(found["rule"]), found["id"][:8]
    return lines_of(
        Text(ko=f"# 장애 보고서 초안: {rule} ({short})", en=f"# Draft of a post-mortem: {rule} ({short})"),
        _BLANK,
        headings.DRAFT,
        _BLANK,
        *_summary(found),
        _BLANK,
        *_levels(found),
        _BLANK,
        *_timeline(found),
        _BLANK,
        *_called(found, named),
        _BLANK,
        *_actions(found),
        _BLANK,
        headings.EVENT,
        _BLANK,
        *map(Text.same, block(found["event"])),
        _BLANK,
        headings.WHY,
        _BLANK,
    ).of(locale)


def _summary(found: Mapping[str, Any]) -> list[Text]:
    times, rule, key = found["times"], text(found["rule"]), text(found["dedup_key"] or "-")
    severity, state = text(found["severity"].upper()), words.STATUS[found["status"]]
    level = Text.same(f"Lv{found['level']}") if found["level"] else Text(ko="호출 없음", en="nobody was called")
    opened, called = _at(found["opened_at"]), _at(times["called_at"])
    acked, resolved = _at(times["acknowledged_at"]), _at(times["resolved_at"])
    mtta, mttr = _length(times["acknowledged_seconds"]), _length(times["resolved_seconds"])
    events, runs = found["events"], found["run"]
    return [
        headings.SUMMARY,
        _BLANK,
        Text(ko=f"- 규칙: {rule}", en=f"- Rule: {rule}"),
        Text(ko=f"- 대상: {key}", en=f"- About: {key}"),
        Text(
            ko=f"- 심각도: {severity}, 도달한 단계: {level.ko}", en=f"- Severity: {severity}, level reached: {level.en}"
        ),
        Text(ko=f"- 상태: {state.ko}", en=f"- State: {state.en}"),
        Text(
            ko=f"- 발생: {opened} · 첫 호출: {called} · 첫 확인: {acked} · 해결: {resolved}",
            en=f"- Began: {opened} · first call: {called} · first acknowledgement: {acked} · resolved: {resolved}",
        ),
        Text(
            ko=f"- MTTA(발생부터 첫 확인까지): {mtta.ko}",
            en=f"- MTTA (from its beginning to the first acknowledgement): {mtta.en}",
        ),
        Text(ko=f"- MTTR(발생부터 해결까지): {mttr.ko}", en=f"- MTTR (from its beginning to its end): {mttr.en}"),
        Text(ko=f"- 이벤트 {events}건, 실행 {runs}회", en=f"- {count(events, 'event')}, {count(runs, 'run')}"),
        Text(ko="- 영향: (사람이 적습니다)", en="- Impact: (for a person to write)"),
        Text(ko="- 원인: (사람이 적습니다)", en="- Cause: (for a person to write)"),
    ]


def _levels(found: Mapping[str, Any]) -> list[Text]:
    rows = [
        [
            Text.same(f"Lv{one['level']}"),
            Text.same(_at(one["called_at"])),
            _length(one["acknowledged_seconds"]),
            _length(one["resolved_seconds"]),
        ]
        for one in found["levels"]
    ]
    return [headings.LEVELS, _BLANK, _table(headings.OF_LEVELS, rows) if rows else headings.NOBODY]


def _timeline(found: Mapping[str, Any]) -> list[Text]:
    lines = [headings.TIMELINE, _BLANK]
    for line in folded(found["journal"]):
        if isinstance(line, int):
            lines.append(
                Text(
                    ko=f"- … 같은 확인 기록 {line}줄 생략",
                    en=f"- … {count(line, 'more line')} of the same kind left out",
                )
            )
            continue
        said = words.KINDS.get(line["kind"]) or Text.same(text(line["kind"]))
        handler, by, level = (line["data"].get(name) for name in ("handler", "by", "level"))
        who = Text(ko=f"{text(by)} 님", en=f"by {text(by)}") if by else NOTHING
        about = [Text.same(f"Lv{level}") if isinstance(level, int) else NOTHING, Text.same(text(handler or "")), who]
        what = _words(said, *about)
        at, reason = _at(line["at"]), f": {text(line['reason'], 200)}" if line["reason"] else ""
        lines.append(Text(ko=f"- {at} {what.ko}{reason}", en=f"- {at} {what.en}{reason}"))
    return lines


def _called(found: Mapping[str, Any], named: Callable[[str], str]) -> list[Text]:
    rows = [
        [
            Text.same(_at(one["sent_at"])),
            Text.same(text(named(one["target"]))),
            Text.same(text(one["channel"])),
            words.MESSAGE.get(one["kind"]) or Text.same(text(one["kind"])),
            _words(
                words.RECEIPT[one["receipt"]], Text.same(f"({_at(one['receipt_at'])})" if one["receipt_at"] else "")
            ),
            Text(ko="두 번 갔을 수 있음", en="may have gone out twice") if one["again"] else NOTHING,
        ]
        for one in found["deliveries"]
    ]
    for one in found["untold"]:
        params, state = one["params"], ACTION_WORDS[one["status"]]
        kind = str(params.get("kind", ""))
        rows.append(
            [
                Text.same(_at(one["due_at"])),
                Text.same(text(named(str(params.get("target", "-"))))),
                Text.same(text(params.get("channel", "-"))),
                words.MESSAGE.get(kind) or Text.same(text(kind)),
                Text(ko=f"보내지 못함: {state.ko}", en=f"not sent: {state.en}"),
                Text.same(text((one["outcome"] or {}).get("summary", ""), 120)),
            ]
        )
    return [headings.CALLED, _BLANK, _table(headings.OF_CALLED, rows) if rows else headings.NO_MESSAGES]


def _actions(found: Mapping[str, Any]) -> list[Text]:
    lines = [headings.ACTIONS, _BLANK]
    for one in found["actions"]:
        outcome, state = one["outcome"] or {}, ACTION_WORDS[one["status"]]
        dry = Text(ko=" (모의 실행)", en=" (dry run)") if one["dry_run"] else NOTHING
        name = text(one["approved_by"]) if one["approved_by"] else ""
        by = Text(ko=f", 승인 {name}", en=f", approved by {name}") if name else NOTHING
        head, tries = f"{text(one['step'])} = {text(one['handler'])}", one["attempt"]
        when = f"{_at(one['created_at'])} ~ {_at(one['updated_at'])}"
        lines.append(
            Text(
                ko=f"- {head}: {state.ko}{dry.ko}, 시도 {tries}회, {when}{by.ko}",
                en=f"- {head}: {state.en}{dry.en}, {count(tries, 'try', 'tries')}, {when}{by.en}",
            )
        )
        if summary := outcome.get("summary"):
            lines.append(Text(ko=f"  - 결과: {text(summary)}", en=f"  - Outcome: {text(summary)}"))
        facts = outcome.get("facts")
        if isinstance(facts, dict):
            lines += [Text.same(f"  - {text(name, 60)}: {text(value)}") for name, value in facts.items()]
    return lines if found["actions"] else [*lines, headings.NO_ACTIONS]


def _table(titles: tuple[Text, ...], rows: list[list[Text]]) -> Text:
    def made(locale: Locale) -> str:
        cells = [[cell.of(locale) for cell in row] for row in rows]
        return "\n".join(table([title.of(locale) for title in titles], cells))

    return Text.each(made)


def _words(*those: Text) -> Text:
    return Text.each(lambda locale: " ".join(filter(None, (one.of(locale) for one in those))))


def _at(at: datetime | None) -> str:
    return at.astimezone(SEOUL).strftime("%Y-%m-%d %H:%M:%S") if at else "-"


def _length(seconds: float | None) -> Text:
    return Text.same("-") if seconds is None else length(timedelta(seconds=seconds))
