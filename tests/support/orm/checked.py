"""No native enum but VARCHAR with a CHECK; numbers as ids; JSON that only the ORM fills."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Enum, ForeignKey, Identity, MetaData, String, func
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column, relationship


class Base(MappedAsDataclass, DeclarativeBase):
    """What the backend's models have in common."""

    metadata = MetaData(schema="leh_checked")


class CaseStatus(enum.Enum):
    """Where a case is in its life."""

    DRAFT = 0
    ACTIVE = 1
    CLOSED = 2


class User(Base):
    """Whoever logs in."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    email: Mapped[str] = mapped_column(String(255), unique=True)
    role: Mapped[str] = mapped_column(String(20), default="LAWYER")


class Case(Base):
    """A case."""

    __tablename__ = "cases"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True, init=False)
    title: Mapped[str]
    created_by: Mapped[int] = mapped_column(ForeignKey(User.id))
    status: Mapped[CaseStatus] = mapped_column(
        Enum(CaseStatus, native_enum=False, create_constraint=True, length=20), default=CaseStatus.ACTIVE
    )
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now(), init=False)
    updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), onupdate=func.now(), init=False)

    owner: Mapped[User] = relationship(init=False)


class AuditLog(Base):
    """Who did what."""

    __tablename__ = "audit_logs"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True, init=False)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id))
    action: Mapped[str] = mapped_column(String(50))
    object_id: Mapped[str | None] = mapped_column(String(100))
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default_factory=dict)
    timestamp: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now(), init=False)

    user: Mapped[User] = relationship(init=False)
