"""Owns the page behind the link of a message; the one rule: looking changes nothing, only a person's press does.

Scanners, previews and prefetches look with GET and HEAD, and some send what they find; so nothing is sent without the page's own
nonce, and at level 3 not without the code that stands in the message. A link can only acknowledge, for one person and until it
expires, and an acknowledgement runs out by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final
from urllib.parse import parse_qs

import anyio
from aiohttp import web

from leh_guardian.clock import Clock
from leh_guardian.engine import answering
from leh_guardian.engine.answering import Answered, Word
from leh_guardian.engine.directory import PERSON, Directory
from leh_guardian.engine.wording import STATES
from leh_guardian.errors import StoreError
from leh_guardian.language import Locale, Text, time_of_day
from leh_guardian.model.answer_token import AnswerToken, Keys, Purpose, Refusal
from leh_guardian.model.incident import Incident, IncidentStatus
from leh_guardian.model.text import shown, told
from leh_guardian.store import incidents
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from leh_guardian.web import ack_html, wording
from leh_guardian.web.limits import Limits, party

_WINDOW: Final = 900
"""Seconds of a nonce's window; the one before is good as well, so a page can be sent for a quarter of an hour at least."""
_BODY_SECONDS: Final = 5.0


class AckPage:
    """What a link opens."""

    def __init__(
        self, pool: Pool, clock: Clock, keys: Keys, directory: Callable[[], Directory], *, proxies: int = 0
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._keys = keys
        self._directory = directory
        self._proxies = proxies
        # Who is refused is counted by address; a good link by itself, so that nobody behind the same proxy shuts out another.
        self._refused = Limits(clock.monotonic, 30, 60.0)
        self._used = Limits(clock.monotonic, 30, 60.0)
        self._guessed = Limits(clock.monotonic, 5, 900.0)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [web.get("/a/{token}", self.look), web.post("/a/{token}", self.press)]

    async def look(self, request: web.Request) -> web.Response:
        """Show what it is about, and the button."""
        token = self._read(request)
        if isinstance(token, web.Response):
            return token
        try:
            incident = await self._incident(token)
        except StoreError:
            return _away(self._locale(token))
        if incident is None:
            return _told(wording.UNKNOWN, 404, self._locale(token))
        return self._form(request, token, incident)

    async def press(self, request: web.Request) -> web.Response:
        """Acknowledge, where the page itself was sent and the code, if one is asked, is right."""
        token = self._read(request)
        if isinstance(token, web.Response):
            return token
        given = await _fields(request)
        text, window, locale = request.match_info["token"], self._window(), self._locale(token)
        try:
            if not self._keys.is_nonce(given.get("nonce", ""), text, (window, window - 1)):
                return await self._again(request, token, wording.OLD_PAGE, 400)
            guesses = f"{token.number}/{token.target}"
            if token.wants_code and self._guessed.spent(guesses):
                return _told(wording.GUESSED, 429, locale)
            if token.wants_code and not self._keys.is_code(given.get("code", ""), token.number, token.target):
                self._guessed.count(guesses)
                return await self._again(request, token, wording.WRONG_CODE, 403)
            answered = await self._acknowledge(request, token)
        except StoreError:
            return _away(locale)
        return _told(Text.same(answered.text), 200 if answered.done else 409, locale)

    def _read(self, request: web.Request) -> AnswerToken | web.Response:
        """Return what the link says, or the page that says why it does nothing."""
        text = request.match_info["token"]
        read = self._keys.read(text, self._clock.now())
        if isinstance(read, AnswerToken) and (read.purpose is not Purpose.LINK or not read.person):
            read = Refusal.FORGED
        if isinstance(read, Refusal):
            if not self._refused.count(party(self._address(request))):
                return _told(wording.LATER, 429, self._locale())
            status, why = wording.REFUSED[read]
            return _told(wording.otherwise(why), status, self._locale())
        if not self._used.count(text):
            return _told(wording.LATER, 429, self._locale(read))
        if self._directory().person(read.person) is None:
            return _told(wording.otherwise(wording.STRANGER), 403, self._locale())
        return read

    async def _incident(self, token: AnswerToken) -> Incident | None:
        async with transaction(self._pool) as tx:
            found = await incidents.numbered(tx, token.number)
            return await incidents.get(tx, found) if found else None

    async def _acknowledge(self, request: web.Request, token: AnswerToken) -> Answered:
        agent = told(request.headers.get("User-Agent", ""), 200)
        way = answering.through(self._directory, via="link", ip=shown(self._address(request), 64), agent=agent)
        person = self._directory().person(token.person)
        way = replace(way, name=person.name if person else "")
        async with transaction(self._pool) as tx:
            found = await incidents.numbered(tx, token.number)
            return await answering.answer(
                tx, found, Word("ack", token.person, way, told=token.target), self._clock.now()
            )

    async def _again(self, request: web.Request, token: AnswerToken, complaint: Text, status: int) -> web.Response:
        incident = await self._incident(token)
        if incident is None:
            return _told(wording.UNKNOWN, 404, self._locale(token))
        return self._form(request, token, incident, complaint, status)

    def _form(
        self,
        request: web.Request,
        token: AnswerToken,
        incident: Incident,
        complaint: Text | None = None,
        status: int = 200,
    ) -> web.Response:
        now, locale = self._clock.now(), self._locale(token)
        facts = [
            (wording.NUMBER.of(locale), f"INC-{incident.number}"),
            (wording.LEVEL.of(locale), f"Lv{max(incident.level, token.level)}"),
            (wording.RULE.of(locale), shown(incident.rule_id, 200)),
            (wording.BEGAN.of(locale), self._clock_of(incident.opened_at, now).of(locale)),
            (wording.STATE.of(locale), STATES[incident.status.value].of(locale) + self._by(incident)),
            (wording.PERSON.of(locale), answering.named(self._directory(), token.person)),
        ]
        if incident.status is IncidentStatus.RESOLVED:
            return _told(wording.OVER, 200, locale, facts)
        nonce = self._keys.nonce(request.match_info["token"], self._window())
        said = complaint.of(locale) if complaint else ""
        return _page(ack_html.form(facts, locale, nonce=nonce, wants_code=token.wants_code, complaint=said), status)

    def _locale(self, token: AnswerToken | None = None) -> Locale:
        """Return what the link's person is told in; the installation's language where nobody is known."""
        return self._directory().locale(PERSON + token.person if token else "")

    def _clock_of(self, at: datetime, now: datetime) -> Text:
        zone = self._directory().oncall.timezone
        return wording.in_zone(time_of_day(at, now, zone), at, zone)

    def _by(self, incident: Incident) -> str:
        if incident.status is not IncidentStatus.ACKNOWLEDGED or incident.escalation is None:
            return ""
        names = [answering.named(self._directory(), who) for who in incident.escalation.acked_by]
        return f": {', '.join(names)}" if names else ""

    def _window(self) -> int:
        return int(self._clock.now().timestamp()) // _WINDOW

    def _address(self, request: web.Request) -> str:
        """Return who asks: the connection's other end, or what the farthest of our own proxies has seen."""
        hops = [hop.strip() for line in request.headers.getall("X-Forwarded-For", []) for hop in line.split(",")]
        if self._proxies and len(hops) >= self._proxies:
            return hops[-self._proxies]
        return request.remote or ""


async def _fields(request: web.Request) -> dict[str, str]:
    """Return the fields of a form; whatever is none has none."""
    try:
        with anyio.fail_after(_BODY_SECONDS):
            body = await request.read()
        fields = parse_qs(body.decode("utf-8"), max_num_fields=10)
    except (TimeoutError, ValueError):
        return {}
    return {name: values[-1] for name, values in fields.items()}


def _told(text: Text, status: int, locale: Locale, facts: list[tuple[str, str]] | None = None) -> web.Response:
    return _page(ack_html.told(text.of(locale), locale, facts or ()), status)


def _away(locale: Locale) -> web.Response:
    return _told(wording.AWAY, 503, locale)


def _page(html: str, status: int) -> web.Response:
    return web.Response(text=html, status=status, content_type="text/html", headers=ack_html.HEADERS)
