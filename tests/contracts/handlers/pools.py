"""Owns the connections to guardian's PostgreSQL; the one rule: they are kept from one play to the next, as a daemon keeps its own.

To connect costs both sides more than all that a play asks for: a process, a log-in, catalogues, statements that are prepared anew.
"""

from __future__ import annotations

import asyncio
from typing import Any

from leh_guardian.store.pool import Pool


class Pools:
    """By name and event loop: replicas share none."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self._open: dict[tuple[str, Any], Pool] = {}

    async def of(self, name: str) -> Pool:
        """Return what `name` has in the calling event loop."""
        key = name, asyncio.get_running_loop()
        if key not in self._open:
            self._open[key] = await Pool.open(self.dsn, size=4)
        return self._open[key]

    async def close(self) -> None:
        """Close all of the calling event loop."""
        for key in [key for key in self._open if key[1] is asyncio.get_running_loop()]:
            await self._open.pop(key).close()
