"""Owns the routes by which programs change who is on call; the one rule: what `leh-guardian oncall override` refuses is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from leh_guardian.engine import overriding
from leh_guardian.engine.overriding import Asked, NoOverride, Said
from leh_guardian.language import Text
from leh_guardian.model.oncall.by_hand import laid_over
from leh_guardian.store import duty_overrides
from leh_guardian.store.transaction import Transaction
from leh_guardian.web.by_hand import ByHandRoutes, Came


class OverrideRoutes(ByHandRoutes):
    """What programs may do about duty over HTTP."""

    one: ClassVar[str] = "override"

    async def found(self, tx: Transaction, now: datetime) -> Sequence[Mapping[str, Any]]:
        """Return the overrides that hold or are to come."""
        standing, directory = await duty_overrides.standing(tx, now), self.directory()
        misfits = {one.override.id: one.reason.of(directory.locale()) for one in laid_over(directory.file, standing)[1]}
        reports = [overriding.report(one, now, misfits.get(one.id)) for one in standing]
        return [one for one in reports if one["stands"]]

    async def begun(self, tx: Transaction, body: Mapping[str, Any], now: datetime) -> Came:
        """Change a schedule for a time: {schedule, from, to, replace, add, remove, reason, by}."""
        oncall = self.directory().file
        wanted = overriding.wanted(oncall, self._asked_for(body), now)
        return _came(await overriding.add(tx, oncall, wanted, now, "api"), now)

    async def ended(self, tx: Transaction, one: UUID, by: str, now: datetime) -> Came:
        """Take an override back."""
        return _came(await overriding.end(tx, one, by, now, "api"), now)

    def _asked_for(self, body: Mapping[str, Any]) -> Asked:
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


def _came(said: Said, now: datetime) -> Came:
    return Came(said.done, said.text, overriding.report(said.override, now) if said.override else None)
