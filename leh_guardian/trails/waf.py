"""Owns AWS WAF's log; the one rule: it tells of addresses that are known already, and of nobody else.

"Log fields for protection pack (web ACL) traffic" (AWS WAF Developer Guide). What is uploaded goes past WAF, straight to S3: it sees
the requests for an address to upload to. A challenge or a CAPTCHA is what an honest browser meets first, and no refusal.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import orjson

from leh_guardian.model.sighting import LONGEST_AGENT, Screened, address_of
from leh_guardian.trails.told import Told

_ACTIONS: Final = frozenset({"ALLOW", "BLOCK", "CAPTCHA", "CHALLENGE"})
_FIRST: Final = 946_684_800_000
_LAST: Final = 7_258_118_400_000
"""Milliseconds: what is dated before 2000 or after 2200 is broken."""
_LONGEST_PATH: Final = 512
_LONGEST_RULE: Final = 128
_HEADERS: Final = 100


def read_lines(ips: Collection[str], data: bytes, told: Told[Screened]) -> None:
    """Take in an object of the log: a record on each line."""
    for raw in data.split(b"\n"):
        if raw and not raw.isspace():
            read_message(ips, raw, told)


def read_message(ips: Collection[str], text: str | bytes, told: Told[Screened]) -> None:
    """Take in one record."""
    try:
        record = orjson.loads(text)
    except orjson.JSONDecodeError:
        told.line(None)
        return
    at = record.get("timestamp") if isinstance(record, Mapping) else None
    if not isinstance(at, int) or not _FIRST <= at < _LAST:
        told.line(None)
        return
    told.line(at / 1000)
    asked = record.get("httpRequest")
    if not isinstance(asked, Mapping) or record.get("action") not in _ACTIONS:
        return
    ip = address_of(asked.get("clientIp"))
    if ip is None or ip not in ips:
        return
    asn = asked.get("clientAsn")
    told.keep(
        Screened(
            at / 1000,
            ip,
            record["action"],
            _text(asked.get("httpMethod"), 16).upper(),
            _text(asked.get("uri"), _LONGEST_PATH),
            _agent(asked.get("headers")),
            str(asn) if isinstance(asn, int) and not isinstance(asn, bool) and 0 < asn < 1 << 32 else None,
            _text(record.get("terminatingRuleId"), _LONGEST_RULE) or None,
        )
    )


def _agent(headers: Any) -> str | None:
    for header in headers[:_HEADERS] if isinstance(headers, list) else ():
        if isinstance(header, Mapping) and _text(header.get("name"), 20).lower() == "user-agent":
            return _text(header.get("value"), LONGEST_AGENT).strip()
    return None


def _text(value: Any, longest: int) -> str:
    return value[:longest] if isinstance(value, str) else ""
