"""Owns the generic signed webhook; the one rule: its address comes from the settings, never from a rule or an event.

The request carries `Leh-Guardian-Id` (the action's id: the receiver may deduplicate by it), `Leh-Guardian-Timestamp` and
`Leh-Guardian-Signature: v1=<hex HMAC-SHA256 of "timestamp.body">`, so that a receiver can refuse forged and old requests.
Redirects are not followed, and the answer's body is read up to a few hundred bytes.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import aiohttp
import anyio

from leh_guardian.clock import Clock
from leh_guardian.errors import AccessDenied, Refused, SettingsError, Throttled, Unavailable
from leh_guardian.files import read_file
from leh_guardian.model.text import dump_json, told
from leh_guardian.ports import Notice, Sent

_DEADLINE = 10.0
_SHORTEST_SECRET = 16
_LONGEST_SECRET = 64 * 1024


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """Return the value of the signature header."""
    digest = hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"v1={digest}"


def read_secret(channel: str, path: Path) -> bytes:
    """Return the secret of the webhook `channel`.

    Raises:
        SettingsError: the file cannot be read, or holds less than a secret should have.
    """
    setting = f"notify.channels.{channel}.secret_file"
    try:
        secret = read_file(path, _LONGEST_SECRET).strip()
    except OSError as error:
        raise SettingsError(f"{setting}: cannot read {path}: {error.strerror}") from error
    if len(secret) < _SHORTEST_SECRET:
        raise SettingsError(f"{setting}: {path} holds fewer than {_SHORTEST_SECRET} bytes")
    return secret


class WebhookChannel:
    """Posts notices as JSON."""

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
            }
        ).encode()
        timestamp = str(int(self._clock.now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "Leh-Guardian-Id": notice.id,
            "Leh-Guardian-Timestamp": timestamp,
            "Leh-Guardian-Signature": signature(self._secret, timestamp, body),
        }
        try:
            # A total deadline: a receiver that drips one byte a second would pass any per-read timeout.
            with anyio.fail_after(_DEADLINE):
                async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as answer:
                    said = (await answer.content.read(300)).decode("utf-8", "replace")
                    return Sent(_judge(answer.status, said, answer.headers.get("Retry-After")))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unavailable(f"the webhook does not answer: {type(error).__name__} {error}") from error


def _judge(status: int, said: str, retry_after: str | None) -> str:
    if 200 <= status < 300:
        return told(said, 100)
    text = f"the webhook answered {status}: {told(said, 200)}"
    if status == 429:
        raise Throttled(text, retry_after=float(retry_after) if retry_after and retry_after.isdecimal() else None)
    if status >= 500:
        raise Unavailable(text)
    if status in {401, 403}:
        raise AccessDenied(f"{text} - does its secret match?")
    raise Refused(text)
