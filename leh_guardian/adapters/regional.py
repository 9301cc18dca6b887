"""Owns clients of AWS that are opened when they are first asked; the one rule: what no check needs is never loaded.

Each takes a tenth of a second and megabytes of descriptions, and the daemon needs them once a week.
"""

from __future__ import annotations

from typing import Any

import anyio

from leh_guardian.adapters.aws import Aws


class Clients:
    """The clients of a session, by service and region; closed with the session."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._opened: dict[tuple[str, str], Any] = {}
        self._lock = anyio.Lock()

    async def get(self, service: str, region: str | None = None) -> Any:
        """Return a client, in the session's region unless another is named.

        Raises:
            SettingsError: the SDK's own configuration is wrong.
        """
        wanted = (service, region or self._aws.region)
        async with self._lock:
            if wanted not in self._opened:
                self._opened[wanted] = await self._aws.client(service, region=wanted[1])
            return self._opened[wanted]
