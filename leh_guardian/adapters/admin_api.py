"""Owns LEH's admin API; the one rule: what may have been taken is never called refused, and what may not have been never taken.

Taken is 200, 201 or 202 with a JSON object, or 204 with nothing. A success without one is some proxy's or log-in page's, or half
an answer: nobody knows what came of the request. So it is with 5xx, a cut and a time-out once there was a connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final

import aiohttp
import anyio
import orjson

from leh_guardian import __version__
from leh_guardian.adapters.bearer import Token
from leh_guardian.errors import AccessDenied, HandlerError, NotFound, OutcomeUnknown, Refused, Throttled, Unavailable
from leh_guardian.evidence.names import is_id
from leh_guardian.fields import is_case_id
from leh_guardian.model.text import shown, told

PATH: Final = "/admin/reprocess-evidence"
REINDEX_PATH: Final = "/admin/reindex-case"
_LARGEST = 64 * 1024
"""Bytes of an answer that are read."""
_LONGEST_PAUSE = 3600.0
"""Seconds for which its Retry-After is believed."""
_RECENT = 60.0
"""Seconds for which a ping believes the one before."""
_FAILED: Final = frozenset({"error", "failed", "failure"})


@dataclass
class _Sent:
    """Whether the present request may have reached the other side."""

    maybe: bool = False


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes
    whole: bool
    retry_after: str


def admin_session(deadline: float) -> aiohttp.ClientSession:
    """Return a session for the admin API: no cookies, no proxy of the environment, nothing inflated, a connection for each request.

    A kept connection may be closed by the other side at the instant of a request, and then nobody knows whether it was taken.
    """
    tracing = aiohttp.TraceConfig()

    async def connected(_: Any, context: SimpleNamespace, __: Any) -> None:
        if context.trace_request_ctx is not None:
            context.trace_request_ctx.maybe = True

    tracing.on_connection_create_end.append(connected)
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=deadline + 1),
        connector=aiohttp.TCPConnector(force_close=True),
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        trace_configs=[tracing],
        headers={
            "User-Agent": f"leh-guardian/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        },
    )


class HttpAdminApi:
    """The admin API over HTTP."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        token: Token | None,
        *,
        deadline: float = 20.0,
        idempotent: bool = False,
        revoke_path: str = "",
    ) -> None:
        """`revoke_path` is where sessions are ended."""
        self._session = session
        self._base = url.rstrip("/")
        self._token = token
        self._deadline = deadline
        self._revoke_path = revoke_path
        self._pinged: tuple[float, HandlerError | None] | None = None
        self.idempotent: Final = idempotent
        """Whether the operator says that the other side honours our keys."""

    async def reprocess(self, evidence: str, key: str) -> str:
        """Ask for a piece of evidence to be processed anew; returns what the API answered, in a few words.

        Raises:
            Refused, NotFound: it will not; the reason is its own, shortened and redacted.
            AccessDenied: it does not take our token, or there is none.
            Throttled, Unavailable: nothing was taken; it may be asked again.
            OutcomeUnknown: the request may have been taken.
        """
        if not is_id(evidence):
            raise Refused(f"{shown(evidence, 80)!r} is no id of evidence: nothing was asked for")
        return await self._ask(PATH, {"evidence_id": evidence}, key)

    async def reindex(self, case: str, key: str) -> str:
        """Ask for the search index of a case to be built anew from DynamoDB; otherwise as `reprocess`."""
        if not is_case_id(case):
            raise Refused(f"{shown(case, 80)!r} is no id of a case: nothing was asked for")
        return await self._ask(REINDEX_PATH, {"case_id": case}, key)

    async def revoke(self, user: str, key: str) -> str:
        """Ask for the sessions of an account to be ended; otherwise as `reprocess`."""
        if not is_case_id(user):
            raise Refused(f"{shown(user, 80)!r} is no id of an account: nothing was asked for")
        if not self._revoke_path:
            raise Refused("nobody said how sessions are ended: set admin_api.revoke_sessions")
        return await self._ask(self._revoke_path, {"user_id": user}, key)

    async def _ask(self, path: str, body: Mapping[str, str], key: str) -> str:
        sent = _Sent()
        try:
            # Of the whole, the token's source included: a peer that drips would pass any deadline for a read.
            with anyio.fail_after(self._deadline):
                return await self._exchange(path, body, key, sent)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            within = f"no answer within {self._deadline:g} s"
            why = within if isinstance(error, TimeoutError) else told(f"{type(error).__name__} {error}", 150)
            if sent.maybe:
                raise OutcomeUnknown(f"the admin API may have taken it: {why}") from error
            raise Unavailable(f"the admin API cannot be reached: {why}") from error

    async def ping(self) -> None:
        """Raise when it does not answer, or there is no token for it; asks once a minute, for nothing that is protected."""
        if self._pinged is None or anyio.current_time() - self._pinged[0] > _RECENT:
            # Before the look: whoever pings may give up before it ends, and pings again in seconds.
            self._pinged = (anyio.current_time(), Unavailable("the admin API does not answer"))
            self._pinged = (anyio.current_time(), await self._look())
        if self._pinged[1] is not None:
            raise self._pinged[1]

    async def _look(self) -> HandlerError | None:
        try:
            with anyio.fail_after(self._deadline):
                if self._token is not None:
                    await self._token.get()
                async with self._session.get(self._base, allow_redirects=False) as answer:
                    status = answer.status
        except HandlerError as error:
            return error
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            why = told(f"{type(error).__name__} {error}", 150)
            return Unavailable(f"the admin API {self._base} does not answer: {why}")
        return Unavailable(f"the admin API {self._base} answers {status}") if status >= 500 else None

    async def _exchange(self, path: str, body: Mapping[str, str], key: str, sent: _Sent) -> str:
        token = await self._token.get() if self._token is not None else None
        answer = await self._post(path, body, key, token, sent)
        if answer.status == 401 and self._token is not None:
            sent.maybe = False
            newer = await self._token.renew()
            if newer != token:
                token = newer
                answer = await self._post(path, body, key, token, sent)
        return _judge(answer, token)

    async def _post(self, path: str, body: Mapping[str, str], key: str, token: str | None, sent: _Sent) -> _Answer:
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        async with self._session.post(
            self._base + path,
            data=orjson.dumps(body),
            headers=headers,
            allow_redirects=False,
            trace_request_ctx=sent,
        ) as answer:
            said, whole = await _read(answer.content)
            return _Answer(answer.status, said, whole, answer.headers.get("Retry-After", ""))


async def _read(content: aiohttp.StreamReader) -> tuple[bytes, bool]:
    """Return the body, and whether that is all of it."""
    parts, size = list[bytes](), 0
    async for part in content.iter_chunked(16 * 1024):
        size += len(part)
        if size > _LARGEST:
            return b"".join(parts), False
        parts.append(part)
    return b"".join(parts), True


def _judge(answer: _Answer, token: str | None) -> str:
    status = answer.status
    said = _words(answer.body, token)
    text = f"the admin API answered {status}: {said}"
    if 200 <= status < 300:
        return _taken(answer, said)
    match status:
        case 401 | 403:
            raise AccessDenied(f"{text} - check its token (admin_api.token_file, admin_api.token_secret)")
        case 404:
            raise NotFound(text)
        case 429:
            raise Throttled(text, retry_after=_pause(answer.retry_after))
        case 301 | 302 | 307 | 308:
            raise Refused(f"{text} - it sends us elsewhere, which is not followed: check LEH_ADMIN_API__URL")
        case 303 | 408:
            raise OutcomeUnknown(text)
        case _ if 400 <= status < 500:
            raise Refused(text)
    raise OutcomeUnknown(text)


def _taken(answer: _Answer, said: str) -> str:
    content = _parsed(answer.body) if answer.whole else None
    if answer.status == 204 and not answer.body:
        return "taken"
    if answer.status not in {200, 201, 202} or not isinstance(content, dict):
        raise OutcomeUnknown(
            f"the admin API answered {answer.status} and no JSON object: was it the API? It said: {said}"
        )
    if content.get("error") or str(content.get("status")).lower() in _FAILED or content.get("success") is False:
        raise Refused(f"the admin API answered {answer.status} and that it failed: {said}")
    return said or "taken"


def _words(body: bytes, token: str | None) -> str:
    """Return what an answer says, for people: FastAPI's `detail`, or what comes nearest, without our token."""
    content = _parsed(body)
    if isinstance(content, dict):
        named = (content.get(name) for name in ("detail", "message", "error", "status"))
        content = next((value for value in named if value), content)
    text = content if isinstance(content, str) else body.decode("utf-8", "replace")
    return told(text.replace(token, "***") if token else text, 200)


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except ValueError:
        return None


def _pause(retry_after: str) -> float | None:
    plain = retry_after.isascii() and retry_after.isdecimal() and len(retry_after) < 10
    return min(_LONGEST_PAUSE, float(retry_after)) if plain else None
