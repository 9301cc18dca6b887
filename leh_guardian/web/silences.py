"""Owns the routes by which programs silence calls; the one rule: what `leh-guardian silence` refuses is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from leh_guardian.engine import silencing
from leh_guardian.engine.silencing import NoSilence, Said
from leh_guardian.fields import parse_duration
from leh_guardian.language import Text
from leh_guardian.model.silence import Silence
from leh_guardian.store import silences
from leh_guardian.store.transaction import Transaction
from leh_guardian.web.bodies import given_instant
from leh_guardian.web.by_hand import ByHandRoutes, Came


class SilenceRoutes(ByHandRoutes):
    """What programs may do about silences over HTTP."""

    one: ClassVar[str] = "silence"

    async def found(self, tx: Transaction, now: datetime) -> Sequence[Mapping[str, Any]]:
        """Return the silences that hold now."""
        return [silencing.report(one, now) for one in await silences.holding(tx, now)]

    async def begun(self, tx: Transaction, body: Mapping[str, Any], now: datetime) -> Came:
        """Begin a silence: {match, for or until, reason, by}."""
        return _came(await silencing.add(tx, self._wanted(body, now), now, "api"), now)

    async def ended(self, tx: Transaction, one: UUID, by: str, now: datetime) -> Came:
        """End a silence."""
        return _came(await silencing.end(tx, one, by, now, "api"), now)

    def _wanted(self, body: Mapping[str, Any], now: datetime) -> Silence:
        match = body.get("match")
        if isinstance(match, str):
            match = silencing.written([match])
        if ("for" in body) == ("until" in body):
            raise NoSilence(Text.same("give `for` (such as 2h) or `until` (ISO 8601 with a zone)"))
        until = now + parse_duration(body["for"]) if "for" in body else given_instant(body["until"], "until")
        return silencing.wanted(match, until, body.get("reason"), self.who(body), now)


def _came(said: Said, now: datetime) -> Came:
    return Came(said.done, said.text, silencing.report(said.silence, now) if said.silence else None)
