"""The judgement of what ACM says of a certificate: a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leh_guardian.checks.acm import judge
from leh_guardian.checks.certificates import by_days
from leh_guardian.checks.result import Findings, worst
from leh_guardian.ports.certificates import AcmCertificate

NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
GOOD = AcmCertificate(
    "arn", "ISSUED", "AMAZON_ISSUED", ("leh.example",), 1, NOW + timedelta(days=200), in_use=True, eligible=True
)


@pytest.mark.parametrize(
    ("days", "changed", "wanted"),
    [
        (200, {}, "OK"),
        (46, {}, "OK"),
        (44, {}, "WARN"),
        (44, {"renewal": "PENDING_AUTO_RENEWAL"}, "WARN"),
        (44, {"renewal": "SUCCESS"}, "OK"),
        (60, {"renewal": "PENDING_VALIDATION"}, "WARN"),
        (60, {"renewal": "FAILED", "why": "CAA_ERROR"}, "FAIL"),
        (29, {"renewal": "SUCCESS"}, "WARN"),
        (14, {}, "FAIL"),
        (14, {"in_use": False}, "WARN"),
        (200, {"eligible": False}, "WARN"),
        (200, {"eligible": False, "in_use": False}, "OK"),
        (200, {"by_mail": True}, "WARN"),
        (200, {"kind": "IMPORTED", "eligible": False}, "OK"),
        (31, {"kind": "IMPORTED", "eligible": False}, "OK"),
        (30, {"kind": "IMPORTED", "eligible": False}, "WARN"),
        (14, {"kind": "IMPORTED", "eligible": False}, "FAIL"),
        (200, {"status": "EXPIRED"}, "FAIL"),
        (200, {"status": "REVOKED", "in_use": False}, "WARN"),
        (200, {"status": "PENDING_VALIDATION"}, "WARN"),
    ],
)
def test_what_acm_says(days: int, changed: dict[str, Any], wanted: str) -> None:
    """One that ACM will not renew and that is in use is never skipped; a renewal that is late warns early."""
    found = Findings()
    certificate = replace(GOOD, not_after=NOW + timedelta(days=days, hours=1), **changed)
    judge(certificate, NOW, 30, 15, 45, found)
    assert worst([one.status for one in found.seen]) == wanted


@pytest.mark.parametrize(("days", "wanted"), [(31, "OK"), (30, "WARN"), (15, "WARN"), (14, "FAIL"), (-1, "FAIL")])
def test_days(days: int, wanted: str) -> None:
    """More than thirty days are good, less than fifteen are not."""
    assert by_days(days, 30, 15) == wanted
