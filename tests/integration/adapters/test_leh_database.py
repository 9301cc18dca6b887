"""The status of a case in LEH's PostgreSQL, whatever its tables look like: restored once, with its line in the log, or refused."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta

import anyio
import asyncpg
import pytest

from leh_guardian.adapters.leh_database import connection
from leh_guardian.adapters.leh_database.cases import LehCases
from leh_guardian.adapters.leh_database.names import Names
from leh_guardian.errors import AccessDenied, HandlerError, NotFound, Refused, SettingsError, Unavailable
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.model.case import Restored
from tests.support.hostile_ids import NO_IDS
from tests.support.leh_grants import as_role, grants
from tests.support.leh_product import SHAPES, Product, Shape, make_product
from tests.support.tcp_proxy import Cut, TcpProxy

KEY = uuid.UUID("12345678-1234-5678-9234-567812345678")
AT = datetime.now(UTC)  # noqa: TID251 - PostgreSQL dates what it is compared with


@pytest.fixture(scope="session")
def server(postgres: EmbeddedPostgres) -> str:
    """A database of LEH's."""
    postgres.create_database("leh_product")
    return postgres.dsn("leh_product")


async def restore(product: Product, key: uuid.UUID = KEY, at: datetime = AT, cases: LehCases | None = None) -> Restored:
    """Restore the case of a shape."""
    return await (cases or product.cases()).restore(product.shape.case, key, at, AT)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
async def test_every_shape_is_restored_once(server: str, shape: Shape) -> None:
    """Text, varchar, enums of other labels, ids and times of any type: opened, one line in the log, and a second try knows it."""
    product = await make_product(server, shape)
    seen = await product.cases().look(shape.case)
    assert (seen.status, seen.stored, seen.closed_by) == ("closed", shape.closed, shape.user_id)
    assert seen.closed_at is not None
    assert abs(AT - timedelta(hours=1) - seen.closed_at) < timedelta(minutes=5)
    first, again = await restore(product), await restore(product)
    other = await restore(product, uuid.uuid4(), AT + timedelta(seconds=7))
    assert (first.changed, again.changed, other.changed) == (True, True, False)
    assert await product.status() == shape.active
    [line] = await product.log()
    assert (line["user"], line["action"], line["object"]) == (product.names.service_user, "CASE_RESTORED", shape.case)
    [changed] = await product.do("select updated_at from cases")
    assert changed["updated_at"] == line["time"]
    assert (await product.cases().look(shape.case)).status == "active"
    assert "active" in " ".join(await product.cases().examine())


@pytest.mark.parametrize("shape", list(SHAPES.values())[1::3], ids=list(SHAPES)[1::3])
async def test_a_late_restore_does_nothing_once_the_case_is_closed_again(server: str, shape: Shape) -> None:
    """An attempt that stood still, and goes on after its restore was done and undone, changes nothing."""
    product = await make_product(server, shape)
    await restore(product)
    await product.close_case("now() + interval '1 minute'")
    assert (await restore(product)).changed
    assert await product.status() == shape.closed
    with pytest.raises(Refused, match="closed again"):
        await restore(product, uuid.uuid4(), AT + timedelta(seconds=3))
    assert await product.status() == shape.closed
    assert len(await product.log()) == 1


async def test_the_documented_rights_are_enough(server: str) -> None:
    """A role with the grants of docs/restore.md looks, restores and passes the doctor; without one of them it says what is lacking."""
    for shape in (SHAPES["text"], SHAPES["native enum of an ORM"], SHAPES["uuids"]):
        product = await make_product(server, shape)
        role = f"guardian_{uuid.uuid4().hex[:8]}"
        dsn = as_role(server, role)
        await product.do(f"create role {role} login password 'pw'")
        with pytest.raises((AccessDenied, NotFound)):
            await product.cases(dsn).look(shape.case)
        for grant in grants(role, product.schema, serial="serial" in shape.audit_id):
            await product.do(grant)
        await product.cases(dsn).ping()
        assert await product.cases(dsn).examine()
        assert (await restore(product, cases=product.cases(dsn))).changed
        await product.do(f"revoke update on {product.schema}.cases from {role}")
        with pytest.raises(AccessDenied, match=r"docs/restore\.md"):
            await product.cases(dsn).ping()
        with pytest.raises(AccessDenied):
            await restore(product, uuid.uuid4(), cases=product.cases(dsn))
        await product.do(f"drop owned by {role}")
        await product.do(f"drop role {role}")


REFUSALS: dict[str, tuple[Shape, dict[str, object], str]] = {
    "no label fits": (
        Shape(status="casestatus", before=("CREATE TYPE casestatus AS ENUM ('OFFEN', 'CLOSED')",), active="OFFEN", closed="CLOSED"),
        {}, "no label that can mean 'active': it has OFFEN, CLOSED; set product_database.active",
    ),
    "two labels fit": (
        Shape(status="casestatus", before=("CREATE TYPE casestatus AS ENUM ('active', 'ACTIVE', 'closed')",)),
        {}, "several labels",
    ),
    "a status that is a number": (Shape(status="integer", active="1", closed="0"), {}, "is of type integer"),
    "a check without the word": (
        Shape(status="text check (status in ('open', 'closed'))", active="open"), {}, "cases_status_check",
    ),
    "no user for the log": (Shape(), {"service_user": None}, "set product_database.service_user"),
    "a user that there is not": (Shape(), {"service_user": "nobody"}, "audit_logs_user_id_fkey"),
    "a column nobody knows": (
        Shape(last=("delete from audit_logs", "alter table audit_logs add tenant text not null")), {}, "no default: tenant",
    ),
    "a number without a sequence": (Shape(last=("alter table audit_logs alter id drop default",)), {}, "number without a default"),
    "no such action": (
        Shape(action="auditaction", before=("CREATE TYPE auditaction AS ENUM ('CLOSE_CASE', 'OPENED')",)),
        {}, "has no label 'CASE_RESTORED': it has CLOSE_CASE, OPENED",
    ),
    "an action that is too long": (Shape(action="varchar(10)"), {}, "value too long"),
    "no such table": (Shape(), {"cases": "public.matters"}, "has no table public.matters"),
    "a view": (Shape(after=("create view v as select * from cases",)), {"cases": "v"}, "no table"),
    "no such column": (Shape(), {"status": 'st"; drop table cases; --'}, "has no column"),
}  # fmt: skip


@pytest.mark.parametrize(("shape", "names", "why"), REFUSALS.values(), ids=REFUSALS)
async def test_what_does_not_fit_is_refused_in_words(
    server: str, shape: Shape, names: dict[str, object], why: str
) -> None:
    """A schema that cannot be mapped is told with what to do about it, and nothing is changed; no message has the case's title."""
    product = await make_product(server, shape)
    if names.get("cases") == "v":
        names = {"cases": f"{product.schema}.v"}
    with pytest.raises(HandlerError, match=why) as raised:
        await restore(product, cases=product.cases(**names))
    assert "비밀" not in str(raised.value)
    assert await product.status() == shape.closed
    assert await product.log() == []


async def test_words_of_the_settings_go_before_all(server: str) -> None:
    """Labels that nobody can guess are named by the operator."""
    types = ("CREATE TYPE casestatus AS ENUM ('진행', '종료')",)
    product = await make_product(server, Shape(status="casestatus", before=types, active="진행", closed="종료"))
    assert (await product.cases().look("case_3f9c")).status == "종료"
    cases = product.cases(active="진행", closed="종료")
    assert (await cases.look("case_3f9c")).status == "closed"
    assert (await restore(product, cases=cases)).changed
    assert await product.status() == "진행"


async def test_ids_of_the_log_look_like_its_others(server: str) -> None:
    """A case of which the log knows nothing: the line's id has the form of other lines' ids, and so their length."""
    others = "update audit_logs set id = 'audit_00112233445566778899', object_id = 'case_0'"
    product = await make_product(server, Shape(audit_id="varchar(26) primary key", last=(others,)))
    assert (await restore(product)).changed
    [line] = await product.log()
    assert re.fullmatch("audit_[0-9a-f]{20}", line["id"])


@pytest.mark.parametrize("case", NO_IDS.values(), ids=NO_IDS)
async def test_hostile_ids_are_asked_of_nobody(case: str) -> None:
    """What does not look like an id is refused before there is a connection."""
    cases = LehCases("postgresql://nobody@127.0.0.1:1/none", Names())
    with pytest.raises(Refused, match="no id of a case"):
        await cases.look(case)
    with pytest.raises(Refused, match="no id of a case"):
        await cases.restore(case, KEY, AT, AT)


@pytest.mark.parametrize(
    ("shape", "other"),
    [
        ("uuids", "0B8F9A52-0D5F-4A5E-9D53-0C1A4E3F9C00"),
        ("uuids", "0b8f9a520d5f4a5e9d530c1a4e3f9c00"),
        ("integers, identity, enum of actions", "017"),
    ],
)
async def test_an_id_in_another_spelling_is_another_id(server: str, shape: str, other: str) -> None:
    """PostgreSQL would take it for the same; S3, DynamoDB and the index would not, and an empty case would come back as whole."""
    product = await make_product(server, SHAPES[shape])
    cases = product.cases()
    with pytest.raises(NotFound, match=f"there it is {product.shape.case}"):
        await cases.look(other)
    with pytest.raises(NotFound, match="there it is"):
        await cases.restore(other, KEY, AT, AT)
    assert await product.status() == product.shape.closed
    assert await product.log() == []


async def test_no_case_of_this_id(server: str) -> None:
    """An id that is none, or that cannot be one of its column's, is not found; a longer one is not cut to that of another case."""
    short = await make_product(server, Shape(id="varchar(9)", service="user_2"))
    assert (await short.cases().look("case_3f9c")).status == "closed"
    numbers = await make_product(server, SHAPES["integers, identity, enum of actions"])
    for product, case in ((short, "case_3f9c0"), (short, "CASE_3f9c"), (numbers, "case_1"), (numbers, "9" * 30)):
        with pytest.raises(NotFound):
            await product.cases().look(case)
        with pytest.raises(NotFound):
            await product.cases().restore(case, KEY, AT, AT)


async def test_several_at_once(server: str) -> None:
    """Of ten restores at once, one opens the case; all others find it open."""
    product = await make_product(server)
    found: list[Restored] = []

    async def one(number: int) -> None:
        found.append(await restore(product, uuid.uuid4(), AT + timedelta(milliseconds=number)))

    async with anyio.create_task_group() as tasks:
        for number in range(10):
            tasks.start_soon(one, number)
    assert sorted(each.changed for each in found) == [False] * 9 + [True]
    assert len(await product.log()) == 1


async def test_a_close_at_the_same_time(server: str) -> None:
    """A restore that waits for a closing's lock sees what that has committed: closed after it was asked for, it stays closed."""
    product = await make_product(server)
    closing = await asyncpg.connect(server, server_settings={"search_path": product.schema})
    try:
        done: list[str] = []

        async def racing() -> None:
            with pytest.raises(Refused, match="closed again"):
                await restore(product)
            done.append("refused")

        async with closing.transaction(), anyio.create_task_group() as tasks:
            await closing.execute("select 1 from cases for update")
            tasks.start_soon(racing)
            waiting = "select 1 from pg_stat_activity where datname = 'leh_product' and wait_event_type = 'Lock'"
            while not await product.do(waiting):  # noqa: ASYNC110 - PostgreSQL rings no bell
                await anyio.sleep(0.02)
            sql = "insert into audit_logs (user_id, action, object_id, timestamp) values ('user_1', 'CLOSE_CASE', 'case_3f9c', $1)"
            await closing.execute(sql, AT + timedelta(minutes=1))
            await closing.execute("commit; begin")
        assert done == ["refused"]
        assert await product.status() == "closed"
    finally:
        await closing.close()


async def test_a_commit_that_nobody_heard_of(server: str) -> None:
    """The connection breaks when the commit was sent: it is unavailable, and the next attempt finds its own line."""
    product = await make_product(server)
    port = int(server.rpartition(":")[2].partition("/")[0])
    with TcpProxy("127.0.0.1", port) as proxy:
        through = product.cases(server.replace(f":{port}/", f":{proxy.port}/"))
        proxy.script(Cut.AFTER, b"commit")
        with pytest.raises(Unavailable):
            await restore(product, cases=through)
        assert await product.status() == "active"
        assert (await restore(product, cases=through)).changed
    assert len(await product.log()) == 1


async def test_away_and_wrong_addresses() -> None:
    """A server that is away is worth another try; a URL that is none is a matter of settings, and neither says a password."""
    with pytest.raises(Unavailable):
        await LehCases("postgresql://u:geheim@127.0.0.1:1/leh", Names()).look("case_1")
    with pytest.raises(SettingsError, match="LEH_PRODUCT_DATABASE_URL") as raised:
        await LehCases("mysql://u:geheim@h/leh", Names()).look("case_1")
    assert "geheim" not in str(raised.value)


def test_a_server_that_does_not_answer_is_told_as_that() -> None:
    """A time-out is an OSError, too: it is not a connection that was ended."""
    told = connection._not_connected(TimeoutError(), "postgresql://u:p@leh.test/leh")
    assert "no answer within 5 s" in str(told)
    assert "ends the connection" in str(
        connection._not_connected(ConnectionResetError(), "postgresql://u:p@leh.test/leh")
    )
