"""Owns the act of scenario C: an attack and a lawyer's binder cost the same; the one rule: guardian alone tells them apart.

Both cases are paused. One goes on by itself; of the other the demo gives the word that the on-call would give: to block the
account. Its circuit stays open, and the on-call closes the incident by hand.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from leh_guardian.cli.demo.acts import Stage
from leh_guardian.clock import SystemClock
from leh_guardian.engine import verbs
from leh_guardian.local.product import ATTACKER, LAWYER
from leh_guardian.local.seed import BUCKET
from leh_guardian.model.spend.limits import Scope
from leh_guardian.store import circuits
from leh_guardian.store.transaction import transaction

BREAKER: Final = "leh-breaker"
PARKED: Final = "leh-parked"
RULE: Final = "account-attack"
BINDER: Final = "case_b1de"
BAD: Final = "case_bad0"
_WHO: Final = "oncall"
_TOKENS: Final = 3_200_000
_NAMES: Final = ("준비서면", "진술서", "녹취록", "계약서", "영수증", "통장사본", "등기부등본", "사실조회 회신")
_REPLAYS: Final = 60


async def set_out(stage: Stage) -> None:
    """Make the tables that the worker reads circuits from and parks work in."""
    for name, keys in ((BREAKER, ("id",)), (PARKED, ("case_id", "item"))):
        await stage.worker.dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": k, "KeyType": t} for k, t in zip(keys, ("HASH", "RANGE"), strict=False)],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
        )
    await stage.service.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})


async def same_cost(stage: Stage) -> None:
    """A lawyer uploads a binder, and somebody uses one address over and over: both cost 8 USD within the hour."""
    stage.screen.title("Costs rise: an attack and a lawyer's binder, paused, judged, and told apart")
    case, now = stage.case, SystemClock().now
    for number, name in enumerate(_NAMES):
        await _put(stage, f"cases/{BINDER}/raw/ev_b{number}_{name}.pdf", f"{name} {number}")
        await case.note(LAWYER, "UPLOAD", f"ev_b{number}")
        await case.note(LAWYER, "VIEW", f"ev_b{number}")
        await case.note(LAWYER, "VIEW", BINDER, f"{number + 1} days")
    for _ in range(_REPLAYS):
        await _put(stage, f"cases/{BAD}/raw/ev_x0_a8f3c91d.exe", "MZ")
    await case.note(ATTACKER, "UPLOAD", "ev_x0")
    stage.screen.say(
        f"{LAWYER} uploads {len(_NAMES)} documents; {ATTACKER} one file, {_REPLAYS} times; each costs 8 USD"
    )
    await stage.service.tell_use(BINDER, LAWYER, _TOKENS, now())
    # Of so few cases only one may be paused or on trial at once.
    await stage.until(lambda: _went_on(stage, BINDER))
    await stage.service.tell_use(BAD, ATTACKER, _TOKENS, now())
    await stage.until(lambda: _proposed(stage))
    incident: Any = await stage.newest(RULE)
    action = next(each for each in incident["actions"] if each["status"] == "proposed")
    async with transaction(stage.pool) as tx:
        await verbs.answer_proposal(tx, UUID(action["id"]), now(), _WHO, "공격 확인", approve=True)
    stage.screen.say("the on-call approves account_block")
    await stage.until(lambda: _blocked(stage))
    async with transaction(stage.pool) as tx:
        await verbs.resolve(tx, UUID(incident["id"]), now(), _WHO, "계정 차단, 과금 조정 검토")
    stage.screen.say(
        f"{BINDER} has gone on by itself; {BAD} stays paused, {ATTACKER} is {(await case.account(ATTACKER))[0]}"
    )


async def is_told_apart(stage: Stage) -> bool:
    """Tell whether the attack is paused and its account blocked once, and the lawyer's work goes on."""
    paused = await _is(stage, BAD, "open") and await _is(stage, BINDER, "closed")
    there = await stage.worker.dynamodb.scan(TableName=BREAKER)
    # What has no state is no circuit: workers, and what was reserved, are in that table, too.
    read = {item["id"]["S"]: item["state"]["S"] for item in there["Items"] if "state" in item}
    worker = read.get(f"case#{BAD}") == "open" and read.get(f"case#{BINDER}", "closed") == "closed"
    accounts = [await stage.case.account(user) for user in (ATTACKER, LAWYER)]
    return paused and worker and accounts == [("SUSPENDED", 1), ("ACTIVE", 0)]


async def _put(stage: Stage, key: str, body: str) -> None:
    await stage.service.s3.put_object(Bucket=BUCKET, Key=key, Body=body.encode())


async def _proposed(stage: Stage) -> bool:
    incident = await stage.newest(RULE)
    return incident is not None and any(each["status"] == "proposed" for each in incident["actions"])


async def _blocked(stage: Stage) -> bool:
    return (await stage.case.account(ATTACKER))[1] == 1


async def _went_on(stage: Stage, case: str) -> bool:
    async with transaction(stage.pool) as tx:
        circuit = await circuits.get(tx, Scope.CASE, case)
        return circuit.version > 1 and circuit.state == "closed"


async def _is(stage: Stage, case: str, state: str) -> bool:
    async with transaction(stage.pool) as tx:
        return (await circuits.get(tx, Scope.CASE, case)).state == state
