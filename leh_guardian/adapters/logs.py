"""Owns CloudWatch Logs; the one rule: a read ends - in pages, in bytes and in time - and says whether it saw everything.

FilterLogEvents (Amazon CloudWatch Logs API Reference): both ends of the time are inclusive, in milliseconds; a page may be empty and
still have a token, since it ends after so much that was looked through, not found. Streams come interleaved, in no certain order.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import anyio

from leh_guardian.adapters.aws import Aws
from leh_guardian.clock import Clock
from leh_guardian.errors import AccessDenied, HandlerError, NoCredentials, NotFound, Unavailable
from leh_guardian.ports import LogMessage, LogSample

_PAGE: Final = 10_000
"""Events of a page; AWS ends it at 1 MB, whatever comes first."""
_PAGES: Final = 200
_SECONDS: Final = 30.0
"""Seconds after which no further page is asked for."""
_MORE: Final = 26
"""Bytes that an event weighs beside its text, by CloudWatch's own count."""
_LOOK: Final = timedelta(minutes=1)
_RECENT: Final = 60.0
"""Seconds for which a ping believes the one before it: few reads of a second are allowed to an account."""


class CloudWatchLogs:
    """CloudWatch Logs as handlers use it, of one account and region."""

    def __init__(self, aws: Aws, client: Any) -> None:
        self._aws = aws
        self._client = client

    async def read(
        self, group: str, since: datetime, until: datetime, *, pattern: str = "", most_bytes: int = 4_000_000
    ) -> LogSample:
        """Return what a log group says from `since` on and before `until`, of that what fits CloudWatch's filter `pattern`.

        Where a bound cuts it, it is the beginning of the time that was read.

        Raises:
            NotFound: there is no such group; says what to do.
        """
        found: list[LogMessage] = []
        began, size = anyio.current_time(), 0
        first, last = _milliseconds(since), _milliseconds(until) - 1
        asked: dict[str, Any] = {"logGroupName": group, "startTime": first, "endTime": last}
        asked |= {"limit": _PAGE} | ({"filterPattern": pattern} if pattern else {})
        token: dict[str, str] = {}
        whole = first > last
        for _ in range(0 if whole else _PAGES):
            page = await self._page(group, {**asked, **token})
            for message in filter(None, map(_message, page["events"])):
                size += len(message.text.encode("utf-8", "surrogatepass")) + _MORE
                if size > most_bytes:
                    return _sample(found, whole=False)
                found.append(message)
            following = page.get("nextToken")
            # The same one again means the end, as it does elsewhere in this API; asked for again, it would never end.
            if not following or following == token.get("nextToken"):
                whole = True
                break
            token = {"nextToken": following}
            if anyio.current_time() - began > _SECONDS:
                break
        return _sample(found, whole=whole)

    async def probe(self, group: str, now: datetime) -> None:
        """Ask for a single message of the last minute, and raise when that may not be asked."""
        await self._page(
            group,
            {"logGroupName": group, "startTime": _milliseconds(now - _LOOK), "endTime": _milliseconds(now), "limit": 1},
        )

    async def _page(self, group: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        doing = f"read log group {group}"
        try:
            page: Mapping[str, Any] = await self._aws.call(
                doing, functools.partial(self._client.filter_log_events, **asked)
            )
        except NotFound as error:
            hint = "check its name and AWS_REGION; a function that never ran has no log group yet"
            raise NotFound(f"{error} - {hint}") from error
        except NoCredentials:
            raise
        except AccessDenied as error:
            raise AccessDenied(f"{error} - allow logs:FilterLogEvents on it") from error
        if not isinstance(page.get("events"), list):
            raise Unavailable(f"cannot {doing}: the answer has no events, so it is not CloudWatch's")
        return page


class LogGroup:
    """A log group, for those who ask whether it can be read. Optional for the daemon: it never fails readiness."""

    def __init__(self, logs: CloudWatchLogs, name: str, clock: Clock) -> None:
        self._logs = logs
        self._name = name
        self._clock = clock
        self._pinged: tuple[float, Exception | None] | None = None

    async def ping(self) -> None:
        """Raise when it cannot be read, with what to do about it; reads at most once a minute."""
        now = self._clock.monotonic()
        if self._pinged is None or now - self._pinged[0] > _RECENT:
            # Before the read: whoever pings may give up before it ends, and pings again in seconds.
            self._pinged = (now, Unavailable(f"no answer of log group {self._name} yet"))
            self._pinged = (now, await self._trouble())
        if self._pinged[1] is not None:
            raise self._pinged[1]

    async def _trouble(self) -> Exception | None:
        try:
            await self._logs.probe(self._name, self._clock.now())
        except HandlerError as error:
            return error
        return None


def _sample(found: list[LogMessage], *, whole: bool) -> LogSample:
    # Stable: what one stream said within one millisecond stays in its order.
    return LogSample(sorted(found, key=lambda message: message.at), whole)


def _message(event: Any) -> LogMessage | None:
    """Return an event's message, None for one that is none."""
    if not isinstance(event, Mapping):
        return None
    text, at, stream = event.get("message"), event.get("timestamp"), event.get("logStreamName")
    if not isinstance(text, str) or not isinstance(at, int):
        return None
    return LogMessage(text, stream if isinstance(stream, str) else "", at / 1000)


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)
