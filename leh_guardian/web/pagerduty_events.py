"""Owns what PagerDuty says back; the one rule: a person's word there counts here, once, and is not sent back to where it came from.

What ran out there, and what we ourselves have told PagerDuty, comes back as an event, too: only what a person did is taken. It
turns a subscription off whose events get no 2xx, so everything that is signed is 200, known or not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import structlog
from aiohttp import web

from leh_guardian.adapters.channels.pagerduty_webhooks import PagerDutyEvent, parse, verify
from leh_guardian.clock import Clock
from leh_guardian.engine import answering
from leh_guardian.engine.answering import Word
from leh_guardian.engine.directory import Directory
from leh_guardian.errors import StoreError
from leh_guardian.model.identity import key
from leh_guardian.model.incident import IncidentStatus
from leh_guardian.model.text import told
from leh_guardian.store import inbox, incidents
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction
from leh_guardian.web.bodies import whole_body
from leh_guardian.web.status import answer

_LONGEST: Final = 512 * 1024
_VERBS: Final = {"incident.acknowledged": "ack", "incident.resolved": "resolve"}
_KEY: Final = re.compile(r"leh/INC-([0-9]{1,18})")
"""What our alerts are called there (adapters/channels/pagerduty.py)."""
_WANTED: Final = {
    "ack": {IncidentStatus.TRIGGERED, IncidentStatus.SNOOZED},
    "resolve": {IncidentStatus.TRIGGERED, IncidentStatus.SNOOZED, IncidentStatus.ACKNOWLEDGED},
}
_log = structlog.get_logger("pagerduty_events")


class PagerDutyEvents:
    """PagerDuty's v3 webhook."""

    def __init__(
        self,
        secrets: Sequence[bytes],
        pool: Pool,
        clock: Clock,
        directory: Callable[[], Directory],
        silent: frozenset[str],
    ) -> None:
        self._secrets = secrets
        self._pool = pool
        self._clock = clock
        self._directory = directory
        self._silent = silent

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [web.post("/pagerduty/events", self.take)]

    async def take(self, request: web.Request) -> web.Response:
        """Do here what a person did there; 401 for what is not signed, 503 where it is to be sent again."""
        signature = request.headers.get("X-PagerDuty-Signature")
        body = await whole_body(request, _LONGEST) if signature else None
        if body is None or not verify(body, signature, self._secrets):
            return answer({"error": "this is not signed by PagerDuty"}, status=401)
        event = parse(body)
        done = ""
        if event is not None and event.by_person and event.type in _VERBS:
            try:
                async with transaction(self._pool) as tx:
                    done = await self._do(tx, event, self._clock.now())
            except StoreError as error:
                _log.warning("an event of PagerDuty has to come again", error=told(error))
                return answer({"error": "try again"}, status=503)
        return answer({"done": bool(done), "text": done})

    async def _do(self, tx: Transaction, event: PagerDutyEvent, now: datetime) -> str:
        """Return what came of it; an empty text for what is not ours, was taken before, or is so already."""
        if event.id and not await inbox.take(tx, now, [key(f"pagerduty/{event.id}")]):
            return ""
        ours = _KEY.fullmatch(event.key)
        found = await incidents.numbered(tx, int(ours[1])) if ours else None
        incident = await incidents.lock(tx, found) if found else None
        verb = _VERBS[event.type]
        if incident is None or incident.status not in _WANTED[verb]:
            return ""
        way = replace(answering.through(self._directory, via="pagerduty", event=event.id), silent=self._silent)
        who, way = answering.as_person(way, event.who)
        said = await answering.answer(tx, incident.id, Word(verb, who, way), now)
        return said.text if said.done else ""
