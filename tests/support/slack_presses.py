"""Owns a press as Slack sends it; the one rule: signed as Slack signs ("Verifying requests from Slack")."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from urllib.parse import quote


def pressed(token: str, user: str) -> bytes:
    """Return the form that Slack sends for a press."""
    payload = {
        "type": "block_actions",
        "user": {"id": user, "name": "김민수"},
        "response_url": "https://hooks.slack.com/actions/T/1/x",
        "actions": [{"action_id": "leh:0:ack", "value": token}],
        "message": {"text": "가" * 30_000},
    }
    return f"payload={quote(json.dumps(payload))}".encode()


def signature(body: bytes, now: datetime, secret: bytes, age: float = 0) -> dict[str, str]:
    """Return the headers by which a request is known to be Slack's, made `age` seconds before `now`."""
    stamp = str(int((now - timedelta(seconds=age)).timestamp()))
    digest = hmac.new(secret, f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}
