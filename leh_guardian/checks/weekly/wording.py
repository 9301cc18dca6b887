"""Owns what the weekly report says by itself; the one rule: a check that nobody gave a name is called by its id."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Final

from leh_guardian.language import Text, count, day_and_time
from leh_guardian.model.check import Status

TITLE: Final = Text(ko="주간 점검 보고서", en="Weekly report of the checks")
OVERALL: Final = Text(ko="전체", en="Overall")
CHANGES: Final = Text(ko="지난주와 달라진 점", en="What has changed since last week")
CHECKS: Final = Text(ko="점검 결과", en="The checks")
DETAILS: Final = Text(ko="자세히", en="In detail")
TREND: Final = Text(ko="추이", en="Trend")
SAMPLES: Final = Text(ko="표본 점검의 한계", en="What the samples prove")
COLUMNS: Final = (
    Text(ko="점검", en="Check"),
    Text(ko="상태", en="Status"),
    Text(ko="지난주", en="Last week"),
    Text(ko="언제부터", en="Since"),
    Text(ko="측정", en="Measured"),
    Text(ko="기준", en="Threshold"),
    Text(ko="근거", en="Evidence"),
    Text(ko="할 일", en="What to do"),
)
NEVER_RAN: Final = Text(
    ko="점검이 실행되지 않았습니다. 이전 결과도 없습니다", en="it did not run, and there is no earlier result"
)
NO_CHANGE: Final = Text(ko="달라진 점 없음", en="nothing has changed")
FIRST: Final = Text(ko="지난주 결과가 없어 비교하지 못했습니다", en="there is nothing of last week to compare with")
WORSE: Final = Text(ko="나빠짐", en="worse")
BETTER: Final = Text(ko="나아짐", en="better")
RUNBOOK: Final = Text(
    ko="런북 3. 정기 점검 리스트 (docs/checks.md)", en="Runbook, section 3: the weekly checks (docs/checks.md)"
)
AGAIN: Final = Text(
    ko="자세한 내용: leh-guardian checks report (--format html|json)",
    en="The whole of it: leh-guardian checks report (--format html|json)",
)
_NAMES: Final[Mapping[str, Text]] = {
    "check_s3_tmp": Text(ko="S3 임시 파일", en="Temporary files in S3"),
    "check_rds_backup": Text(ko="RDS 백업", en="Backups of RDS"),
    "check_certificates": Text(ko="SSL 인증서", en="Certificates"),
    "check_audit_log": Text(ko="감사 로그 표본", en="Sample of the audit log"),
}
_STATUS: Final[Mapping[Status, Text]] = {
    Status.OK: Text(ko="정상", en="well"),
    Status.WARN: Text(ko="주의", en="look soon"),
    Status.UNKNOWN: Text(ko="확인 불가", en="not seen"),
    Status.FAIL: Text(ko="이상", en="wrong"),
}


def name_of(check: str) -> Text:
    """Return what people call a check."""
    return _NAMES.get(check, Text.same(check))


def word_of(status: Status) -> Text:
    """Return a status in a word."""
    return _STATUS[status]


def did_not_run(last: datetime, status: Status, zone: tzinfo) -> Text:
    """Say that a check has no result of this week."""
    at = day_and_time(last, zone)
    return Text(
        ko=f"이번 주에 실행되지 않았습니다 (마지막 결과: {at.ko} {status})",
        en=f"it did not run this week (its last result: {status}, {at.en})",
    )


def see_rule(check: str) -> Text:
    """Say what to do about a check that did not run."""
    return Text(
        ko=f"{check}를 실행하는 규칙과 장애를 확인하세요: leh-guardian rules schedule, leh-guardian incidents list",
        en=f"Look at the rule that runs {check}, and at its incident: leh-guardian rules schedule, leh-guardian incidents list",
    )


def since(day: str) -> Text:
    """Say since which day it is so."""
    return Text(ko=f"{day}부터", en=f"since {day}")


def more(number: int) -> Text:
    """Say how many findings are not shown here."""
    return Text(ko=f"외 {number}건", en=f"and {count(number, 'more finding')}")


def summary(worse: int, better: int) -> Text:
    """Say in a line what has changed."""
    if not worse and not better:
        return NO_CHANGE
    return Text(ko=f"나빠짐 {worse}, 나아짐 {better}", en=f"{worse} worse, {better} better")
