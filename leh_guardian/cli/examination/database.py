"""Owns the look at guardian's PostgreSQL; the one rule: it changes nothing, and refuses what the daemon's start would refuse."""

from __future__ import annotations

from leh_guardian.cli.examination.finding import Finding
from leh_guardian.clock import SystemClock
from leh_guardian.errors import GuardianError, RightsMissing, SchemaMismatch
from leh_guardian.language import Text
from leh_guardian.settings import Settings
from leh_guardian.store import migrate, rights
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction

FIX = Text(
    ko="LEH_DATABASE_URL과 서버를 확인하세요 (PostgreSQL 13 이상).",
    en="Look at LEH_DATABASE_URL and the server (PostgreSQL 13 or newer).",
)
_SKEW = 2.0


async def look_at_database(settings: Settings) -> list[Finding]:
    """Check log-in, server, schema, rights and clock."""
    pool = await Pool.open(settings.database_url.get_secret_value(), size=1, replica="doctor")
    try:
        async with transaction(pool) as tx:
            version = await tx.fetchval("select current_setting('server_version')")
            clock = await _clock(tx)
            # Last: a statement that is refused ends the transaction.
            return [Finding("postgresql", "OK", f"PostgreSQL {version}"), clock, await _schema(tx)]
    finally:
        await pool.close()


async def _clock(tx: Transaction) -> Finding:
    before = SystemClock().now()
    skew = abs((await tx.time() - before).total_seconds())
    if skew <= _SKEW:
        return Finding("clock", "OK", f"within {_SKEW:g} s of the database's clock")
    detail = f"{skew:.1f} s from the database's clock"
    return Finding(
        "clock",
        "FAIL",
        detail,
        Text(
            ko="이 서버의 시간 동기화(chrony/NTP)를 확인하세요.",
            en="Look at this server's time synchronisation (chrony, NTP).",
        ),
    )


async def _schema(tx: Transaction) -> Finding:
    try:
        if not await migrate.is_made(tx):
            await migrate.check_may_create(tx)
            return Finding("schema", "OK", "not there yet: made at the first start")
        await rights.check_daemon_rights(tx)
        pending = await migrate.pending(tx)
        found = await migrate.version(tx)
    except RightsMissing as error:
        return Finding(
            "schema",
            "FAIL",
            str(error),
            Text(
                ko="위의 grant 문을 스키마 소유자로 실행하세요.", en="Run the grants above as the owner of the schema."
            ),
        )
    except SchemaMismatch as error:
        return Finding(
            "schema",
            "FAIL",
            str(error),
            Text(
                ko="이 데이터베이스를 만든 버전을 설치하거나 다른 데이터베이스를 쓰세요.",
                en="Install the version that made this database, or use another one.",
            ),
        )
    except GuardianError as error:
        return Finding("schema", "FAIL", str(error), FIX)
    newest = migrate.migrations()[-1][0]
    if pending:
        return Finding("schema", "OK", f"version {found}, {newest} at the next start")
    newer = f", made by a newer version than this one ({newest}), which is fine" if found > newest else ""
    return Finding("schema", "OK", f"version {found}{newer}")
