"""Owns whether work of a case goes through, as a worker sees it; the one rule: it is read as docs/breaker.md says workers read it.

Read from the table and not from guardian's own record: what is sent back too early is parked again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from leh_guardian.context import Capabilities
from leh_guardian.errors import Refused
from leh_guardian.model.text import shown

_THROUGH: Final = frozenset({"closed", "half_open", "forced_closed", "shadow"})


async def what_holds(can: Capabilities, case: str, now: datetime) -> str:
    """Return what holds the work of a case up - its own circuit or the fleet's - or an empty text. A user's only the worker knows.

    Raises:
        Refused: nobody said where the circuits are.
    """
    if can.tables is None or can.breaker_table is None:
        raise Refused("nobody said where the circuits are: set LEH_BREAKER__TABLE")
    layout = await can.tables.layout(can.breaker_table)
    for name in (f"case#{case}", "fleet"):
        state = state_of(await can.tables.get(can.breaker_table, {layout.hash_key: name}), now)
        if state not in _THROUGH:
            return f"{name} is {shown(state, 40)}"
    return ""


def state_of(item: Mapping[str, Any] | None, now: datetime) -> str:
    """Return the state that an item of the breaker table means at an instant; no item means closed."""
    if item is None:
        return "closed"
    state, until = str(item.get("state", "closed")), item.get("until")
    if until is None or state not in {"half_open", "forced_closed"}:
        return state
    if _over(str(until), now):
        return {"half_open": "open", "forced_closed": "closed"}[state]
    return state


def _over(until: str, now: datetime) -> bool:
    try:
        told = datetime.fromisoformat(until)
    except ValueError:
        return True
    return now >= (told if told.tzinfo else told.replace(tzinfo=UTC))
