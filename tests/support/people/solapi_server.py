"""Owns a stand-in of SOLAPI's API; the one rule: it checks signatures and lengths itself, and uses each salt once."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections import deque
from typing import Any

from aiohttp import web

from tests.support.people.provider import ProviderServer, Wrong, must

KEY = "NCSAPIKEY0123456"
SECRET = "SECRET0123456789abcdef0123456789"
SENDER = "029302266"
PF_ID = "KA01PF220101000000000000000"
TEMPLATES = {"triggered": "KA01TP1", "escalated": "KA01TP2", "resolved": "KA01TP3"}
VARIABLES = {"#{등급}", "#{서비스}", "#{요약}", "#{기한}", "#{사건번호}", "#{링크}"}
_HEADER = re.compile(r"HMAC-SHA256 ApiKey=(\S+), Date=(\S+Z), salt=([0-9a-f]{12,64}), signature=([0-9a-f]{64})")


class SolapiServer(ProviderServer):
    """Takes messages and says what became of them."""

    def __init__(self) -> None:
        super().__init__()
        self.refusals: deque[str] = deque()
        """Status codes with which the next messages are refused."""
        self.refusal_status = 200
        self.statuses: dict[str, str] = {}
        """{message id: status code}."""
        self.balance = 50_000.0
        self.lists_messages = True
        self._salts: set[str] = set()

    async def apply(self, request: web.Request, body: bytes) -> web.StreamResponse:
        """Do an operation."""
        self._check_signature(request.headers.get("Authorization", ""))
        match request.method, request.path:
            case "POST", "/messages/v4/send-many/detail":
                return self._send(json.loads(body))
            case "GET", "/messages/v4/list":
                must(request.query.keys() in ({"messageId", "limit"}, {"groupId", "limit"}), "unknown query")
                name = request.query.get("messageId") or request.query["groupId"].replace("G", "M", 1)
                found = {name: {"messageId": name, "statusCode": self.statuses[name]}} if name in self.statuses else {}
                return web.json_response({"startKey": None, "limit": 1, "messageList": found})
            case "GET", "/cash/v1/balance":
                return web.json_response({"balance": self.balance, "point": 0})
        raise Wrong("no such operation")

    def _check_signature(self, header: str) -> None:
        found = _HEADER.fullmatch(header)
        must(found, "no signature")
        assert found is not None
        key, date, salt, signature = found.groups()
        must(key == KEY, "unknown key")
        expected = hmac.new(SECRET.encode(), f"{date}{salt}".encode(), hashlib.sha256).hexdigest()
        must(hmac.compare_digest(expected, signature), "a wrong signature")
        must(salt not in self._salts, "a salt twice")
        self._salts.add(salt)

    def _send(self, asked: dict[str, Any]) -> web.StreamResponse:
        must(asked.keys() == {"messages", "showMessageList"}, "unknown members")
        (message,) = asked["messages"]
        _check(message)
        number = len(self.statuses) + 1
        name, group = f"M4V{number:05}", f"G4V{number:05}"
        if self.refusals:
            failed = {"to": message["to"], "statusCode": self.refusals.popleft(), "statusMessage": "안 됨"}
            return web.json_response(
                {"failedMessageList": [failed], "groupInfo": {"groupId": group}}, status=self.refusal_status
            )
        self.statuses[name] = "2000"
        self.taken.append(message)
        accepted = (
            [{"messageId": name, "statusCode": "2000", "statusMessage": "정상 접수"}] if self.lists_messages else []
        )
        return web.json_response(
            {"failedMessageList": [], "messageList": accepted, "groupInfo": {"groupId": group, "count": {"total": 1}}}
        )


def _check(message: dict[str, Any]) -> None:
    """Complain of what SOLAPI does not take."""
    must(re.fullmatch(r"0[0-9]{8,10}", message["to"]), "a number that is none")
    kind = message["type"]
    length = len(message.get("text", "").encode("cp949", "strict"))
    match kind:
        case "SMS":
            must(message.keys() == {"to", "from", "type", "text"}, "members of an SMS")
            must(0 < length <= 90, f"an SMS of {length} bytes")
        case "LMS":
            must(message.keys() == {"to", "from", "type", "text", "subject"}, "members of an LMS")
            must(90 < length <= 2000 and len(message["subject"].encode("cp949")) <= 40, "the length of an LMS")
        case "VOICE":
            must(message.keys() == {"to", "from", "type", "text", "voiceOptions"}, "members of a call")
            must(message["voiceOptions"] == {"voiceType": "FEMALE"} and length, "options of a call")
        case "ATA":
            must(message.keys() <= {"to", "from", "type", "kakaoOptions"}, "members of an AlimTalk")
            options = message["kakaoOptions"]
            must(options["pfId"] == PF_ID and options["templateId"] in TEMPLATES.values(), "no such template")
            must(options["disableSms"] is True, "it would send an SMS itself")
            must(options["variables"].keys() <= VARIABLES, f"unknown variables {options['variables']}")
            must(all(0 < len(v) <= 100 and "\n" not in v for v in options["variables"].values()), "bad values")
        case _:
            raise Wrong("an unknown type")
    must(kind == "ATA" or message["from"] == SENDER, "an unregistered sender")
