"""`leh-guardian account`: what a person types waits for somebody's approval, and the daemon carries it out."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from click.testing import CliRunner, Result

from leh_guardian.adapters.channels.console import ConsoleChannel
from leh_guardian.adapters.leh_database.accounts import LehAccounts
from leh_guardian.app import handlers
from leh_guardian.cli import following
from leh_guardian.cli.account import account
from leh_guardian.clock import SystemClock
from leh_guardian.context import Capabilities
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.rules.loader import load_rules
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.clock import FakeClock
from tests.support.house import House
from tests.support.leh_product import Product, make_product


@pytest.fixture
async def product(postgres: EmbeddedPostgres) -> Product:
    """LEH's database with an active account."""
    made = await make_product(postgres.dsn("guardian"), closed=False)
    await made.do("alter table users add column status varchar(20) not null default 'ACTIVE'")
    return made


@pytest.fixture
def daemon(pool: Pool, product: Product, monkeypatch: pytest.MonkeyPatch) -> House:
    """A replica with the shipped rules and the real handlers, and a shell that knows the same database."""
    monkeypatch.setenv("LEH_DATABASE_URL", product.dsn)
    monkeypatch.setattr(following, "PAUSE", 0.05)
    registry = handlers()
    console = {"console": ConsoleChannel(io.StringIO())}
    accounts = LehAccounts(product.dsn, product.names)
    can = Capabilities(None, console, None, accounts=accounts)  # type: ignore[arg-type]
    rules = load_rules(Path("rules"), registry)
    return House(pool, rules, None, FakeClock(SystemClock().now()), registry=registry, capabilities=can)


async def run(*words: str) -> Result:
    """Type a command while a loop runs here."""
    return await anyio.to_thread.run_sync(lambda: CliRunner().invoke(account, words), abandon_on_cancel=True)


async def status(product: Product) -> str:
    """The account's status."""
    return str((await product.do("select status from users where id::text = 'user_1'"))[0]["status"])


async def decided(daemon: House, product: Product, *words: str, approve: bool = True) -> Result:
    """Type a command and decide about its action once it is asked; nothing is done before."""
    told: list[Result] = []
    before, answered = await status(product), False

    async def type_it() -> None:
        told.append(await run(*words))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(type_it)
        while not told:
            await daemon.work()
            for proposed in () if answered else await daemon.actions("proposed"):
                assert await status(product) == before
                answered = await daemon.answer(proposed["id"], approve=approve)
            daemon.clock.advance(seconds=1)
            await anyio.sleep(0.02)
    assert answered
    return told[0]


def answer(told: Result) -> Any:
    """Return the document among the lines of the log, which share the stream here."""
    return json.JSONDecoder().raw_decode(told.stdout[re.search(r'^{"user"|^{\n', told.stdout, re.MULTILINE).start() :])[
        0
    ]  # type: ignore[union-attr]


async def test_a_block_and_its_end_wait_for_a_word(daemon: House, product: Product) -> None:
    """Asked by name with a reason that the journal keeps, approved, done; then taken back in the same way."""
    blocked = await decided(daemon, product, "block", "user_1", "--reason", "도용 신고", "--by", "최서연", "--json")
    assert blocked.exit_code == 0, blocked.output
    assert (answer(blocked)["status"], await status(product)) == ("succeeded", "BLOCKED")
    back = await decided(daemon, product, "unblock", "user_1", "--reason", "본인 확인", "--before", "ACTIVE")
    assert back.exit_code == 0, back.output
    assert "승인을 기다립니다: `leh-guardian actions approve" in back.output
    assert "succeeded: 계정 user_1의 차단을 해제" in back.output
    assert await status(product) == "ACTIVE"
    incidents = await daemon.incidents()
    assert {one["status"] for one in incidents} == {"resolved"}
    async with transaction(daemon.pool) as tx:
        opened = await tx.fetch(
            "select reason, data->>'by' as by from journal where kind = 'incident.opened' order by id"
        )
    assert (opened[0]["reason"], opened[0]["by"]) == ("도용 신고", "최서연")


async def test_what_is_rejected_changes_nothing(daemon: House, product: Product) -> None:
    """And what somebody else has blocked is not guardian's to lift, whoever approves."""
    no = await decided(daemon, product, "block", "user_1", "--reason", "r", approve=False)
    assert no.exit_code == 1
    assert await status(product) == "ACTIVE"
    await product.do("update users set status = 'BLOCKED' where id::text = 'user_1'")
    other = await decided(daemon, product, "unblock", "user_1", "--reason", "r")
    assert other.exit_code == 1, other.output
    assert await status(product) == "BLOCKED"


async def test_asked_twice_it_is_one(daemon: House, product: Product) -> None:
    """The second one is told of the first; without waiting the answer is what was planned."""
    first = await run("block", "user_1", "--reason", "r", "--no-wait", "--json")
    assert (first.exit_code, answer(first)["status"]) == (0, "scheduled"), first.output
    second = await run("block", "user_1", "--reason", "r")
    assert second.exit_code == 1
    assert "이미 진행 중" in second.output
    assert len(await daemon.incidents()) == 1


async def test_a_second_block_of_the_day_needs_somebody_who_knows(daemon: House, product: Product) -> None:
    """What the daemon would refuse nobody is asked for; with --over-budget it is, the journal says so, and the next counts it."""
    await decided(daemon, product, "block", "user_1", "--reason", "r")
    await decided(daemon, product, "unblock", "user_1", "--reason", "r")
    no = await run("block", "user_1", "--reason", "again")
    assert (no.exit_code, len(await daemon.incidents())) == (1, 2)
    assert "account_block은(는) 1일에 1번까지만 실행합니다" in no.output
    assert "--over-budget" in no.output
    yes = await decided(daemon, product, "block", "user_1", "--reason", "it goes on", "--over-budget")
    assert yes.exit_code == 0, yes.output
    assert await status(product) == "BLOCKED"
    async with transaction(daemon.pool) as tx:
        asked = await tx.fetchval(
            "select reason from journal where kind = 'incident.opened' and data::text like '%over_b%'"
        )
        passed = await tx.fetchval("select count(*) from journal where kind = 'action.over_budget'")
    assert (asked, passed) == ("it goes on", 1)


@pytest.mark.parametrize(
    "words", [("'; DROP TABLE x", "--reason", "r"), ("../x", "--reason", "r"), ("user_1",), ("user_1", "--reason", " ")]
)
@pytest.mark.parametrize("verb", ["block", "unblock"])
async def test_bad_usage(verb: str, words: tuple[str, ...]) -> None:
    """What is no id, and what has no reason, is asked of nobody."""
    assert (await run(verb, *words)).exit_code == 2
