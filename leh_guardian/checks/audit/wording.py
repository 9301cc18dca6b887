"""Owns what the check of audit logs says; the one rule: kinds, numbers and places, never a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from leh_guardian.checks.audit.sizes import Design, percent
from leh_guardian.disclosure.wording import KINDS
from leh_guardian.language import Text, count

DATABASE: Final = Text(ko="감사 로그 테이블", en="audit log table")
LOGS: Final = Text(ko="CloudWatch 로그 그룹", en="CloudWatch log groups")
OBJECTS: Final = Text(ko="S3 감사 로그", en="audit logs in S3")
KEY: Final = Text(ko="지문 키", en="key of fingerprints")
UNITS: Final[Mapping[str, Text]] = {
    "lines": Text(ko="줄", en="lines"),
    "windows": Text(ko="시간 구간", en="windows of time"),
    "objects": Text(ko="객체", en="objects"),
}

NOT_NAMED: Final[Mapping[str, Text]] = {
    "database": Text(
        ko="감사 로그 테이블은 설정되지 않아 보지 않음", en="the table is not configured and was not looked at"
    ),
    "logs": Text(ko="로그 그룹은 설정되지 않아 보지 않음", en="log groups are not configured and were not looked at"),
    "objects": Text(
        ko="S3 접두사는 설정되지 않아 보지 않음", en="prefixes in S3 are not configured and were not looked at"
    ),
}
NOTHING_NAMED: Final = Text(ko="확인할 감사 로그가 설정되지 않았습니다", en="no audit log is named")
NAME_ONE: Final = Text(
    ko="LEH_PRODUCT_DATABASE_URL, checks.audit_log_groups, checks.audit_prefixes 중 하나 이상을 설정하세요.",
    en="Set one or more of LEH_PRODUCT_DATABASE_URL, checks.audit_log_groups and checks.audit_prefixes.",
)
REMOVE: Final = Text(
    ko="위치(evidence.findings)의 줄을 지우거나 가리고, 그 값을 기록하는 코드를 고치세요. 비밀번호와 키는 바로 교체하세요."
    " 주민등록번호라면 개인정보 보호책임자에게 알리세요.",
    en="Remove or mask the lines (evidence.findings says where) and fix the code that writes them. Change passwords and keys at"
    " once; tell the privacy officer of resident registration numbers.",
)
LOOK: Final = Text(
    ko="위치(evidence.findings)의 줄을 확인하세요. 오탐일 수 있습니다.",
    en="Look at the lines (evidence.findings says where): they may be something else.",
)
IS_IT_WRITTEN: Final = Text(
    ko="감사 로그가 이곳에 기록되고 있는지 확인하세요.", en="Find out whether audit lines are still written there."
)
GRANT: Final = Text(
    ko="LEH 데이터베이스에서 메시지의 문을 실행하세요(docs/checks.md).",
    en="Run the statement of the message in LEH's database (docs/checks.md).",
)
MORE_TIME: Final = Text(
    ko="한도(time)를 올리거나 기간(over)을 줄이세요. 테이블이면 시간 열에 인덱스를 만드세요.",
    en="Raise the bound (time), or look at less (over); for a table, index its column of times.",
)
DRAW_MORE: Final = Text(
    ko="다시 실행하세요. 되풀이되면 confidence, rate 설정을 확인하세요.",
    en="Run it again; if it says so again, look at confidence and rate.",
)
NARROWER: Final = Text(
    ko="더 좁은 접두사(날짜별 등)를 checks.audit_prefixes에 적으세요.",
    en="Name narrower prefixes (by date, say) in checks.audit_prefixes.",
)
OTHER_SOURCE: Final = Text(
    ko="이 로그 그룹을 S3로 내보내고 checks.audit_prefixes에 적으세요.",
    en="Export this group to S3, and name the prefix in checks.audit_prefixes.",
)


def disclosed(counts: Mapping[str, int], where: Sequence[str], *, certain: bool) -> Text:
    """Something was found."""
    many = Text.each(lambda locale: ", ".join(f"{KINDS[kind].of(locale)} {n}" for kind, n in counts.items()))
    places = ", ".join(where)
    return Text(
        ko=f"평문 {'노출' if certain else '노출 의심'}: {many.ko} ({places})",
        en=f"{'disclosed' if certain else 'perhaps disclosed'} in plain text: {many.en} ({places})",
    )


def whole(place: str, lines: int) -> Text:
    """Everything was read."""
    return Text(
        ko=f"{place}: {lines}줄 전부 확인, 평문 노출 없음",
        en=f"{place}: all of {count(lines, 'line')} read, none disclosing",
    )


def sampled(place: str, unit: Text, looked: int, there: int, bound: float, design: Design) -> Text:
    """A sample was clean."""
    sure, most, met = percent(design.confidence), percent(bound), percent(design.recall)
    return Text(
        ko=f"{place}: {unit.ko} {there}개 중 무작위 {looked}개에 평문 노출 없음 - {sure} 신뢰도로 전체의 {most} 미만"
        f"(노출된 줄의 {met}를 찾아낸다고 볼 때)",
        en=f"{place}: none disclosing in {looked} of {there} {unit.en} drawn at random - fewer than {most} of all,"
        f" with {sure} confidence, if {met} of those that disclose are found",
    )


def sampled_disclosing(place: str, unit: Text, looked: int, there: int, number: int) -> Text:
    """A sample was not clean."""
    return Text(
        ko=f"{place}: {unit.ko} {there}개 중 무작위 {looked}개를 보아 {number}개에서 평문 노출",
        en=f"{place}: {number} disclosing in {looked} of {there} {unit.en} drawn at random",
    )


def whole_disclosing(place: str, lines: int, number: int) -> Text:
    """Everything was read, and it was not clean."""
    return Text(
        ko=f"{place}: {lines}줄 전부 확인, {number}줄에서 평문 노출",
        en=f"{place}: all of {count(lines, 'line')} read, {number} disclosing",
    )


def proves_nothing(place: str, lines: int) -> Text:
    """It was read in part, and not by drawing."""
    return Text(
        ko=f"{place}: 일부({lines}줄)만 보아 나머지는 알 수 없음",
        en=f"{place}: a part read, {count(lines, 'line')}, which says nothing of the rest",
    )


def empty(place: str) -> Text:
    """There is no line."""
    return Text(ko=f"{place}: 기간 안에 로그가 한 줄도 없음", en=f"{place}: no line within the time")


def too_few(place: str, looked: int, rate: float) -> Text:
    """The sample proves less than it should."""
    return Text(
        ko=f"{place}: 표본 {looked}개로는 {percent(rate)} 미만이라고 말할 수 없음",
        en=f"{place}: {looked} drawn do not show that it is fewer than {percent(rate)}",
    )


def unread(place: str, missing: str) -> Text:
    """A part of the table is not to be seen."""
    return Text(ko=f"{place}: 일부를 읽을 권한이 없음 - {missing}", en=f"{place}: a part may not be read - {missing}")


def cut_by_time(place: str, looked: int) -> Text:
    """The time was over."""
    return Text(
        ko=f"{place}: 시간 안에 끝까지 읽지 못함({looked}개까지만 봄)", en=f"{place}: cut short by time after {looked}"
    )


def values_cut(place: str, number: int) -> Text:
    """Values are longer than what is read of them."""
    return Text(
        ko=f"{place}: 너무 긴 값이 있는 {number}줄은 앞부분만 봄",
        en=f"{place}: {count(number, 'line')} with values of which only the beginning was read",
    )


def too_dense(place: str, number: int, seconds: int) -> Text:
    """Windows hold more than is read of one."""
    return Text(
        ko=f"{place}: {seconds}초 구간 {number}개는 너무 많아 앞부분만 봄",
        en=f"{place}: of {count(number, 'window')} of {count(seconds, 'second')} only the beginning was read",
    )


def listing_cut(place: str) -> Text:
    """There are too many objects to list."""
    return Text(ko=f"{place}: 객체가 너무 많아 목록을 끝까지 읽지 못함", en=f"{place}: the listing was cut short")


def object_refused(bucket: str, key: str, why: str) -> Text:
    """An object cannot be had."""
    return Text(ko=f"{bucket}의 {key}: 읽지 못함 ({why})", en=f"{key} in {bucket}: not read ({why})")


def object_unseen(bucket: str, key: str, why: str) -> Text:
    """An object was not seen whole."""
    return Text(ko=f"{bucket}의 {key}: 다 보지 못함 ({why})", en=f"{key} in {bucket}: not seen whole ({why})")


def unscanned(number: int) -> Text:
    """A detector failed."""
    return Text(ko=f"검사하지 못한 줄 {number}개(검출기 오류)", en=f"{count(number, 'line')} that a detector failed on")


def away(what: Text, why: str) -> Text:
    """A source does not answer."""
    return Text(ko=f"{what.ko}: 응답하지 않음 ({why})", en=f"{what.en}: no answer ({why})")
