"""Owns the reprocessing of evidence through LEH's admin API: collect, wait for the fix, a canary, the rest, proof; runbook A5.

The one rule: a piece is finished when its record says so, whatever the API answered. How letters are collected, pieces asked for
and the fix waited for is in `reprocess`. It is at most once for each piece, since without an API that honours keys a request whose
answer is lost must not go out again; and it goes on after a crash, since what was asked for is written down before it is asked.
"""

from __future__ import annotations

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
from leh_guardian.ports import AdminApi, Reprocessing
from leh_guardian.redrive.selection import Selection
from leh_guardian.registry import Effect, Params, handler
from leh_guardian.reprocess import collect
from leh_guardian.reprocess.asking import Asking, Pace
from leh_guardian.reprocess.carrying import Carrying
from leh_guardian.reprocess.collect import Collecting
from leh_guardian.reprocess.fix import look_for_fix, remember_baseline
from leh_guardian.reprocess.planning import lies_in, look_through, one_piece
from leh_guardian.reprocess.progress import Phase, Progress
from leh_guardian.reprocess.report import facts

_FIX_POLLS = 4
"""How much seldomer a deployment is looked for."""
_LETTER_POLL = timedelta(minutes=10)
_WAITS = 5
"""How often letters are waited for that somebody is hiding."""


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


class _Work(Carrying):
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
        pace = Pace(params.concurrency, params.rate, params.finish_within)
        asking = Asking(ctx, rows, admin, records, pace, indexed=params.indexed)
        super().__init__(ctx, rows, asking, progress, params)
        self._params = params

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
        return await self.carry_on()

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
