"""Owns the upload record: one happening of the upload log; the one rule: a field that is not what it should be is missing.

Whoever uploads chooses names, types and agents, and logs are cut and mixed: only `time` and `action` decide whether a record
can be used at all. Texts are cut to what their source could really hold, so that one record cannot weigh a megabyte.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

ACTIONS: Final = frozenset({"upload", "presign", "view", "login"})
_LONGEST_ID: Final = 200
_LONGEST_KEY: Final = 1024
_LONGEST_AGENT: Final = 300
_LARGEST: Final = 1 << 50
"""Bytes; an object of S3 has 50 TB at most."""
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC).timestamp()


class Record(NamedTuple):
    """One happening. What is None was missing, or was not what it should be."""

    at: float
    """Seconds since 1970, UTC."""
    action: str
    """One of `ACTIONS`."""
    user: str | None = None
    case: str | None = None
    evidence: str | None = None
    key: str | None = None
    size: int | None = None
    """Bytes."""
    digest: str | None = None
    """sha256, else etag: the same content has the same one."""
    content_type: str | None = None
    status: int | None = None
    """HTTP status; 0 where the connection broke."""
    ip: str | None = None
    asn: str | None = None
    agent: str | None = None
    created: float | None = None
    """When the account was made, seconds since 1970."""
    bulk_ok: int | None = None
    """How many bulk uploads of this account were found to be in order."""
    zoneless: bool = False
    """Its time named no zone; UTC was assumed."""

    @property
    def failed(self) -> bool:
        """Whether the service refused it, or it broke off."""
        return self.status is not None and not 100 <= self.status < 400


def record_of(value: Any) -> Record | None:
    """Return a record of what JSON gave, or None where it is none: no mapping, no known action, no time that can be."""
    if not isinstance(value, Mapping):
        return None
    action = value.get("action")
    action = action.strip().lower() if isinstance(action, str) else None
    at = _instant(value.get("time"))
    if at is None or action not in ACTIONS:
        return None
    created = _instant(value.get("account_created_at"))
    return Record(
        at[0],
        action,
        _text(value.get("user_id")),
        _text(value.get("case_id")),
        _text(value.get("evidence_id")),
        _text(value.get("key"), _LONGEST_KEY),
        _number(value.get("size"), _LARGEST),
        _digest(value),
        _text(value.get("content_type")),
        _number(value.get("status"), 999),
        _text(value.get("ip")),
        _asn(value.get("asn")),
        _agent(value.get("user_agent")),
        created[0] if created else None,
        _number(value.get("past_bulk_ok"), 1_000_000),
        at[1],
    )


def _instant(value: Any) -> tuple[float, bool] | None:
    """Return seconds since 1970 of an ISO 8601 text, and whether UTC had to be assumed."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        zoneless = moment.tzinfo is None
        seconds = (moment.replace(tzinfo=UTC) if zoneless else moment).timestamp()
    except (ValueError, OverflowError):
        return None
    return (seconds, zoneless) if _EARLIEST <= seconds < _LATEST else None


def _text(value: Any, longest: int = _LONGEST_ID) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if -_LARGEST < value < _LARGEST else ""  # ids that are numbers in the service's database
    return (value[:longest].strip() or None) if isinstance(value, str) else None


def _agent(value: Any) -> str | None:
    """Return the agent; one that is there and empty says something, one that is missing does not."""
    return value[:_LONGEST_AGENT].strip() if isinstance(value, str) else None


def _digest(value: Mapping[str, Any]) -> str | None:
    found = _text(value.get("sha256")) or _text(value.get("etag"))
    return found.strip('"').lower() or None if found else None


def _asn(value: Any) -> str | None:
    """Return `4766` for 4766, "4766", "AS4766" and "AS4766 Korea Telecom"; a name stays a name."""
    text = _text(value)
    if text is None:
        return None
    first = text.split()[0].upper().removeprefix("AS")
    return first if first.isdecimal() else text.lower()


def _number(value: Any, most: int) -> int | None:
    if isinstance(value, str) and len(value) <= 18 and value.strip().isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= most else None  # NaN and infinities are outside of every range
