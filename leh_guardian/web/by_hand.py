"""Owns the routes by which programs change by hand what holds for a time; the one rule: each kind says only what is its own.

`GET` and `POST /api/NAME`, `POST /api/NAME/{id}/end`: what is silenced (web/silences.py), and who is on call (web/overrides.py).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from aiohttp import web

from leh_guardian.errors import StoreError
from leh_guardian.language import Declined, Text
from leh_guardian.model.text import shown
from leh_guardian.store.transaction import Transaction, transaction
from leh_guardian.web.programs import ProgramRoutes, away
from leh_guardian.web.status import answer


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a change."""

    done: bool
    text: Text
    report: Mapping[str, Any] | None
    """What it changed, None for what is unknown."""


class ByHandRoutes(ProgramRoutes, ABC):
    """Routes over one kind of what people change by hand."""

    one: ClassVar[str]
    """What an answer calls one of them; more of them have an s, as in the path."""

    @abstractmethod
    async def found(self, tx: Transaction, now: datetime) -> Sequence[Mapping[str, Any]]:
        """Return reports of those that hold."""

    @abstractmethod
    async def begun(self, tx: Transaction, body: Mapping[str, Any], now: datetime) -> Came:
        """Begin one as the body of a request asks; ValueError for one that makes no sense."""

    @abstractmethod
    async def ended(self, tx: Transaction, one: UUID, by: str, now: datetime) -> Came:
        """End one before its time."""

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        path = f"/api/{self.one}s"
        return [web.get(path, self.list), web.post(path, self.begin), web.post(path + "/{id}/end", self.end)]

    async def list(self, request: web.Request) -> web.Response:
        """Return those that hold."""
        if isinstance(body := await self.asked(request), web.Response):
            return body
        try:
            async with transaction(self.pool) as tx:
                found = await self.found(tx, self.clock.now())
        except StoreError as error:
            return away(error)
        return answer({f"{self.one}s": found})

    async def begin(self, request: web.Request) -> web.Response:
        """Begin one, as the body says."""
        if isinstance(body := await self.asked(request), web.Response):
            return body
        try:
            async with transaction(self.pool) as tx:
                came = await self.begun(tx, body, self.clock.now())
        except ValueError as error:
            return self._wrong(error, body)
        except StoreError as error:
            return away(error)
        return self._told(came, body)

    async def end(self, request: web.Request) -> web.Response:
        """End one: {by}; 404 for an unknown one."""
        if isinstance(body := await self.asked(request), web.Response):
            return body
        try:
            one = UUID(request.match_info["id"])
        except ValueError:
            return answer({"error": "the id must be a UUID"}, status=400)
        try:
            async with transaction(self.pool) as tx:
                came = await self.ended(tx, one, self.who(body), self.clock.now())
        except StoreError as error:
            return away(error)
        return self._told(came, body)

    def _told(self, came: Came, body: Mapping[str, Any]) -> web.Response:
        text = came.text.of(self.locale(body))
        return answer({"done": came.done, "text": text, self.one: came.report}, status=200 if came.done else 404)

    def _wrong(self, error: ValueError, body: Mapping[str, Any]) -> web.Response:
        """Return the answer to what makes no sense, or cannot be had."""
        text = error.text.of(self.locale(body)) if isinstance(error, Declined) else error
        return answer({"error": shown(text, 500)}, status=400)
