"""Owns what is asked about the accounts of the service; the one rule: of people it is known what they did, never who they are."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

if TYPE_CHECKING:
    # Names in annotations: most of those who import the ports need none of these.
    from leh_guardian.model.account import Account, AccountChange
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


class Accounts(Protocol):
    """The status of accounts in the service's own database."""

    async def look(self, user: str) -> Account:
        """Return what is known of an account; NotFound where there is none."""

    async def block(self, user: str, key: UUID, at: datetime) -> AccountChange:
        """Block an active account and log it, in one transaction; `at` must be the same for every attempt.

        Raises:
            NotFound, Refused: nothing was changed.
            Unavailable: it may have taken place: call it again with the same `key` and `at`.
        """

    async def unblock(self, user: str, key: UUID, at: datetime, label: str | None = None) -> AccountChange:
        """Make an account that guardian has blocked active again, with its status of before if that is given; otherwise as `block`."""


class Sessions(Protocol):
    """The open sessions of accounts, as the service lets others end them."""

    async def revoke(self, user: str, key: str) -> str:
        """End all sessions of an account; returns what was answered, in a few words. Asked again, it ends nothing more.

        Raises:
            Refused, NotFound, AccessDenied: it will not, whatever the number of attempts.
            Throttled, Unavailable, OutcomeUnknown: ask again.
        """
