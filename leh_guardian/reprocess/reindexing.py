"""Owns the asking for a case's index to be built anew; the one rule: what is in the index is the answer.

A 202 says that somebody has begun. So the index is looked at until every finished record has its document, or time is up. Where nobody
knows whether the request was taken, it is repeated: under its key if the API honours keys, otherwise where nothing has come into the
index for a while. An index that is built twice is the same, and costs no tokens.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self

from leh_guardian.context import ActionContext
from leh_guardian.errors import NotFound, OutcomeUnknown, Refused, Transient
from leh_guardian.evidence.inventory import Inventory
from leh_guardian.model.identity import key
from leh_guardian.model.outcome import Wait
from leh_guardian.model.text import told
from leh_guardian.ports import AdminApi
from leh_guardian.telemetry.failpoints import failpoint

_LATE = 60.0
"""Seconds by which a document may come later than its record."""
_SILENT = 120.0
"""Seconds without a new document after which a request that nobody has heard of is repeated; less where less time is given."""


class Stage(StrEnum):
    """How far a repair is."""

    LOOK = "look"
    """Nothing is done yet."""
    REINDEX = "reindex"
    """What is finished goes into the index."""
    REPROCESS = "reprocess"
    """What is not finished is processed anew."""
    SETTLE = "settle"
    """The last documents are waited for."""


class Reindexed(StrEnum):
    """What became of the one request."""

    NOT_ASKED = "not asked"
    ASKING = "asking"
    """It is about to go out, or has: nobody has heard of it yet."""
    ASKED = "asked"
    REFUSED = "refused"
    DONE = "done"
    LATE = "late"
    """Taken, and not done in time."""


@dataclass
class Repair:
    """What a repair remembers; of bounded size."""

    stage: Stage = Stage.LOOK
    reindex: Reindexed = Reindexed.NOT_ASKED
    said: str = ""
    """What the API said, or why nobody knows."""
    since: float = 0.0
    """Unix time at which it was asked for, or at which the stage began."""
    asked: float = 0.0
    """Unix time of the last request, or of the newest document since."""
    lacking: int = 0
    """How many finished pieces were not in the index then."""
    before: dict[str, Any] = field(default_factory=dict)
    """What was counted at the beginning."""

    @classmethod
    def of(cls, remembered: dict[str, Any] | None) -> Self:
        """Read a checkpoint, None for the beginning."""
        if remembered is None:
            return cls()
        read = {"stage": Stage(remembered["stage"]), "reindex": Reindexed(remembered["reindex"])}
        return cls(**{**remembered, **read})


class Reindexing:
    """Asks for the index of one action's case."""

    def __init__(
        self, ctx: ActionContext, admin: AdminApi, state: Repair, case: str, within: timedelta, poll: timedelta
    ) -> None:
        self._ctx = ctx
        self._admin = admin
        self._state = state
        self._case = case
        self._within = within
        self._poll = poll

    async def enter(self, stage: Stage) -> None:
        """Go on to another stage."""
        self._state.stage = stage
        if stage is Stage.SETTLE:
            self._state.since = self._now
        await self._save()

    async def settle(self, seen: Inventory) -> Wait | None:
        """Wait for documents that come late; what was not asked for yet is asked for now. None: that is all that will be."""
        if not seen.unindexed or self._state.reindex is Reindexed.REFUSED:
            return None
        asked = self._state.reindex
        if asked is Reindexed.NOT_ASKED and self._now - self._state.since < min(_LATE, self._within.total_seconds()):
            # Whoever has just processed them writes their documents next.
            return self._wait(seen)
        if asked in {Reindexed.NOT_ASKED, Reindexed.ASKING, Reindexed.ASKED}:
            return await self.go_on(seen)
        return None if self._is_over else self._wait(seen)

    async def go_on(self, seen: Inventory) -> Wait | None:
        """Ask, if nobody has, and look what became of it; None when it is done, refused or over."""
        state = self._state
        if not seen.unindexed:
            if state.reindex in {Reindexed.ASKING, Reindexed.ASKED}:
                await self._is(Reindexed.DONE)
            return None
        if state.reindex is Reindexed.NOT_ASKED:
            state.since = self._now
            self._note(seen)
            await self._is(Reindexed.ASKING)
            failpoint("reconcile.reindexing")
            await self._request(first=True)
        elif state.reindex is Reindexed.ASKING and not self._is_over and self._may_repeat(seen):
            self._note(seen)
            await self._request(first=False)
        if state.reindex is Reindexed.REFUSED:
            return None
        if self._is_over:
            # What nobody has heard of stays so: a person has to look.
            if state.reindex is Reindexed.ASKED:
                await self._is(Reindexed.LATE)
            return None
        return self._wait(seen)

    def _may_repeat(self, seen: Inventory) -> bool:
        """Tell whether a request that nobody has heard of is to be repeated."""
        if len(seen.unindexed) < self._state.lacking:
            # Somebody is at it.
            self._note(seen)
        silent = min(_SILENT, self._within.total_seconds() / 4)
        return self._admin.idempotent or self._now - self._state.asked >= silent

    def _note(self, seen: Inventory) -> None:
        self._state.asked, self._state.lacking = self._now, len(seen.unindexed)

    async def _request(self, *, first: bool) -> None:
        try:
            said = await self._admin.reindex(self._case, str(key(f"{self._ctx.action_id}/reindex/{self._case}")))
        except OutcomeUnknown as error:
            await self._is(Reindexed.ASKING, told(error, 300))
        except (NotFound, Refused) as error:
            # That it is refused now proves nothing about a first one that nobody has heard of.
            await self._is(Reindexed.REFUSED if first else Reindexed.ASKING, told(error, 300))
        except Transient:
            if first:
                await self._is(Reindexed.NOT_ASKED)
            raise
        else:
            failpoint("reconcile.reindexed")
            await self._is(Reindexed.ASKED, said)

    async def _is(self, reindexed: Reindexed, said: str | None = None) -> None:
        self._state.reindex = reindexed
        if said is not None:
            self._state.said = said
        await self._save()

    async def _save(self) -> None:
        await self._ctx.checkpoint("repair", asdict(self._state))

    def _wait(self, seen: Inventory) -> Wait:
        done = f"{len(seen.finished) - len(seen.unindexed)} of {len(seen.finished)} finished pieces are in the search index"
        return Wait(
            self._ctx.clock.now() + self._poll,
            f"{done}; {self._state.reindex.value}",
            {"case": seen.case, **seen.facts},
        )

    @property
    def _now(self) -> float:
        return self._ctx.clock.now().timestamp()

    @property
    def _is_over(self) -> bool:
        return self._now - self._state.since >= self._within.total_seconds()
