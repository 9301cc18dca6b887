"""Owns the receiving end of the signed webhook; the one rule: it believes a notice only after checking its signature itself."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from tests.support.faulty_http import Answer, FaultyServer, Request

SECRET = b"a secret of the contract tests"
HOOK = "POST /hook"
"""The one operation, by the name that plans of faults know."""


class WebhookReceiver(FaultyServer):
    """Takes notices; with `deduplicates` one whose id it knows is confirmed and has no effect, as a good receiver does."""

    def __init__(self, *, deduplicates: bool = False) -> None:
        super().__init__()
        self.notices: list[dict[str, Any]] = []
        """Every notice that had an effect."""
        self.forged = 0
        self._deduplicates = deduplicates

    def answer(self, request: Request) -> Answer:
        """Take a notice."""
        signed = request.header("leh-guardian-timestamp").encode() + b"." + request.body
        expected = "v1=" + hmac.new(SECRET, signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, request.header("leh-guardian-signature")):
            self.forged += 1
            return Answer(401, b"bad signature")
        notice = json.loads(request.body)
        assert notice["id"] == request.header("leh-guardian-id")
        if not (self._deduplicates and any(known["id"] == notice["id"] for known in self.notices)):
            self.notices.append(notice)
        return Answer(200, b"taken", content_type="text/plain")
