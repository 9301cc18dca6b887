"""One attempt of one action by hand, with the real outside: what handler tests run."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from leh_guardian.context import ActionContext, Capabilities
from leh_guardian.errors import Halted
from leh_guardian.language import Locale
from tests.support.clock import FakeClock


@dataclass
class Memory:
    """Checkpoints kept in a test, which may stop the handler at the n-th one."""

    values: dict[str, Any] = field(default_factory=dict)
    saves: int = 0
    stop_at: int | None = None

    async def save(self, name: str, value: Any) -> None:
        """Remember; then stop, if the test says so."""
        self.values[name] = value
        self.saves += 1
        if self.saves == self.stop_at:
            raise Halted


class English:
    """Everybody reads English."""

    def locale(self, target: str = "") -> Locale:
        """Return what a target is told in."""
        return Locale.EN


def attempt(
    can: Capabilities,
    *,
    memory: Memory | None = None,
    dry_run: bool = False,
    limits: Mapping[str, int] | None = None,
    clock: FakeClock | None = None,
) -> ActionContext:
    """A first attempt."""
    memory = memory or Memory()
    return ActionContext(
        action_id=uuid.uuid4(),
        incident_id=uuid.uuid4(),
        rule_id="rule",
        attempt=1,
        dry_run=dry_run,
        incident={
            "severity": "sev2",
            "dedup_key": "key",
            "opened_at": "2026-11-22T18:00:00+00:00",
            "began_at": "2026-11-22T18:00:00+00:00",
        },
        clock=clock or FakeClock(),
        log=structlog.get_logger(),
        can=can,
        limits=limits or {},
        remembered=memory.values,
        checkpoints=memory,
    )


def again(before: ActionContext) -> ActionContext:
    """The next attempt of the same action."""
    memory = before.checkpoints
    assert isinstance(memory, Memory)
    memory.stop_at = None
    return replace(before, attempt=before.attempt + 1, remembered=dict(memory.values))
