"""`leh-guardian audit`: what it says, and its exit codes."""

from __future__ import annotations

import json

import anyio.to_thread
import pytest
from click.testing import CliRunner, Result

from leh_guardian.cli.audit import audit
from leh_guardian.clock import SystemClock
from leh_guardian.engine.chaining import Chaining
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.store import incidents, journal
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.rows import EVENT, NOW, incident


async def typed(*arguments: str) -> Result:
    """Type a command while a loop runs here."""
    return await anyio.to_thread.run_sync(lambda: CliRunner().invoke(audit, arguments), abandon_on_cancel=True)


async def test_a_record_is_verified(pool: Pool, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 0 and the newest root; after a change exit 1 and the line; one incident alone; nonsense is bad usage."""
    monkeypatch.setenv("LEH_DATABASE_URL", postgres.dsn("guardian"))
    one = incident()
    async with transaction(pool) as tx:
        await incidents.insert(tx, NOW, [(one, EVENT)])
        await journal.append(tx, "one", SystemClock().now(), [Entry(Kind.OPENED, "\x1b[31m", one.id)] * 2)
    await Chaining(pool, SystemClock()).run_once()
    good = await typed("verify", "--json")
    said = json.loads(good.stdout)
    assert (good.exit_code, said["incidents"], said["lines"], said["roots"], said["findings"]) == (0, 1, 2, 1, [])
    listed = await typed("roots", "--json")
    assert json.loads(listed.stdout) == said["root"]
    assert said["root"]["root"] in (await typed("verify")).stderr
    async with transaction(pool) as tx:
        await tx.execute("set local session_replication_role = replica")
        await tx.execute("update journal set author = 'kim' where id = 2")
    bad = await typed("verify", "--incident", str(one.id), "--json")
    [finding] = json.loads(bad.stdout)["findings"]
    assert (bad.exit_code, finding["fault"], finding["line"]) == (1, "changed", 2)
    assert "[changed]" in (await typed("verify")).stdout
    for nonsense in ("x", "-1d", "30", "999999d"):
        assert (await typed("verify", "--since", nonsense)).exit_code == 2, nonsense
