"""Owns the routes by which programs change who is on call; the one rule: what `leh-guardian oncall override` refuses is refused.

`GET` and `POST /api/overrides`, `POST /api/overrides/{id}/end`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from leh_guardian.engine import overriding
from leh_guardian.engine.overriding import Asked, NoOverride, Said
from leh_guardian.errors import StoreError
from leh_guardian.language import Locale, Text
from leh_guardian.model.oncall.by_hand import laid_over
from leh_guardian.store import duty_overrides
from leh_guardian.store.transaction import transaction
from leh_guardian.web.by_hand import ByHandRoutes, away, named_id
from leh_guardian.web.status import answer


class OverrideRoutes(ByHandRoutes):
    """What programs may do about duty over HTTP."""

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/api/overrides", self.listed),
            web.post("/api/overrides", self.add),
            web.post("/api/overrides/{id}/end", self.end),
        ]

    async def listed(self, request: web.Request) -> web.Response:
        """Return the overrides that hold or are to come."""
        if isinstance(body := await self.asked(request), web.Response):
            return body
        try:
            async with transaction(self.pool) as tx:
                now = self.clock.now()
                found = await duty_overrides.standing(tx, now)
        except StoreError as error:
            return away(error)
        locale = self.directory().locale()
        misfits = {one.override.id: one.reason.of(locale) for one in laid_over(self.directory().file, found)[1]}
        reports = [overriding.report(one, now, misfits.get(one.id)) for one in found]
        return answer({"overrides": [one for one in reports if one["stands"]]})

    async def add(self, request: web.Request) -> web.Response:
        """Change a schedule for a time: {schedule, from, to, replace, add, remove, reason, by}."""
        if isinstance(body := await self.asked(request), web.Response):
            return body
        oncall = self.directory().file
        try:
            asked = self._asked(body)
            async with transaction(self.pool) as tx:
                now = self.clock.now()
                said = await overriding.add(tx, oncall, overriding.wanted(oncall, asked, now), now, "api")
        except ValueError as error:
            return self.wrong(error, body)
        except StoreError as error:
            return away(error)
        return _told(said, self.locale(body), now)

    async def end(self, request: web.Request) -> web.Response:
        """Take an override back: {by}; 404 for an unknown one."""
        if isinstance(body := await self.asked(request), web.Response):
            return body
        if isinstance(override_id := named_id(request), web.Response):
            return override_id
        try:
            async with transaction(self.pool) as tx:
                now = self.clock.now()
                said = await overriding.end(tx, override_id, self.who(body), now, "api")
        except StoreError as error:
            return away(error)
        return _told(said, self.locale(body), now)

    def _asked(self, body: Mapping[str, Any]) -> Asked:
        replace, added, removed = body.get("replace", {}), body.get("add", []), body.get("remove", [])
        if not isinstance(replace, dict) or not all(map(_texts, (list(replace.values()), added, removed))):
            raise NoOverride(
                Text.same("`replace` is {who is on call: who is instead}, `add` and `remove` are lists of people")
            )
        schedule, reason = body.get("schedule"), body.get("reason", "")
        if not isinstance(schedule, str) or not isinstance(reason, str):
            raise NoOverride(Text.same("`schedule` and `reason` must be texts"))
        begin, end = (_time(body, name) for name in ("from", "to"))
        return Asked(schedule, begin, end, reason, self.who(body), replace, added, removed)


def _texts(given: Any) -> bool:
    return isinstance(given, list) and all(isinstance(one, str) for one in given)


def _time(body: Mapping[str, Any], name: str) -> datetime:
    try:
        return datetime.fromisoformat(body.get(name))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise NoOverride(
            Text.same(f"`{name}` must be a time such as 2026-12-25T10:00, by the schedule's clocks")
        ) from None


def _told(said: Said, locale: Locale, now: datetime) -> web.Response:
    override = overriding.report(said.override, now) if said.override else None
    return answer(
        {"done": said.done, "text": said.text.of(locale), "override": override}, status=200 if said.done else 404
    )
