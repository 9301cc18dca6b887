"""The review of a bill: what was used before and after the circuit opened, what is usual, and the amount that people decide on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.s3 import S3Objects
from leh_guardian.clock import SystemClock
from leh_guardian.context import Capabilities
from leh_guardian.errors import Refused
from leh_guardian.handlers.billing_review import BillingReviewParams, billing_review
from leh_guardian.model.outcome import Done, Failed
from leh_guardian.model.spend.circuit import Circuit, State, Verdict
from leh_guardian.model.spend.limits import Scope, Unit
from leh_guardian.store import circuits, spending
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from leh_guardian.store.use import StoreUse
from tests.support.attempt import English, attempt
from tests.support.clock import FakeClock

NOW = SystemClock().now().replace(minute=30, second=0, microsecond=0)
OPENED = NOW - timedelta(hours=2)


class _Record:
    """guardian's own record of circuits."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def get(self, scope: Scope, key: str) -> Circuit:
        async with transaction(self._pool) as tx:
            return await circuits.get(tx, scope, key)


async def used(pool: Pool, ago: timedelta, usd: float, key: str = "case_1", model: str = "") -> None:
    """Let a case have used something, a thousand tokens a dollar."""
    sql = "insert into counters (series, key, at, member, amount, keep_until) values ($1, $2, $3, $6, $4, $5)"
    async with transaction(pool) as tx:
        for unit, amount in ((Unit.USD, usd), (Unit.TOKENS, usd * 1000), (Unit.ATTEMPTS, usd * 2)):
            name = spending.series(Scope.CASE, unit)
            await tx.execute(sql, name, key, NOW - ago, amount, NOW + timedelta(days=1), model)


async def opened(pool: Pool, verdict: Verdict | None) -> None:
    """Let its circuit be open, and judged."""
    circuit = Circuit(Scope.CASE, "case_1", State.OPEN, 1, since=OPENED, opened_at=OPENED, verdict=verdict)
    async with transaction(pool) as tx:
        await circuits.follow(tx, circuit)


async def review(pool: Pool, **more: Any) -> Any:
    """What the handler comes to."""
    can = Capabilities(None, {}, None, circuits=_Record(pool), use=StoreUse(pool), **more)  # type: ignore[arg-type]
    outcome = await billing_review(attempt(can, clock=FakeClock(NOW)), BillingReviewParams(key="case_1"))
    assert isinstance(outcome, Done), outcome
    return outcome.facts


async def test_an_attack_is_proposed_to_be_given_back_but_for_what_is_usual(pool: Pool) -> None:
    """What was used from a day before the opening until now, less what these 26 hours usually cost; nothing of another case."""
    await used(pool, timedelta(days=5), 14)
    await used(pool, timedelta(hours=5), 40)
    await used(pool, timedelta(hours=1), 3)
    await used(pool, timedelta(hours=5), 1000, key="case_2")
    await opened(pool, Verdict.ATTACK)
    facts = await review(pool)
    assert facts["before"] == {"tokens": 40_000, "usd": 40.0, "attempts": 80}
    assert facts["after"] == {"tokens": 3_000, "usd": 3.0, "attempts": 6}
    assert facts["usual_a_day"]["usd"] == 1.0
    assert facts["proposed_usd"] == facts["excess_usd"] == pytest.approx(43 - 26 / 24, abs=0.01)
    assert (facts["opened_at"], facts["verdict"], facts["exact_to"]) == (OPENED.isoformat(), "attack", "minute")
    assert "41.92 USD" in facts["brief"]


async def test_cost_is_told_by_model(pool: Pool) -> None:
    """Tokens and cost of each model before and after, the dearest first; what was counted without a model is unknown."""
    await used(pool, timedelta(hours=5), 30, model="gpt-4o-mini")
    await used(pool, timedelta(hours=4), 40, model="gpt-4o")
    await used(pool, timedelta(hours=3), 2)
    await used(pool, timedelta(hours=1), 3, model="gpt-4o")
    await opened(pool, None)
    facts = await review(pool)
    before, after = facts["by_model"]["before"], facts["by_model"]["after"]
    assert {model: one["usd"] for model, one in before.items()} == {"gpt-4o": 40, "gpt-4o-mini": 30, "unknown": 2}
    assert next(iter(before)) == "gpt-4o"
    assert after == {"gpt-4o": {"tokens": 3000, "usd": 3.0, "attempts": 6}}
    assert sum(one["tokens"] for one in before.values()) == facts["before"]["tokens"]
    assert "모델별 gpt-4o 43.0 USD(43000 토큰) · gpt-4o-mini 30.0 USD(30000 토큰) · unknown 2.0 USD" in facts["brief"]


async def test_a_bill_is_told_in_either_language(pool: Pool) -> None:
    """The proposal as people read here; its few words for readers of both, with the same numbers."""
    for model, usd in (("a", 4), ("b", 3), ("c", 2), ("d", 1)):
        await used(pool, timedelta(hours=5), usd, model=model)
    await opened(pool, Verdict.ATTACK)
    can = Capabilities(None, {}, None, circuits=_Record(pool), use=StoreUse(pool), languages=English())  # type: ignore[arg-type]
    done = await billing_review(attempt(can, clock=FakeClock(NOW)), BillingReviewParams(key="case_1"))
    assert isinstance(done, Done)
    assert done.summary == "proposes to adjust the bill of case case_1 by 10.0 USD; people decide"
    brief = done.facts["brief_in"]
    assert brief["en"] == done.facts["brief"]
    assert brief["en"].endswith(
        "by model a 4.0 USD (4000 tokens) · b 3.0 USD (3000 tokens) · c 2.0 USD (2000 tokens) and 1 more"
    )
    assert brief["ko"].endswith("모델별 a 4.0 USD(4000 토큰) · b 3.0 USD(3000 토큰) · c 2.0 USD(2000 토큰) 외 1개")
    wrong = await billing_review(attempt(can, clock=FakeClock(NOW)), BillingReviewParams(key="../x"))
    assert getattr(wrong, "reason", "") == "'../x' is no case's id"


async def test_of_what_somebody_wanted_only_what_was_done_twice(pool: Pool, aws: Aws) -> None:
    """Not an attack: the share of contents that were stored already; where S3 cannot be read, that is said and nothing proposed."""
    s3 = await aws.client("s3")
    await s3.create_bucket(Bucket="bills", CreateBucketConfiguration={"LocationConstraint": aws.region})
    for number, body in enumerate((b"a", b"a", b"a", b"b")):
        await s3.put_object(Bucket="bills", Key=f"cases/case_1/raw/ev_{number}_a.pdf", Body=body)
    await used(pool, timedelta(hours=5), 40)
    await opened(pool, Verdict.SUSPICIOUS)
    facts = await review(pool, objects=S3Objects(aws, s3), evidence_bucket="bills")
    assert facts["duplicates"] == {"stored": 4, "repeated": 2, "whole": True}
    assert (facts["duplicates_usd"], facts["proposed_usd"], facts["excess_usd"]) == (20.0, 20.0, 40.0)
    facts = await review(pool, objects=S3Objects(aws, s3), evidence_bucket="no-such-bucket")
    assert "no-such-bucket" in facts["duplicates"]["unread"]
    assert facts["proposed_usd"] == 0


async def test_a_case_whose_circuit_never_opened(pool: Pool) -> None:
    """The last day, with nothing after it."""
    await used(pool, timedelta(hours=5), 7)
    facts = await review(pool)
    assert (facts["before"]["usd"], facts["after"], facts["opened_at"], facts["proposed_usd"]) == (7.0, None, None, 0.0)


async def test_what_is_no_id_and_what_is_not_known(pool: Pool) -> None:
    """Hostile ids are asked of nobody; without counters there is no answer."""
    nobody = Capabilities(None, {}, None)  # type: ignore[arg-type]
    assert isinstance(await billing_review(attempt(nobody), BillingReviewParams(key="../x")), Failed)
    with pytest.raises(Refused):
        await billing_review(attempt(nobody), BillingReviewParams(key="case_1"))
