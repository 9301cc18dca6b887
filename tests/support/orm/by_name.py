"""Native enums with the names of their members as labels, which is SQLAlchemy's own way; UUIDs; times with a time zone."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, ForeignKey, MetaData, String, func
from sqlalchemy.dialects.postgresql import INET, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """What the backend's models have in common."""

    metadata = MetaData(schema="leh_by_name")


class UserRole(enum.Enum):
    """What somebody may do."""

    LAWYER = "lawyer"
    STAFF = "staff"
    ADMIN = "admin"


class UserStatus(enum.Enum):
    """Whether somebody may log in."""

    ACTIVE = "active"
    INACTIVE = "inactive"


class CaseStatus(enum.Enum):
    """Where a case is in its life."""

    ACTIVE = "active"
    CLOSED = "closed"


class AuditAction(enum.Enum):
    """What is written down."""

    LOGIN = "login"
    CREATE_CASE = "create_case"
    CLOSE_CASE = "close_case"
    RESTORE_CASE = "restore_case"


class User(Base):
    """Whoever logs in."""

    __tablename__ = "users"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    email: Mapped[str] = mapped_column(String(255), unique=True, index=True)
    role: Mapped[UserRole] = mapped_column(default=UserRole.LAWYER)
    status: Mapped[UserStatus] = mapped_column(default=UserStatus.ACTIVE, server_default="ACTIVE")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Case(Base):
    """A case."""

    __tablename__ = "cases"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    title: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None]
    status: Mapped[CaseStatus] = mapped_column(default=CaseStatus.ACTIVE, server_default="ACTIVE", index=True)
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey(User.id, ondelete="RESTRICT"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )

    owner: Mapped[User] = relationship()


class AuditLog(Base):
    """Who did what."""

    __tablename__ = "audit_logs"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(User.id))
    action: Mapped[AuditAction]
    object_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    timestamp: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    ip_address: Mapped[str | None] = mapped_column(INET)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)

    user: Mapped[User] = relationship()
