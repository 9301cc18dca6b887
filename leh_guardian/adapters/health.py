"""Owns AWS Health in the form of a status page; the one rule: to whoever may not ask nothing is said, which is not "all is well".

DescribeEvents (AWS Health API Reference) answers accounts with a Business or Enterprise support plan alone, from the global
endpoint, which is in us-east-1 unless AWS itself has moved it ("Accessing the AWS Health API").
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from typing import Any, Final

from leh_guardian.adapters.aws import Aws
from leh_guardian.clock import Clock
from leh_guardian.errors import HandlerError, Unavailable
from leh_guardian.model.provider.snapshot import (
    Component,
    ComponentStatus,
    Page,
    PageIncident,
    PageState,
    Snapshot,
    judge,
    unknown,
)
from leh_guardian.model.text import told

REGION: Final = "us-east-1"
"""Where it is asked, whatever region the service is in."""
_PAGES: Final = 5
_PLAN: Final = "SubscriptionRequiredException"
_RECENT: Final = 60.0
"""Seconds for which a ping believes the look before it."""


class AwsHealth:
    """What AWS says of its services in one region, as a page with a component for each."""

    def __init__(self, aws: Aws, client: Any, region: str, services: Collection[str], clock: Clock) -> None:
        self._aws = aws
        self._client = client
        self._region = region
        self._services = tuple(services)
        self._clock = clock
        self._last: tuple[float, Page] | None = None

    async def look(self) -> Page:
        """Return what it says now: a service with an open issue is away in part. Never raises for what the other side does."""
        page = await self._look()
        self._last = (self._clock.monotonic(), page)
        return page

    async def ping(self) -> None:
        """Raise Unavailable when it cannot be told; looks at most once a minute."""
        now = self._clock.monotonic()
        if self._last is None or now - self._last[0] > _RECENT:
            # Before the look: whoever pings may give up before it ends, and pings again in seconds.
            self._last = (now, self._last[1] if self._last else unknown("no answer yet"))
            await self.look()
        page = self._last[1]
        if page.state is PageState.UNKNOWN:
            raise Unavailable(f"AWS Health: {'; '.join(page.reasons)}")

    async def _look(self) -> Page:
        try:
            events = await self._events()
        except HandlerError as error:
            plan = "the account has no Business or Enterprise support plan, which AWS Health's API asks for: "
            return unknown(f"{plan if _PLAN in str(error) else ''}{told(error)}")
        affected = {event.get("service") for event in events}
        components = {
            name: Component(name, name, ComponentStatus.PARTIAL if name in affected else ComponentStatus.OPERATIONAL)
            for name in self._services
        }
        incidents = tuple(
            PageIncident(
                _text(event, "arn"),
                _text(event, "eventTypeCode"),
                _text(event, "statusCode"),
                (_text(event, "service"),),
            )
            for event in events
        )
        return judge(Snapshot(components, incidents), self._services, "AWS Health")

    async def _events(self) -> list[Mapping[str, Any]]:
        wanted = {
            "services": list(self._services),
            "regions": [self._region, "global"],
            "eventStatusCodes": ["open"],
            "eventTypeCategories": ["issue"],
        }
        found: list[Mapping[str, Any]] = []
        token: dict[str, str] = {}
        for _ in range(_PAGES):
            request = functools.partial(self._client.describe_events, filter=wanted, maxResults=100, **token)
            answer = await self._aws.call("ask AWS Health for open issues", request, tries=2, deadline=5.0)
            if not isinstance(answer.get("events"), list):
                raise Unavailable("cannot ask AWS Health: the answer has no events, so it is none")
            found += answer["events"]
            if not answer.get("nextToken"):
                break
            token = {"nextToken": answer["nextToken"]}
        return found


def _text(event: Mapping[str, Any], name: str) -> str:
    value = event.get(name)
    return told(value, 200) if isinstance(value, str) else ""
