"""Owns the twins of store/early_oks.py; the one rule: as there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from leh_guardian.store.incidents import RuleKey
from leh_guardian.store.transaction import Transaction
from tests.sim.store.pool import statement
from tests.sim.store.tables import EARLY_OKS


async def remember(tx: Transaction, oks: Mapping[RuleKey, datetime]) -> None:
    """Do as the real one."""
    if not oks:
        return
    rows = [{"rule_id": rule_id, "dedup_key": key, "ok_at": oks[rule_id, key]} for rule_id, key in sorted(oks)]
    async with statement(tx, "early_oks.remember") as work:
        await work.insert(
            EARLY_OKS,
            rows,
            spare=EARLY_OKS.primary,
            merge=lambda there, new: {"ok_at": max(there["ok_at"], new["ok_at"])},
        )


async def newest(tx: Transaction, keys: Collection[RuleKey]) -> dict[RuleKey, datetime]:
    """Do as the real one."""
    async with statement(tx, "early_oks.newest") as work:
        return {key: row["ok_at"] for key in keys for row in work.find(EARLY_OKS, *key)}


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Do as the real one."""
    async with statement(tx, "early_oks.forget") as work:
        old = sorted((row for row in work.rows(EARLY_OKS) if row["ok_at"] < before), key=lambda row: row["ok_at"])
        return await work.delete(EARLY_OKS, old[:portion])
