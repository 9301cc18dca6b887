"""Owns the carrying of pieces to their end, a few first and then the rest; the one rule: what dies in numbers is not asked for again.

Each attempt does a slice of the work and waits; what it knows is in `Progress`, and each piece has a row of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Protocol

from leh_guardian.clock import seconds
from leh_guardian.context import ActionContext
from leh_guardian.errors import StoreUnavailable, Transient
from leh_guardian.model.outcome import Escalate, Outcome, Wait
from leh_guardian.model.reprocessing import BAD, Piece, PieceState
from leh_guardian.model.text import told
from leh_guardian.ports import Reprocessing
from leh_guardian.reprocess.asking import ENOUGH, Asking
from leh_guardian.reprocess.progress import Phase, Progress
from leh_guardian.reprocess.report import facts, report

SLICE: Final = 240.0
"""Seconds of work in one attempt: a long reprocessing waits and goes on, it does not run into its timeout."""
_PATIENCE = timedelta(hours=1)
"""How long nothing may be taken, or looked at, until people are asked."""
_BAD_SHARE = 0.2
"""Part of the pieces that may fail."""


class Patience(Protocol):
    """How many at once, and for how long; parameters of handlers."""

    @property
    def canary(self) -> int:
        """So many first; 0: all at once."""

    @property
    def concurrency(self) -> int:
        """Pieces at work at once."""

    @property
    def poll(self) -> timedelta:
        """The pause between two looks."""

    @property
    def give_up_after(self) -> timedelta:
        """When to stop waiting for what others are at work on."""


class Carrying:
    """One attempt at the pieces of an action."""

    def __init__(
        self, ctx: ActionContext, rows: Reprocessing, asking: Asking, progress: Progress, patience: Patience
    ) -> None:
        self._ctx = ctx
        self._rows = rows
        self._asking = asking
        self._progress = progress
        self._patience = patience
        self._until = ctx.clock.monotonic() + SLICE

    async def carry_on(self) -> Outcome:
        """Watch what is at work, and ask for what may be asked for now; returns a wait, or the report."""
        pieces = await self._asking.watch()
        ended = await self._canary(pieces) if self._progress.phase is Phase.CANARY else None
        return ended or await self._rest(await self._asking.pieces())

    async def trouble(self, error: Transient | StoreUnavailable) -> Outcome:
        """Wait while something outside is away: it costs no attempt, for a time."""
        progress, now = self._progress, self._ctx.clock.now()
        known = {"reason": told(error, 300)}
        if progress.trouble_since and now.timestamp() - progress.trouble_since >= _PATIENCE.total_seconds():
            return Escalate(f"nothing could be done for {_PATIENCE}: {told(error, 300)}", known)
        if not progress.trouble_since:
            progress.trouble_since = now.timestamp()
            await self._save()
        asked = getattr(error, "retry_after", None) or 0.0
        return Wait(
            now + max(self._patience.poll, seconds(min(asked, _PATIENCE.total_seconds()))), told(error, 300), known
        )

    async def _canary(self, pieces: Sequence[Piece]) -> Outcome | None:
        """Ask for the first few; returns None when all of them have finished."""
        # One that nobody heard of says nothing: another goes first in its place, as where one is refused.
        first = [piece for piece in pieces if piece.canary and piece.tried and not piece.unheard]
        if any(piece.state in BAD for piece in first):
            return await self._end("the first ones did not finish: the cause is still there")
        lacking = self._patience.canary - len(first)
        if lacking > 0 and not self._dies(pieces):
            await self._asking.ask(pieces, lacking, self._until, canary=True)
            pieces = await self._asking.pieces()
        if any(piece.open for piece in pieces):
            return self._wait("the first ones are on their way", pieces)
        if lacking > 0 and any(piece.state is PieceState.PLANNED for piece in pieces) and not self._dies(pieces):
            return await self._leave_to_others(pieces)
        await self._enter(Phase.REST)
        return None

    async def _leave_to_others(self, pieces: Sequence[Piece]) -> Outcome:
        """Wait for what others are at work on, for a time."""
        why = "others are at work on what is left"
        if self._waited >= self._patience.give_up_after.total_seconds():
            return await self._end(f"{why}, and have been for long")
        return self._wait(why, pieces)

    async def _rest(self, pieces: Sequence[Piece]) -> Outcome:
        """Ask for the rest, as many at once as may be."""
        if self._dies(pieces):
            return await self._end("too many did not finish: stopped")
        room = self._patience.concurrency - sum(piece.open for piece in pieces)
        if await self._asking.ask(pieces, room, self._until) or room <= 0:
            return self._wait("they are on their way", await self._asking.pieces())
        pieces = await self._asking.pieces()
        if any(piece.open for piece in pieces):
            return self._wait("they are on their way", pieces)
        if any(piece.state is PieceState.PLANNED for piece in pieces) and not self._dies(pieces):
            return await self._leave_to_others(pieces)
        return await self._end("")

    async def _end(self, why: str) -> Outcome:
        """Report, once nothing is at work any more."""
        pieces = await self._asking.pieces()
        if any(piece.open for piece in pieces):
            return self._wait(f"{why}; what was asked for is watched to its end", pieces)
        pieces = await self._asking.last_look(pieces)
        self._progress.stopped = why if any(piece.state is PieceState.PLANNED for piece in pieces) else ""
        await self._rows.release(self._ctx.action_id, self._ctx.incident_id)
        return report(self._progress, pieces)

    def _wait(self, why: str, pieces: Sequence[Piece]) -> Wait:
        known = facts(self._progress, pieces)
        said = f"{known['finished']} of {len(pieces)} pieces of evidence are finished; {why}"
        return Wait(self._ctx.clock.now() + self._patience.poll, said, known)

    def _dies(self, pieces: Sequence[Piece]) -> bool:
        """Whether so much fails that no more is asked for."""
        bad = sum(piece.state in BAD for piece in pieces)
        settled = bad + sum(piece.state is PieceState.FINISHED for piece in pieces)
        return bad >= ENOUGH and bad > _BAD_SHARE * settled

    @property
    def _waited(self) -> float:
        """Seconds since the phase began."""
        return self._ctx.clock.now().timestamp() - self._progress.since

    async def _enter(self, phase: Phase) -> None:
        self._progress.phase, self._progress.since = phase, self._ctx.clock.now().timestamp()
        await self._save()

    async def _save(self) -> None:
        await self._ctx.checkpoint("progress", self._progress.to_json())
