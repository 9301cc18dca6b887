"""The sessions of a blocked account: ended by the service's own API, asked until it answers, and never a reason to undo the block."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from leh_guardian.adapters.admin_api import HttpAdminApi, admin_session
from leh_guardian.adapters.leh_database.accounts import LehAccounts
from leh_guardian.context import ActionContext, Capabilities
from leh_guardian.errors import Refused
from leh_guardian.handlers.account_block import AccountBlockParams, account_block
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.model.outcome import Done, Escalate, Outcome, Wait
from tests.support.attempt import again, attempt
from tests.support.clock import FakeClock
from tests.support.faults import refuse
from tests.support.faulty_http import Answer
from tests.support.leh_product import Product, make_product
from tests.support.sessions_outside import PATH, REVOKE, SessionsOutside

AT = datetime.now(UTC)  # noqa: TID251 - PostgreSQL dates what it is compared with


@pytest.fixture
async def product(postgres: EmbeddedPostgres) -> Product:
    """LEH's database with an active account."""
    made = await make_product(postgres.dsn("guardian"), closed=False)
    await made.do("alter table users add column status varchar(20) not null default 'ACTIVE'")
    return made


@pytest.fixture
def api() -> Iterator[SessionsOutside]:
    """The service, where the account is logged in twice."""
    with SessionsOutside({"user_1": ["phone", "office"], "user_2": ["another"]}) as server:
        yield server


@pytest.fixture
async def ctx(product: Product, api: SessionsOutside) -> AsyncIterator[ActionContext]:
    """A first attempt."""
    async with admin_session(5.0) as session:
        sessions = HttpAdminApi(session, api.url, None, deadline=5.0, revoke_path=PATH)
        accounts = LehAccounts(product.dsn, product.names)
        can = Capabilities(None, {}, None, accounts=accounts, sessions=sessions)  # type: ignore[arg-type]
        yield attempt(can, clock=FakeClock(AT))


async def status(product: Product) -> str:
    """The account's status."""
    return str((await product.do("select status from users where id::text = 'user_1'"))[0]["status"])


async def block(ctx: ActionContext) -> Outcome:
    """One attempt."""
    return await account_block(ctx, AccountBlockParams(user="user_1"))


async def test_a_blocked_accounts_sessions_are_ended(
    ctx: ActionContext, product: Product, api: SessionsOutside
) -> None:
    """All of its own and no other's, under the action's id; nothing is asked before the block, or in a dry run."""
    assert isinstance(await block(replace(ctx, dry_run=True)), Done)
    assert api.requests == []
    done = await block(ctx)
    assert isinstance(done, Done), done
    assert done.facts["sessions"] == "revoked: revoked"
    assert "열린 세션도 모두 취소했습니다" in done.summary
    assert (api.ended, api.sessions) == (["phone", "office"], {"user_2": ["another"]})
    assert api.requests == [({"user_id": "user_1"}, str(ctx.action_id))]
    assert await status(product) == "BLOCKED"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(404, b'{"detail": "Not Found"}'), "404"),
        (Answer(403), "token"),
        (Answer(400, b'{"detail": "no"}'), "no"),
    ],
)
async def test_what_the_service_refuses_is_for_people(
    ctx: ActionContext, product: Product, api: SessionsOutside, answer: Answer, says: str
) -> None:
    """Blocked, sessions not revoked: said to people at once, with what is needed to take the block back; it stays."""
    api.instead = answer
    told = await block(ctx)
    assert isinstance(told, Escalate), told
    assert "차단했지만 열린 세션을 취소하지 못했습니다" in told.reason
    assert told.facts["sessions"].startswith("blocked, sessions not revoked: ")
    assert says in told.facts["sessions"]
    assert (told.facts["before"], told.facts["verified"]) == ("ACTIVE", True)
    assert await status(product) == "BLOCKED"


async def test_a_service_that_is_away_is_asked_again(
    ctx: ActionContext, product: Product, api: SessionsOutside
) -> None:
    """A few times within minutes, under the same key; then people are called. The account is blocked once."""
    api.faults.always(REVOKE, refuse(503))
    now = ctx
    for _ in range(5):
        waits = await block(now)
        assert isinstance(waits, Wait), waits
        assert waits.until > AT
        assert waits.facts["before"] == "ACTIVE"
        now = again(now)
    assert isinstance(await block(now), Escalate)
    assert len(await product.log()) == 1
    api.faults.off()
    assert isinstance(await block(again(now)), Done)
    assert {key for _, key in api.requests} == {str(ctx.action_id)}
    assert await status(product) == "BLOCKED"


async def test_who_was_let_in_again_meanwhile_keeps_the_sessions(
    ctx: ActionContext, product: Product, api: SessionsOutside
) -> None:
    """A person has made the account active between two attempts."""
    api.faults.always(REVOKE, refuse(503))
    assert isinstance(await block(ctx), Wait)
    await product.do("update users set status = 'ACTIVE' where id::text = 'user_1'")
    api.faults.off()
    done = await block(again(ctx))
    assert isinstance(done, Done)
    assert not done.facts["verified"]
    assert api.requests == []


async def test_what_is_no_id_and_what_has_no_path_is_not_asked(api: SessionsOutside) -> None:
    """Hostile ids go nowhere; neither does a request whose path nobody has named."""
    async with admin_session(5.0) as session:
        named, unnamed = (HttpAdminApi(session, api.url, None, revoke_path=path) for path in (PATH, ""))
        for hostile in ("../x", "", "user_1\n", "'; DROP TABLE users"):
            with pytest.raises(Refused, match="no id of an account"):
                await named.revoke(hostile, "key")
        with pytest.raises(Refused, match=r"admin_api\.revoke_sessions"):
            await unnamed.revoke("user_1", "key")
    assert api.requests == []
