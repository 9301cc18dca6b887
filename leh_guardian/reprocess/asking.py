"""Owns the asking and the watching of single pieces; the one rule: what may have been asked for is not asked for again blindly.

A row is taken from `planned` to `asking` before the request, by one attempt alone, and to `asked` after it. What a crash or a lost
answer leaves at `asking` is asked for again, under the same key, where the API honours keys. Elsewhere its record decides: finished
is fine; one that was written since shows that it was taken; otherwise it is waited for, and then a person is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from leh_guardian.context import ActionContext
from leh_guardian.errors import AccessDenied, NotFound, OutcomeUnknown, Refused, Transient
from leh_guardian.evidence.record import EvidenceRecord, EvidenceRecords
from leh_guardian.fields import format_duration
from leh_guardian.model.reprocessing import BAD, OPEN, UNHEARD, Piece, PieceState, idempotency_key
from leh_guardian.model.text import told
from leh_guardian.ports import AdminApi, Reprocessing
from leh_guardian.telemetry.failpoints import failpoint

ENOUGH = 3
"""Pieces that fail in a row before it is thought about going on."""
ALREADY = "was finished already"


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast, and how patiently."""

    concurrency: int
    """Pieces at work at once."""
    rate: float
    """Requests a second."""
    finish_within: timedelta
    """How long a piece may take."""


class Asking:
    """Asks for the pieces of one action, and looks what becomes of them."""

    def __init__(
        self,
        ctx: ActionContext,
        rows: Reprocessing,
        admin: AdminApi,
        records: EvidenceRecords,
        pace: Pace,
        *,
        indexed: bool = False,
    ) -> None:
        self._ctx = ctx
        self._rows = rows
        self._admin = admin
        self._records = records
        self._pace = pace
        self._indexed = indexed
        self._doubt = False
        self._refusals = 0

    async def pieces(self) -> Sequence[Piece]:
        """Return the rows as they are now."""
        return await self._rows.pieces(self._ctx.action_id)

    async def watch(self) -> Sequence[Piece]:
        """Look at every piece that may be at work, settle what can be settled; returns all pieces."""
        for piece in await self.pieces():
            if piece.open:
                await self._look_after(piece)
        return await self.pieces()

    async def ask(self, pieces: Sequence[Piece], most: int, until: float, *, canary: bool = False) -> int:
        """Ask for up to `most` of the planned ones among `pieces`, not beyond the monotonic second `until`; returns for how many.

        As long as nobody knows what came of one request, no other goes out: whatever ails the API, it ails one piece at a time.
        """
        asked, clock = 0, self._ctx.clock
        self._doubt, self._refusals = any(piece.state is PieceState.ASKING for piece in pieces), 0
        for piece in pieces:
            if asked >= most or self._doubt or self._refusals >= ENOUGH or clock.monotonic() >= until:
                break
            if piece.state is PieceState.PLANNED and await self._ask(piece, canary=canary):
                asked += 1
                await clock.sleep(1 / self._pace.rate)
        return asked

    async def last_look(self, pieces: Sequence[Piece]) -> Sequence[Piece]:
        """Look once more at what was given up: the worker may have been late."""
        for piece in pieces:
            if piece.tried and piece.state in BAD:
                record = await self._look(piece)
                if record.processed:
                    await self._move(piece, {piece.state}, PieceState.FINISHED, "finished late")
        return await self.pieces()

    async def _ask(self, piece: Piece, *, canary: bool) -> bool:
        """Ask for a planned piece; False where there is nothing to ask for, or not now."""
        try:
            record = await self._look(piece)
        except Refused as error:
            await self._move(piece, {PieceState.PLANNED}, PieceState.FAILED, told(error, 300))
            return False
        if record.processed:
            await self._move(piece, {PieceState.PLANNED}, PieceState.FINISHED, ALREADY)
            return False
        if record.processing and self._is_fresh(record):
            return False
        mine = await self._rows.begin(
            self._ctx.action_id,
            piece.evidence,
            before=record.mark,
            canary=canary,
            patience=self._pace.finish_within,
        )
        if not mine:
            return False
        failpoint("reprocess.asking")
        return await self._request(piece)

    async def _request(self, piece: Piece) -> bool:
        """Send the request of a piece that has just become `asking`; returns whether it may be at work now."""
        try:
            said = await self._admin.reprocess(piece.evidence, idempotency_key(self._ctx.action_id, piece.evidence))
        except OutcomeUnknown as error:
            # It stays as it is, with a reason.
            self._doubt = True
            await self._move(piece, {PieceState.ASKING}, PieceState.ASKING, told(error, 300))
            return True
        except (NotFound, Refused) as error:
            self._refusals += 1
            await self._refused(piece, told(error, 300))
            return False
        except (Transient, AccessDenied):
            await self._move(piece, {PieceState.ASKING}, PieceState.PLANNED)
            raise
        failpoint("reprocess.asked")
        await self._move(piece, {PieceState.ASKING}, PieceState.ASKED, said)
        return True

    async def _request_again(self, piece: Piece) -> bool:
        """Repeat a request whose answer nobody has heard, under its key; returns whether it is known now to have been taken.

        That it is refused now proves nothing about the first.
        """
        try:
            said = await self._admin.reprocess(piece.evidence, idempotency_key(self._ctx.action_id, piece.evidence))
        except (OutcomeUnknown, NotFound, Refused) as error:
            await self._move(piece, {PieceState.ASKING}, PieceState.ASKING, told(error, 300))
            return False
        failpoint("reprocess.asked")
        await self._move(piece, {PieceState.ASKING}, PieceState.ASKED, said)
        return True

    async def _refused(self, piece: Piece, reason: str) -> None:
        # By way of `planned`, which knows of no request: nothing was taken.
        await self._move(piece, {PieceState.ASKING}, PieceState.PLANNED)
        await self._move(piece, {PieceState.PLANNED}, PieceState.FAILED, reason)

    async def _look(self, piece: Piece) -> EvidenceRecord:
        """Look at a piece's record; one that must be in the search index, and is not, is not finished."""
        record = await self._records.look(piece.case, piece.evidence)
        if not (self._indexed and record.processed):
            return record
        record = await self._records.search(record)
        said = f"{record.status}, the search index: {record.searched}"
        return replace(record, processed=record.found, status=said)

    async def _look_after(self, piece: Piece) -> None:
        record = await self._look(piece)
        anew = record.mark != piece.before
        if record.processed:
            await self._move(piece, OPEN, PieceState.FINISHED)
        elif record.failed and anew:
            await self._move(piece, OPEN, PieceState.FAILED, "its processing has failed again")
        elif piece.state is PieceState.ASKING and record.there and anew:
            await self._move(piece, {PieceState.ASKING}, PieceState.ASKED, "its record shows that it was taken")
        elif piece.state is PieceState.ASKING and self._admin.idempotent:
            # First, and then its time is looked at: guardian itself may have been away for longer than that.
            if not await self._request_again(piece) and self._is_overdue(piece):
                await self._give_up(piece, record)
        elif self._is_overdue(piece) and not (record.processing and self._is_fresh(record)):
            await self._give_up(piece, record)

    async def _give_up(self, piece: Piece, record: EvidenceRecord) -> None:
        within = format_duration(self._pace.finish_within)
        reason = f"not finished within {within}: its record says {record.status}"
        if piece.state is PieceState.ASKING:
            reason = f"{piece.reason or UNHEARD}; {reason}"
        to = PieceState.UNKNOWN if piece.state is PieceState.ASKING else PieceState.FAILED
        await self._move(piece, {piece.state}, to, reason)

    def _is_overdue(self, piece: Piece) -> bool:
        return piece.asked_at is None or self._ctx.clock.now() >= piece.asked_at + self._pace.finish_within

    def _is_fresh(self, record: EvidenceRecord) -> bool:
        now: datetime = self._ctx.clock.now()
        return record.touched is not None and now - record.touched < self._pace.finish_within

    async def _move(
        self, piece: Piece, leaving: frozenset[PieceState] | set[PieceState], to: PieceState, reason: str = ""
    ) -> None:
        await self._rows.move(self._ctx.action_id, piece.evidence, leaving, to, reason)
