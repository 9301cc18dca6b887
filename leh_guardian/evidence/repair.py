"""Owns what a case's repair would do and cost; the one rule: it proposes, with commands and prices, and asks for nothing.

Reprocessing a piece costs model tokens. Where DynamoDB was cleared, its point-in-time recovery may be cheaper: it brings the whole
table back into another one, at a price by its size, and a person copies the case's items. Both prices are assumptions of the rule's.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from leh_guardian.context import Capabilities
from leh_guardian.evidence import wording
from leh_guardian.evidence.inventory import Inventory
from leh_guardian.language import Text
from leh_guardian.model.spend.limits import Scope
from leh_guardian.ports import TableBackups

USD_PER_PIECE: Final = 0.05
"""An average case of 100 files costs 5 USD."""
USD_PER_GB: Final = 0.171
"""A restore's price for each GB of the table ("Amazon DynamoDB pricing", backup and restore); other regions differ a little."""
_GB = 1024**3
_BEFORE: Final = timedelta(minutes=1)
_FEW: Final = 5
"""Missing records for which nobody restores a table."""


@dataclass(frozen=True, slots=True)
class Prices:
    """In US dollars."""

    piece: float = USD_PER_PIECE
    gigabyte: float = USD_PER_GB


def steps(seen: Inventory) -> list[str]:
    """Return what would be asked for, in order."""
    would = []
    if seen.unindexed:
        would.append("reindex-case")
    if seen.unfinished:
        would.append(f"reprocess-evidence x {len(seen.unfinished)}")
    return would


async def is_paused(can: Capabilities, case: str) -> bool:
    """Tell whether AI processing of a case is paused because of its costs: the worker would put aside what is asked for now."""
    return can.circuits is not None and (await can.circuits.get(Scope.CASE, case)).state.pauses


def cost(seen: Inventory, prices: Prices) -> float:
    """Return what reprocessing would cost."""
    return round(len(seen.unfinished) * prices.piece, 2)


def worth_recovery(seen: Inventory) -> bool:
    """Tell whether so many records are gone that the table's recovery is worth a thought."""
    return len(seen.absent) > _FEW


def recovery(
    seen: Inventory, table: str, backups: TableBackups, closed_at: datetime | None, now: datetime, prices: Prices
) -> dict[str, Any]:
    """Return the proposal of a point-in-time recovery: whether it can be had, its price, and the commands."""
    usd = round(backups.size / _GB * prices.gigabyte, 2)
    wanted = (closed_at or now) - _BEFORE
    known: dict[str, Any] = {"enabled": backups.enabled, "usd": usd, "table_bytes": backups.size}
    if not backups.enabled:
        return known | {"why_not": "point-in-time recovery is off"}
    if backups.earliest is not None and wanted < backups.earliest:
        return known | {"why_not": f"nothing is kept from before {backups.earliest.isoformat(timespec='seconds')}"}
    if backups.latest is not None and wanted > backups.latest:
        known["wait"] = (
            "the newest instant that can be brought back is about five minutes ago: wait until it has passed"
        )
    return known | {"to": wanted.isoformat(timespec="seconds"), "commands": _commands(seen.case, table, wanted)}


def _commands(case: str, table: str, to: datetime) -> list[str]:
    name, target = shlex.quote(table), shlex.quote(f"{table[:230]}-restore-{to:%Y%m%d%H%M}")
    value = shlex.quote(f'{{":case": {{"S": "{case}"}}}}')
    return [
        f"aws dynamodb restore-table-to-point-in-time --source-table-name {name} --target-table-name {target}"
        f" --restore-date-time {to.isoformat(timespec='seconds')}",
        f"aws dynamodb wait table-exists --table-name {target}",
        f"aws dynamodb scan --table-name {target} --filter-expression 'case_id = :case' --expression-attribute-values {value}"
        " --output json > items.json",
        # By way of a file: an item may be larger than an argument. One that is there again already is left alone.
        "jq -c '.Items[]' items.json | while read -r item; do printf '%s' \"$item\" > item.json;"
        f" aws dynamodb put-item --table-name {name} --item file://item.json --condition-expression"
        " 'attribute_not_exists(evidence_id)'; done",
        f"aws dynamodb delete-table --table-name {target}",
    ]


def said(found: dict[str, Any], seen: Inventory, prices: Prices) -> Text:
    """Say what both ways cost, for whoever approves."""
    pieces, usd = len(seen.unfinished), cost(seen, prices)
    if "commands" in found:
        return wording.both_prices(pieces, usd, prices.piece, found["usd"], prices.gigabyte)
    return wording.one_price(pieces, usd, prices.piece, found["why_not"])
