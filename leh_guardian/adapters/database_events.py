"""Owns RDS's record of its own events; the one rule: what is no event in an answer is left out.

"DescribeEvents" (RDS API Reference): fourteen days back, the EventID is not told.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from leh_guardian.adapters.aws import Aws
from leh_guardian.errors import AccessDenied, NoCredentials, Transient
from leh_guardian.ports import DatabaseEvent

PERMISSION: Final = "rds:DescribeEvents"
_PAGE: Final = 100
_PAGES: Final = 20


class RdsEvents:
    """RDS's events, of one account and region."""

    def __init__(self, aws: Aws, client: Any) -> None:
        self._aws = aws
        self._client = client

    async def between(self, since: datetime, until: datetime) -> Sequence[DatabaseEvent]:
        """Return what happened then, as far as it could be read: what fails after the first page ends it."""
        found: list[DatabaseEvent] = []
        asked: dict[str, Any] = {"StartTime": since, "EndTime": until, "MaxRecords": _PAGE}
        for number in range(_PAGES):
            try:
                page = await self._page(asked)
            except Transient:
                if not number:
                    raise
                break
            events = page.get("Events")
            read = map(_event, events if isinstance(events, list) else ())
            found += [event for event in read if event is not None]
            if not page.get("Marker"):
                break
            asked["Marker"] = page["Marker"]
        return found

    async def _page(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        call = functools.partial(self._client.describe_events, **asked)
        try:
            answer: Mapping[str, Any] = await self._aws.call("list RDS events", call)
        except NoCredentials:
            raise
        except AccessDenied as error:
            raise AccessDenied(f"{error} - allow {PERMISSION} on *") from error
        return answer


def _event(raw: Any) -> DatabaseEvent | None:
    if not isinstance(raw, Mapping):
        return None
    arn, kind, message, at = raw.get("SourceArn"), raw.get("SourceType"), raw.get("Message"), raw.get("Date")
    if not (isinstance(arn, str) and isinstance(kind, str) and isinstance(message, str) and isinstance(at, datetime)):
        return None
    return DatabaseEvent(
        arn=arn,
        identifier=str(raw.get("SourceIdentifier") or ""),
        kind=kind,
        categories=[str(category) for category in raw.get("EventCategories") or ()],
        message=message,
        at=at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC),
    )
