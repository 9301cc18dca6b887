"""`leh-guardian breaker` and `usage` as processes, on a real PostgreSQL."""

from __future__ import annotations

import json
import uuid
from typing import Any

import anyio
import pytest

from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.store.migrate import migrate
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.process import run_cli


@pytest.fixture
def dsn(postgres: EmbeddedPostgres) -> str:
    """An empty database with guardian's schema."""
    name = f"breaker_{uuid.uuid4().hex[:8]}"
    postgres.create_database(name)
    anyio.run(_fill, postgres.dsn(name))
    return postgres.dsn(name)


async def _fill(dsn: str) -> None:
    pool = await Pool.open(dsn, size=1)
    await migrate(pool)
    async with transaction(pool) as tx:
        await tx.execute(
            "insert into counters (series, key, at, amount, keep_until) select 'usage/case/' || unit, 'case_1',"
            " now() - interval '5 minutes', amount, now() + interval '1 day'"
            " from (values ('tokens', 1200), ('usd', 0.0123), ('attempts', 3)) u(unit, amount)"
        )
    await pool.close()


def run(dsn: str, *arguments: str, code: int = 0) -> Any:
    """Run a command; returns its result."""
    done = run_cli(*arguments, LEH_DATABASE_URL=dsn)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_a_circuit_in_a_persons_hands(dsn: str) -> None:
    """Opened with a reason and an end, listed, shown, closed."""
    run(dsn, "breaker", "open", "case_1", "--for", "2h", "--reason", "a dispute", "--by", "kim")
    [row] = [json.loads(line) for line in run(dsn, "breaker", "list", "--json").stdout.splitlines()]
    assert (row["scope"], row["key"], row["state"], row["actor"], row["version"]) == (
        "case",
        "case_1",
        "forced_open",
        "kim",
        1,
    )
    assert "a dispute" in run(dsn, "breaker", "show", "case_1").stdout
    run(dsn, "breaker", "close", "case_1", "--reason", "settled", "--by", "lee")
    assert run(dsn, "breaker", "list", "--json").stdout == ""
    shown = json.loads(run(dsn, "breaker", "show", "case_1", "--json").stdout)
    assert (shown["state"], shown["version"], shown["reason"]) == ("closed", 2, "settled")
    assert "closed" in run(dsn, "breaker", "close", "case_1", "--reason", "again", code=2).stderr
    run(dsn, "breaker", "close", "case_2", "--allow-for", "4h", "--reason", "a trial tomorrow")
    run(dsn, "breaker", "shadow", "user_1", "--scope", "user", "--for", "1d", "--reason", "to see")
    states = {json.loads(line)["state"] for line in run(dsn, "breaker", "list", "--json").stdout.splitlines()}
    assert states == {"forced_closed", "shadow"}


def test_what_was_used_is_told(dsn: str) -> None:
    """By case, over the spans that limits know, and the most first."""
    told = json.loads(run(dsn, "usage", "case", "case_1", "--json").stdout)
    assert told["used"]["24h"] == {"usd": 0.0123, "tokens": 1200, "attempts": 3}
    assert told["circuit"] == "closed"
    [row] = [json.loads(line) for line in run(dsn, "usage", "top", "--json").stdout.splitlines()]
    assert row == {"case": "case_1", "usd": 0.0123, "tokens": 1200, "attempts": 3}
    nobody = json.loads(run(dsn, "usage", "user", "nobody", "--json").stdout)
    assert nobody["used"]["30d"]["tokens"] == 0
