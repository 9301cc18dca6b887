"""Owns the twins of store/control.py; the one rule: as there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from leh_guardian.model.mode import Mode
from leh_guardian.model.text import storable
from leh_guardian.store.transaction import Transaction
from tests.sim.store.pool import statement
from tests.sim.store.tables import CONTROL


async def set_mode(tx: Transaction, scope: str, mode: Mode, reason: str, who: str, now: datetime) -> None:
    """Do as the real one."""
    said = {"mode_rank": mode.rank, "reason": storable(reason), "set_by": storable(who), "set_at": now}
    async with statement(tx, "control.set_mode") as work:
        await work.insert(CONTROL, [{"scope": scope, **said}], spare=CONTROL.primary, merge=lambda _, new: new)


async def modes(tx: Transaction) -> list[Any]:
    """Do as the real one."""
    async with statement(tx, "control.modes") as work:
        return sorted(work.rows(CONTROL), key=lambda row: row["scope"])
