"""Owns the restore of a case that somebody asks for by hand; the one rule: a command and a button begin the very same.

Whoever types or presses it has decided, so nobody is asked again; the daemon does it, under the kill switch and the limits.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from leh_guardian.engine import by_hand
from leh_guardian.registry import Registry
from leh_guardian.store.transaction import Transaction

STEPS: Final = ("case_restore", "reconcile_case")
"""Its steps, in their order: open, and made whole."""


async def begin(
    tx: Transaction,
    registry: Registry,
    case: str,
    *,
    now: datetime,
    who: str,
    reason: str,
    limit: int | None = None,
    reprocess: bool = True,
) -> tuple[UUID, bool]:
    """Plan the restore of a case; returns its incident, and False where one of this case is under way already.

    `limit` is how many pieces may be processed anew, the handler's own where None.
    """
    repair = {"case": case} | ({} if reprocess else {"reprocess": False})
    return await by_hand.start(
        tx,
        registry,
        STEPS[0],
        {"case": case, "requested_by": who},
        about=case,
        limits={} if limit is None else {"evidence": limit},
        now=now,
        who=who,
        reason=reason,
        then=[(STEPS[1], repair)],
    )
