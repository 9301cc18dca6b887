"""Owns what an account of LEH's is to guardian: active or blocked, an administrator or not; the one rule: doubt refuses.

The words `active` and `blocked` are guardian's; what stands in the database is mapped by the adapter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

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
    def refusal(self) -> str:
        """Why it may not be blocked, in Korean; empty where it may."""
        if self.protected:
            return "차단하지 않기로 한 계정입니다(product_database.never_block, service_user)"
        if self.admin and not self.other_admins:
            return "마지막 활성 관리자 계정입니다. 다른 관리자를 먼저 만드십시오"
        return ""


@dataclass(frozen=True, slots=True)
class AccountChange:
    """What a block or its end found, and did."""

    before: Account
    """As it was when it was locked."""
    changed: bool
    """Whether it is this very action that has changed it, now or in an earlier attempt."""
    label: str = ""
    """The status that was written."""
