"""Owns the part of the service that ends sessions, which can go wrong; the one rule: a session ends once, however often asked."""

from __future__ import annotations

import json

from tests.support.faulty_http import Answer, FaultyServer, Request

PATH = "/admin/revoke-sessions"
REVOKE = f"POST {PATH}"


class SessionsOutside(FaultyServer):
    """Open sessions by account."""

    def __init__(self, sessions: dict[str, list[str]]) -> None:
        super().__init__()
        self.sessions = sessions
        self.ended: list[str] = []
        self.requests: list[tuple[object, str]] = []
        """Bodies and idempotency keys."""
        self.instead: Answer | None = None
        """What is answered in place of doing anything."""

    def answer(self, request: Request) -> Answer:
        """End the sessions of an account."""
        body = json.loads(request.body)
        self.requests.append((body, request.header("idempotency-key")))
        if self.instead is not None:
            return self.instead
        gone = self.sessions.pop(body["user_id"], [])
        self.ended += gone
        return Answer(200, json.dumps({"status": "revoked", "sessions": len(gone)}).encode())
