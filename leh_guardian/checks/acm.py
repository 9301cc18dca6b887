"""Owns the judgement of what ACM says of a certificate; the one rule: one in use that will not renew by itself is never skipped.

"Managed renewal" (ACM User Guide): eligible is what ACM issued and a service uses; imported ones, and those of nobody, are not. ACM
begins sixty days before the end, so that one of 45 days without a success is late.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from leh_guardian.checks import certificate_wording as say
from leh_guardian.checks.result import Findings, Status
from leh_guardian.errors import HandlerError
from leh_guardian.model.text import told
from leh_guardian.ports.certificates import AcmCertificate, Names

_LOST: Final = frozenset({"EXPIRED", "REVOKED", "FAILED", "VALIDATION_TIMED_OUT"})
_MANY: Final = 20
"""CNAMEs of one certificate that are looked up."""


def judge(
    certificate: AcmCertificate, now: datetime, good: int, bad: int, early: int, found: Findings
) -> dict[str, Any]:
    """Judge a certificate that is in use or for one of the hosts; returns what was measured."""
    name = told(certificate.names[0], 100) if certificate.names else certificate.arn
    days = (certificate.not_after - now).days if certificate.not_after else None
    imported = certificate.kind == "IMPORTED"
    if certificate.status in _LOST:
        found.add(Status.FAIL if certificate.in_use else Status.WARN, say.lost(name, certificate.status), say.REPLACE)
    elif certificate.status != "ISSUED":
        found.add(Status.WARN, say.lost(name, certificate.status), say.VALIDATE)
    if days is not None and certificate.status == "ISSUED":
        status = Status.OK if days > good else Status.WARN if days >= bad or not certificate.in_use else Status.FAIL
        said = say.imported(name, days) if imported else say.issued(name, days)
        found.add(status, said, say.IMPORT_AGAIN if imported else say.VALIDATE)
    if not imported:
        _judge_renewal(certificate, name, days, early, found)
    return {
        "status": certificate.status,
        "kind": certificate.kind,
        "days": days,
        "in_use": certificate.in_use,
        "eligible": certificate.eligible,
        "renewal": certificate.renewal or None,
    }


def _judge_renewal(certificate: AcmCertificate, name: str, days: int | None, early: int, found: Findings) -> None:
    if certificate.in_use and not certificate.eligible:
        found.add(Status.WARN, say.ineligible(name), say.SEE_ELIGIBLE)
    if certificate.renewal == "FAILED":
        found.add(Status.FAIL, say.renewal_failed(name, told(certificate.why, 160) or "-"), say.VALIDATE)
    elif certificate.renewal == "PENDING_VALIDATION":
        found.add(Status.WARN, say.renewal_waits(name, told(certificate.why, 160) or "-"), say.VALIDATE)
    elif certificate.eligible and days is not None and days < early and certificate.renewal != "SUCCESS":
        found.add(Status.WARN, say.late(name, days), say.VALIDATE)
    if certificate.in_use and certificate.by_mail:
        found.add(Status.WARN, say.by_mail(name), say.VALIDATE)


async def judge_names(certificate: AcmCertificate, names: Names, found: Findings) -> bool:
    """Look whether the CNAMEs are still there by which ACM validates a renewal.

    Where DNS does not say, that part is UNKNOWN; returns whether it is worth asking for others.
    """
    if certificate.kind != "AMAZON_ISSUED" or not certificate.in_use:
        return True
    for name, target in certificate.validations[:_MANY]:
        try:
            points = await names.cname(name)
        except HandlerError as error:
            found.add(Status.UNKNOWN, say.dns_silent(told(name, 120), told(error, 160)), say.SEE_RESOLVER)
            return False
        if points is None or points.rstrip(".").lower() != target.rstrip(".").lower():
            found.add(Status.WARN, say.cname_gone(told(name, 120)), say.PUT_CNAME)
    return True
