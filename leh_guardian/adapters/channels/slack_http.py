"""Owns Slack's requests over HTTP, for installations with a public address; the one rule: nothing is read before it is verified.

The scheme is Slack's "Verifying requests from Slack": `v0=` and the HMAC-SHA256 of `v0:timestamp:body` under the signing
secret. slack-sdk's own verifier raises on timestamps that are no numbers, on bodies that are not UTF-8 and on signatures that
are not ASCII; this one says no. An old request is refused, so that a press cannot be replayed.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import Final
from urllib.parse import parse_qs

import orjson

from leh_guardian.adapters.channels.slack_press import Press, press_of

FRESH: Final = 300
"""Seconds by which Slack's clock and ours may differ, and for which a request may be on its way."""
_LONGEST_TIMESTAMP = 12
_LONGEST_BODY = 1024 * 1024


def verified(secret: bytes, timestamp: str | None, signature: str | None, body: bytes, now: datetime) -> bool:
    """Return whether Slack signed the raw `body` within the last five minutes; whatever it is given, it never raises.

    `timestamp` and `signature` are the headers X-Slack-Request-Timestamp and X-Slack-Signature.
    """
    if not timestamp or not signature or len(timestamp) > _LONGEST_TIMESTAMP:
        return False
    if not (timestamp.isascii() and timestamp.isdigit()) or abs(now.timestamp() - int(timestamp)) > FRESH:
        return False
    expected = b"v0=" + hmac.new(secret, b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest().encode()
    return hmac.compare_digest(expected, signature.encode("utf-8", "replace"))


def parse(body: bytes) -> Press | None:
    """Return the press that the form of a verified request holds, None when it holds none."""
    if len(body) > _LONGEST_BODY:
        return None
    try:
        form = parse_qs(body.decode("utf-8"), max_num_fields=10)
        payload = orjson.loads(form["payload"][0])
    except (ValueError, KeyError):
        return None
    return press_of(payload)
