"""Opening a case through its handler: which are opened, which stay closed and why, and what is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from leh_guardian.clock import SystemClock
from leh_guardian.context import ActionContext, Capabilities
from leh_guardian.errors import NotFound, Refused
from leh_guardian.handlers.case_restore import CaseRestoreParams, case_restore
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.model.case import RestorePolicy
from leh_guardian.model.outcome import Done, Failed, NoOp
from tests.support.attempt import Memory, again, attempt
from tests.support.clock import FakeClock
from tests.support.leh_product import SHAPES, Product, make_product

SHAPE = SHAPES["checked varchar"]
PARAMS = CaseRestoreParams(case=SHAPE.case, requested_by="user_1")


@pytest.fixture
async def product(postgres: EmbeddedPostgres) -> Product:
    """LEH's database, its case closed an hour ago."""
    return await make_product(postgres.dsn("guardian"), SHAPE)


def asked(product: Product, memory: Memory | None = None, **names: Any) -> ActionContext:
    """An attempt at a restore that is asked for now."""
    can = Capabilities(None, {}, None, cases=product.cases(**names))  # type: ignore[arg-type]
    clock = FakeClock(SystemClock().now())
    ctx = attempt(can, memory=memory, clock=clock, limits={"cases": 1})
    return replace(ctx, incident={**ctx.incident, "began_at": clock.now().isoformat()})


async def test_it_is_opened_once_and_says_so(product: Product) -> None:
    """Done by the first, known for its own at a second attempt, and nothing to do for another action."""
    ctx = asked(product)
    done = await case_restore(ctx, PARAMS)
    assert isinstance(done, Done)
    assert (done.facts["before"], done.facts["closed_by"]) == ("CLOSED", SHAPE.user_id)
    assert isinstance(await case_restore(again(ctx), PARAMS), Done)
    other = await case_restore(asked(product), PARAMS)
    assert isinstance(other, NoOp)
    assert "이미 active" in other.reason
    assert len(await product.log()) == 1


async def test_what_stays_closed(product: Product) -> None:
    """On hold, closed long ago, in another state, or not there: told in words, and nothing is written."""
    held = await case_restore(asked(product, policy=RestorePolicy(frozenset({SHAPE.case}))), PARAMS)
    assert isinstance(held, Failed)
    assert "보류" in held.reason
    with pytest.raises(NotFound, match="no case case_none"):
        await case_restore(asked(product), CaseRestoreParams(case="case_none"))
    with pytest.raises(Refused, match="LEH_PRODUCT_DATABASE_URL"):
        await case_restore(attempt(Capabilities(None, {}, None)), PARAMS)  # type: ignore[arg-type]
    await product.do("update audit_logs set timestamp = timestamp - interval '40 days'")
    old = await case_restore(asked(product), PARAMS)
    assert isinstance(old, Failed)
    assert "40일" in old.reason
    await product.do("alter table cases drop constraint casestatus")
    await product.do("update cases set status = 'FROZEN'")
    frozen = await case_restore(asked(product), PARAMS)
    assert isinstance(frozen, Failed)
    assert "FROZEN" in frozen.reason
    assert await product.log() == []


async def test_a_dry_run_changes_nothing(product: Product) -> None:
    """It says what it would do."""
    told = await case_restore(replace(asked(product), dry_run=True), PARAMS)
    assert isinstance(told, Done)
    assert await product.status() == SHAPE.closed
    assert await product.log() == []
