"""Owns what is told of a judged burst in one line; the one rule: as `language`'s, and no file's name is in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from leh_guardian.language import NOTHING, Locale, Text, count
from leh_guardian.uploads.signals import Verdict

_VERDICTS: Final = {
    Verdict.ATTACK: Text(ko="공격", en="attack"),
    Verdict.SUSPICIOUS: Text(ko="의심", en="suspicious"),
    Verdict.LEGITIMATE: Text(ko="정상", en="legitimate"),
}
_SOURCES: Final = {
    "s3": Text.same("S3"),
    "audit_log": Text(ko="감사 로그", en="audit log"),
    "cloudtrail": Text.same("CloudTrail"),
    "s3_access_logs": Text(ko="S3 접근 로그", en="S3 access logs"),
    "waf": Text(ko="WAF 로그", en="WAF log"),
}
UNKNOWN_STORED: Final = Text(ko="저장된 파일을 확인하지 못함", en="what was stored is unknown")
NOT_WHOLE: Final = Text(ko="저장된 파일을 다 확인하지 못함", en="not all that was stored has been seen")
UNEXPLAINED: Final = Text(ko="사용량을 설명하는 업로드가 없음", en="no upload explains the use")


def judged(of: Text, verdict: Verdict) -> Text:
    """Return that uploads were judged, and as what."""
    word = _VERDICTS[verdict]
    return Text(ko=f"{of.ko}의 업로드 판정: {word.ko}", en=f"the uploads of {of.en} are judged: {word.en}")


def of_case(case: str) -> Text:
    """Return whose uploads: a case's."""
    return Text(ko=f"사건 {case}", en=f"case {case}")


def of_account(user: str) -> Text:
    """Return whose uploads: an account's."""
    return Text(ko=f"계정 {user}", en=f"account {user}")


def briefly(
    uploads: int,
    verdict: Verdict,
    score: float,
    user: str,
    signals: Sequence[str],
    unread: Sequence[str],
    held: Text,
    untold: int = 0,
) -> Text:
    """Return the verdict with its numbers: `signals` by name and value, `unread` the sources that could not be read.

    `untold` is of how many uploads no log of requests has told yet, where that is too many for the others to say anything.
    """
    word, whose = _VERDICTS[verdict], _account(user) if user else NOTHING
    found = Text(
        ko=f"업로드 {uploads}건 {word.ko}(점수 {score:.1f}{whose.ko})",
        en=f"{count(uploads, 'upload')} {word.en} (score {score:.1f}{whose.en})",
    )
    late = _untold(untold) if untold else NOTHING
    parts = [Text.same(", ".join(signals)), held, late, *(_unread(name) for name in unread)]
    behind = [part for part in parts if part]
    return Text.each(lambda locale: _listed(found, behind, locale, ": " if signals else ", "))


def _listed(found: Text, behind: Sequence[Text], locale: Locale, first: str) -> str:
    more = ", ".join(part.of(locale) for part in behind)
    return found.of(locale) + (f"{first}{more}" if more else "")


def _account(user: str) -> Text:
    return Text(ko=f", 계정 {user}", en=f", account {user}")


def _untold(number: int) -> Text:
    return Text(
        ko=f"업로드 {number}건의 접속 주소는 아직 모름", en=f"addresses of {count(number, 'upload')} not known yet"
    )


def _unread(source: str) -> Text:
    name = _SOURCES[source]
    return Text(ko=f"{name.ko} 확인 불가", en=f"{name.en} unread")
