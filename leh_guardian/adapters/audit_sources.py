"""Owns audit lines in CloudWatch Logs and in S3; the one rule: they come in pages and pieces, and no error holds what they say.

FilterLogEvents allows few requests a second to an account and region, so throttling is waited out here for longer than elsewhere.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp
import anyio
from botocore.exceptions import BotoCoreError

from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.regional import Clients
from leh_guardian.errors import AccessDenied, NoCredentials, NotFound, Unavailable
from leh_guardian.ports.audit import LogLine, LogPage

_PAGE: Final = 10_000
_TRIES: Final = 6
"""Tries while it asks to slow down."""
_PIECE: Final = 15.0
"""Seconds until a piece of an object has come."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class CloudWatchGroups:
    """The port `AuditGroups`."""

    def __init__(self, aws: Aws, clients: Clients) -> None:
        self._aws = aws
        self._clients = clients

    async def page(self, group: str, since: datetime, until: datetime, after: str | None) -> LogPage:
        """Return a page of what a group says from `since` on and before `until`.

        Raises:
            NotFound: there is no such group.
            AccessDenied: logs:FilterLogEvents is missing.
        """
        first, last = _milliseconds(since), _milliseconds(until) - 1
        if first > last:
            return LogPage((), None)
        asked: dict[str, Any] = {"logGroupName": group, "startTime": first, "endTime": last, "limit": _PAGE}
        client = await self._clients.get("logs")
        ask = functools.partial(client.filter_log_events, **asked, **({"nextToken": after} if after else {}))
        doing = f"read log group {group}"
        try:
            page: Mapping[str, Any] = await self._aws.call(doing, ask, throttled=_TRIES)
        except NotFound as error:
            raise NotFound(f"{error} - check checks.audit_log_groups and AWS_REGION") from error
        except NoCredentials:
            raise
        except AccessDenied as error:
            raise AccessDenied(f"{error} - allow logs:FilterLogEvents on it") from error
        if not isinstance(page.get("events"), list):
            raise Unavailable(f"cannot {doing}: the answer has no events, so it is not CloudWatch's")
        following = page.get("nextToken")
        # The same one again means the end, as it does elsewhere in this API.
        return LogPage([_line(event) for event in page["events"]], following if following != after else None)


class S3Bodies:
    """The port `AuditObjects`."""

    def __init__(self, aws: Aws, clients: Clients) -> None:
        self._aws = aws
        self._clients = clients

    @asynccontextmanager
    async def opened(self, bucket: str, key: str) -> AsyncIterator[_Body]:
        """Open an object; errors name the bucket and not the key, which others choose.

        Raises:
            NotFound: it is gone.
            AccessDenied: s3:GetObject is missing, or the right to use the key that it is encrypted with.
            Refused: it is in an archive, or cannot be had otherwise.
        """
        client = await self._clients.get("s3")
        ask = functools.partial(client.get_object, Bucket=bucket, Key=key)
        try:
            answer: Mapping[str, Any] = await self._aws.call(f"read an object of bucket {bucket}", ask)
        except NoCredentials:
            raise
        except AccessDenied as error:
            where = f"arn:aws:s3:::{bucket}/*"
            raise AccessDenied(f"{error} - allow s3:GetObject on {where}, and kms:Decrypt on its key") from error
        async with answer["Body"] as stream:
            yield _Body(stream, bucket)


class _Body:
    """The port `Body`."""

    def __init__(self, stream: Any, bucket: str) -> None:
        self._stream = stream
        self._bucket = bucket

    async def read(self, most: int) -> bytes:
        """Return what comes next, nothing at its end.

        Raises:
            Unavailable: it has stopped coming.
        """
        try:
            with anyio.fail_after(_PIECE):
                data: bytes = await self._stream.read(most)
        except (BotoCoreError, aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unavailable(f"an object of bucket {self._bucket} stopped coming: {type(error).__name__}") from error
        return data


def _line(event: Any) -> LogLine:
    if not isinstance(event, Mapping):
        raise Unavailable("cannot read a log group: an event that is none")
    text, at = event.get("message"), event.get("timestamp")
    if not isinstance(text, str) or not isinstance(at, int):
        raise Unavailable("cannot read a log group: an event without a message or a time")
    return LogLine(
        text,
        str(event.get("logStreamName") or ""),
        str(event.get("eventId") or ""),
        _EPOCH + timedelta(milliseconds=at),
    )


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)
