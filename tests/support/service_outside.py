"""Owns a small LEH as its users see it: log-in, upload, search, deletion; the one rule: who has no token gets 401."""

from __future__ import annotations

import json
from typing import Any

from tests.support.faulty_http import Answer, FaultyServer, Request

PASSWORD = "hunter2-geheim"
TOKEN = "tok/en+ge:heim"


class ServiceOutside(FaultyServer):
    """On loopback, in a thread of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes] = {}
        self.requests: list[Request] = []

    def answer(self, request: Request) -> Answer:
        """Do as the service would."""
        self.requests.append(request)
        path, _, _ = request.path.partition("?")
        if (request.method, path) == ("POST", "/login"):
            right = json.loads(request.body) == {"email": "probe@leh.example", "password": PASSWORD}
            return _json({"data": {"token": TOKEN, "upload": f"{self.url}/signed/ev_7"}}) if right else _json({}, 403)
        if path.startswith("/signed/"):
            self.files[path.removeprefix("/signed/")] = request.body
            return _json({})
        if request.header("Authorization") != f"Bearer {TOKEN}":
            return _json({"detail": "no"}, 401)
        return self._for_users(request, path)

    def _for_users(self, request: Request, path: str) -> Answer:
        match request.method, path.split("/"):
            case "POST", [_, "upload"]:
                self.files["ev_9"] = request.body
                return _json({"id": "ev_9"}, 201)
            case "GET", [_, "search"]:
                return _json({"hits": [{"id": one} for one in self.files], "total": len(self.files)})
            case "DELETE", [_, "files", name]:
                return Answer(204) if self.files.pop(name, None) is not None else _json({}, 404)
            case "GET", [_, "moved"]:
                return Answer(302, headers=(("Location", "/search"),))
            case "GET", [_, "elsewhere"]:
                return Answer(302, headers=(("Location", "http://127.0.0.1:1/search"),))
            case "GET", [_, "large"]:
                return Answer(200, b'"' + b"x" * 300_000 + b'"')
        return _json({"error": f"Bearer {TOKEN} <script>\u202e 900101-1234567"}, 500)


def _json(body: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body, ensure_ascii=False).encode())
