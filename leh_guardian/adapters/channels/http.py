"""Owns one HTTP exchange with whoever takes messages; the one rule: bounded as a whole, and no redirect is followed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
import anyio

from leh_guardian.errors import AccessDenied, Refused, Throttled, Unavailable
from leh_guardian.model.text import told

DEADLINE = 10.0
"""Seconds one exchange may take, from the look-up of the name to the last byte."""
_LONGEST = 64 * 1024
LONGEST_WAIT = 3600.0
"""Seconds: whoever asks us to wait longer is asked again all the same."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said."""

    status: int
    body: bytes
    retry_after: float | None


async def exchange(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    who: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    glance: int | None = None,
) -> Answer:
    """Send one request and return the answer with its body, or with what of it comes at once, at most `glance` bytes.

    Raises:
        Unavailable: no answer, so it may or may not have been taken.
    """
    try:
        # A total deadline: a receiver that drips one byte a second would pass any per-read timeout.
        with anyio.fail_after(DEADLINE):
            async with session.request(
                method, url, data=body, headers=headers, params=params, allow_redirects=False
            ) as answer:
                said = await (_first(answer.content) if glance is None else answer.content.read(glance))
                return Answer(answer.status, said, seconds(answer.headers.get("Retry-After")))
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise Unavailable(f"{who} does not answer: {type(error).__name__} {error}".rstrip()) from error


async def _first(content: aiohttp.StreamReader) -> bytes:
    taken = b""
    while len(taken) < _LONGEST and (some := await content.read(_LONGEST - len(taken))):
        taken += some
    return taken


def seconds(retry_after: str | None) -> float | None:
    """Return what a Retry-After header asks for, None where it says nothing that we know."""
    if not retry_after or not retry_after.isdecimal() or len(retry_after) > 10:
        return None
    return min(float(retry_after), LONGEST_WAIT)


def refuse(answer: Answer, who: str, *, denied: str) -> None:
    """Raise what an answer other than 2xx means by its status alone; `denied` says what to do about 401 and 403.

    Raises:
        Throttled, Unavailable: try again.
        AccessDenied, Refused: the other side does not want it.
    """
    status = answer.status
    if 200 <= status < 300:
        return
    text = f"{who} answered {status}: {told(answer.body.decode('utf-8', 'replace'), 200)}"
    if status == 429:
        raise Throttled(text, retry_after=answer.retry_after)
    if status == 408 or status >= 500:
        raise Unavailable(text, retry_after=answer.retry_after)
    if status in {401, 403}:
        raise AccessDenied(f"{text} - {denied}")
    raise Refused(text)
