"""`leh-guardian checks report`: of what is kept, in each form, of this week or another; it runs nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import anyio.to_thread
import pytest
from click.testing import CliRunner, Result

from leh_guardian.checks.catalogue import CHECKS
from leh_guardian.checks.weekly.report import week_of
from leh_guardian.cli.checks import checks
from leh_guardian.cli.output import SEOUL
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.model.check import Status
from leh_guardian.store import check_results
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.json_schema import faults

SCHEMA = json.loads(Path("docs/weekly-report.schema.json").read_text(encoding="utf-8"))
ALL = tuple(CHECKS)


@pytest.fixture
def typed(pool: Pool, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that knows the database and nothing else."""
    monkeypatch.setenv("LEH_DATABASE_URL", postgres.dsn("guardian"))


async def report(*arguments: str) -> Result:
    """Type the command while a loop runs here."""

    def run() -> Result:
        return CliRunner().invoke(checks, ["report", *arguments])

    return await anyio.to_thread.run_sync(run, abandon_on_cancel=True)


async def keep(pool: Pool, status: str, check: str, weeks_ago: int = 0) -> str:
    """Keep a result as of now or of some weeks ago; returns its week."""
    async with transaction(pool) as tx:
        at = await tx.time() - timedelta(weeks=weeks_ago)
        facts = {"check": check, "reasons": [{"ko": "이유", "en": "why"}]}
        await check_results.keep(tx, uuid4(), "r", check, at, Status(status), facts)
        return week_of(at, SEOUL)


@pytest.mark.usefixtures("typed")
async def test_each_form(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What did not run is UNKNOWN and exit 1; OK and WARN are exit 0; another week has what it had."""
    empty = await report()
    assert empty.exit_code == 1, empty.output
    assert empty.stdout.count("| ⚪ UNKNOWN |") == len(ALL)
    for check in ALL:
        week = await keep(pool, "WARN" if check == ALL[1] else "OK", check)
    before = await keep(pool, "FAIL", ALL[0], 1)
    told = await report()
    assert told.exit_code == 0, told.output
    assert told.stdout.startswith(f"# 주간 점검 보고서 {week}\n")
    monkeypatch.setenv("LEH_LOCALE", "en")
    assert (await report("--format", "html")).stdout.startswith('<!doctype html><html lang="en">')
    for arguments in (("--json",), ("--format", "json"), ("--json", "--weeks", "2")):
        written = json.loads((await report(*arguments)).stdout)
        assert faults(SCHEMA, written) == []
        assert (written["overall"], written["previous_overall"]) == ("WARN", "FAIL")
    earlier = await report("--week", before, "--json")
    assert earlier.exit_code == 1
    assert (json.loads(earlier.stdout)["week"], json.loads(earlier.stdout)["overall"]) == (before, "FAIL")
    assert json.loads((await report("--week", "2999-W01", "--json")).stdout)["week"] == week


@pytest.mark.usefixtures("typed")
@pytest.mark.parametrize("words", [("--week", "2026-W54"), ("--week", "monday"), ("--format", "pdf"), ("--weeks", "1")])
async def test_what_is_no_week_is_bad_usage(words: tuple[str, ...]) -> None:
    """It is refused before anything is asked."""
    assert (await report(*words)).exit_code == 2
