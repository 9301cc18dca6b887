"""Owns the signed requests of SOLAPI's HTTP API; the one rule: each is signed with a salt of its own, and none is sent twice in here.

`Authorization: HMAC-SHA256 ApiKey=…, Date=…, salt=…, signature=…`, the signature being the HMAC of date and salt under the
secret (SOLAPI's documentation, "API Key 인증"). SOLAPI refuses a date that is off by more than a quarter of an hour.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson

from leh_guardian.adapters.channels.http import Answer, exchange, refuse
from leh_guardian.adapters.channels.solapi_codes import judged
from leh_guardian.clock import Clock
from leh_guardian.errors import Refused, Unavailable
from leh_guardian.model.text import dump_json, told

URL = "https://api.solapi.com"
_WHO = "SOLAPI"
_NO_BALANCE = 402
_POOR = 1000.0
"""Won: less than this is a night's pages at most."""


class SolapiWeb:
    """SOLAPI's API with one key."""

    def __init__(self, session: aiohttp.ClientSession, key: str, secret: str, clock: Clock, url: str = URL) -> None:
        self._session = session
        self._key = key
        self._secret = secret.encode()
        self._clock = clock
        self._url = url

    async def send(self, message: Mapping[str, Any]) -> str:
        """Have one message sent; returns what it, or its group, is called.

        Raises:
            Throttled, Unavailable: try again.
            AccessDenied, NotFound, Refused: SOLAPI does not take it.
        """
        body = {"messages": [message], "showMessageList": True}
        said = await self._call("POST", "/messages/v4/send-many/detail", body=body)
        # What it has taken and what it has not are told by lists, under 200 and under 400 alike.
        for failed in _list(said, "failedMessageList"):
            raise judged(_text(failed, "statusCode"), told(_text(failed, "statusMessage"), 200))
        for accepted in _list(said, "messageList"):
            if name := _text(accepted, "messageId"):
                return name
        group = said.get("groupInfo")
        name = _text(group, "groupId") if isinstance(group, dict) else ""
        if not name:
            raise Unavailable("SOLAPI's answer names neither a message nor a group, so it is none")
        return name

    async def status(self, name: str) -> str:
        """Return the status code of a message, or of the one message of a group; empty where it is not listed yet.

        Raises:
            HandlerError: it cannot be told now.
        """
        by = "groupId" if name.startswith("G") else "messageId"
        said = await self._call("GET", "/messages/v4/list", params={by: name, "limit": "1"})
        listed = said.get("messageList")
        for message in listed.values() if isinstance(listed, dict) else ():
            if isinstance(message, dict):
                return _text(message, "statusCode")
        return ""

    async def ping(self) -> None:
        """Raise when the key is refused, or the balance is next to nothing."""
        said = await self._call("GET", "/cash/v1/balance")
        left = sum(float(value) for name in ("balance", "point") if isinstance(value := said.get(name), int | float))
        if left < _POOR:
            raise Refused(f"SOLAPI's balance is {left:.0f} won: charge it")

    async def _call(
        self, method: str, path: str, *, body: object = None, params: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        answer = await exchange(
            self._session,
            method,
            f"{self._url}{path}",
            who=_WHO,
            body=dump_json(body).encode() if body is not None else None,
            headers={"Authorization": self._authorization(), "Content-Type": "application/json"},
            params=params,
        )
        said = _object(answer.body)
        if not (answer.status == 400 and _list(said, "failedMessageList")):
            _refuse(answer)
        return said

    def _authorization(self) -> str:
        date, salt = self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"), secrets.token_hex(16)
        signature = hmac.new(self._secret, f"{date}{salt}".encode(), hashlib.sha256).hexdigest()
        return f"HMAC-SHA256 ApiKey={self._key}, Date={date}, salt={salt}, signature={signature}"


def _refuse(answer: Answer) -> None:
    if answer.status == _NO_BALANCE:
        raise Refused("SOLAPI answered 402: charge its balance")
    refuse(answer, _WHO, denied="check key_file, secret_file, the key's allowed addresses and this machine's clock")


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _list(said: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    value = said.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(holder: Mapping[str, Any], name: str) -> str:
    value = holder.get(name)
    return value if isinstance(value, str) else ""
