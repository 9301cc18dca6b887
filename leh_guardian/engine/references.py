"""Owns what people call an incident by, its id or its number; the one rule: what is neither is nothing, and no error."""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

from leh_guardian.store import incidents
from leh_guardian.store.transaction import Transaction

_NUMBER: Final = re.compile(r"(?i:INC-)([0-9]{1,18})")


def number_of(given: str) -> int | None:
    """Return the number that `INC-1042` names, None for anything else."""
    found = _NUMBER.fullmatch(given)
    return int(found[1]) if found else None


def is_reference(given: str) -> bool:
    """Tell whether `given` has the form of an incident's id or number."""
    if number_of(given) is not None:
        return True
    try:
        UUID(given)
    except ValueError:
        return False
    return True


async def incident_id(tx: Transaction, given: str) -> UUID | None:
    """Return the id of the incident that `given` names by id or number; None where there is none of that number."""
    number = number_of(given)
    return UUID(given) if number is None else await incidents.numbered(tx, number)
