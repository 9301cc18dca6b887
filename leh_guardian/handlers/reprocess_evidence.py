"""Owns the reprocessing of evidence through LEH's admin API: collect, wait for the fix, a canary, the rest, proof; runbook A5.

The one rule: a piece is finished when its record says so, whatever the API answered. How letters are collected, pieces asked for
and the fix waited for is in `reprocess`. It is at most once for each piece, since without an API that honours keys a request whose
answer is lost must not go out again; and it goes on after a crash, since what was asked for is written down before it is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from leh_guardian.clock import seconds
from leh_guardian.context import ActionContext
from leh_guardian.errors import Refused, StoreUnavailable, Transient
from leh_guardian.evidence.record import FINISHED, EvidenceRecords
from leh_guardian.fields import Duration, FunctionRef, QueueRef, Rate
from leh_guardian.model.expectation import MANY
from leh_guardian.model.outcome import Done, Escalate, Failed, NoOp, Outcome, Wait
from leh_guardian.model.reprocessing import BAD, Piece, PieceState
from leh_guardian.model.text import told
from leh_guardian.ports import AdminApi, Reprocessing
from leh_guardian.redrive.selection import Selection
from leh_guardian.registry import Effect, Params, handler
from leh_guardian.reprocess import collect
from leh_guardian.reprocess.asking import ENOUGH, Asking, Pace
from leh_guardian.reprocess.collect import Collecting
from leh_guardian.reprocess.fix import look_for_fix, remember_baseline
from leh_guardian.reprocess.planning import lies_in, look_through, one_piece
from leh_guardian.reprocess.progress import Phase, Progress
from leh_guardian.reprocess.report import facts, report

_SLICE = 240.0
"""Seconds of work in one attempt: a long reprocessing waits and goes on, it does not run into its timeout."""
_FIX_POLLS = 4
"""How much seldomer a deployment is looked for."""
_LETTER_POLL = timedelta(minutes=10)
_WAITS = 5
"""How often letters are waited for that somebody is hiding."""
_PATIENCE = timedelta(hours=1)
"""How long nothing may be taken, or looked at, until people are asked."""
_BAD_SHARE = 0.2
"""Part of the pieces that may fail."""


class ReprocessEvidenceParams(Params):
    """Which evidence, after which fix, and how fast."""

    source: QueueRef | None = None
    """A dead-letter queue: all evidence that its letters name; they go to quarantine under the incident."""
    select: Selection = Selection()
    """Only letters of `source` that fit, as in `dlq_redrive`."""
    key: str | None = None
    """In place of `source`: the S3 key of one piece, not URL-encoded; if nothing is named, what `by` or `dedup` found."""
    evidence: str | None = None
    """... or its id."""
    case: str | None = None
    """The id of its case, beside `evidence`: needed where the table's key has it."""
    dead_letters: QueueRef | None = None
    """For one piece: as long as a letter of it lies in this queue it is left to the redrive."""
    after_deployment_of: FunctionRef | None = None
    """Begin once this Lambda function was deployed since the incident began: its name or ARN, with `:alias` if it is invoked so."""
    give_up_after: Duration = Field(timedelta(days=3), ge=timedelta(minutes=1))
    """When to stop waiting for the deployment, for the redrive or for what others are at work on, and ask people."""
    canary: int = Field(1, ge=0, le=100)
    """Ask for so many first, and go on only if all of them finish. 0: all at once."""
    concurrency: int = Field(10, ge=1, le=100)
    """Pieces at work at once."""
    rate: Rate = 2.0
    """Requests a second."""
    finish_within: Duration = Field(timedelta(minutes=15), ge=timedelta(seconds=1))
    """How long one piece may take; `processing` is believed for as long after the record was written."""
    poll: Duration = Field(timedelta(seconds=15), ge=timedelta(milliseconds=500), le=timedelta(minutes=10))
    """The pause between two looks at pieces that are at work, and a quarter of that between two looks for a deployment."""
    table: str | None = None
    """The DynamoDB table; that of LEH_EVIDENCE__TABLE if left out."""
    finished: Annotated[tuple[str, ...], Field(strict=False)] = FINISHED
    """The values of `status` that mean that it is finished."""
    indexed: bool = False
    """Whether a finished record counts only with a document in the search index `case_rag_{case_id}`."""

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if sum(one is not None for one in (self.source, self.key, self.evidence)) > 1:
            raise ValueError("give one of `source`, `key` and `evidence`")
        if self.evidence is None and self.case is not None:
            raise ValueError("`case` goes with `evidence`: a key names the case already")
        if self.source is not None and self.dead_letters is not None:
            raise ValueError("`dead_letters` goes with one piece: what lies in `source` is taken out of it")
        return self


@handler(
    effect=Effect.AT_MOST_ONCE,
    changes=True,
    resumes=True,
    residual=(
        "Counted by piece. Where a crash, a cut or a 5xx leaves open whether a request was taken, it is sent again under the same"
        " Idempotency-Key if the API honours keys (admin_api.idempotent): then nothing is missing and nothing doubled for as long as"
        " the API remembers keys. Otherwise the piece's record decides, and one that is not finished in time goes to a person,"
        " perhaps never asked for."
    ),
    permissions=(
        "sqs:GetQueueUrl",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:ChangeMessageVisibility",
        "dynamodb:DescribeTable",
        "dynamodb:GetItem",
        "lambda:GetFunctionConfiguration",
        "secretsmanager:GetSecretValue",
    ),
    limits={"evidence": 500},
    timeout="10m",
)
async def reprocess_evidence(ctx: ActionContext, params: ReprocessEvidenceParams) -> Outcome:
    """Have evidence processed anew through the admin API: what a dead-letter queue names, or one piece; prove that it finishes."""
    if ctx.can.admin is None:
        raise Refused("nobody said where the admin API is: set LEH_ADMIN_API__URL")
    if ctx.can.reprocessing is None:
        raise Refused("there is no memory of what was asked for")
    records = EvidenceRecords.of(ctx.can, params.table, params.finished)
    if params.indexed and ctx.can.search is None:
        raise Refused("nobody said where the search index is: set LEH_OPENSEARCH__URL, or leave `indexed` out")
    if params.source is None and ctx.incident.get("dedup_key") == MANY:
        # Of an absence rule that has missed more than it opens incidents for: this event is but the first of them.
        return Escalate(
            "so many pieces are missing that this incident counts them together: rather the worker is down than one of them"
            " stuck. Nothing was asked for; look at the worker, then have what its journal names processed anew"
        )
    if ctx.dry_run:
        return await _plan_only(ctx, params, records)
    remembered = ctx.recall("progress")
    progress = Progress() if remembered is None else Progress.of(remembered)
    work = _Work(ctx, params, ctx.can.admin, ctx.can.reprocessing, records, progress)
    try:
        return await work.go_on()
    except (Transient, StoreUnavailable) as error:
        return await work.trouble(error)


async def _plan_only(ctx: ActionContext, params: ReprocessEvidenceParams, records: EvidenceRecords) -> Outcome:
    if params.source is not None:
        plan, _ = await look_through(ctx, await ctx.can.queues.info(params.source), params.select)
        return Done(f"would have {plan['named']} pieces of evidence of {plan['selected']} letters processed anew", plan)
    piece = one_piece(ctx, params.key, params.case, params.evidence)
    if isinstance(piece, Failed):
        return piece
    record = await records.look(*piece)
    would = "nothing: it is finished" if record.processed else "have it processed anew"
    return Done(f"{record.evidence} is {record.status}; would do: {would}", {"evidence": 1, "dynamodb": record.status})


def _hidden(ctx: ActionContext, messages: int) -> Wait:
    return Wait(ctx.clock.now() + seconds(collect.VISIBILITY), f"{messages} messages are hidden by a receiver")


class _Work:
    """One attempt."""

    def __init__(
        self,
        ctx: ActionContext,
        params: ReprocessEvidenceParams,
        admin: AdminApi,
        rows: Reprocessing,
        records: EvidenceRecords,
        progress: Progress,
    ) -> None:
        self._ctx = ctx
        self._params = params
        self._rows = rows
        self._progress = progress
        self._until = ctx.clock.monotonic() + _SLICE
        pace = Pace(params.concurrency, params.rate, params.finish_within)
        self._asking = Asking(ctx, rows, admin, records, pace, indexed=params.indexed)

    async def go_on(self) -> Outcome:
        """Go on where the last attempt has stopped, to the next wait or to the end."""
        outcome = await self._steps()
        if self._progress.trouble_since:
            self._progress.trouble_since = 0.0
            await self._save()
        return outcome

    async def _steps(self) -> Outcome:
        if self._progress.phase is Phase.PLAN and (ended := await self._plan()):
            return ended
        if self._progress.phase is Phase.COLLECT and (ended := await self._collect()):
            return ended
        if self._progress.phase is Phase.FIX and (ended := await self._await_fix()):
            return ended
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
            now + max(self._params.poll, seconds(min(asked, _PATIENCE.total_seconds()))), told(error, 300), known
        )

    async def _plan(self) -> Outcome | None:
        """Look what there is to do, before the first effect."""
        params, progress, ctx = self._params, self._progress, self._ctx
        if params.after_deployment_of is not None:
            await remember_baseline(ctx, params.after_deployment_of, progress)
        if params.source is not None:
            plan, hidden = await look_through(ctx, await ctx.can.queues.info(params.source), params.select)
            if hidden and progress.waits < _WAITS:
                progress.waits += 1
                await self._save()
                return _hidden(ctx, hidden)
            if not plan["selected"]:
                return NoOp(
                    "no letter is meant" if plan["messages"] else f"{plan['source']} has no visible messages", plan
                )
            ctx.within_limit("evidence", plan["named"])
            progress.plan, progress.waits = plan, 0
        else:
            piece = one_piece(ctx, params.key, params.case, params.evidence)
            if isinstance(piece, Failed):
                return piece
            ctx.within_limit("evidence", 1)
            progress.plan = {"evidence_id": piece[1], "case": piece[0]}
            await self._rows.plan(ctx.action_id, {piece[1]: piece[0]})
        await self._enter(Phase.COLLECT)
        return None

    async def _collect(self) -> Outcome | None:
        params, progress, ctx = self._params, self._progress, self._ctx
        if params.source is not None:
            source = await ctx.can.queues.info(params.source)
            planned = int(progress.plan["selected"])
            collecting = Collecting(ctx, self._rows, source, params.select, progress, planned)
            if not await collecting.go_on(self._until):
                await self._save()
                return Wait(ctx.clock.now(), f"{progress.letters} of {planned} letters are in quarantine so far")
            if waiting := await self._still_hidden(planned):
                return waiting
            # What letters of a long queue name was a guess before they were read.
            ctx.within_limit("evidence", len(await self._asking.pieces()))
        fix = params.after_deployment_of is not None or params.dead_letters is not None
        await self._enter(Phase.FIX if fix else Phase.CANARY)
        return None

    async def _still_hidden(self, planned: int) -> Wait | None:
        """Return a wait while letters of the plan may still come back from behind somebody's visibility timeout."""
        progress, ctx = self._progress, self._ctx
        hidden = (await ctx.can.queues.info(self._params.source or "")).depth.in_flight
        if not hidden or (progress.letters >= planned and not progress.last) or progress.waits >= _WAITS:
            return None
        progress.waits += 1
        await self._save()
        return _hidden(ctx, hidden)

    async def _await_fix(self) -> Outcome | None:
        params = self._params
        waiting = await self._await_deployment(params.after_deployment_of) if params.after_deployment_of else None
        if waiting is None and params.dead_letters is not None:
            waiting = await self._await_redrive(params.dead_letters)
        waiting = await self._collect_more(at_once=waiting is None) or waiting
        if waiting is None:
            await self._enter(Phase.CANARY)
            return None
        if self._waited >= params.give_up_after.total_seconds():
            known = facts(self._progress, await self._asking.pieces())
            return Escalate(f"gave up waiting: {waiting.reason}. What was collected is in quarantine", known)
        return waiting

    async def _collect_more(self, *, at_once: bool) -> Wait | None:
        """Collect what has died since, as long as the limit leaves room: the bug is still there. Returns a wait for what is hidden."""
        params, progress, ctx = self._params, self._progress, self._ctx
        now = ctx.clock.now()
        if params.source is None or not (
            at_once or now.timestamp() >= progress.looked_at + _LETTER_POLL.total_seconds()
        ):
            return None
        progress.looked_at = now.timestamp()
        source = await ctx.can.queues.info(params.source)
        room = ctx.limits.get("evidence", source.depth.visible) - len(await self._asking.pieces())
        more = progress.letters + max(0, min(source.depth.visible, room))
        whole = await Collecting(ctx, self._rows, source, params.select, progress, more).go_on(self._until)
        await self._save()
        if not whole:
            return Wait(now, f"{progress.letters} letters are in quarantine so far")
        return await self._still_hidden(progress.letters) if at_once else None

    async def _await_deployment(self, function: str) -> Wait | None:
        if self._progress.fixed:
            return None
        done, how = await look_for_fix(self._ctx, function, self._progress)
        if not done:
            return Wait(
                self._ctx.clock.now() + _FIX_POLLS * self._params.poll,
                how,
                facts(self._progress, await self._asking.pieces()),
            )
        self._progress.fixed = how
        return None

    async def _await_redrive(self, queue: str) -> Wait | None:
        [piece] = await self._asking.pieces()
        why, sure = await lies_in(self._ctx, queue, piece.evidence)
        pause = _LETTER_POLL if sure else seconds(collect.VISIBILITY)
        return Wait(self._ctx.clock.now() + pause, why) if why else None

    async def _canary(self, pieces: Sequence[Piece]) -> Outcome | None:
        """Ask for the first few; returns None when all of them have finished."""
        first = [piece for piece in pieces if piece.canary and piece.tried]
        if any(piece.state in BAD for piece in first):
            return await self._end("the first ones did not finish: the cause is still there")
        lacking = self._params.canary - len(first)
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
        if self._waited >= self._params.give_up_after.total_seconds():
            return await self._end(f"{why}, and have been for long")
        return self._wait(why, pieces)

    async def _rest(self, pieces: Sequence[Piece]) -> Outcome:
        """Ask for the rest, as many at once as may be."""
        if self._dies(pieces):
            return await self._end("too many did not finish: stopped")
        room = self._params.concurrency - sum(piece.open for piece in pieces)
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
        return Wait(self._ctx.clock.now() + self._params.poll, said, known)

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
