"""Owns what the newcomer sees of the demo; the one rule: what guardian did is told in its own journal's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import anyio

from leh_guardian.cli.output import out
from leh_guardian.model.journal import Kind
from leh_guardian.model.text import shown
from leh_guardian.store import overview
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction

_PAUSE: Final = 0.2
_WIDTH: Final = 100
_TOLD: Final = {
    Kind.OPENED: "opened",
    Kind.REOPENED: "opened again",
    Kind.STARTED: "started",
    Kind.SUCCEEDED: "done",
    Kind.NOTHING_TO_DO: "nothing to do",
    Kind.WAITING: "waits",
    Kind.FAILED: "failed",
    Kind.NEEDS_HUMAN: "asks a person",
    Kind.VERIFIED: "verified",
    Kind.RESOLVED: "resolved",
    Kind.ESCALATED: "people are told",
    Kind.CALLED: "people are called:",
    Kind.ACKNOWLEDGED: "acknowledged",
}
"""The lines of the journal that are shown, by kind."""


@dataclass
class Screen:
    """Standard output, with the time since the beginning."""

    began: float = field(default_factory=anyio.current_time)
    _seen: dict[str, int] = field(default_factory=dict)
    _last: dict[str, str] = field(default_factory=dict)

    def title(self, text: str) -> None:
        """Begin an act."""
        out(f"\n{anyio.current_time() - self.began:6.1f}s  ── {text}", flush=True)

    def say(self, text: str) -> None:
        """Say what the demo itself does."""
        out(f"{anyio.current_time() - self.began:6.1f}s     {text}", flush=True)

    async def follow(self, pool: Pool) -> None:
        """Show what guardian does, until cancelled."""
        while True:
            for incident in await incidents(pool):
                self._show(incident)
            await anyio.sleep(_PAUSE)

    def _show(self, incident: dict[str, Any]) -> None:
        lines = incident["journal"]
        handlers = {action["id"]: action["handler"] for action in incident["actions"]}
        params = {action["id"]: action["params"] for action in incident["actions"]}
        for line in lines[self._seen.get(incident["id"], 0) :]:
            handler = line["data"].get("handler") or handlers.get(line["action"], "")
            if handler == "page" and line["kind"] == Kind.SUCCEEDED:
                self._show_message(params[line["action"]])
            # That a message is on its way was said before; that it went out is no news.
            if (words := _TOLD.get(line["kind"])) is None or handler in {"notify", "page"}:
                continue
            text = " ".join(filter(None, [incident["rule"], handler, words, shown(line["reason"], _WIDTH)]))
            # One that waits says so at each look.
            if self._last.get(incident["id"]) != text:
                out(f"{anyio.current_time() - self.began:6.1f}s  ▸  {text}", flush=True)
            self._last[incident["id"]] = text
        self._seen[incident["id"]] = len(lines)

    def _show_message(self, params: dict[str, Any]) -> None:
        """Show a message as people see it, as far as a line of a terminal goes."""
        title, *lines = params["text"].splitlines()
        said = f"{title} — {lines[0]}" if lines else title
        out(f"{anyio.current_time() - self.began:6.1f}s  📣 {shown(said, _WIDTH)}", flush=True)


async def incidents(pool: Pool) -> list[dict[str, Any]]:
    """Return every incident, the oldest first, each with its actions and its journal."""
    async with transaction(pool) as tx:
        newest = await overview.list_incidents(tx, limit=50)
        found = [await overview.incident(tx, each["id"]) for each in reversed(newest)]
    return [each for each in found if each is not None]
