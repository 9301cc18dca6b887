"""A report with one check of each kind over eight weeks; `python -m tests.unit.checks.weekly.sample` writes the golden files anew."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from leh_guardian.checks.weekly import lines, markdown, page
from leh_guardian.checks.weekly.document import document
from leh_guardian.checks.weekly.report import Report, compose
from leh_guardian.language import Locale
from leh_guardian.model.check import KeptResult, Status

SEOUL: Final = ZoneInfo("Asia/Seoul")
NOW: Final = datetime(2026, 11, 30, 0, 2, tzinfo=UTC)
"""Two minutes past nine in Seoul, on Monday."""
NAMES: Final = ("check_s3_tmp", "check_rds_backup", "check_certificates", "check_audit_log")
_GOLDEN: Final = Path(__file__).parent / "golden"


def words(ko: str, en: str) -> dict[str, str]:
    """Return a text as results hold it."""
    return {"ko": ko, "en": en}


def kept(
    check: str, status: str, weeks_ago: int = 0, *, since: int | None = None, at: datetime = NOW, **facts: Any
) -> KeptResult:
    """Return the result of a run so many weeks ago, that has come to the same for `since` weeks."""
    looked = at - timedelta(weeks=weeks_ago, minutes=1)
    first = at - timedelta(weeks=weeks_ago if since is None else since, minutes=1)
    return KeptResult(check, looked, Status(status), first, {"check": check, "status": status, **facts})


def sample() -> Report:
    """Return a report: one of each, something worse and something better than last week."""
    return compose(
        [
            kept(
                "check_s3_tmp",
                "FAIL",
                since=0,
                measured={"rule": "all", "objects": 120, "objects_overdue": 3, "objects_whole": True},
                threshold={"expires_after_days": 7, "grace_hours": 48.0},
                evidence={
                    "bucket": "leh-evidence-prod",
                    "prefix": "tmp/",
                    "objects_oldest_key_sha256": "9f86d081884c7d65",
                },
                reasons=[
                    words("tmp/에 7일보다 오래된 객체가 3개 있습니다", "tmp/ holds 3 objects older than 7 days"),
                    words("미완료 업로드를 지우는 규칙이 없습니다", "no rule aborts unfinished uploads"),
                ],
                what_to_do=[
                    words("규칙을 확인하세요.", "Look at the rule."),
                    words("규칙을 추가하세요.", "Add a rule."),
                ],
            ),
            *(kept("check_s3_tmp", "OK", n) for n in range(1, 8)),
            kept(
                "check_rds_backup",
                "OK",
                since=0,
                measured={"leh-prod": {"age_hours": 6.2, "snapshots": 7, "by": "rds"}},
                threshold={"fresh_hours": 26.0, "stale_hours": 48.0},
                evidence={"leh-prod": {"arn": "arn:aws:rds:ap-northeast-2:123456789012:db:leh-prod"}},
                reasons=[words("leh-prod: 최신 자동 스냅샷 6시간 전", "leh-prod: newest snapshot 6 h old")],
            ),
            kept("check_rds_backup", "WARN", 1),
            kept("check_rds_backup", "OK", 3),
            kept(
                "check_certificates",
                "WARN",
                since=2,
                measured={"app.leh.example": {"days": 21, "trust": "trusted"}},
                threshold={"good_days": 30, "bad_days": 15},
                evidence={"app.leh.example": ["203.0.113.7"]},
                reasons=[words("app.leh.example: 21일 뒤 만료", "app.leh.example: 21 days left")],
                what_to_do=[words("인증서를 갱신하세요.", "Renew the certificate.")],
            ),
            kept("check_certificates", "WARN", 1, since=2),
            kept(
                "check_audit_log",
                "UNKNOWN",
                since=0,
                measured={"population": 41210, "sampled": 12000},
                reasons=[words("로그 그룹 하나를 읽지 못했습니다", "one log group could not be read")],
                evidence={
                    "statement": words(
                        "읽은 12,000건에서 발견 없음: 95% 신뢰수준에서 유출 비율 0.025% 이하",
                        "nothing found in 12,000 lines: a leak rate of at most 0.025 % at 95 %",
                    )
                },
            ),
            kept("check_audit_log", "UNKNOWN", 1),
        ],
        NAMES,
        NOW,
        SEOUL,
    )


def forms(report: Report) -> Mapping[str, str]:
    """Return every form of a report, by the name of its golden file."""
    said = [lines.title(report, Locale.KO), *lines.lines(report, Locale.KO)]
    return {
        "report.ko.md": markdown.written(report, Locale.KO),
        "report.en.md": markdown.written(report, Locale.EN),
        "report.ko.html": page.written(report, Locale.KO),
        "report.json": json.dumps(document(report), indent=2, ensure_ascii=False) + "\n",
        "report.ko.txt": "\n".join(said) + "\n",
    }


def golden(name: str) -> str:
    """Return what a form of the sample has to be."""
    return (_GOLDEN / name).read_text(encoding="utf-8")


if __name__ == "__main__":
    for name, text in forms(sample()).items():
        (_GOLDEN / name).write_text(text, encoding="utf-8")
