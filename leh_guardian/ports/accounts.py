"""Owns what is asked about the accounts of the service; the one rule: of people it is known what they did, never who they are."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from leh_guardian.model.activity import Activity


class Activities(Protocol):
    """What accounts did, by the service's own audit log."""

    async def around(self, objects: Collection[str], since: datetime, most: int) -> Activity:
        """Return what everybody did who touched one of these objects, a case or evidence, since an instant.

        Raises:
            HandlerError: one of its leaves.
        """

    async def of(self, user: str, since: datetime, most: int) -> Activity:
        """Return what an account did since an instant; raises as `around`."""
