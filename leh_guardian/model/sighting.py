"""Owns what logs of requests say of somebody who uploads; the one rule: a field that is not what it should be is missing.

Whoever uploads chooses keys, addresses of requests and user agents: all of it is data of bounded size.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final, NamedTuple

LONGEST_AGENT: Final = 300
_LONGEST_ADDRESS: Final = 64


class Sighting(NamedTuple):
    """A request to store an object, as CloudTrail or S3's access log tells of it."""

    request: str
    """S3's id of the request: both logs tell the same one."""
    at: float
    """Seconds since 1970, UTC."""
    keys: tuple[str, ...]
    """The object's key, as it may be meant: a log that encodes keys leaves open how often."""
    status: int
    """HTTP status."""
    ip: str | None
    """Whose address that is, `presigned` says."""
    agent: str | None
    presigned: bool
    """Whether it came with an address that was signed for somebody else to use; else the service itself stored the object."""
    whole: bool = True
    """Whether it stores an object by itself, and does not only begin an upload in parts."""
    size: int | None = None
    """Bytes of the object, where they are told."""
    part: bool = False
    """Whether it is the first part of an upload in parts: who sends it may be another than who has begun the upload."""

    @property
    def refused(self) -> bool:
        """Whether nothing was stored."""
        return not 200 <= self.status < 300


class Screened(NamedTuple):
    """A request to the service's own interface, as AWS WAF saw it."""

    at: float
    ip: str
    action: str
    """ALLOW, BLOCK, CAPTCHA or CHALLENGE: what ended the look at it."""
    method: str
    path: str
    agent: str | None
    asn: str | None
    """The address's AS number; WAF tells it where a rule matches on it ("clientAsn")."""
    rule: str | None
    """The rule that ended it, by the operators' own name."""


def address_of(text: object) -> str | None:
    """Return an IP address as it is usually written, None for anything else, such as `AWS Internal` or the name of a service."""
    if not isinstance(text, str) or len(text) > _LONGEST_ADDRESS:
        return None
    try:
        return str(ip_address(text))
    except ValueError:
        return None
