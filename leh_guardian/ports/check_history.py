"""Owns what is known of earlier runs of the periodic checks; the one rule: the engine writes results, handlers read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from leh_guardian.model.check import KeptResult, SentReport


class CheckHistory(Protocol):
    """What checks came to, and which reports went out."""

    async def weekly(self, since: datetime, until: datetime, zone: str) -> Sequence[KeptResult]:
        """Return the newest result of each check in each calendar week of a zone."""

    async def sent(self, report: SentReport) -> None:
        """Write down that a report went out; told twice, it is one."""
