"""Owns what an account of LEH's is to guardian: active or blocked, an administrator or not; the one rule: doubt refuses.

The words `active` and `blocked` are guardian's; what stands in the database is mapped by the adapter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from leh_guardian.language import NOTHING, Text
from leh_guardian.model.account_wording import LAST_ADMIN, NEVER_BLOCKED

ACTIVE: Final = "active"
BLOCKED: Final = "blocked"


@dataclass(frozen=True, slots=True)
class Account:
    """What LEH's database says of an account: nothing by which a person is known."""

    id: str
    status: str
    """`active`, `blocked`, or whatever else it is."""
    stored: str
    """The status as it is stored."""
    admin: bool
    other_admins: int
    """Other administrators whose accounts are active."""
    protected: bool
    """Whether the operator said that it is never blocked, or it is guardian's own."""

    @property
    def refusal(self) -> Text:
        """Why it may not be blocked; nothing where it may."""
        if self.protected:
            return NEVER_BLOCKED
        return LAST_ADMIN if self.admin and not self.other_admins else NOTHING


@dataclass(frozen=True, slots=True)
class AccountChange:
    """What a block or its end found, and did."""

    before: Account
    """As it was when it was locked."""
    changed: bool
    """Whether it is this very action that has changed it, now or in an earlier attempt."""
    label: str = ""
    """The status that was written."""
