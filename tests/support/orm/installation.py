"""Owns an installation of LEH's tables by an ORM, and what its backend does there: it opens cases, closes them, and reads the log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import selectinload
from sqlalchemy.schema import CreateSchema

from leh_guardian.adapters.leh_database.cases import LehCases
from leh_guardian.adapters.leh_database.names import Names
from tests.support.orm import by_name, by_value, checked

CLOSED_AGO = timedelta(hours=1)


@dataclass
class Backend:
    """One that is set up, with a case in it."""

    models: Any
    """Its module of models."""
    engine: AsyncEngine
    dsn: str
    names: Names
    lawyer: Any
    case: Any
    """Its id, as the ORM has it."""

    def cases(self, dsn: str | None = None) -> LehCases:
        """Return guardian's way to it."""
        return LehCases(dsn or self.dsn, self.names)

    def session(self) -> AsyncSession:
        """Return a session of the ORM's."""
        return AsyncSession(self.engine, expire_on_commit=False)

    async def close_case(self, at: datetime) -> None:
        """Close the case as a route of the backend would."""
        models = self.models
        async with self.session() as session, session.begin():
            case = await session.get_one(models.Case, self.case)
            case.status = models.CaseStatus.CLOSED
            case.updated_at = models_time(models, at)
            line = models.AuditLog(user_id=self.lawyer, action=action(models, "CLOSE_CASE"), object_id=self.object_id)
            line.timestamp = models_time(models, at)
            session.add(line)

    @property
    def object_id(self) -> Any:
        """The case's id as the log has it."""
        return str(self.case) if self.models is checked else self.case

    async def loaded(self) -> tuple[Any, list[Any]]:
        """Return the case and its lines in the log, oldest first, as a fresh session of the ORM loads them."""
        models = self.models
        async with self.session() as session:
            case = await session.get_one(models.Case, self.case, options=[selectinload(models.Case.owner)])
            lines = await session.scalars(
                select(models.AuditLog)
                .where(models.AuditLog.object_id == self.object_id)
                .order_by(models.AuditLog.timestamp)
                .options(selectinload(models.AuditLog.user))
            )
            return case, list(lines)


@dataclass(frozen=True)
class Installation:
    """What is different from one backend to another."""

    models: Any
    words: dict[str, Any] = field(default_factory=dict)
    """Settings of `product_database` that it needs beside its schema."""


INSTALLATIONS = {
    "labels by name, uuids": Installation(by_name, {"restored_action": "RESTORE_CASE"}),
    "labels by value, texts, naive times": Installation(by_value),
    "varchar with a check, numbers": Installation(checked),
}


def models_time(models: Any, at: datetime) -> datetime:
    """Return an instant as the models' columns take it."""
    return at.astimezone(UTC).replace(tzinfo=None) if models is by_value else at


def action(models: Any, name: str) -> Any:
    """Return an action as the models name it."""
    return models.AuditAction[name] if hasattr(models, "AuditAction") else name


@asynccontextmanager
async def installed(dsn: str, installation: Installation, now: datetime) -> AsyncIterator[Backend]:
    """Make the schema and a case that a lawyer closed an hour before `now`; all of it by the ORM."""
    models, metadata = installation.models, installation.models.Base.metadata
    engine = create_async_engine(dsn.replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(metadata.drop_all)
            await connection.execute(CreateSchema(metadata.schema, if_not_exists=True))
            await connection.run_sync(metadata.create_all)
        async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
            lawyer, guardian = (models.User(email=f"{name}@leh.test") for name in ("lawyer", "guardian"))
            session.add_all([lawyer, guardian])
            await session.flush()
            case = models.Case(title="비밀 사건", created_by=lawyer.id)
            session.add(case)
            await session.flush()
        tables = {name: f"{metadata.schema}.{of}" for name, of in _TABLES.items()}
        names = Names(**tables, service_user=str(guardian.id), **installation.words)
        backend = Backend(models, engine, dsn, names, lawyer.id, case.id)
        await backend.close_case(now - CLOSED_AGO)
        yield backend
    finally:
        await engine.dispose()


_TABLES = {"cases": "cases", "audit": "audit_logs", "users": "users"}
