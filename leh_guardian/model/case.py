"""Owns what a case of LEH's is to guardian: open or closed, by whom, and whether it may be opened again; the one rule: doubt refuses.

The words `active` and `closed` are guardian's; what stands in the database (`ACTIVE`, `종료`) is mapped by the adapter.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from leh_guardian.language import NOTHING, Text, count

ACTIVE: Final = "active"
CLOSED: Final = "closed"
_SKEW: Final = timedelta(seconds=5)
"""By how much LEH's clock may be ahead of guardian's."""


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """What LEH's database says of a case."""

    id: str
    status: str
    """`active`, `closed`, or whatever else it is."""
    stored: str
    """The status as it is stored."""
    changed_at: datetime | None = None
    """`updated_at`."""
    closed_by: str | None = None
    """The user id of the newest closing that the audit log knows."""
    closed_at: datetime | None = None
    """... and when that was."""

    @property
    def since(self) -> datetime | None:
        """When it was closed, as well as that is known."""
        return self.closed_at or self.changed_at


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore found, and did."""

    before: CaseRecord
    """As it was when it was locked."""
    changed: bool
    """Whether it is this very restore that has opened it, now or in an earlier attempt."""


@dataclass(frozen=True, slots=True)
class RestorePolicy:
    """Which cases guardian leaves closed."""

    hold: frozenset[str] = field(default_factory=frozenset)
    """Ids of cases that stay closed, for a reason that people know."""
    oldest: timedelta = timedelta(days=30)
    """A case that was closed longer ago was hardly closed by mistake."""


def refusal(case: CaseRecord, policy: RestorePolicy, now: datetime, asked_at: datetime | None = None) -> Text:
    """Return why a closed case may not be opened again; nothing where it may.

    `asked_at` is when somebody asked for it: what was closed after that, somebody has closed anew.
    """
    if case.id in policy.hold:
        return Text(
            ko="보류 목록(product_database.hold)에 있는 사건입니다. 사유를 확인한 뒤 목록에서 빼야 복구할 수 있습니다",
            en="it is on the hold list (product_database.hold): look why, and take it off before it is restored",
        )
    if case.since is None:
        return NOTHING
    if now - case.since > policy.oldest:
        days, most = (now - case.since).days, policy.oldest.days
        return Text(
            ko=f"종료된 지 {days}일이 지났습니다(한도 {most}일, product_database.oldest_closing). 실수로 종료한 사건인지 확인하십시오",
            en=f"it was closed {count(days, 'day')} ago (at most {most}, product_database.oldest_closing):"
            " look whether that was a mistake",
        )
    if asked_at is not None and closed_anew(case, asked_at):
        return Text(
            ko="복구를 요청한 뒤에 다시 종료되었습니다. 요청자에게 확인한 뒤 새로 요청하십시오",
            en="it was closed again after the restore was asked for: speak to whoever asked, and ask anew",
        )
    return NOTHING


def closed_anew(case: CaseRecord, asked_at: datetime) -> bool:
    """Tell whether the audit log knows of a closing after the restore was asked for."""
    return case.closed_at is not None and case.closed_at > asked_at + _SKEW
