"""Owns looks at the service over HTTP, step by step; the one rule: no secret, and no value of an answer, is in what a step says.

Where requests go is the settings' alone: what is filled in (`${name}`) is a part of a path, a header or a body, and an address that an
answer gives is used only for hosts that the step names. Answers are read to a bound, redirects stay at their origin, and a step has
one deadline from the look-up of the name to the last byte.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode, urljoin, urlsplit

import aiohttp
import anyio
import orjson

from leh_guardian import __version__
from leh_guardian.language import NOTHING, Text
from leh_guardian.model import probe_wording as wording
from leh_guardian.model.probe import StepLook
from leh_guardian.model.text import dump_json, told
from leh_guardian.rules.expressions import Expression, ExpressionError

REFERENCE: Final = re.compile(r"\$\{([a-z][a-z0-9_]*)\}")
"""A value that is filled in."""
RUN: Final = "run"
"""The name of the value that is new for each look."""
_LARGEST: Final = 256 * 1024
_SHORTEST: Final = 4
"""Characters from which on a value is masked: shorter ones are met everywhere."""
_EXCERPT: Final = 160
_LOOKED_AT: Final = 4000
"""Characters of an answer that are masked before some are shown."""
_CLEANING: Final = 10.0
"""Seconds for what cleans up, a stop of the daemon included."""
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Upload:
    """A small file that a step sends."""

    name: str
    content: str
    content_type: str
    field: str | None = None
    """The name of its part in a form; None: it is the whole body."""


@dataclass(frozen=True, slots=True)
class HttpStep:
    """One request, and what is expected of its answer."""

    name: str
    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] | None = None
    text: str | None = None
    file: Upload | None = None
    statuses: tuple[int, ...] = ()
    """Empty: any 2xx."""
    contains: str | None = None
    values: tuple[tuple[Expression, Any], ...] = ()
    """What expressions must find in the answer's JSON."""
    take: tuple[tuple[str, Expression], ...] = ()
    """What is taken from the answer's JSON, for the steps that follow."""
    timeout: float = 10.0
    redirects: int = 0
    cleanup: bool = False
    """Whether it is taken at the end, whatever failed."""
    hosts: frozenset[str] = frozenset()
    """Hosts of addresses that an answer may give."""

    def needs(self) -> frozenset[str]:
        """Return the names of the values that are filled in."""
        file = (self.file.name, self.file.content) if self.file else ()
        texts = (
            self.url,
            self.text or "",
            *self.headers.values(),
            *(self.form or {}).values(),
            *file,
            dump_json(self.json),
        )
        return frozenset(name for text in texts for name in REFERENCE.findall(text))


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes
    whole: bool


class _NotAsExpected(Exception):
    """An answer that is not what the step expects: what was expected, and what was seen."""

    def __init__(self, expected: Text, seen: Text) -> None:
        super().__init__(expected.en)
        self.expected, self.seen = expected, seen


def probe_session() -> aiohttp.ClientSession:
    """Return a session for probes: no cookie, no proxy of the environment, and each request on a connection of its own."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=120),
        connector=aiohttp.TCPConnector(force_close=True),
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        headers={"User-Agent": f"leh-guardian/{__version__} (probe)", "Accept-Encoding": "identity"},
    )


class HttpProbe:
    """A look at the service over HTTP."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        steps: Sequence[HttpStep],
        secrets: Mapping[str, str],
        fresh: Callable[[], str] = lambda: uuid.uuid4().hex[:12],
    ) -> None:
        self._session = session
        self._steps = [step for step in steps if not step.cleanup]
        self._cleanup = [step for step in steps if step.cleanup]
        self._secrets = dict(secrets)
        self._fresh = fresh

    async def look(self) -> Sequence[StepLook]:
        """Take the steps until one fails, then what cleans up; returns what each came to."""
        values = _Values(self._secrets, self._fresh())
        looks: list[StepLook] = []
        try:
            for step in self._steps:
                looks.append(await self._step(step, values))
                if not looks[-1].ok:
                    break
        finally:
            # Also where the daemon is being stopped: a file that a probe has left is one too many.
            with anyio.move_on_after(_CLEANING, shield=True):
                there = [step for step in self._cleanup if step.needs() <= values.names]
                looks.extend([await self._step(step, values) for step in there])
        return looks

    async def _step(self, step: HttpStep, values: _Values) -> StepLook:
        began = anyio.current_time()
        ok, expected, seen, answered = True, NOTHING, NOTHING, True
        try:
            with anyio.fail_after(step.timeout):
                answer = await self._send(step, values)
            self._judge(step, answer, values)
        except _NotAsExpected as other:
            ok, expected, seen = False, other.expected, other.seen
        except TimeoutError:
            ok, expected, seen, answered = False, wording.within(step.timeout), wording.NO_ANSWER, False
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # The type, and no text of it: an address may hold what was filled in.
            reason = wording.not_reached(type(error).__name__)
            ok, expected, seen, answered = False, wording.ANSWER, reason, False
        return StepLook(step.name, ok, expected, seen, answered, anyio.current_time() - began)

    async def _send(self, step: HttpStep, values: _Values) -> _Answer:
        url = values.address(step)
        headers, body = values.request(step)
        method = step.method
        for _ in range(step.redirects + 1):
            async with self._session.request(method, url, headers=headers, data=body, allow_redirects=False) as answer:
                place = answer.headers.get("Location")
                if not step.redirects or answer.status not in _REDIRECTS or place is None:
                    content, whole = await _read(answer.content)
                    return _Answer(answer.status, content, whole)
                following = urljoin(url, place)
                if urlsplit(following)[:2] != urlsplit(url)[:2]:
                    raise _NotAsExpected(wording.ALLOWED, wording.OTHER_SERVER)
                if answer.status == 303 or (answer.status in {301, 302} and method == "POST"):
                    method, body = "GET", None
                url = following
        raise _NotAsExpected(wording.ALLOWED, wording.led_on(step.redirects))

    def _judge(self, step: HttpStep, answer: _Answer, values: _Values) -> None:
        """Check an answer, and take from it what later steps need."""
        self._judge_status(step, answer, values)
        if step.contains is not None and step.contains.encode() not in answer.body:
            excerpt = "" if step.take else f": {values.masked(_text(answer.body), _EXCERPT)}"
            wanted = wording.in_body(told(step.contains, 80))
            raise _NotAsExpected(wanted, wording.not_in_body(len(answer.body), excerpt))
        if not step.values and not step.take:
            return
        content = _json(answer)
        for expression, wanted in step.values:
            found = _search(expression, content)
            if dump_json(found) != dump_json(wanted):
                said = values.masked(dump_json(found), 80)
                expected = f"{expression.text} = {told(dump_json(wanted), 80)}"
                raise _NotAsExpected(Text.same(expected), Text.same(said))
        for name, expression in step.take:
            found = _search(expression, content)
            if isinstance(found, bool) or not isinstance(found, str | int) or found == "":
                kind = None if found is None else type(found).__name__
                raise _NotAsExpected(wording.taken(name, expression.text), wording.no_value(kind))
            values.put(name, str(found))

    @staticmethod
    def _judge_status(step: HttpStep, answer: _Answer, values: _Values) -> None:
        if answer.status in step.statuses or (not step.statuses and 200 <= answer.status < 300):
            return
        # Of an answer that may hold what is to be taken, nothing is shown.
        excerpt = "" if step.take or not answer.body else f": {values.masked(_text(answer.body), _EXCERPT)}"
        raise _NotAsExpected(wording.status(step.statuses), Text.same(f"HTTP {answer.status}{excerpt}"))


class _Values:
    """What is filled in during one look, all of it secret but the look's own mark."""

    def __init__(self, secrets: Mapping[str, str], run: str) -> None:
        self._given = {**secrets, RUN: run}
        self._secret = set(secrets.values())

    @property
    def names(self) -> frozenset[str]:
        """The names of what there is."""
        return frozenset(self._given)

    def put(self, name: str, value: str) -> None:
        """Keep what an answer gave."""
        self._given[name] = value
        self._secret.add(value)

    def masked(self, text: str, limit: int) -> str:
        """Return a text for people without what was filled in, and redacted; masked first, cut afterwards."""
        text = text[:_LOOKED_AT]
        for secret in sorted(self._secret, key=len, reverse=True):
            if len(secret) >= _SHORTEST:
                for spelling in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1]):
                    text = text.replace(spelling, "***")
        return told(text, limit)

    def fill(self, text: str, spelt: Callable[[str], str] = str) -> str:
        """Fill a text in."""
        return REFERENCE.sub(lambda found: spelt(self._given[found[1]]), text)

    def address(self, step: HttpStep) -> str:
        """Return where a step goes.

        Raises:
            _NotAsExpected: an answer gave an address, and its host is none of the step's, or a value that goes up in a path.
        """
        if REFERENCE.fullmatch(step.url) is None:
            return self.fill(step.url, _part)
        given = self.fill(step.url)
        parts = urlsplit(given)
        if parts.scheme not in {"http", "https"} or parts.netloc not in step.hosts:
            raise _NotAsExpected(wording.ALLOWED, wording.OTHER_HOST)
        return given

    def request(self, step: HttpStep) -> tuple[dict[str, str], Any]:
        """Return the headers and the body of a step."""
        headers = {name: self.fill(value) for name, value in step.headers.items()}
        if step.json is not None:
            return {"Content-Type": "application/json", **headers}, orjson.dumps(self._filled(step.json))
        if step.form is not None:
            form = {name: self.fill(value) for name, value in step.form.items()}
            if step.file is None or step.file.field is None:
                return {"Content-Type": "application/x-www-form-urlencoded", **headers}, urlencode(form).encode()
            return headers, self._parts(step.file, form)
        if step.file is not None:
            if step.file.field is not None:
                return headers, self._parts(step.file, {})
            return {"Content-Type": step.file.content_type, **headers}, self.fill(step.file.content).encode()
        return headers, None if step.text is None else self.fill(step.text).encode()

    def _parts(self, file: Upload, form: Mapping[str, str]) -> aiohttp.FormData:
        data = aiohttp.FormData()
        for name, value in form.items():
            data.add_field(name, value)
        content = self.fill(file.content).encode()
        data.add_field(file.field or "file", content, filename=self.fill(file.name), content_type=file.content_type)
        return data

    def _filled(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.fill(value)
        if isinstance(value, Mapping):
            return {name: self._filled(one) for name, one in value.items()}
        return [self._filled(one) for one in value] if isinstance(value, list | tuple) else value


def _part(value: str) -> str:
    """Return a value as a part of a path.

    Raises:
        _NotAsExpected: it would go up in the path.
    """
    if value in {".", ".."}:
        raise _NotAsExpected(wording.ALLOWED, wording.NO_PART)
    return quote(value, safe="")


async def _read(content: aiohttp.StreamReader) -> tuple[bytes, bool]:
    """Return the body up to a bound, and whether that is all of it."""
    parts, size = list[bytes](), 0
    async for part in content.iter_chunked(16 * 1024):
        size += len(part)
        if size > _LARGEST:
            return b"".join(parts), False
        parts.append(part)
    return b"".join(parts), True


def _json(answer: _Answer) -> Any:
    if not answer.whole:
        raise _NotAsExpected(wording.short_json(_LARGEST // 1024), wording.LONGER)
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        raise _NotAsExpected(wording.JSON, wording.no_json(len(answer.body))) from None


def _search(expression: Expression, content: Any) -> Any:
    try:
        return expression.search(content)
    except ExpressionError:
        return None


def _text(body: bytes) -> str:
    return body[:_LOOKED_AT].decode("utf-8", "replace")
