"""Scenario C of the runbook with the shipped rules, real handlers and their real other sides: paused, judged, and what follows."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

import leh_guardian.handlers
from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.breaker_table import BreakerTable
from leh_guardian.adapters.dynamo import DynamoTables
from leh_guardian.adapters.leh_database.accounts import LehAccounts
from leh_guardian.adapters.leh_database.activity import LehActivity
from leh_guardian.adapters.parked import ParkedTable
from leh_guardian.adapters.s3 import S3Objects
from leh_guardian.clock import SystemClock
from leh_guardian.context import Capabilities
from leh_guardian.engine.allowances import AllowanceKeeper
from leh_guardian.engine.circuits import CircuitKeeper
from leh_guardian.engine.directory import People
from leh_guardian.engine.escalator import Escalator
from leh_guardian.engine.planner import Planner
from leh_guardian.engine.progression import Progression
from leh_guardian.fields import parse_duration
from leh_guardian.gate import Gate
from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.model.mode import Mode
from leh_guardian.model.spend.circuit import Recovery, State
from leh_guardian.model.spend.limits import Scope
from leh_guardian.registry import discover
from leh_guardian.rules.loader import load_rules
from leh_guardian.store.pool import Pool
from leh_guardian.store.use import StoreUse
from leh_guardian.telemetry.metrics import Metrics
from tests.integration.gate.test_circuits import admitted
from tests.support.clock import FakeClock
from tests.support.house import House
from tests.support.leh_product import Product, make_product

ROOT = Path(__file__).parents[3]
CASE, BUCKET = "case_3f9c", "bill-shock"
CROSSED = {
    "source": "leh.guardian",
    "detail-type": "Spend Limit Crossed",
    "detail": {
        "scope": "case",
        "key": CASE,
        "case_id": CASE,
        "tier": "park",
        "tokens": 3_100_000,
        "reason": "3100000 tokens",
    },
}


@dataclass
class Stage:
    """LEH, AWS and a replica over the shipped rules of scenario C."""

    house: House
    keeper: CircuitKeeper
    product: Product
    s3: Any

    async def put(self, *keys: str, body: bytes | None = None) -> None:
        """Store objects, each of a content of its own unless one is given."""
        for number, key in enumerate(keys):
            await self.s3.put_object(Bucket=BUCKET, Key=f"cases/{CASE}/raw/{key}", Body=body or b"%d" % number)

    async def log(self, action: str, of: str, ago: str = "1 minute", user: str = "user_1") -> None:
        """Write a line into LEH's log."""
        sql = f"insert into audit_logs (user_id, action, object_id, timestamp) values ($1, $2, $3, now() - interval '{ago}')"
        await self.product.do(sql, user, action, of)

    async def play(self, *events: Any) -> None:
        """Take in events, and let everything follow."""
        await self.house.take(*events)
        for _ in range(4):
            await self.house.work()
            await self.keeper.run_once()

    async def state(self) -> State:
        """The case's circuit."""
        return (await self.keeper.get(Scope.CASE, CASE)).state

    async def status(self) -> str:
        """The account's."""
        return str((await self.product.do("select status from users where id = 'user_1'"))[0]["status"])

    async def steps(self, rule: str) -> list[tuple[str, str]]:
        """The steps of a rule's incidents and what became of them."""
        incidents = {one["id"] for one in await self.house.incidents() if one["rule"] == rule}
        actions = await self.house.actions()
        return [(a["step"], a["status"]) for a in actions if a["role"] == "step" and a["incident"] in incidents]


@asynccontextmanager
async def staged(pool: Pool, aws: Aws, dsn: str, folder: Path) -> AsyncIterator[Stage]:
    """Set the stage."""
    clock = FakeClock(SystemClock().now())
    dynamodb, s3 = await aws.client("dynamodb"), await aws.client("s3")
    await s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": aws.region})
    await s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for table, keys in (("leh-breaker", ("id",)), ("leh-parked", ("case_id", "item"))):
        await dynamodb.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": k, "KeyType": t} for k, t in zip(keys, ("HASH", "RANGE"), strict=False)],
            AttributeDefinitions=[{"AttributeName": k, "AttributeType": "S"} for k in keys],
            BillingMode="PAY_PER_REQUEST",
        )
    product = await make_product(dsn, closed=False)
    await product.do(
        "alter table users add status varchar(20) not null default 'ACTIVE', add created_at timestamptz default now()"
    )
    for name in ("spend.yaml", "budget.yaml"):
        shutil.copy(ROOT / "rules" / name, folder / name)
    registry = discover(leh_guardian.handlers)
    rules = load_rules(folder, registry)
    planner = Planner(Progression(registry, Escalator(People("console").directory)), {}, parse_duration("5m"))
    tables = DynamoTables(aws, dynamodb)
    board = BreakerTable(aws, dynamodb, tables, "leh-breaker")
    keeper = CircuitKeeper(
        pool,
        planner,
        lambda: rules,
        board,
        Recovery(),
        clock,
        Metrics(),
        replica="one",
        planned=lambda: None,
    )
    can = Capabilities(
        None,  # type: ignore[arg-type]
        {},
        None,  # type: ignore[arg-type]
        circuits=keeper,
        use=StoreUse(pool),
        objects=S3Objects(aws, s3),
        evidence_bucket=BUCKET,
        accounts=LehAccounts(dsn, product.names),
        activities=LehActivity(dsn, product.names),
        parked=ParkedTable(aws, dynamodb, "leh-parked"),
        tables=tables,
        breaker_table="leh-breaker",
    )
    yield Stage(House(pool, rules, None, clock, registry=registry, capabilities=can), keeper, product, s3)
    for each in (await s3.list_object_versions(Bucket=BUCKET)).get("Versions", ()):
        await s3.delete_object(Bucket=BUCKET, Key=each["Key"], VersionId=each["VersionId"])
    await s3.delete_bucket(Bucket=BUCKET)
    for table in ("leh-breaker", "leh-parked"):
        await dynamodb.delete_table(TableName=table)


@pytest.fixture(scope="session")
def server(postgres: EmbeddedPostgres) -> str:
    """A database of LEH's."""
    postgres.create_database("leh_bill_shock")
    return postgres.dsn("leh_bill_shock")


@pytest.fixture
async def stage(pool: Pool, aws: Aws, server: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """The stage."""
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(staged(pool, aws, server, tmp_path))


async def test_a_lawyers_binder_goes_on_by_itself(stage: Stage) -> None:
    """Paused, judged legitimate, tried, and closed: nobody was called, and nobody asked anything."""
    await stage.product.do("update users set created_at = now() - interval '2 years'")
    names = ("준비서면", "진술서", "녹취록", "사실조회 회신", "계약서", "영수증", "통장사본", "등기부등본")
    await stage.put(*(f"ev_{n}_{name}.pdf" for n, name in enumerate(names)))
    for number in range(len(names)):
        await stage.log("UPLOAD", f"ev_{number}")
        await stage.log("VIEW", f"ev_{number}")
        await stage.log("VIEW", CASE, f"{number + 2} days")
    await stage.play(CROSSED)
    assert await stage.steps("case-spend") == [("pause", "succeeded"), ("judge", "succeeded"), ("settle", "succeeded")]
    assert await stage.state() is State.HALF_OPEN
    assert await stage.steps("case-work-tried") == [("release_parked", "waiting")], "workers may not know yet"
    for _ in range(4):
        stage.house.clock.advance(minutes=6)
        await stage.play()
    assert await stage.steps("case-work-tried") == [("release_parked", "skipped")], "nothing was parked"
    assert await stage.state() is State.CLOSED
    assert "page" not in {action["handler"] for action in await stage.house.actions()}
    assert {one["status"] for one in await stage.house.incidents()} == {"resolved"}
    assert await stage.status() == "ACTIVE"


async def test_a_burst_that_outruns_its_records_goes_the_same_way(
    stage: Stage, aws_server: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers reserve what an hour allows; what they refuse opens the circuit before any record of use is there. It closes again."""
    for name, value in aws_server.environment().items():
        monkeypatch.setenv(name, value)
    given: dict[str, Any] = {"most": Mode.ACT, "wanted": True}
    rules, clock = stage.house.rules, stage.house.clock
    board = stage.keeper._board
    assert isinstance(board, BreakerTable)
    await AllowanceKeeper(stage.house.pool, lambda: rules, {}, board, clock, **given).run_once()
    await stage.product.do("update users set created_at = now() - interval '2 years'")
    for number, name in enumerate(("준비서면", "진술서", "녹취록", "사실조회 회신", "계약서", "영수증")):
        await stage.put(f"ev_{number}_{name}.pdf")
        for action, of in (("UPLOAD", f"ev_{number}"), ("VIEW", f"ev_{number}")):
            await stage.log(action, of)
        await stage.log("VIEW", CASE, f"{number + 2} days")

    def through(gate: Gate, calls: int) -> int:
        return sum(admitted(gate, 1_000_000, case=CASE) for _ in range(calls))

    gates, at = [Gate("leh-breaker", "leh-parked", key="id") for _ in range(4)], clock.now()
    for gate in gates:
        gate._now = lambda: at  # type: ignore[method-assign]
    assert [await anyio.to_thread.run_sync(through, gate, 2) for gate in gates[:2]] == [2, 1], "3,000,000 in an hour"
    [refused] = [one for one in gates[1]._events if one["DetailType"] == "AllowanceSpent"]
    event = {"source": refused["Source"], "detail-type": refused["DetailType"], "detail": json.loads(refused["Detail"])}
    await stage.play({**event, "id": "refused", "time": clock.now().isoformat()})
    assert await stage.steps("case-spend") == [("pause", "succeeded"), ("judge", "succeeded"), ("settle", "succeeded")]
    assert await stage.state() is State.HALF_OPEN
    assert await anyio.to_thread.run_sync(through, gates[2], 1) == 0, "the trial allows less"
    for _ in range(3):
        clock.advance(minutes=6)
        await stage.play()
    assert await stage.state() is State.CLOSED
    assert await anyio.to_thread.run_sync(through, gates[3], 4) == 3, (
        "a new hour's worth, for what was used is accepted"
    )
    for gate in gates:
        for client in gate._clients.values():
            client.close()


async def test_an_attack_stays_paused_and_its_account_is_blocked_with_a_persons_word(stage: Stage) -> None:
    """Judged an attack: measured, and blocked once somebody has approved; the circuit stays open."""
    for number in range(40):
        await stage.put(*[f"ev_{number % 3}_x8f3c9a1.exe"] * 2, body=b"MZ")
    for number in range(3):
        await stage.log("UPLOAD", f"ev_{number}")
    await stage.log("VIEW", CASE, user="user_guardian")
    await stage.play(CROSSED)
    assert await stage.steps("case-spend") == [("pause", "succeeded"), ("judge", "succeeded"), ("settle", "succeeded")]
    assert await stage.state() is State.OPEN
    assert await stage.steps("account-attack") == [
        ("look", "succeeded"),
        ("billing_review", "succeeded"),
        ("account_block", "proposed"),
    ]
    assert await stage.status() == "ACTIVE"
    proposed = next(one for one in await stage.house.actions() if one["status"] == "proposed")
    assert await stage.house.answer(str(proposed["id"]), approve=True)
    await stage.play()
    assert await stage.status() == "BLOCKED"
    assert [(line["user"], line["action"]) for line in await stage.product.log()][-1] == (
        "user_guardian",
        "ACCOUNT_BLOCKED",
    )
    stage.house.clock.advance(hours=2)
    await stage.play()
    assert await stage.state() is State.OPEN


async def test_what_no_upload_explains_calls_people(stage: Stage) -> None:
    """Suspicious: it stays paused whatever the time, under an incident of its own."""
    await stage.play(CROSSED)
    assert await stage.state() is State.OPEN
    assert "case-suspicious" in {one["rule"] for one in await stage.house.incidents("triggered")}
    stage.house.clock.advance(hours=2)
    await stage.play()
    assert await stage.state() is State.OPEN
    open_now = {one["rule"] for one in await stage.house.incidents("triggered")}
    assert open_now == {"case-suspicious"}, "the rule that paused it has handed over"
