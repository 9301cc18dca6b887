"""Owns the reading of a provider's status page; the one rule: what cannot be read is unknown, with the reason, and never an error.

Asked in this order: incident.io's own interface (`/proxy/{host}`), `summary.json` with `incidents.json` beside it; the first that
says something of the components that matter is believed. `incidents/unresolved.json` is not offered by status.openai.com, and a 404
there would pass for "no incidents". Addresses come from the settings; redirects are not followed, compressed answers not read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import aiohttp
import anyio

from leh_guardian import __version__
from leh_guardian.clock import Clock
from leh_guardian.errors import Unavailable
from leh_guardian.model.provider import reading
from leh_guardian.model.provider.reading import LARGEST, OddShape
from leh_guardian.model.provider.snapshot import Page, PageState, Snapshot, judge, unknown
from leh_guardian.model.text import told

_DEADLINE = 5.0
"""Seconds for one exchange, from the look-up of the name to the last byte."""
_RECENT = 60.0
"""Seconds for which a ping believes the look before it: the page is another's, and asked no oftener than needed."""
_LONGEST_TAG = 300

Read = Callable[[bytes], Snapshot]


class _OddAnswer(Exception):
    """It did not answer as a page does."""


def status_session() -> aiohttp.ClientSession:
    """Return a session for status pages: it keeps no cookies and inflates nothing."""
    timeout = aiohttp.ClientTimeout(total=_DEADLINE + 1)
    return aiohttp.ClientSession(
        timeout=timeout,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"leh-guardian/{__version__}"},
    )


@dataclass(slots=True)
class _Source:
    """One interface of the page, and what it last said."""

    name: str
    path: str
    read: Read
    tag: str = ""
    snapshot: Snapshot | None = None


class HttpStatusPage:
    """One provider's status page."""

    def __init__(
        self, session: aiohttp.ClientSession, url: str, names: Sequence[str], clock: Clock, *, host: str | None = None
    ) -> None:
        self._session = session
        self._base = url.rstrip("/")
        self._names = tuple(names)
        self._clock = clock
        proxied = quote(host or urlsplit(url).hostname or "", safe="")
        self._native = _Source("native", f"/proxy/{proxied}", reading.native)
        self._summary = _Source("summary", "/api/v2/summary.json", reading.summary)
        self._incidents = _Source("incidents", "/api/v2/incidents.json", reading.incidents)
        self._last: tuple[float, Page] | None = None
        self._pinged: float | None = None

    async def look(self) -> Page:
        """Return what the page says now. Never raises for what the other side does."""
        page = await self._look()
        self._last = (self._clock.monotonic(), page)
        return page

    async def ping(self) -> None:
        """Raise Unavailable when the page cannot be told; looks at most once a minute."""
        now = self._clock.monotonic()
        if all(at is None or now - at > _RECENT for at in (self._pinged, self._last and self._last[0])):
            # Before the look: whoever pings may give up before it ends, and pings again in seconds.
            self._pinged = now
            await self.look()
        recent = self._last is not None and self._clock.monotonic() - self._last[0] <= 2 * _RECENT
        page = self._last[1] if self._last is not None and recent else unknown("no answer")
        if page.state is PageState.UNKNOWN:
            raise Unavailable(f"{self._base}: {'; '.join(page.reasons)}")

    async def _look(self) -> Page:
        reasons: list[str] = []
        native = await self._ask(self._native, reasons)
        if native is not None:
            page = judge(native, self._names, self._native.name, reasons)
            if page.state is not PageState.UNKNOWN:
                return page
            reasons = list(page.reasons)
        summary = await self._ask(self._summary, reasons)
        incidents = await self._ask(self._incidents, reasons)
        if summary is not None:
            whole = summary.with_incidents(incidents.incidents) if incidents is not None else summary
            page = judge(whole, self._names, self._summary.name, reasons)
            if page.state is not PageState.UNKNOWN:
                return page
            reasons = list(page.reasons)
        if incidents is not None:
            return judge(incidents, self._names, self._incidents.name, reasons)
        return unknown(*reasons)

    async def _ask(self, source: _Source, reasons: list[str]) -> Snapshot | None:
        try:
            with anyio.fail_after(_DEADLINE):
                return await self._exchange(source)
        except (_OddAnswer, OddShape) as error:
            reasons.append(f"{source.name}: {error}")
        except TimeoutError:
            reasons.append(f"{source.name}: no answer within {_DEADLINE:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            reasons.append(f"{source.name}: {told(f'{type(error).__name__} {error}', 150)}")
        return None

    async def _exchange(self, source: _Source) -> Snapshot:
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if source.tag:
            headers["If-None-Match"] = source.tag
        url = self._base + source.path
        async with self._session.get(url, headers=headers, allow_redirects=False) as answer:
            if answer.status == 304 and source.tag and source.snapshot is not None:
                return source.snapshot
            if answer.status != 200:
                raise _OddAnswer(f"answered {answer.status}")
            if answer.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
                raise _OddAnswer("answered compressed, though not asked to")
            body = await _body(answer.content)
            tag = answer.headers.get("ETag", "")
        source.tag, source.snapshot = "", None
        snapshot = source.read(body)
        if len(tag) <= _LONGEST_TAG:
            source.tag, source.snapshot = tag, snapshot
        return snapshot


async def _body(content: aiohttp.StreamReader) -> bytes:
    parts, size = [], 0
    async for part in content.iter_chunked(64 * 1024):
        size += len(part)
        if size > LARGEST:
            raise _OddAnswer(f"answered more than {LARGEST} bytes")
        parts.append(part)
    return b"".join(parts)
