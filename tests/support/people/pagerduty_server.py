"""Owns a stand-in of PagerDuty's Events API v2; the one rule: it takes what the documentation takes, and nothing else."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from tests.support.people.provider import ProviderServer, must

KEY = "R0UT1NGKEY0123456789abcdefABCDEF"
_EVENT = {"routing_key", "event_action", "dedup_key", "payload", "client", "client_url", "links"}
_PAYLOAD = {"summary", "source", "severity", "class", "custom_details"}


class PagerDutyServer(ProviderServer):
    """Takes events; an alert is open from `trigger` to `resolve`."""

    def __init__(self) -> None:
        super().__init__()
        self.alerts: dict[str, str] = {}
        """{dedup key: the last thing done to it}."""

    async def apply(self, request: web.Request, body: bytes) -> web.StreamResponse:
        """Take an event."""
        must((request.method, request.path) == ("POST", "/v2/enqueue"), "no such operation")
        must(request.content_type == "application/json", "no JSON")
        must(len(body) <= 512 * 1024, "the body is too large")
        event: dict[str, Any] = json.loads(body)
        must(event.keys() <= _EVENT, f"unknown members {event.keys() - _EVENT}")
        must(event["routing_key"] == KEY, "unknown routing key")
        must(0 < len(event["dedup_key"]) <= 255, "the dedup key is empty or too long")
        action = event["event_action"]
        must(action in {"trigger", "acknowledge", "resolve"}, "unknown action")
        if action == "trigger":
            payload = event["payload"]
            must(payload.keys() <= _PAYLOAD, f"unknown members {payload.keys() - _PAYLOAD}")
            must(0 < len(payload["summary"]) <= 1024, "the summary is empty or too long")
            must(payload["source"], "no source")
            must(payload["severity"] in {"critical", "error", "warning", "info"}, "unknown severity")
            must(all(link["href"].startswith("https://") for link in event.get("links", [])), "a link that is none")
        self.alerts[event["dedup_key"]] = action
        self.taken.append(event)
        return web.json_response(
            {"status": "success", "message": "Event processed", "dedup_key": event["dedup_key"]}, status=202
        )
