"""Owns the making whole of a case: S3, DynamoDB and the search index, compared and repaired; the one rule: the smallest repair, once.

Runbook B2. What is finished and not in the index is asked for with one `POST /admin/reindex-case`; files without a finished record are
processed anew, piece by piece (`reprocess`). A record without a file is told of, and never deleted. Then all is counted again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field

from leh_guardian.context import ActionContext
from leh_guardian.errors import Refused, StoreUnavailable, Transient
from leh_guardian.evidence import repair
from leh_guardian.evidence import wording as say
from leh_guardian.evidence.inventory import Inventory, take
from leh_guardian.evidence.record import FINISHED, EvidenceRecords
from leh_guardian.fields import CaseId, Duration, Rate
from leh_guardian.language import NOTHING, Text
from leh_guardian.model.case import ACTIVE
from leh_guardian.model.outcome import Done, Failed, NoOp, Outcome, Unknown, Wait
from leh_guardian.model.reprocessing import Piece, PieceState
from leh_guardian.ports import AdminApi, Reprocessing
from leh_guardian.registry import Effect, Params, handler
from leh_guardian.reprocess.asking import Asking, Pace
from leh_guardian.reprocess.carrying import Carrying
from leh_guardian.reprocess.progress import Phase, Progress
from leh_guardian.reprocess.reindexing import Reindexed, Reindexing, Repair, Stage

_NAMED: Final = 20
"""Pieces that a person has to look at, and that are told by name."""


class ReconcileCaseParams(Params):
    """Which case, how fast and how patiently."""

    case: CaseId
    """Its id."""
    reprocess: bool = True
    """Whether files without a finished record are processed anew; otherwise they are only told of."""
    canary: int = Field(1, ge=0, le=100)
    """Have so many processed first, and go on only if all of them finish. 0: all at once."""
    concurrency: int = Field(10, ge=1, le=100)
    """Pieces at work at once."""
    rate: Rate = 2.0
    """Requests a second."""
    finish_within: Duration = Field(timedelta(minutes=15), ge=timedelta(seconds=1))
    """How long one piece may take; `processing` is believed for as long after the record was written."""
    reindex_within: Duration = Field(timedelta(minutes=15), ge=timedelta(seconds=1))
    """How long building the index anew may take, and how long documents may come late in the end."""
    give_up_after: Duration = Field(timedelta(hours=3), ge=timedelta(minutes=1))
    """When to stop waiting for what others are at work on."""
    poll: Duration = Field(timedelta(seconds=15), ge=timedelta(milliseconds=500), le=timedelta(minutes=10))
    """The pause between two looks."""
    table: str | None = None
    """The DynamoDB table; that of LEH_EVIDENCE__TABLE if left out."""
    finished: Annotated[tuple[str, ...], Field(strict=False)] = FINISHED
    """The values of `status` that mean that a piece is finished."""
    spare: Duration = Field(timedelta(0), le=timedelta(days=7))
    """Leave files alone that are not finished and were uploaded within this time: whoever processes uploads may be at them."""
    at_most: int | None = Field(None, ge=0)
    """Do nothing where more pieces would be processed anew: `${actions.….unfinished}` of the look that whoever approved has seen."""


@handler(
    effect=Effect.AT_MOST_ONCE,
    changes=True,
    resumes=True,
    residual=(
        "Counted by piece, the building of the index being one. Where a crash, a cut or a 5xx leaves open whether a request was"
        " taken, it is sent again under the same Idempotency-Key if the API honours keys (admin_api.idempotent). Otherwise what is"
        " there in the end decides, and what is still missing goes to a person, perhaps never asked for."
    ),
    permissions=(
        "s3:ListBucket",
        "dynamodb:DescribeTable",
        "dynamodb:Query",
        "dynamodb:GetItem",
        "secretsmanager:GetSecretValue",
    ),
    limits={"evidence": 500},
    timeout="10m",
)
async def reconcile_case(ctx: ActionContext, params: ReconcileCaseParams) -> Outcome:
    """Compare a case's files in S3, records in DynamoDB and documents in OpenSearch; have what is missing made anew; count."""
    if ctx.dry_run:
        seen = await _seen(ctx, params)
        would = repair.steps(seen)
        said = ctx.said(say.would(params.case, seen.said, would))
        return Done(said, {"case": params.case, **seen.facts, "would": would})
    if ctx.can.admin is None:
        raise Refused("nobody said where the admin API is: set LEH_ADMIN_API__URL")
    if ctx.can.reprocessing is None:
        raise Refused("there is no memory of what was asked for")
    if ctx.can.cases is not None and (case := await ctx.can.cases.look(params.case)).status != ACTIVE:
        return Failed(ctx.said(say.closed_case(case.id, case.status)))
    progress = ctx.recall("progress")
    work = _Work(
        ctx,
        params,
        ctx.can.admin,
        ctx.can.reprocessing,
        EvidenceRecords.of(ctx.can, params.table, params.finished),
        Progress(Phase.CANARY) if progress is None else Progress.of(progress),
        Repair.of(ctx.recall("repair")),
    )
    try:
        return await work.go_on()
    except (Transient, StoreUnavailable) as error:
        return await work.trouble(error)


async def _seen(ctx: ActionContext, params: ReconcileCaseParams) -> Inventory:
    until = ctx.clock.now() - params.spare if params.spare else None
    return await take(ctx.can, params.case, table=params.table, finished=params.finished, until=until)


class _Work(Carrying):
    """One attempt."""

    def __init__(
        self,
        ctx: ActionContext,
        params: ReconcileCaseParams,
        admin: AdminApi,
        rows: Reprocessing,
        records: EvidenceRecords,
        progress: Progress,
        state: Repair,
    ) -> None:
        pace = Pace(params.concurrency, params.rate, params.finish_within)
        super().__init__(ctx, rows, Asking(ctx, rows, admin, records, pace), progress, params)
        self._params = params
        self._state = state
        self._reindexing = Reindexing(ctx, admin, state, params.case, params.reindex_within, params.poll)

    async def go_on(self) -> Outcome:
        """Go on where the last attempt has stopped, to the next wait or to the end."""
        outcome = await self._steps()
        if self._progress.trouble_since:
            self._progress.trouble_since = 0.0
            await self._save()
        return outcome

    async def _steps(self) -> Outcome:
        state, seen = self._state, await self._take()
        if state.stage is Stage.LOOK and (ended := await self._plan(seen)):
            return ended
        if state.stage is Stage.REINDEX:
            # What is finished already can be searched in a minute; what takes long comes after it.
            fresh = state.reindex is Reindexed.NOT_ASKED
            waiting = await self._reindexing.go_on(seen)
            if waiting and fresh:
                # An API that answers once it is done need not be waited for.
                waiting = await self._reindexing.go_on(await self._take())
            if waiting:
                return waiting
            await self._enter_stage(Stage.REPROCESS)
        if state.stage is Stage.REPROCESS:
            outcome = await self.carry_on()
            if isinstance(outcome, Wait):
                return outcome
            await self._enter_stage(Stage.SETTLE)
            seen = await self._take()
        if waiting := await self._reindexing.settle(seen):
            return waiting
        return self._report(seen, await self._asking.pieces())

    async def _take(self) -> Inventory:
        return await _seen(self._ctx, self._params)

    async def _plan(self, seen: Inventory) -> Outcome | None:
        if seen.whole:
            return NoOp(self._said(seen, say.NOTHING_TO_MEND), self._known(seen))
        params, ctx = self._params, self._ctx
        paused = bool(seen.unfinished) and await repair.is_paused(ctx.can, params.case)
        pieces = dict.fromkeys(seen.unfinished, params.case) if params.reprocess and not paused else {}
        if params.at_most is not None and len(pieces) > params.at_most:
            return Failed(ctx.said(say.too_many(params.case, len(pieces), params.at_most)), self._known(seen))
        ctx.within_limit("evidence", len(pieces))
        if pieces:
            await self._rows.plan(ctx.action_id, pieces)
        self._state.before = {"finished": len(seen.finished), "searchable": seen.searchable, "index": seen.index}
        if paused:
            self._state.before["paused"] = True
        await self._enter_stage(Stage.REINDEX if seen.unindexed else Stage.REPROCESS)
        return None

    async def _enter_stage(self, stage: Stage) -> None:
        if stage is Stage.REPROCESS:
            await self._enter(Phase.CANARY)
        await self._reindexing.enter(stage)

    def _report(self, seen: Inventory, pieces: Sequence[Piece]) -> Outcome:
        """Say what a lawyer would see, and of what is missing why."""
        known = self._known(seen) | {"reindex": self._state.reindex.value, "before": self._state.before}
        known["reprocessed"] = sum(piece.state is PieceState.FINISHED and piece.tried for piece in pieces)
        if seen.whole:
            return Done(self._said(seen, say.CONFIRMED), known)
        # Sets of ten thousand are not put together for each piece.
        unfinished = seen.unfinished
        reasons = {one.evidence: one.reason or one.state.value for one in pieces if one.evidence in unfinished}
        if reasons:
            known["stragglers"] = dict(sorted(reasons.items())[:20])
        parts = []
        if unfinished:
            first = next(iter(sorted(reasons.items())), None)
            why = Text.same(f"{first[0]}: {first[1]}") if first else NOTHING
            if self._state.before.get("paused"):
                why = say.PAUSED
            parts.append(say.unprocessed(len(unfinished), say.some(unfinished), why))
        if seen.unindexed:
            said = Text.same(self._state.said) if self._state.said else say.NO_DOCUMENT
            parts.append(say.unsearchable(len(seen.unindexed), say.some(seen.unindexed), said))
        doubtful = [piece.evidence for piece in pieces if piece.state is PieceState.UNKNOWN]
        if doubtful:
            parts.append(say.doubtful(seen.case, len(doubtful), say.some(doubtful, _NAMED)))
        text = self._said(seen, say.joined("; ", *parts))
        unknown = self._state.reindex is Reindexed.ASKING or bool(doubtful)
        return Unknown(text, known) if unknown else Failed(text, known)

    def _said(self, seen: Inventory, more: Text) -> str:
        # Only where LEH's database was asked is it known that the case is open.
        status = ACTIVE if self._ctx.can.cases is not None else ""
        stands = say.joined(", ", say.case(seen.case, status), seen.said)
        orphans = say.left_alone(len(seen.orphans), say.some(seen.orphans)) if seen.orphans else NOTHING
        unnamed = say.unnamed(seen.unnamed) if seen.unnamed else NOTHING
        young = say.young(len(seen.young)) if seen.young else NOTHING
        return self._ctx.said(say.joined(". ", stands, more, orphans, unnamed, young))

    def _known(self, seen: Inventory) -> dict[str, object]:
        brief = say.joined(", ", say.case(seen.case, ""), seen.said)
        return {"case": seen.case, **seen.facts, **self._ctx.briefly(brief)}
