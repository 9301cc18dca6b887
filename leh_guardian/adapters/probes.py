"""Owns guardian's own look at what LEH depends on, in the form of a status page; the one rule: what may not be asked is unknown.

That it cannot be reached, or does not answer, is seen from here, as the worker would see it; one such look decides nothing
(`model/provider/hysteresis`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import anyio

from leh_guardian.adapters.opensearch import OpenSearch
from leh_guardian.errors import HandlerError, Throttled, Unavailable
from leh_guardian.model.provider.snapshot import Component, ComponentStatus, Page, Snapshot, judge, unknown
from leh_guardian.model.text import told
from leh_guardian.ports import Tables

_DEADLINE: Final = 10.0
"""Seconds for one look."""
_HEALTH: Final = {
    "green": ComponentStatus.OPERATIONAL,
    "yellow": ComponentStatus.OPERATIONAL,
    # Some documents can neither be found nor written.
    "red": ComponentStatus.PARTIAL,
}
_PROBE: Final = "guardian-probe"
"""The key of an item that there is not: what counts is the answer."""


class SearchProbe:
    """OpenSearch as a page with one component."""

    def __init__(self, search: OpenSearch) -> None:
        self._search = search

    async def look(self) -> Page:
        """Ask the cluster for its health. Never raises for what the other side does."""
        return await _look("OpenSearch", self._status)

    async def _status(self) -> ComponentStatus:
        # A colour that we do not know is none that is fine.
        return _HEALTH.get(await self._search.health(), ComponentStatus.DEGRADED)


class TableProbe:
    """The table of evidence, for DynamoDB, as a page with one component."""

    def __init__(self, tables: Tables, table: str) -> None:
        self._tables = tables
        self._table = table

    async def look(self) -> Page:
        """Read an item that there is not. Never raises for what the other side does."""
        return await _look("DynamoDB", self._status)

    async def _status(self) -> ComponentStatus:
        layout = await self._tables.layout(self._table)
        await self._tables.get(self._table, dict.fromkeys(layout.keys, _PROBE))
        return ComponentStatus.OPERATIONAL


async def _look(name: str, ask: Callable[[], Awaitable[ComponentStatus]]) -> Page:
    reasons: tuple[str, ...] = ()
    try:
        with anyio.fail_after(_DEADLINE):
            status = await ask()
    except Throttled as error:
        status, reasons = ComponentStatus.DEGRADED, (told(error),)
    except (Unavailable, TimeoutError) as error:
        status, reasons = ComponentStatus.MAJOR, (told(error) or f"no answer within {_DEADLINE:g} s",)
    except HandlerError as error:
        # Refused, or not there: that says something of guardian's settings and rights, nothing of the system.
        return unknown(told(error))
    return judge(Snapshot({name: Component(name, name, status)}), [name], "guardian's own look", reasons)
