"""Owns what feeds Lambda functions; the one rule: a change that is under way is waited for, never written over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.functions import named
from leh_guardian.errors import NotFound, Refused, Unavailable
from leh_guardian.ports.feeds import Catch, FeedMapping

_BUSY: Final = ("ResourceInUseException", "ResourceConflictException")
_OLDEST: Final = 21_600.0
"""Seconds that Lambda keeps an asynchronous event, where nothing else is configured ("Configuring error handling settings")."""


class LambdaFeeds:
    """The port `Feeds`."""

    def __init__(self, aws: Aws, client: Any) -> None:
        self._aws = aws
        self._client = client

    async def mappings(self, function: str) -> list[FeedMapping]:
        """Return the event source mappings of a function."""
        doing, found = f"list the event source mappings of {function}", list[FeedMapping]()
        marker: dict[str, str] = {}
        while True:
            request = partial(self._client.list_event_source_mappings, FunctionName=function, **marker)
            page = await self._call(doing, request)
            told = _said(page, "EventSourceMappings", doing)
            found += [FeedMapping(one["UUID"], one.get("EventSourceArn", ""), one["State"]) for one in told]
            if not page.get("NextMarker"):
                return found
            marker = {"Marker": page["NextMarker"]}

    async def switch(self, mapping: str, *, on: bool) -> None:
        """Enable or disable a mapping.

        Raises:
            Unavailable: another change of it is under way.
        """
        doing = f"{'enable' if on else 'disable'} the event source mapping {mapping}"
        answer = await self._call(doing, partial(self._client.update_event_source_mapping, UUID=mapping, Enabled=on))
        _said(answer, "UUID", doing)

    async def reserved(self, function: str) -> int | None:
        """Return the reserved concurrency of a function, None for none."""
        request = partial(self._client.get_function_concurrency, FunctionName=named(function)[0])
        for _ in range(2):
            answer = await self._call(f"read the reserved concurrency of {function}", request)
            if "ReservedConcurrentExecutions" in answer:
                amount: int = answer["ReservedConcurrentExecutions"]
                return amount
            # An empty answer says that there is none; so does, to the SDK, a body that means nothing. Hence twice.
        return None

    async def reserve(self, function: str, amount: int | None) -> None:
        """Set it; None takes it away."""
        name, doing = named(function)[0], f"set the reserved concurrency of {function}"
        if amount is None:
            await self._call(doing, partial(self._client.delete_function_concurrency, FunctionName=name))
            if await self.reserved(function) is not None:
                # The answer holds nothing that would tell.
                raise Unavailable(f"cannot {doing}: it is still there")
            return
        request = partial(self._client.put_function_concurrency, FunctionName=name, ReservedConcurrentExecutions=amount)
        _said(await self._call(doing, request), "ReservedConcurrentExecutions", doing)

    async def catch(self, function: str) -> Catch:
        """Return what becomes of events that the function does not take."""
        name, qualifier = named(function)
        asked = {"FunctionName": name} | ({"Qualifier": qualifier} if qualifier else {})
        doing = f"read where failed events of {function} go"
        set_up = await self._call(doing, partial(self._client.get_function_configuration, **asked))
        _said(set_up, "FunctionName", doing)
        places = [(set_up.get("DeadLetterConfig") or {}).get("TargetArn")]
        try:
            more = await self._call(doing, partial(self._client.get_function_event_invoke_config, **asked))
            _said(more, "FunctionArn", doing)
        except NotFound:
            more = {}
        places.append(((more.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination"))
        return Catch(tuple(place for place in places if place), float(more.get("MaximumEventAgeInSeconds") or _OLDEST))

    async def _call(self, doing: str, request: Callable[[], Awaitable[Mapping[str, Any]]]) -> Mapping[str, Any]:
        try:
            return await self._aws.call(doing, request)
        except Refused as error:
            if any(code in str(error) for code in _BUSY):
                raise Unavailable(str(error)) from error
            raise


def _said(answer: Mapping[str, Any], member: str, doing: str) -> Any:
    """Return a member that every answer has: the SDK takes a body that means nothing for an answer without members."""
    if member not in answer:
        raise Unavailable(f"cannot {doing}: the answer has no {member}, so it is not Lambda's")
    return answer[member]
