"""Owns the settings of LEH's own database: how its tables and words are called; the one rule: the defaults are LEH's own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from leh_guardian.fields import CaseId, Duration
from leh_guardian.settings.sections import Section

_TABLE = Field(pattern=r"^[^\x00-\x1f.]{1,63}(\.[^\x00-\x1f.]{1,63})?$")
_COLUMN = Field(pattern=r"^[^\x00-\x1f]{1,63}$")
Table = Annotated[str, _TABLE]
Column = Annotated[str, _COLUMN]
Word = Annotated[str, Field(min_length=1, max_length=100)]


class ProductDatabaseSettings(Section):
    """LEH's PostgreSQL (LEH_PRODUCT_DATABASE_URL): names as they are spelt there, capitals included."""

    cases: Table = "cases"
    """Table of cases, with its schema before it or without."""
    case_id: Column = "id"
    status: Column = "status"
    updated_at: Column = "updated_at"
    """Set as well, where there is such a column."""
    audit: Table = "audit_logs"
    """LEH's own audit log: a restore is a line in it."""
    audit_id: Column = "id"
    audit_user: Column = "user_id"
    audit_action: Column = "action"
    audit_object: Column = "object_id"
    audit_time: Column = "timestamp"
    users: Table = "users"
    user_id: Column = "id"
    user_created: Column = "created_at"
    """When an account was made, where there is such a column: one signal of `upload_analysis`."""
    user_status: Column = "status"
    """What `account_block` changes."""
    user_role: Column = "role"
    user_active: Word | None = None
    """How `active` is spelt in `user_status`, where its label is another word."""
    user_blocked: Annotated[tuple[Word, ...], Field(min_length=1)] = (
        *("BLOCKED", "SUSPENDED", "INACTIVE"),
        *("DISABLED", "LOCKED"),
    )
    """... and `blocked`: the first of these that is a label there."""
    admin_roles: Annotated[tuple[Word, ...], Field(min_length=1)] = ("ADMIN",)
    """Roles of administrators, letter case apart: the last active one is never blocked."""
    never_block: tuple[Word, ...] = ()
    """Accounts that are never blocked, beside `service_user`."""
    blocked_action: Word = "ACCOUNT_BLOCKED"
    """What the audit log calls a block."""
    unblocked_action: Word = "ACCOUNT_UNBLOCKED"
    """... and its end."""
    active: Word | None = None
    """How `active` is spelt in `status`, where that cannot be read from the labels of its enum."""
    closed: Word | None = None
    """... and `closed`."""
    service_user: Word | None = None
    """The user id of guardian's lines in the audit log; `doctor` looks whether there is such a user."""
    audit_values: Mapping[Column, Annotated[str, Field(max_length=1000)]] = Field(default_factory=dict)
    """{column: value as PostgreSQL reads it} of other columns of guardian's lines in the audit log."""
    restored_action: Word = "CASE_RESTORED"
    """What the audit log calls a restore."""
    closed_actions: tuple[Word, ...] = (
        *("CASE_CLOSED", "CLOSE_CASE", "CASE_CLOSE"),
        *("CASE_DELETED", "DELETE_CASE", "CASE_DELETE"),
    )
    """What it calls a closing; capitals, dots and dashes do not matter."""
    timezone: str = "UTC"
    """Of times without a time zone."""
    hold: tuple[CaseId, ...] = ()
    """Cases that stay closed."""
    oldest_closing: Duration = timedelta(days=30)
    """A case that was closed longer ago was hardly closed by mistake."""

    @field_validator("timezone")
    @classmethod
    def _a_zone(cls, timezone: str) -> str:
        try:
            ZoneInfo(timezone)
        except (ValueError, OSError):
            raise ValueError("write a time zone like Asia/Seoul, or UTC") from None
        return timezone
