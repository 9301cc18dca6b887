"""Owns what the check of certificates looks at; the one rule: what a server hands out is bytes until the check has read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Trust(StrEnum):
    """What a verified handshake came to."""

    TRUSTED = "trusted"
    EXPIRED = "expired"
    NOT_YET = "not_yet_valid"
    WRONG_NAME = "wrong_name"
    SELF_SIGNED = "self_signed"
    CHAIN = "chain_broken"
    """The issuer is unknown, or its certificate was not sent."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Served:
    """What one address of a host hands out."""

    address: str
    certificate: bytes | None = None
    """The leaf as DER; None: there was no handshake."""
    trust: Trust | None = None
    why: str = ""
    """What failed, in OpenSSL's or the system's words."""


class Endpoints(Protocol):
    """TLS servers."""

    async def look(self, host: str, port: int) -> Sequence[Served]:
        """Shake hands with each address of a host; where its name has none, one entry says why."""


@dataclass(frozen=True, slots=True)
class AcmCertificate:
    """What ACM says of a certificate."""

    arn: str
    status: str
    kind: str
    """AMAZON_ISSUED, IMPORTED or PRIVATE."""
    names: tuple[str, ...]
    serial: int | None
    not_after: datetime | None
    in_use: bool
    eligible: bool
    """Whether ACM would renew it by itself."""
    renewal: str = ""
    """PENDING_AUTO_RENEWAL, PENDING_VALIDATION, SUCCESS or FAILED; empty: there was none yet."""
    why: str = ""
    by_mail: bool = False
    """Whether a person has to answer a mail before it is renewed."""
    validations: tuple[tuple[str, str], ...] = ()
    """CNAMEs that must stay in DNS: name, and where it points."""


class Acm(Protocol):
    """ACM as the checks use it."""

    async def certificates(self, region: str | None, hosts: Sequence[str]) -> Sequence[AcmCertificate]:
        """Return the certificates of a region (None: our own) that are in use or are for one of `hosts`, with keys of every type."""


class Names(Protocol):
    """DNS as the checks use it."""

    async def cname(self, name: str) -> str | None:
        """Return where an alias points, without the dot at its end; None where there is no such alias."""
