"""`leh-guardian deployments`: an operator's word, kept and journalled."""

from __future__ import annotations

import json

import anyio.to_thread
import pytest
from click.testing import CliRunner, Result

from leh_guardian.cli.deployments import deployments
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction


@pytest.fixture
def typed(pool: Pool, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell whose database has the schema."""
    monkeypatch.setenv("LEH_DATABASE_URL", postgres.dsn("guardian"))


def run(*arguments: str) -> Result:
    """Type a command."""
    return CliRunner().invoke(deployments, arguments, standalone_mode=True)


async def in_thread(*arguments: str) -> Result:
    """Type a command while a loop runs here."""
    return await anyio.to_thread.run_sync(lambda: run(*arguments), abandon_on_cancel=True)


@pytest.mark.usefixtures("typed")
async def test_a_word_is_kept_and_journalled(pool: Pool) -> None:
    """By name or ARN, with the alias if one is named; the newest first; who said so is told."""
    for function in (
        "leh-ai-worker",
        "arn:aws:lambda:ap-northeast-2:123456789012:function:leh-ai-worker:live",
        "other",
    ):
        told = await in_thread("tell", function, "--by", "kim", "--reason", "hotfix 1.4.2")
        assert told.exit_code == 0, told.output
    listed = await in_thread("list", "leh-ai-worker", "--json")
    rows = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [(row["function"], row["alias"], row["source"], row["by_person"]) for row in rows] == [
        ("leh-ai-worker", "live", "kim", True),
        ("leh-ai-worker", None, "kim", True),
    ]
    assert "kim" in (await in_thread("list")).stdout
    async with transaction(pool) as tx:
        lines = await tx.fetch(
            "select author, reason, data::text from journal where kind = 'deployment.told' order by id"
        )
    assert [(line["author"], line["reason"]) for line in lines] == [("kim", "hotfix 1.4.2")] * 3
    assert json.loads(lines[1]["data"]) == {"by": "kim", "function": "leh-ai-worker", "alias": "live"}


@pytest.mark.usefixtures("typed")
@pytest.mark.parametrize("words", [("tell", "no function!"), ("tell", "a:b:c"), ("list", "람다"), ("tell",)])
async def test_what_is_no_function_is_bad_usage(words: tuple[str, ...]) -> None:
    """It ends with 2 and one message."""
    answer = await in_thread(*words)
    assert answer.exit_code == 2
    assert "Error" in answer.stderr
