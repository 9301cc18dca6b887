"""Owns the generic signed webhook; the one rule: its address comes from the settings, never from a rule or an event.

The request carries `Leh-Guardian-Id` (the action's id: the receiver may deduplicate by it), `Leh-Guardian-Timestamp` and
`Leh-Guardian-Signature: v1=<hex HMAC-SHA256 of "timestamp.body">`, so that a receiver can refuse forged and old requests.
Redirects are not followed, and the answer's body is read up to a few hundred bytes. docs/channels.md has the members of the body.
"""

from __future__ import annotations

import hashlib
import hmac

import aiohttp

from leh_guardian.adapters.channels.http import exchange, refuse
from leh_guardian.clock import Clock
from leh_guardian.model.text import dump_json, told
from leh_guardian.ports import Notice, Sent

_WHO = "the webhook"


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """Return the value of the signature header."""
    digest = hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"v1={digest}"


class WebhookChannel:
    """Posts notices as JSON."""

    address: str = ""
    confirms: bool = False
    strict: bool = False

    def __init__(self, session: aiohttp.ClientSession, url: str, secret: bytes, clock: Clock) -> None:
        self._session = session
        self._url = url
        self._secret = secret
        self._clock = clock

    async def send(self, notice: Notice) -> Sent:
        """Post `notice`; a repeated one carries the same id.

        Raises:
            Throttled, Unavailable: try again.
            AccessDenied, Refused: the receiver does not want it.
        """
        body = dump_json(
            {
                "id": notice.id,
                "title": notice.title,
                "lines": list(notice.lines),
                "incident": notice.incident,
                "rule": notice.rule,
                "severity": notice.severity,
                "facts": dict(notice.facts),
                "kind": str(notice.kind),
                "number": notice.number,
                "level": notice.level,
                "status": notice.status,
                "link": notice.link,
            }
        ).encode()
        timestamp = str(int(self._clock.now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "Leh-Guardian-Id": notice.id,
            "Leh-Guardian-Timestamp": timestamp,
            "Leh-Guardian-Signature": signature(self._secret, timestamp, body),
        }
        answer = await exchange(self._session, "POST", self._url, who=_WHO, body=body, headers=headers, glance=300)
        refuse(answer, _WHO, denied="does its secret match?")
        return Sent(told(answer.body.decode("utf-8", "replace"), 100))
