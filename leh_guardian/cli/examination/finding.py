"""Owns a finding and the bounded look that makes it; the one rule: a look ends in time, and whatever it meets is a finding."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio

from leh_guardian.errors import GuardianError
from leh_guardian.language import Text

DEADLINE = 12.0
"""Seconds one look may take; all looks are taken side by side, so the whole takes hardly longer."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's."""

    item: str
    status: str
    """OK, WARN or FAIL."""
    detail: str
    fix: str | Text = ""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at something outside."""

    item: str
    take: Callable[[], Awaitable[list[Finding]]]
    fix: str | Text
    """What helps when it fails as a whole, or does not come back."""
    failed: str = "FAIL"
    """What that is for the daemon."""


async def bounded(look: Look) -> list[Finding]:
    """Return what `look` finds; that it fails, or does not come back, is a finding too."""
    with anyio.move_on_after(DEADLINE):
        try:
            return await look.take()
        except GuardianError as error:
            return [Finding(look.item, look.failed, str(error), look.fix)]
    return [Finding(look.item, look.failed, f"no answer within {DEADLINE:g} s", look.fix)]
