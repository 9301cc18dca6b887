"""The status of an account in LEH's PostgreSQL, whatever its column looks like: blocked once and back, with its lines, or refused."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from leh_guardian.adapters.leh_database.accounts import LehAccounts
from leh_guardian.context import Capabilities
from leh_guardian.errors import AccessDenied, HandlerError, Refused
from leh_guardian.handlers.account_block import AccountBlockParams, account_block
from leh_guardian.handlers.account_unblock import AccountUnblockParams, account_unblock
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.model.outcome import Done, Failed, NoOp
from tests.support.attempt import English, attempt
from tests.support.clock import FakeClock
from tests.support.leh_product import SHAPES, Product, Shape, make_product

AT = datetime.now(UTC)  # noqa: TID251 - PostgreSQL dates what it is compared with
ROOT = Path(__file__).parents[3]
ENUM = "create type userstatus as enum ({labels})"


@dataclass(frozen=True)
class Column:
    """How one installation has the status of its accounts."""

    type: str
    active: str
    blocked: str
    before: str = "select 1"


COLUMNS = {
    "enum of an ORM": Column("userstatus", "ACTIVE", "INACTIVE", ENUM.format(labels="'ACTIVE', 'INACTIVE'")),
    "enum that knows better": Column(
        "userstatus", "active", "blocked", ENUM.format(labels="'active', 'inactive', 'suspended', 'blocked'")
    ),
    "enum of a class": Column(
        "userstatus", "Status.ACTIVE", "Status.SUSPENDED", ENUM.format(labels="'Status.ACTIVE', 'Status.SUSPENDED'")
    ),
    "text": Column("text", "active", "blocked"),
    "varchar": Column("varchar(20)", "ACTIVE", "BLOCKED"),
}


@pytest.fixture(scope="session")
def server(postgres: EmbeddedPostgres) -> str:
    """A database of LEH's."""
    postgres.create_database("leh_accounts")
    return postgres.dsn("leh_accounts")


async def made(server: str, column: Column = COLUMNS["varchar"], shape: Shape | None = None) -> Product:
    """Make LEH's tables with such a column."""
    product = await make_product(server, shape, closed=False)
    await product.do(column.before)
    await product.do(f"alter table users add column status {column.type} not null default '{column.active}'")
    return product


async def status(product: Product, user: str | None = None) -> str:
    """Return an account's status."""
    rows = await product.do("select status::text from users where id::text = $1", user or product.shape.user_id)
    return str(rows[0]["status"])


def accounts(product: Product, dsn: str | None = None, **names: Any) -> LehAccounts:
    """The adapter."""
    return LehAccounts(dsn or product.dsn, replace(product.names, **names))


def can(product: Product, **names: Any) -> Capabilities:
    """What a handler is given."""
    return Capabilities(None, {}, None, accounts=accounts(product, **names))  # type: ignore[arg-type]


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
async def test_every_column_is_blocked_once_and_back(server: str, column: Column) -> None:
    """Enums of any labels, text and varchar: blocked with one line, a second try knows it, and its end is what was before."""
    product = await made(server, column)
    memory = attempt(can(product), clock=FakeClock(AT))
    first = await account_block(memory, AccountBlockParams(user="user_1", reason="공격"))
    assert isinstance(first, Done), first
    assert (first.facts["before"], first.facts["label"], first.facts["verified"]) == (
        column.active,
        column.blocked,
        True,
    )
    assert await status(product) == column.blocked
    repeated = await account_block(
        replace(memory, remembered=memory.checkpoints.values), AccountBlockParams(user="user_1")
    )  # type: ignore[attr-defined]
    assert isinstance(repeated, Done)
    assert repeated.facts["before"] == column.active
    another = await account_block(attempt(can(product), clock=FakeClock(AT)), AccountBlockParams(user="user_1"))
    assert isinstance(another, NoOp)
    back = await account_unblock(
        attempt(can(product), clock=FakeClock(AT + timedelta(seconds=5))),
        AccountUnblockParams(user="user_1", before=first.facts["before"]),
    )
    assert isinstance(back, Done), back
    assert await status(product) == column.active
    assert [(line["action"], line["object"]) for line in await product.log()] == [
        ("ACCOUNT_BLOCKED", "user_1"),
        ("ACCOUNT_UNBLOCKED", "user_1"),
    ]


@pytest.mark.parametrize("name", ["uuids", "a domain, and nobody in the log", "native enum of an ORM"])
async def test_ids_and_logs_of_any_form(server: str, name: str) -> None:
    """Ids of other types, a log of other columns: the same."""
    product = await made(server, shape=SHAPES[name])
    done = await accounts(product).block(product.shape.user_id, uuid.uuid4(), AT)
    assert done.changed
    assert await status(product) == "BLOCKED"
    [line] = await product.log()
    assert (line["action"], line["object"]) == ("ACCOUNT_BLOCKED", product.shape.user_id)


@pytest.mark.parametrize(
    ("column", "names", "why"),
    [
        (Column("userstatus", "ACTIVE", "", ENUM.format(labels="'ACTIVE', 'RETIRED'")), {}, "that is blocked: it has ACTIVE, RETIRED"),
        (Column("userstatus", "ACTIVE", "", ENUM.format(labels="'ACTIVE', 'Blocked', 'blocked'")), {}, "several labels"),
        (Column("boolean", "true", ""), {}, "is of type boolean"),
        (Column("text check (status in ('ACTIVE', 'AWAY'))", "ACTIVE", ""), {}, "users_status_check"),
        (COLUMNS["text"], {"user_role": "rank"}, "has no column rank"),
        (COLUMNS["text"], {"user_status": "state"}, "has no column state"),
        (COLUMNS["text"], {"service_user": None}, "set product_database.service_user"),
    ],
)  # fmt: skip
async def test_what_does_not_fit_is_refused_in_words(
    server: str, column: Column, names: dict[str, Any], why: str
) -> None:
    """A column that cannot be mapped is told with what to do about it, and nothing is changed."""
    product = await made(server, column)
    with pytest.raises(HandlerError, match=re.escape(why)):
        await accounts(product, **names).block("user_1", uuid.uuid4(), AT)
    assert await status(product) == column.active
    assert await product.log() == []


async def test_whom_nobody_blocks(server: str) -> None:
    """Guardian's own user, whom the operator named, and the last active administrator stay; with another one he may go."""
    product = await made(server)
    for user, names in (("user_guardian", {}), ("user_1", {"never_block": ("user_1",)})):
        outcome = await account_block(attempt(can(product, **names)), AccountBlockParams(user=user))
        assert isinstance(outcome, Failed), outcome
        with pytest.raises(Refused):
            await accounts(product, **names).block(user, uuid.uuid4(), AT)
    await product.do("update users set role = 'Admin' where id = 'user_1'")
    await product.do("insert into users (id, email, role, status) values ('user_2', 'b@leh.test', 'ADMIN', 'BLOCKED')")
    with pytest.raises(Refused, match="last active administrator"):
        await accounts(product).block("user_1", uuid.uuid4(), AT)
    await product.do("update users set status = 'ACTIVE' where id = 'user_2'")
    assert (await accounts(product).block("user_1", uuid.uuid4(), AT)).changed
    with pytest.raises(Refused, match="last active administrator"):
        await accounts(product).block("user_2", uuid.uuid4(), AT)


async def test_who_reads_english_is_told_in_english(server: str) -> None:
    """Whatever a block and its end come to: the few words are kept for readers of either language, the rest is as people read here."""
    product = await made(server)
    await product.do("update users set role = 'ADMIN' where id = 'user_1'")
    told: list[Any] = []

    async def both(**more: Any) -> None:
        english = replace(can(product), languages=English())
        for act, params in ((account_block, AccountBlockParams), (account_unblock, AccountUnblockParams)):
            clock = FakeClock(AT + timedelta(minutes=len(told)))
            told.append(await act(attempt(english, clock=clock, **more), params(user="user_1")))

    await both()
    await product.do("update users set role = 'LAWYER' where id = 'user_1'")
    await both(dry_run=True)
    await both()
    await both()
    await product.do("update users set status = 'AWAY'")
    await both()
    said = [getattr(one, "summary", "") or one.reason for one in told]
    assert [(type(one).__name__, words) for one, words in zip(told, said, strict=True) if not words.isascii()] == []
    assert "last active administrator" in said[0]
    assert {type(one).__name__ for one in told} == {"Failed", "NoOp", "Done"}
    briefs = [one.facts["brief_in"] for one in told if "brief_in" in one.facts]
    assert len(briefs) == 4
    assert all(brief["ko"].startswith("계정 user_1") and brief["en"].startswith("account user_1") for brief in briefs)


async def test_two_blocks_at_once_leave_one_administrator(server: str) -> None:
    """Each sees the other's: of the last two, one stays."""
    product = await made(server)
    await product.do("update users set role = 'ADMIN'")
    done: list[str] = []

    async def block(user: str) -> None:
        try:
            await accounts(product, service_user="user_1" if user == "user_2" else "user_2").block(
                user, uuid.uuid4(), AT
            )
        except Refused:
            return
        done.append(user)

    await product.do("update users set id = 'user_2' where id = 'user_guardian'")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(block, "user_1")
        tasks.start_soon(block, "user_2")
    assert len(done) == 1
    assert sorted([await status(product, "user_1"), await status(product, "user_2")]) == ["ACTIVE", "BLOCKED"]


async def test_only_what_guardian_blocked_is_unblocked(server: str) -> None:
    """A block of a person's, also one after guardian's own had ended, is a person's to end."""
    product = await made(server)
    await product.do("update users set status = 'BLOCKED' where id = 'user_1'")
    with pytest.raises(Refused, match="not blocked by guardian"):
        await accounts(product).unblock("user_1", uuid.uuid4(), AT)
    await product.do("update users set status = 'ACTIVE' where id = 'user_1'")
    await accounts(product).block("user_1", uuid.uuid4(), AT)
    with pytest.raises(Refused, match="no status of an active account"):
        await accounts(product).unblock("user_1", uuid.uuid4(), AT, "DELETED")
    assert (await accounts(product).unblock("user_1", uuid.uuid4(), AT + timedelta(seconds=1))).label == "ACTIVE"
    await product.do("update users set status = 'BLOCKED' where id = 'user_1'")
    with pytest.raises(Refused, match="not blocked by guardian"):
        await accounts(product).unblock("user_1", uuid.uuid4(), AT + timedelta(seconds=2))
    await product.do("update users set status = 'DELETED' where id = 'user_1'")
    assert not (await accounts(product).unblock("user_1", uuid.uuid4(), AT)).changed
    assert isinstance(await account_unblock(attempt(can(product)), AccountUnblockParams(user="user_1")), Failed)


async def test_a_dry_run_and_a_limit_change_nothing(server: str) -> None:
    """Said, not done; and a rule that allows none is obeyed."""
    product = await made(server)
    said = await account_block(attempt(can(product), dry_run=True), AccountBlockParams(user="user_1"))
    assert isinstance(said, Done)
    with pytest.raises(Refused, match="limit"):
        await account_block(attempt(can(product), limits={"accounts": 0}), AccountBlockParams(user="user_1"))
    assert await status(product) == "ACTIVE"
    assert await product.log() == []


async def test_the_documented_rights_are_enough(server: str) -> None:
    """A role with the grants of docs/accounts.md blocks and unblocks, and may read nobody's address."""
    product = await made(server)
    role = f"guardian_{uuid.uuid4().hex[:8]}"
    dsn = server.replace(server.split("://")[1].split("@", maxsplit=1)[0], f"{role}:pw")
    await product.do(f"create role {role} login password 'pw'")
    await product.do("alter table users add column updated_at timestamptz, add column created_at timestamptz")
    for page in ("restore.md", "accounts.md"):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        block = re.sub("--.*", "", text.partition("```sql")[2].partition("```")[0]).replace("guardian_restore", role)
        for grant in block.replace("schema public", f"schema {product.schema}").split(";")[:-1]:
            if "create role" not in grant:
                await product.do(grant)
    assert (await accounts(product, dsn).block("user_1", uuid.uuid4(), AT)).changed
    assert (await accounts(product, dsn).unblock("user_1", uuid.uuid4(), AT + timedelta(seconds=1))).changed
    await product.do(f"revoke update (status) on {product.schema}.users from {role}")
    with pytest.raises(AccessDenied):
        await accounts(product, dsn).block("user_1", uuid.uuid4(), AT + timedelta(seconds=2))
    await product.do(f"drop owned by {role}")
    await product.do(f"drop role {role}")
