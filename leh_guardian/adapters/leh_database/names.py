"""Owns what the operator says of LEH's tables; the one rule: these are names and words, never SQL: all of them are quoted or bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo

from leh_guardian.model.case import RestorePolicy


@dataclass(frozen=True, slots=True)
class Names:
    """Tables, columns and words; defaults are LEH's own. The section `product_database` of the settings explains them."""

    cases: str = "cases"
    case_id: str = "id"
    status: str = "status"
    updated_at: str = "updated_at"
    audit: str = "audit_logs"
    audit_id: str = "id"
    audit_user: str = "user_id"
    audit_action: str = "action"
    audit_object: str = "object_id"
    audit_time: str = "timestamp"
    users: str = "users"
    user_id: str = "id"
    user_created: str = "created_at"
    user_status: str = "status"
    user_role: str = "role"
    user_active: str | None = None
    user_blocked: tuple[str, ...] = ("BLOCKED", "SUSPENDED", "INACTIVE", "DISABLED", "LOCKED")
    admin_roles: tuple[str, ...] = ("ADMIN",)
    never_block: tuple[str, ...] = ()
    blocked_action: str = "ACCOUNT_BLOCKED"
    unblocked_action: str = "ACCOUNT_UNBLOCKED"
    active: str | None = None
    closed: str | None = None
    restored_action: str = "CASE_RESTORED"
    closed_actions: tuple[str, ...] = (
        "CASE_CLOSED",
        "CLOSE_CASE",
        "CASE_CLOSE",
        "CASE_DELETED",
        "DELETE_CASE",
        "CASE_DELETE",
    )
    service_user: str | None = None
    audit_values: Mapping[str, str] = field(default_factory=dict)
    """{column: value} of other columns of guardian's lines in the log."""
    zone: tzinfo = UTC
    """Of times without a zone."""
    policy: RestorePolicy = field(default_factory=RestorePolicy)
