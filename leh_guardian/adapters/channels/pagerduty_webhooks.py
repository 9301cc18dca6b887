"""Owns what PagerDuty says back, its v3 webhooks; the one rule: nothing is believed before its signature, and no junk raises.

PagerDuty signs the raw body (`X-PagerDuty-Signature: v1=<hex HMAC-SHA256>`, several while a secret is being replaced), waits
five seconds for a 2xx, repeats what got none for 48 hours, and turns a subscription off after some that got 4xx: whoever
answers it says 200 to what it does not know, and takes each `id` once.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from leh_guardian.model.text import shown

_MOST_SIGNATURES = 16
_PEOPLE = ("user", "user_reference")


@dataclass(frozen=True, slots=True)
class PagerDutyEvent:
    """What happened to an incident of PagerDuty's."""

    id: str
    """The event's own: a repeated delivery has the same."""
    type: str
    """`incident.acknowledged`, `incident.resolved` and the like."""
    key: str
    """The incident's key: the dedup key of ours (`leh/INC-…`) where it began with our alert; empty where it is not said."""
    who: str
    """Who did it, in PagerDuty's words, for the journal; empty for PagerDuty itself."""
    by_person: bool = False
    """Whether a person did it: not a time that ran out there, and not what we ourselves have told PagerDuty."""


def verify(body: bytes, header: str | None, secrets: Sequence[bytes]) -> bool:
    """Return whether one of the signatures in `header` is that of the raw `body` under one of `secrets`, in constant time."""
    given = [part.strip().encode("utf-8", "replace") for part in (header or "").split(",")[:_MOST_SIGNATURES]]
    found = False
    for secret in secrets:
        expected = b"v1=" + hmac.new(secret, body, hashlib.sha256).hexdigest().encode()
        for signature in given:
            found |= hmac.compare_digest(expected, signature)
    return found


def parse(body: bytes) -> PagerDutyEvent | None:
    """Return what `body` says, None when it is no event."""
    try:
        event = orjson.loads(body)["event"]
        kind, data = event["event_type"], event["data"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    if not isinstance(kind, str) or not isinstance(data, dict):
        return None
    agent = event.get("agent")
    who = _text(agent, "summary") or _text(agent, "id") if isinstance(agent, dict) else ""
    by_person = isinstance(agent, dict) and agent.get("type") in _PEOPLE
    return PagerDutyEvent(_text(event, "id"), shown(kind, 100), _text(data, "incident_key"), who, by_person)


def _text(holder: dict[str, Any], name: str) -> str:
    value = holder.get(name)
    return shown(value, 255) if isinstance(value, str) else ""
