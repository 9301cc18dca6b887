"""LEH's tables in the SQL that other tools write for them, with the settings that such an installation needs.

`prisma migrate` and Django's `sqlmigrate` print such statements; neither tool is here. Django gives the server no defaults at all,
and lets foreign keys be looked at when a transaction is committed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


def _sql(tool: str) -> str:
    return Path(__file__).with_name(f"{tool}.sql").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Written:
    """An installation whose tables are called and made in another way."""

    sql: str
    settings: str
    """The section `product_database`, with {schema} for the schema."""
    case: str
    read: str
    """SQL that says what a restore must have left: status, and of the newest line user, action, object and the rest."""
    left: tuple[str, ...]


WRITTEN = {
    "Prisma": Written(
        _sql("prisma"),
        """
  cases: {schema}.Case
  updated_at: updatedAt
  audit: {schema}.AuditLog
  audit_user: userId
  audit_object: objectId
  audit_time: createdAt
  users: {schema}.User
  service_user: clx3f9c0a0001qwerty123456
  restored_action: CASE_REOPENED
""",
        "clx3f9c0a0002qwerty123456",
        'select c."status"::text, u."email", l."action"::text, l."meta"::text, (l."createdAt" = c."updatedAt")::text from "Case" c'
        ' join "AuditLog" l on l."objectId" = c."id" join "User" u on u."id" = l."userId" order by l."createdAt" desc limit 1',
        ("ACTIVE", "guardian@leh.test", "CASE_REOPENED", "{}", "true"),
    ),
    "Django": Written(
        _sql("django"),
        """
  cases: {schema}.cases_case
  updated_at: modified
  audit: {schema}.audit_auditlog
  audit_time: created
  users: {schema}.accounts_user
  service_user: "2"
  restored_action: case.restored
  audit_values: {{user_agent: "", is_system: "true"}}
""",
        "1",
        "select c.status, u.email, l.action, concat(l.extra, l.user_agent, l.is_system, l.ip_address), (l.modified = c.modified)::text"
        " from cases_case c join audit_auditlog l on l.object_id = c.id::text join accounts_user u on u.id = l.user_id"
        " order by l.created desc limit 1",
        ("Active", "guardian@leh.test", "case.restored", "{}t", "true"),
    ),
}  # fmt: skip
