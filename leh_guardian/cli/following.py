"""Owns the following of what a command has started, to its end; the one rule: it only looks, and may be interrupted at any time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import anyio

from leh_guardian.cli.output import tell
from leh_guardian.cli.store_access import with_store
from leh_guardian.language import Text
from leh_guardian.model.text import shown
from leh_guardian.store import overview

PAUSE = 2.0
_NOBODY: Final = Text(
    ko="아직 아무 데몬도 실행하지 않았습니다: `leh-guardian run`이 떠 있는지, `mode show`가 act인지 확인하세요.",
    en="No daemon has taken it up yet: look whether `leh-guardian run` is there, and whether `mode show` says act.",
)
_GOOD = ("succeeded", "skipped")
_ENDED = (*_GOOD, "failed", "needs_human", "rejected")
_UNCLAIMED = 30.0
"""Seconds after which it is said that no daemon has taken the work up."""


def actions_of(incident: UUID, handlers: Sequence[str]) -> list[dict[str, Any]]:
    """Return the actions of an incident by these handlers, in this order, as far as they are planned."""
    found = with_store(lambda tx: overview.incident(tx, incident)) or {"actions": []}
    by_name = {each["handler"]: each for each in found["actions"]}
    return [by_name[name] for name in handlers if name in by_name]


async def follow(incident: UUID, handlers: Sequence[str]) -> list[dict[str, Any]]:
    """Tell what the actions are doing until the last of them, or the first that fails, has ended; returns them."""
    said, since = "", anyio.current_time()
    while True:
        actions = await anyio.to_thread.run_sync(actions_of, incident, handlers, abandon_on_cancel=True)
        action = actions[-1]
        summary = (action["outcome"] or {}).get("summary", "")
        if (now := f"{action['handler']} {action['status']} {shown(summary, 200)}".strip()) != said:
            tell(now)
            said = now
            if action["status"] == "proposed":
                tell(_approve(str(action["id"])[:8]))
        whole = len(actions) == len(handlers)
        if action["status"] in _ENDED and (whole or action["status"] not in _GOOD):
            return actions
        if action["status"] == "scheduled" and not action["attempt"] and anyio.current_time() - since > _UNCLAIMED:
            tell(_NOBODY)
            since = anyio.current_time()
        await anyio.sleep(PAUSE)


def _approve(action: str) -> Text:
    return Text(
        ko=f"승인을 기다립니다: `leh-guardian actions approve {action}`, 취소는 `actions reject {action}`.",
        en=f"It waits for an approval: `leh-guardian actions approve {action}`; `actions reject {action}` ends it.",
    )
