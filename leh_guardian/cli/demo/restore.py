"""Owns the act of scenario B: a case is closed by mistake; the one rule: as that of the other acts - guardian alone puts it right.

The shipped rule only proposes; the demo gives the word that the on-call would give, once for the status and the repair together.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from leh_guardian.cli.demo.acts import Stage
from leh_guardian.clock import SystemClock
from leh_guardian.engine import verbs
from leh_guardian.local.product import CASE, LAWYER, LocalCase
from leh_guardian.store.transaction import transaction

RULE: Final = "case-restore-requested"
_WHO: Final = "oncall"


async def closed_by_mistake(stage: Stage) -> None:
    """A case is closed, its index deleted and half of its records cleared; the lawyer asks for it back."""
    case = stage.case
    stage.screen.title("A case closed by mistake: opened, reindexed, what is gone is processed anew, all of it counted")
    await case.close_case()
    left = len(case.evidence) - len(case.cleared)
    stage.screen.say(
        f"{LAWYER} closes {CASE}: {await case.status()}, no index, {left} of {len(case.evidence)} records left"
    )
    for each in case.cleared:
        stage.worker.cases[each] = CASE
    await stage.service.ask_for_restore(CASE, LAWYER, SystemClock().now())
    await _approve(stage)
    await stage.until(lambda: _resolved(stage))
    stage.screen.say(
        f"{CASE} is {await case.status()}; {len(case.searchable)} of {len(case.evidence)} pieces of evidence can be searched"
    )


async def is_whole(case: LocalCase) -> bool:
    """Tell whether the case is as it was, and LEH's own log says once why."""
    opened = await case.status() == "ACTIVE" and await case.restores() == 1
    return opened and case.searchable == set(case.evidence)


async def _approve(stage: Stage) -> None:
    """Give the word that the restore waits for."""
    found: list[str] = []

    async def proposed() -> bool:
        incident = await stage.newest(RULE)
        actions = incident["actions"] if incident else []
        found[:] = [each["id"] for each in actions if each["status"] == "proposed"]
        return bool(found)

    await stage.until(proposed)
    async with transaction(stage.pool) as tx:
        now = SystemClock().now()
        await verbs.answer_proposal(tx, UUID(found[0]), now, _WHO, "변호사에게 확인함", approve=True)
    stage.screen.say("the on-call approves the restore: the case opened, and its evidence made whole")


async def _resolved(stage: Stage) -> bool:
    incident = await stage.newest(RULE)
    return incident is not None and incident["status"] == "resolved"
