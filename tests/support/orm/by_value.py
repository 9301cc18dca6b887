"""Native enums with the values as labels, one of them in another schema (SQLAlchemy 2.0's way); text ids; times without a zone."""

from __future__ import annotations

import enum
import secrets
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Enum, ForeignKey, MetaData, String, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


def utcnow() -> datetime:
    """Return now as a time of UTC that does not say so, as `datetime.utcnow` did."""
    return datetime.now(UTC).replace(tzinfo=None)  # noqa: TID251 - a backend's models know no clock of ours


def new_id(prefix: str) -> str:
    """Return an id."""
    return f"{prefix}_{secrets.token_hex(8)}"


def values(members: type[enum.Enum]) -> list[str]:
    """Return the labels of an enum."""
    return [str(member.value) for member in members]


class Base(DeclarativeBase):
    """What the backend's models have in common."""

    metadata = MetaData(schema="leh_by_value")


class UserRole(enum.StrEnum):
    """What somebody may do."""

    LAWYER = "lawyer"
    ADMIN = "admin"


class CaseStatus(enum.StrEnum):
    """Where a case is in its life."""

    OPEN = "open"
    IN_PROGRESS = "active"
    CLOSED = "closed"


class User(Base):
    """Whoever logs in."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: new_id("user"))
    email: Mapped[str] = mapped_column(String(255), unique=True)
    role: Mapped[UserRole] = mapped_column(
        Enum(UserRole, name="user_role", values_callable=values), default=UserRole.LAWYER
    )
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class Case(Base):
    """A case."""

    __tablename__ = "cases"

    id: Mapped[str] = mapped_column(String(40), primary_key=True, default=lambda: new_id("case"))
    title: Mapped[str] = mapped_column(String(255))
    status: Mapped[CaseStatus] = mapped_column(
        Enum(CaseStatus, name="case_status", values_callable=values, schema="public"),
        default=CaseStatus.IN_PROGRESS,
        server_default=CaseStatus.IN_PROGRESS.value,
    )
    created_by: Mapped[str] = mapped_column(ForeignKey(User.id))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)

    owner: Mapped[User] = relationship()


class AuditLog(Base):
    """Who did what."""

    __tablename__ = "audit_logs"

    id: Mapped[str] = mapped_column(String(24), primary_key=True, default=lambda: new_id("audit"))
    user_id: Mapped[str | None] = mapped_column(ForeignKey(User.id, ondelete="SET NULL"))
    action: Mapped[str] = mapped_column(String(50))
    object_id: Mapped[str] = mapped_column(String(40))
    timestamp: Mapped[datetime] = mapped_column(DateTime, default=utcnow, index=True)
    details: Mapped[dict[str, Any]] = mapped_column(JSON, server_default=text("'{}'"))

    user: Mapped[User | None] = relationship()
