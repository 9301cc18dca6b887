"""Owns a finding and the bounded look that makes it; the one rule: a look ends in time, and whatever it meets is a finding."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio

from leh_guardian.errors import GuardianError

DEADLINE = 12.0
"""Seconds one look may take; all looks are taken side by side, so the whole takes hardly longer."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's."""

    item: str
    status: str
    """OK, WARN or FAIL."""
    detail: str
    fix: str = ""


Look = Callable[[], Awaitable[list[Finding]]]


async def bounded(item: str, look: Look, fix: str) -> list[Finding]:
    """Return what `look` finds; that it fails, or does not come back, is a finding with `fix`."""
    with anyio.move_on_after(DEADLINE):
        try:
            return await look()
        except GuardianError as error:
            return [Finding(item, "FAIL", str(error), fix)]
    return [Finding(item, "FAIL", f"no answer within {DEADLINE:g} s", fix)]
