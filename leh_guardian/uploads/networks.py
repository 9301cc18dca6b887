"""Owns where and with what somebody came; the one rule: an address is grouped as providers hand them out, never resolved.

Nothing here asks anybody: a place is the address's /24 (IPv6: /48), a network its ASN, else its /16 (IPv6: /32).
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

_SCRIPTED: Final = (
    "python", "curl", "wget", "aiohttp", "httpx", "requests", "urllib", "go-http", "okhttp", "axios", "node",
    "undici", "got ", "java/", "apache-httpclient", "libwww", "perl", "php", "ruby", "faraday", "guzzle", "aws-cli",
    "aws-sdk", "boto", "botocore", "rclone", "s3cmd", "cyberduck", "postman", "insomnia", "httpie", "headless",
    "phantomjs", "selenium", "puppeteer", "playwright", "k6/", "jmeter", "locust", "scrapy", "bot", "script",
    "powershell", "winhttp", "dart", "restsharp", "migrat",
)  # fmt: skip
_HOSTING: Final = frozenset(
    (
        "16509 14618 8987 15169 396982 8075 8068 16276 14061 24940 213230 45102 37963 132203 45090 20473 63949 9009 60068 "
        "51167 12876 36352 53667 62240 212238 208722 31898 19318 40021 46606 55286 29802 202425 206092 197695 49981 174 "
        "13335 54113 23576 38631 "
    ).split()
)
"""AS numbers of clouds, rented servers and VPNs: people upload from elsewhere."""
_NUMBERS: Final = re.compile(r"\d[\d._]{0,40}")


@lru_cache(maxsize=1 << 16)
def place_of(ip: str) -> str | None:
    """Return the address's /24 or /48 in CIDR, None where it is no address. It is also what may be shown."""
    return _prefix(ip, 24, 48)


@lru_cache(maxsize=1 << 16)
def network_of(ip: str | None, asn: str | None) -> str | None:
    """Return what provider an address belongs to, as nearly as can be said."""
    if asn:
        return f"AS{asn}" if asn.isdecimal() else asn
    return _prefix(ip, 16, 32) if ip else None


def is_hosted(asn: str) -> bool:
    """Tell whether an AS is one of rented servers."""
    return asn in _HOSTING


@lru_cache(maxsize=1 << 12)
def is_scripted(agent: str) -> bool:
    """Tell whether a user agent is a program's own name and not a browser's; an empty one is a program's."""
    text = agent.lower()
    return not text or any(name in text for name in _SCRIPTED)


@lru_cache(maxsize=1 << 12)
def agent_family(agent: str) -> str:
    """Return an agent without its version numbers: an update is no other program."""
    return _NUMBERS.sub("#", agent.lower())[:120]


def _prefix(ip: str, four: int, six: int) -> str | None:
    try:
        address = ip_address(ip)
    except ValueError:
        return None
    if address.version == 6 and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    bits = four if address.version == 4 else six
    kept = int(address) >> (address.max_prefixlen - bits) << (address.max_prefixlen - bits)
    return f"{ip_address(kept) if address.version == 4 else type(address)(kept)}/{bits}"
