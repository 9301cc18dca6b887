"""A case of a backend whose tables an ORM has made: guardian restores it, and the ORM loads what guardian wrote."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from leh_guardian.adapters.leh_database.cases import LehCases
from leh_guardian.app.leh import leh_names
from leh_guardian.context import ActionContext, Capabilities
from leh_guardian.errors import Refused
from leh_guardian.handlers.case_restore import CaseRestoreParams, case_restore
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.model.outcome import Done, NoOp
from leh_guardian.settings import load_settings
from tests.support.attempt import again, attempt
from tests.support.clock import FakeClock
from tests.support.leh_grants import as_role, grants
from tests.support.orm.installation import (
    CLOSED_AGO,
    INSTALLATIONS,
    Backend,
    Installation,
    action,
    installed,
    models_time,
)
from tests.support.orm.written import WRITTEN, Written

KEY = uuid.UUID("12345678-1234-5678-9234-567812345678")
NOW = datetime.now(UTC)  # noqa: TID251 - PostgreSQL dates what it is compared with
LATER = NOW + timedelta(minutes=10)
"""After what PostgreSQL says is now."""


@pytest.fixture(scope="session")
def server(postgres: EmbeddedPostgres) -> str:
    """A database of LEH's."""
    postgres.create_database("leh_orm")
    return postgres.dsn("leh_orm")


@pytest.mark.parametrize("installation", INSTALLATIONS.values(), ids=INSTALLATIONS)
async def test_what_guardian_writes_the_orm_loads(server: str, installation: Installation) -> None:
    """Closed by the ORM, seen, restored once, and read back by a fresh session: status, time, and the line with all its columns."""
    async with installed(server, installation, NOW) as backend:
        models, cases, case = backend.models, backend.cases(await _least(backend)), str(backend.case)
        assert await cases.examine()
        seen = await cases.look(case)
        assert (seen.status, seen.closed_by, seen.closed_at) == ("closed", str(backend.lawyer), NOW - CLOSED_AGO)
        ctx, params = _asked(cases), CaseRestoreParams(case=case, requested_by=str(backend.lawyer))
        assert isinstance(await case_restore(ctx, params), Done)
        assert isinstance(await case_restore(again(ctx), params), Done)
        assert isinstance(await case_restore(_asked(cases), params), NoOp)
        loaded, lines = await backend.loaded()
        assert loaded.status.name in {"ACTIVE", "IN_PROGRESS"}
        assert loaded.owner.email == "lawyer@leh.test"
        assert loaded.updated_at == models_time(models, NOW)
        closing, restored = lines
        assert closing.action == action(models, "CLOSE_CASE")
        assert restored.action == action(models, backend.names.restored_action)
        assert restored.user.email == "guardian@leh.test"
        assert restored.timestamp == models_time(models, NOW)
        assert restored.details == {}
        assert type(restored.id) is type(closing.id)
        # ... and goes on with it as with any of its own.
        await backend.close_case(NOW + timedelta(minutes=1))
        assert (await cases.look(case)).status == "closed"


def _asked(cases: LehCases) -> ActionContext:
    """Return an attempt at a restore that is asked for now."""
    can = Capabilities(None, {}, None, cases=cases)  # type: ignore[arg-type]
    ctx = attempt(can, clock=FakeClock(NOW), limits={"cases": 1})
    return replace(ctx, incident={**ctx.incident, "began_at": NOW.isoformat()})


async def _least(backend: Backend) -> str:
    """Return the URL of a role that has the rights of docs/restore.md, and no other."""
    role, schema = f"guardian_{uuid.uuid4().hex[:8]}", str(backend.models.Base.metadata.schema)
    connection = await asyncpg.connect(backend.dsn, server_settings={"search_path": schema})
    try:
        await connection.execute(f"create role {role} login password 'pw'")
        for grant in (*grants(role, schema, serial=False), f"grant insert (details) on audit_logs to {role}"):
            await connection.execute(grant)
    finally:
        await connection.close()
    return as_role(backend.dsn, role)


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
async def test_other_tools_tables_are_a_matter_of_settings(server: str, written: Written, tmp_path: Path) -> None:
    """Names with capitals, columns that the server has no default for: restored, with a line that fits, by what guardian.yaml says."""
    schema = f"leh_{uuid.uuid4().hex[:8]}"
    connection = await asyncpg.connect(server, server_settings={"search_path": schema})
    try:
        await connection.execute(f"create schema {schema}; {written.sql}")
        cases = _set_up(server, written.settings.format(schema=schema), tmp_path)
        assert await cases.examine()
        assert (await cases.look(written.case)).status == "closed"
        assert [(await cases.restore(written.case, KEY, LATER, LATER)).changed for _ in range(2)] == [True, True]
        assert tuple(await connection.fetchrow(written.read)) == written.left
    finally:
        await connection.close()


async def test_a_user_that_is_missed_at_the_commit(server: str, tmp_path: Path) -> None:
    """Where foreign keys are looked at in the end, a service user that there is not is told as that, and nothing is changed."""
    written, schema = WRITTEN["Django"], f"leh_{uuid.uuid4().hex[:8]}"
    connection = await asyncpg.connect(server, server_settings={"search_path": schema})
    try:
        await connection.execute(f"create schema {schema}; {written.sql}")
        settings = written.settings.format(schema=schema).replace('service_user: "2"', 'service_user: "77"')
        cases = _set_up(server, settings, tmp_path)
        with pytest.raises(Refused, match="audit_auditlog_user_id_9b1e33cd_fk"):
            await cases.restore(written.case, KEY, LATER, LATER)
        assert (await cases.look(written.case)).status == "closed"
        settings = written.settings.format(schema=schema).replace("user_agent:", "no_such:")
        with pytest.raises(Refused, match="no other column no_such"):
            await _set_up(server, settings, tmp_path).ping()
    finally:
        await connection.close()


def _set_up(server: str, section: str, folder: Path) -> LehCases:
    """Return guardian's way to a database by a file of settings."""
    file = folder / "guardian.yaml"
    file.write_text(f"product_database:{section}", encoding="utf-8")
    given = {"LEH_CONFIG": str(file), "LEH_DATABASE_URL": server, "LEH_PRODUCT_DATABASE_URL": server}
    leh = leh_names(load_settings({**given, "LEH_QUEUE__ALERTS": "alerts", "AWS_REGION": "ap-northeast-2"}))
    assert leh is not None
    return LehCases(*leh)
