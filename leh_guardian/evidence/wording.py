"""Owns what is said of a case and its evidence, before, during and after its restore; the one rule: counts that can be compared.

Ids and what others said are data: they are the same in every language.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from leh_guardian.language import NOTHING, Text, count, day_and_time, length
from leh_guardian.model.text import shown

_SEOUL: Final = ZoneInfo("Asia/Seoul")
_PIECE: Final = "piece of evidence", "pieces of evidence"

NOTHING_TO_MEND: Final = Text(ko="고칠 것이 없습니다", en="there is nothing to mend")
PAUSED: Final = Text(
    ko="이 사건의 AI 처리가 비용 때문에 일시 정지 중입니다(breaker show). 재개된 뒤에 다시 실행하세요",
    en="AI processing of this case is paused because of its costs (breaker show): run it again once it goes on",
)
CONFIRMED: Final = Text(ko="복구를 확인했습니다", en="the restore is confirmed")
NO_DOCUMENT: Final = Text(ko="재색인 후에도 문서가 없습니다", en="no document came after the reindexing")


def counted(total: int, done: int, found: int | None) -> Text:
    """What a lawyer would see; `found` is None where nobody looked at the search index."""
    made = Text(ko=f"증거 {total}건 중 {done}건 처리 완료", en=f"{done} of {count(total, *_PIECE)} processed")
    if found is None:
        return joined(", ", made, _NOT_SEARCHED)
    return joined(", ", made, Text(ko=f"검색 가능 {total}건 중 {found}건", en=f"{found} of {total} searchable"))


_NOT_SEARCHED: Final = Text(
    ko="검색 인덱스는 확인하지 않음(LEH_OPENSEARCH__URL 없음)",
    en="the search index was not looked at (no LEH_OPENSEARCH__URL)",
)
_PLACES: Final = (
    Text(ko="기록 없음", en="without a record"),
    Text(ko="처리 미완료", en="not finished"),
    Text(ko="검색 안 됨", en="not searchable"),
    Text(ko="원본 없음", en="without a file"),
)


def lacking(total: int, absent: int, unfinished: int, unindexed: int, orphans: int) -> Text:
    """What is missing where."""
    numbers = (absent, unfinished, unindexed, orphans)
    parts = [
        Text(ko=f"{place.ko} {number}건", en=f"{number} {place.en}")
        for place, number in zip(_PLACES, numbers, strict=True)
        if number
    ]
    all_ = Text(ko=f"증거 {total}건", en=count(total, *_PIECE))
    if not parts:
        return Text(ko=f"{all_.ko} 모두 정상", en=f"{all_.en}, all well")
    what = joined(", ", *parts)
    return Text(ko=f"{all_.ko} ({what.ko})", en=f"{all_.en} ({what.en})")


def case(id_: str, status: str) -> Text:
    """How a case stands; its id alone where nobody has asked how."""
    how = f": {status}" if status else ""
    return Text(ko=f"사건 {id_}{how}", en=f"case {id_}{how}")


def closing(by: str | None, at: datetime | None, now: datetime) -> Text:
    """Who closed it, when, and how long ago that is."""
    who = shown(by, 60) if by else ""
    whose = Text.same(who) if who else Text(ko="알 수 없음", en="someone unknown")
    if at is None:
        return Text(ko=f"종료: {whose.ko}, 시각 알 수 없음", en=f"closed by {whose.en}, at an unknown time")
    when, ago = day_and_time(at, _SEOUL), length(now - at)
    return Text(ko=f"종료: {whose.ko}, {when.ko}, {ago.ko} 전", en=f"closed by {whose.en}, {when.en} KST, {ago.en} ago")


def not_restorable(why: Text) -> Text:
    """That it stays closed."""
    return Text(ko=f"복구 불가: {why.ko}", en=f"it cannot be restored: {why.en}")


def reprocessing(pieces: int, usd: float) -> Text:
    """What processing anew costs; nothing where nothing is."""
    if not pieces:
        return NOTHING
    return Text(ko=f"재처리 {pieces}건 약 ${usd:.2f}", en=f"reprocessing {pieces}: about ${usd:.2f}")


def both_prices(pieces: int, usd: float, each: float, recovery: float, gigabyte: float) -> Text:
    """The two ways back to records that are gone, with what they cost."""
    anew = reprocessing(pieces, usd)
    return Text(
        ko=f"{anew.ko}(건당 ${each:g}) 또는 DynamoDB 시점 복구(PITR) 약 ${recovery:.2f}"
        f"(GB당 ${gigabyte:g} 가정, 명령은 pitr.commands)",
        en=f"{anew.en} (${each:g} a piece), or DynamoDB's point-in-time recovery (PITR): about ${recovery:.2f}"
        f" (${gigabyte:g} a GB assumed; its commands are in pitr.commands)",
    )


def one_price(pieces: int, usd: float, each: float, why: str) -> Text:
    """The one way back, and why there is no other."""
    anew = reprocessing(pieces, usd)
    return Text(
        ko=f"{anew.ko}(건당 ${each:g}); DynamoDB 시점 복구(PITR)는 불가: {why}",
        en=f"{anew.en} (${each:g} a piece); no point-in-time recovery (PITR) of DynamoDB: {why}",
    )


def would(id_: str, seen: Text, steps: Sequence[str]) -> Text:
    """What a repair would do."""
    listed = ", ".join(steps)
    what = Text.same(listed) if listed else Text(ko="없음", en="nothing")
    return Text(ko=f"사건 {id_}: {seen.ko}; 실행할 일: {what.ko}", en=f"case {id_}: {seen.en}; to be done: {what.en}")


def closed_case(id_: str, status: str) -> Text:
    """Why a case is not repaired."""
    return Text(
        ko=f"사건 {id_}는 active가 아니라 {status}입니다. 종료된 사건의 인덱스는 만들지 않습니다",
        en=f"case {id_} is {status}, not active: no index is built for a case that is closed",
    )


def too_many(id_: str, wanted: int, shown_before: int) -> Text:
    """That there is more to do than whoever approved has seen."""
    command = f"leh-guardian case restore {id_} --reason … --limit {wanted}"
    return Text(
        ko=f"사건 {id_}: 다시 처리할 증거가 {wanted}건으로, 앞서 조사한(승인에 표시된) {shown_before}건보다 많아 실행하지 않았습니다."
        f" 확인한 뒤 실행하려면: {command}",
        en=f"case {id_}: {wanted} would be processed anew, more than the {shown_before} of the look (which whoever approved has seen)."
        f" Nothing was done. To do it after all: {command}",
    )


def unprocessed(number: int, names: Text, why: Text) -> Text:
    """Which pieces are not finished."""
    said = Text(ko=f"처리되지 않은 증거 {number}건({names.ko})", en=f"{number} not processed ({names.en})")
    return joined(" - ", said, why)


def doubtful(id_: str, number: int, names: Text) -> Text:
    """Which pieces nobody knows to be asked for or not, and what a person is to do about them."""
    command = f"leh-guardian case restore {id_} --reason …"
    return Text(
        ko=f"요청이 전달되었는지 알 수 없는 증거 {number}건: {names.ko} - 비용이 두 번 들지 않도록 다시 요청하지 않았습니다."
        f" 워커 로그에 이 증거의 처리 기록이 없으면 다시 실행하세요: {command}",
        en=f"{count(number, *_PIECE)} of which nobody knows whether the request arrived: {names.en} - not asked for again, since it"
        f" would be paid for twice. If the worker's log has nothing of them, run: {command}",
    )


def unsearchable(number: int, names: Text, why: Text) -> Text:
    """Which pieces cannot be searched."""
    return Text(
        ko=f"검색되지 않는 증거 {number}건({names.ko}) - {why.ko}",
        en=f"{number} not searchable ({names.en}) - {why.en}",
    )


def left_alone(number: int, names: Text) -> Text:
    """Which records have no file."""
    return Text(
        ko=f"원본 파일이 없는 기록 {number}건({names.ko})은 그대로 두었습니다",
        en=f"{count(number, 'record')} without a file ({names.en}): left alone",
    )


def young(number: int) -> Text:
    """How many files are too new to be anybody's trouble."""
    return Text(
        ko=f"방금 올라온 파일 {number}건은 처리 중일 수 있어 그대로 두었습니다",
        en=f"{count(number, 'file')} just uploaded, perhaps at work: left alone",
    )


def unnamed(number: int) -> Text:
    """How many files name no evidence."""
    return Text(ko=f"증거 ID가 없는 파일 {number}건", en=f"{count(number, 'file')} without an evidence id")


def some(ids: Collection[str], most: int = 3) -> Text:
    """Name a few ids."""
    named, left = ", ".join(shown(one, 60) for one in sorted(ids)[:most]), len(ids) - most
    if left <= 0:
        return Text.same(named)
    return Text(ko=f"{named} 외 {left}건", en=f"{named} and {left} more")


def joined(between: str, *parts: Text) -> Text:
    """Return texts in one line; those that say nothing are left out."""
    return Text.each(lambda locale: between.join(said for part in parts if (said := part.of(locale))))


def is_active(id_: str) -> Text:
    """That there is nothing to open."""
    return Text(ko=f"사건 {id_}는 이미 active입니다", en=f"case {id_} is active already")


def is_neither(id_: str, status: str) -> Text:
    """That nobody knows what opening it would mean."""
    return Text(
        ko=f"사건 {id_}의 상태가 closed가 아니라 {status}입니다. 사람이 확인해야 합니다",
        en=f"case {id_} is {status}, not closed: a person has to look",
    )


def not_restored(id_: str, why: Text) -> Text:
    """That it was left closed."""
    return Text(ko=f"사건 {id_}를 복구하지 않았습니다: {why.ko}", en=f"case {id_} was not restored: {why.en}")


def would_open(id_: str) -> Text:
    """What a dry run says."""
    return Text(ko=f"사건 {id_}를 closed에서 active로 바꿀 것입니다", en=f"would take case {id_} from closed to active")


def opened(id_: str) -> Text:
    """That it is open, and recorded."""
    return Text(
        ko=f"사건 {id_}를 closed에서 active로 바꾸고 LEH 감사 로그에 기록했습니다",
        en=f"case {id_} was taken from closed to active, and LEH's audit log says so",
    )


def opened_briefly(id_: str) -> Text:
    """The same in a few words."""
    return Text(ko=f"사건 {id_}: closed → active", en=f"case {id_}: closed → active")
