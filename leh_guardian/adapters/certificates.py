"""Owns ACM as the check of certificates asks it; the one rule: keys of every type are asked for, which the API hides by default.

"ListCertificates" (ACM API Reference): without `Includes.keyTypes` RSA_1024 and RSA_2048 alone are listed, and ECDSA expires unseen.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.regional import Clients
from leh_guardian.checks.x509 import covers
from leh_guardian.errors import AccessDenied, NoCredentials, NotFound, Refused, Unavailable
from leh_guardian.ports.certificates import AcmCertificate

_KEYS: Final = (
    "RSA_1024",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_prime256v1",
    "EC_secp384r1",
    "EC_secp521r1",
)
_PAGES: Final = 20
_DESCRIBED: Final = 300


class AcmCertificates:
    """ACM, opened when it is first asked."""

    def __init__(self, aws: Aws, clients: Clients) -> None:
        self._aws = aws
        self._clients = clients

    async def certificates(self, region: str | None, hosts: Sequence[str]) -> Sequence[AcmCertificate]:
        """Return the certificates of a region (None: our own) that are in use or are for one of `hosts`.

        Raises:
            AccessDenied: acm:ListCertificates or acm:DescribeCertificate is missing.
            Refused: there are more than can be looked at.
        """
        client = await self._clients.get("acm", region)
        arns = [arn async for arn in self._wanted(client, hosts)]
        if len(arns) > _DESCRIBED:
            raise Refused(f"ACM holds {len(arns)} certificates in use, and {_DESCRIBED} are looked at")
        found = []
        for arn in arns:
            call = functools.partial(client.describe_certificate, CertificateArn=arn)
            try:
                answer = await self._ask("describe a certificate", "acm:DescribeCertificate", call)
            except NotFound:
                # Deleted since it was listed.
                continue
            certificate = _certificate(answer)
            if certificate.in_use or _for_any(certificate.names, hosts):
                found.append(certificate)
        return found

    async def _wanted(self, client: Any, hosts: Sequence[str]) -> Any:
        """Yield the ARNs of those that may be wanted, by what the listing tells of them."""
        token: dict[str, str] = {}
        for _ in range(_PAGES):
            call = functools.partial(
                client.list_certificates, Includes={"keyTypes": list(_KEYS)}, MaxItems=100, **token
            )
            page = await self._ask("list certificates", "acm:ListCertificates", call)
            if not isinstance(page.get("CertificateSummaryList"), list):
                raise Unavailable("cannot list certificates: the answer holds none, so it is not ACM's")
            for summary in page["CertificateSummaryList"]:
                if _may_matter(summary, hosts):
                    yield str(summary.get("CertificateArn"))
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}
        raise Refused(f"ACM lists more than {_PAGES} pages of certificates, so what was read is not all")

    async def _ask(self, doing: str, permission: str, call: Any) -> Mapping[str, Any]:
        try:
            answer: Mapping[str, Any] = await self._aws.call(doing, call)
        except NoCredentials:
            raise
        except AccessDenied as error:
            raise AccessDenied(f"{error} - allow {permission} on *") from error
        return answer


def _may_matter(summary: Mapping[str, Any], hosts: Sequence[str]) -> bool:
    # Where the listing does not tell whether it is in use, its description will.
    names = (summary.get("DomainName"), *(summary.get("SubjectAlternativeNameSummaries") or ()))
    more = bool(summary.get("HasAdditionalSubjectAlternativeNames"))
    return summary.get("InUse") is not False or more or _for_any([str(name) for name in names if name], hosts)


def _for_any(names: Sequence[str], hosts: Sequence[str]) -> bool:
    return any(covers(names, host) for host in hosts)


def _certificate(answer: Mapping[str, Any]) -> AcmCertificate:
    raw = answer.get("Certificate")
    if not isinstance(raw, Mapping) or not raw.get("CertificateArn"):
        raise Unavailable("cannot describe a certificate: the answer holds none, so it is not ACM's")
    renewal = raw.get("RenewalSummary") or {}
    options = list(_options(raw, renewal))
    after = raw.get("NotAfter")
    pending = [
        str(one.get("DomainName")) for one in options if renewal and one.get("ValidationStatus") == "PENDING_VALIDATION"
    ]
    return AcmCertificate(
        arn=str(raw["CertificateArn"]),
        status=str(raw.get("Status") or ""),
        kind=str(raw.get("Type") or ""),
        names=tuple(
            dict.fromkeys(
                str(name) for name in (raw.get("DomainName"), *(raw.get("SubjectAlternativeNames") or ())) if name
            )
        ),
        serial=_serial(raw.get("Serial")),
        not_after=after.replace(tzinfo=after.tzinfo or UTC).astimezone(UTC) if isinstance(after, datetime) else None,
        in_use=bool(raw.get("InUseBy")),
        eligible=raw.get("RenewalEligibility") == "ELIGIBLE",
        renewal=str(renewal.get("RenewalStatus") or ""),
        why=", ".join([str(renewal["RenewalStatusReason"])] if renewal.get("RenewalStatusReason") else pending),
        by_mail=any(one.get("ValidationMethod") == "EMAIL" for one in options),
        validations=tuple(_validations(options)),
    )


def _options(raw: Mapping[str, Any], renewal: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield how each domain is validated: what the renewal says goes before what the request said."""
    for option in renewal.get("DomainValidationOptions") or raw.get("DomainValidationOptions") or ():
        if isinstance(option, Mapping):
            yield option


def _validations(options: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    seen = set()
    for option in options:
        record = option.get("ResourceRecord") or {}
        # A name and its wildcard share one record.
        if record.get("Type") == "CNAME" and record.get("Name") not in seen:
            seen.add(record.get("Name"))
            yield str(record.get("Name")), str(record.get("Value"))


def _serial(text: object) -> int | None:
    """Read 07:71:71:f4, as ACM writes it."""
    try:
        return int(str(text).replace(":", ""), 16)
    except ValueError:
        return None
