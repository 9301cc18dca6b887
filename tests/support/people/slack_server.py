"""Owns a stand-in of Slack's Web API; the one rule: it keeps messages as Slack does, and takes no block that Slack would not."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from tests.support.people.provider import ProviderServer, Wrong, must

TOKEN = "xoxb-0123456789-token"
APP_TOKEN = "xapp-0123456789-token"
CHANNEL = "C0OPS00001"
PERSON = "U0MINSU001"
SCOPES = "chat:write,im:write,channels:read,channels:history"
_TEXTS = {"header": 150, "section": 3000}
_POST = {"channel", "text", "blocks", "metadata", "parse", "link_names", "unfurl_links", "unfurl_media"}
_POST |= {"thread_ts", "reply_broadcast"}


class SlackServer(ProviderServer):
    """A workspace with a channel and a person."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: dict[str, dict[str, Any]] = {}
        """{ts: message}."""
        self.refusals: deque[tuple[str, str]] = deque()
        """(method, code): what the next call of that method is refused with."""
        self.calls: list[str] = []
        """Every method that was called and answered."""
        self.people = {PERSON}
        """User ids."""
        self.place: dict[str, Any] = {"is_member": True, "is_archived": False}
        self.scopes = SCOPES
        self.socket: web.WebSocketResponse | None = None
        """The connection of Socket Mode."""
        self.connected = asyncio.Event()
        self.acknowledged: asyncio.Queue[str] = asyncio.Queue()
        self.connections = 0
        self.turns_away = 0
        """How many connections of Socket Mode are refused."""
        self.throws_out = 0
        """How many connections of Socket Mode end as soon as they have begun."""

    async def apply(self, request: web.Request, body: bytes) -> web.StreamResponse:
        """Do a method."""
        if request.path == "/socket":
            return await self._socket(request)
        if request.path == "/respond":
            self.taken.append(("respond", json.loads(body)))
            return web.json_response({"ok": True})
        method = request.path.removeprefix("/api/")
        token = APP_TOKEN if method == "apps.connections.open" else TOKEN
        must(request.headers.get("Authorization") == f"Bearer {token}", "a wrong token")
        asked: dict[str, Any]
        if method in {"conversations.info", "conversations.history", "conversations.replies"}:
            must(request.method == "GET", "reading methods take no JSON")
            asked = dict(request.query)
        else:
            must(request.method == "POST", "writing methods are posted")
            asked = json.loads(body) if body else {}
        if self.refusals and self.refusals[0][0] == method:
            return web.json_response({"ok": False, "error": self.refusals.popleft()[1]})
        self.calls.append(method)
        answer = self._done(method, asked)
        return web.json_response({"ok": True, **answer}, headers={"x-oauth-scopes": self.scopes})

    def _done(self, method: str, asked: dict[str, Any]) -> dict[str, Any]:
        match method:
            case "auth.test":
                return {"user_id": "U0GUARDIAN"}
            case "conversations.open":
                must(asked.keys() == {"users"} and asked["users"] in self.people, "nobody of that id")
                return {"channel": {"id": f"D{asked['users'][1:]}"}}
            case "conversations.info":
                must(asked == {"channel": CHANNEL}, "no such channel")
                return {"channel": {"id": CHANNEL, **self.place}}
            case "conversations.history" | "conversations.replies":
                return {"messages": list(self._found(method, asked))}
            case "chat.postMessage":
                return self._posted(asked)
            case "chat.update":
                return self._updated(asked)
            case "apps.connections.open":
                return {"url": self.url.replace("http", "ws") + "/socket?ticket=secret-ticket"}
        raise Wrong("no such method")

    def _found(self, method: str, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
        must(0 < int(asked["limit"]) <= 999, "a bad limit")
        must(asked.get("include_all_metadata") in {"1", "true"}, "without metadata nothing can be found")
        replies = method == "conversations.replies"
        for ts, message in reversed(self.messages.items()):
            thread = message.get("thread_ts")
            shown = thread is None or message.get("reply_broadcast")
            if message["channel"] == asked["channel"] and (thread == asked["ts"] if replies else shown):
                yield {"ts": ts, "metadata": message["metadata"]}

    def _posted(self, asked: dict[str, Any]) -> dict[str, Any]:
        must(asked.keys() <= _POST, f"unknown arguments {asked.keys() - _POST}")
        must(asked["channel"] in {CHANNEL, *(f"D{person[1:]}" for person in self.people)}, "no such channel")
        must(asked["metadata"]["event_type"].isidentifier(), "metadata without a type")
        must("thread_ts" not in asked or asked["thread_ts"] in self.messages, "no such thread")
        check_message(asked)
        ts = f"1700000000.{len(self.messages) + 1:06}"
        self.messages[ts] = dict(asked)
        self.taken.append(("post", asked))
        return {"channel": asked["channel"], "ts": ts}

    def _updated(self, asked: dict[str, Any]) -> dict[str, Any]:
        must(asked.keys() == {"channel", "ts", "text", "blocks", "parse", "link_names"}, "arguments")
        must(asked["ts"] in self.messages, "no such message")
        must(self.messages[asked["ts"]]["channel"] == asked["channel"], "a message of another channel")
        check_message(asked)
        self.messages[asked["ts"]] |= asked
        self.taken.append(("update", asked))
        return {"channel": asked["channel"], "ts": asked["ts"]}

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        must(request.query["ticket"] == "secret-ticket", "a wrong ticket")
        if self.turns_away:
            self.turns_away -= 1
            return web.Response(status=503)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.socket = socket
        self.connections += 1
        await socket.send_json({"type": "hello", "num_connections": 1})
        if self.throws_out:
            self.throws_out -= 1
            await socket.close()
            return socket
        self.connected.set()
        async for message in socket:
            answer = json.loads(message.data)
            must(answer.keys() == {"envelope_id"}, "an acknowledgement that says more")
            self.acknowledged.put_nowait(answer["envelope_id"])
        return socket


def check_message(asked: dict[str, Any]) -> None:
    """Complain of what Slack does not take.

    Raises:
        Wrong: with what it is.
    """
    must(0 < len(asked["text"]) <= 40_000, "the text is empty or too long")
    must("<" not in asked["text"], "markup in the text")
    must(asked["parse"] == "none" and asked["link_names"] is False, "it makes links of texts")
    blocks = asked["blocks"]
    must(0 < len(blocks) <= 50, "no blocks, or too many")
    ids: set[str] = set()
    for block in blocks:
        if block["type"] in _TEXTS:
            _check_text(block["text"], _TEXTS[block["type"]])
        elif block["type"] == "context":
            must(0 < len(block["elements"]) <= 10, "too many elements")
            _check_text(block["elements"][0], 3000)
        else:
            must(block["type"] == "actions", "an unknown block")
            must(0 < len(block["elements"]) <= 25, "too many buttons")
            for button in block["elements"]:
                _check_button(button)
                must(button["action_id"] not in ids, "an action's id twice")
                ids.add(button["action_id"])
    must(sum(len(json.dumps(block)) for block in blocks) < 300_000, "the message is too long")


def _check_button(button: dict[str, Any]) -> None:
    _check_text(button["text"], 75)
    must(0 < len(button["action_id"]) <= 255, "action_id")
    must(len(button.get("value", "")) <= 2000 and len(button.get("url", "")) <= 3000, "value or url")
    must(("value" in button) != ("url" in button), "a button sends or opens something")
    if confirm := button.get("confirm"):
        for name, limit in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
            _check_text(confirm[name], limit)


def _check_text(text: dict[str, Any], limit: int) -> None:
    must(text["type"] == "plain_text", "text that may hold markup")
    must(0 < len(text["text"]) <= limit, f"a text of {len(text['text'])} characters where {limit} fit")
