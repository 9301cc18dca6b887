"""Owns the diagnosis of a stuck AI worker as a step of a rule; the one rule: what could not be looked at is said, never guessed.

Looked at side by side: the worker's log, a sample of its dead-letter queue (what is hidden is given back), the function's newest
deployment, the provider's status page. What they come to together is in `worker/fusing`; one of them failing loses none of the others.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any

import anyio
from pydantic import AfterValidator, Field

from leh_guardian.context import ActionContext
from leh_guardian.diagnosis import Diagnosis, Table, Verdict
from leh_guardian.errors import HandlerError, NotFound, Refused, Transient
from leh_guardian.fields import Duration, FunctionRef, ProviderName, QueueRef
from leh_guardian.model.outcome import Done, Outcome
from leh_guardian.model.provider.internal import INTERNAL
from leh_guardian.model.provider.snapshot import Page, PageState
from leh_guardian.model.text import told
from leh_guardian.ports import FunctionState, QueueInfo
from leh_guardian.redrive.selection import Selection
from leh_guardian.redrive.survey import Survey, survey
from leh_guardian.registry import Effect, Params, handler
from leh_guardian.rules.signatures import table_of
from leh_guardian.worker.facts import facts_of, ids, most
from leh_guardian.worker.fusing import Finding, fused
from leh_guardian.worker.letters import LetterDiagnosis
from leh_guardian.worker.log import LogReading, diagnosed, read_log

_FARTHEST = timedelta(hours=2)
"""How far before now the window may begin for an incident that opened earlier."""
_PATIENCE = 3
"""The attempt that is content with what there is."""
_SHOWN = 5

LogGroup = Annotated[str, Field(pattern=r"^[A-Za-z0-9_/.#-]{1,512}$")]
"""A log group of this account and region, by its name."""


def _of_an_ai(name: str) -> str:
    if name in INTERNAL:
        raise ValueError(f"{name} is no AI provider: its state would speak for or against an outage of one")
    return name


class DiagnoseWorkerParams(Params):
    """Where to look, and how much."""

    log_group: LogGroup = "/aws/lambda/leh-ai-worker"
    """The worker's log group."""
    window: Duration = Field(timedelta(minutes=15), ge=timedelta(seconds=5), le=timedelta(hours=6))
    """How far back its log is read, before now and before the incident opened."""
    function: FunctionRef | None = None
    """The worker's function, by name or ARN, with an alias or without: its newest deployment is held against the first failure."""
    queue: QueueRef | None = None
    """The worker's dead-letter queue, by name or ARN."""
    provider: Annotated[ProviderName, AfterValidator(_of_an_ai)] | None = None
    """Whose status page is looked at: `openai`, or a name of `provider.others` in guardian.yaml."""
    letters: int = Field(50, ge=0, le=1000)
    """How many dead letters are looked at; they are hidden for a moment. 0: the queue's depth alone."""
    max_bytes: int = Field(4_000_000, ge=10_000, le=32_000_000)
    """How much of the log is read; of a larger one the newest."""


@handler(
    effect=Effect.READS,
    changes=False,
    permissions=(
        "logs:FilterLogEvents",
        "lambda:GetFunctionConfiguration",
        "sqs:GetQueueUrl",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
        "sqs:ChangeMessageVisibility",
    ),
    timeout="3m",
)
async def diagnose_worker(ctx: ActionContext, params: DiagnoseWorkerParams) -> Outcome:
    """Say what ails the AI worker: from its log, its dead letters, its newest deployment and the provider's status page.

    The verdicts are those of docs/diagnose.md.
    """
    looks = _Looks(ctx, params, ctx.can.signatures.table() if ctx.can.signatures else table_of())
    await looks.take_all()
    return await looks.outcome()


@dataclass
class _Looks:
    """One look at everything that was asked for."""

    ctx: ActionContext
    params: DiagnoseWorkerParams
    table: Table
    log: LogReading | None = None
    queue: QueueInfo | None = None
    seen: Survey | None = None
    letters: LetterDiagnosis | None = None
    function: FunctionState | None = None
    page: Page | None = None
    failures: dict[str, HandlerError] = field(default_factory=dict)
    """What could not be looked at."""
    incomplete: dict[str, str] = field(default_factory=dict)
    """What was not looked at as a whole."""

    async def take_all(self) -> None:
        """Look at everything at the same time.

        Raises:
            HandlerError: neither the log nor a dead letter could be read.
        """
        params = self.params
        wanted: dict[str, Callable[[], Awaitable[None]]] = {"log": self._read_log}
        wanted |= {"dlq": partial(self._look_at_letters, params.queue)} if params.queue else {}
        wanted |= {"deployment": partial(self._look_at_function, params.function)} if params.function else {}
        wanted |= {"provider": partial(self._look_at_page, params.provider)} if params.provider else {}
        async with anyio.create_task_group() as tasks:
            for name, look in wanted.items():
                tasks.start_soon(self._take, name, look)
        if self.log is None and self.letters is None:
            raise self._worst()

    async def _take(self, name: str, look: Callable[[], Awaitable[None]]) -> None:
        try:
            await look()
        except HandlerError as error:
            self.ctx.log.warning("cannot look", at=name, error=str(error))
            self.failures[name] = error
            self.incomplete[name] = told(error)

    def _worst(self) -> HandlerError:
        """Return the failure to end with: one that may pass is tried again."""
        evidence = [self.failures[name] for name in ("log", "dlq") if name in self.failures]
        return next((error for error in evidence if isinstance(error, Transient)), evidence[0])

    async def _read_log(self) -> None:
        if self.ctx.can.logs is None:
            raise Refused("guardian has no access to CloudWatch Logs")
        until = self.ctx.clock.now()
        opened = datetime.fromisoformat(str(self.ctx.incident["began_at"]))
        since = min(until, max(opened, until - _FARTHEST)) - self.params.window
        params = self.params
        self.log = await read_log(self.ctx.can.logs, params.log_group, since, until, most_bytes=params.max_bytes)
        if self.log.trouble:
            self.incomplete["log"] = told(self.log.trouble)

    async def _look_at_letters(self, name: str) -> None:
        queues, letters = self.ctx.can.queues, LetterDiagnosis(self.table)
        self.queue = queue = await queues.info(name)
        if queue.max_receive_count is not None:
            self.incomplete["dlq"] = "it has a redrive policy of its own: a look would move its letters on"
        elif self.params.letters and not self.ctx.dry_run:
            now, most = self.ctx.clock.now(), min(self.params.letters, max(1, queue.depth.visible))
            self.seen = await survey(queues, queue, Selection(), now, most=most, each=letters.take)
            if not self.seen.whole and self.seen.seen < queue.depth.total:
                self.incomplete["dlq"] = (
                    f"the first {self.seen.seen} of about {queue.depth.total} letters were looked at"
                )
        self.letters = letters

    async def _look_at_function(self, name: str) -> None:
        if self.ctx.can.functions is None:
            raise Refused("guardian has no access to Lambda")
        self.function = await self.ctx.can.functions.state(name)

    async def _look_at_page(self, name: str) -> None:
        page = self.ctx.can.pages.get(name)
        if page is None:
            raise NotFound(f"no status page of {name} is configured: `provider` in guardian.yaml")
        self.page = await page.look()
        if self.page.state is PageState.UNKNOWN:
            self.incomplete["provider"] = told("; ".join(self.page.reasons))

    async def outcome(self) -> Outcome:
        """Return what it comes to.

        Raises:
            Transient: the verdict is unknown, and what could not be read may soon be.
        """
        log = letters = None
        if self.log is not None:
            deployed_at = self.function.modified_at if self.function else None
            log = await diagnosed(self.log.messages, self.table, deployed_at)
        if self.letters is not None and self.letters.telling:
            letters = self.letters.finish()
        finding = fused(log, letters, self.page, self.queue.depth.visible if self.queue else 0)
        passing = [e for name, e in self.failures.items() if name in {"log", "dlq"} and isinstance(e, Transient)]
        if finding.verdict == Verdict.UNKNOWN and passing and self.ctx.attempt < _PATIENCE:
            raise passing[0]
        return Done(_summary(finding, self.incomplete), self._facts(finding, log, letters))

    def _facts(self, finding: Finding, log: Diagnosis | None, letters: Diagnosis | None) -> dict[str, Any]:
        main = log if log and (log.failed or letters is None) else letters or log
        failing = [subject for one in (letters, log) if one for subject in one.failing]
        known = facts_of(main) if main else {}
        # What a redrive waits by is what the log says: dead letters are failures all of them, and of any age.
        share = facts_of(log)["share"] if log else None
        return {
            "verdict": finding.verdict.value,
            "confidence": finding.confidence,
            "reason": told(finding.reason, 600),
            **known,
            "share": share,
            "evidence": ids(subject.evidence for subject in failing),
            "cases": ids(subject.case for subject in failing),
            "log": self._log_facts(log),
            "dlq": self._dlq_facts(letters),
            "deployment": _deployment_facts(self.function),
            "provider": _page_facts(self.params.provider, self.page),
            "incomplete": dict(self.incomplete),
        }

    def _log_facts(self, log: Diagnosis | None) -> dict[str, Any] | None:
        if log is None or self.log is None:
            return None
        return {
            "group": self.log.group,
            "since": self.log.since.isoformat(),
            "until": self.log.until.isoformat(),
            "verdict": log.verdict.value,
            "records": log.records,
            "errors": log.errors,
            "attempts": log.attempts,
            "failed": log.failed,
        }

    def _dlq_facts(self, letters: Diagnosis | None) -> dict[str, Any] | None:
        queue, seen, taken = self.queue, self.seen, self.letters
        if queue is None:
            return None
        facts: dict[str, Any] = {"queue": queue.name, "depth": queue.depth.visible, "in_flight": queue.depth.in_flight}
        if seen is None or taken is None:
            return facts
        now = self.ctx.clock.now().timestamp()
        return facts | {
            # Of those that were looked at; SQS tells the age of no other.
            "oldest_seconds": None if taken.oldest is None else max(0, int(now - taken.oldest)),
            "looked_at": seen.seen,
            "telling": taken.telling,
            "errors": most(seen.errors, _SHOWN),
            "verdict": letters.verdict.value if letters else None,
            "signatures": most(letters.signatures, _SHOWN) if letters else {},
        }


def _deployment_facts(function: FunctionState | None) -> dict[str, Any] | None:
    if function is None:
        return None
    return {
        "function": function.name,
        "version": function.version,
        "modified_at": function.modified_at.isoformat(),
        "settled": function.settled,
        "why": told(function.why),
    }


def _page_facts(name: str | None, page: Page | None) -> dict[str, Any] | None:
    if page is None:
        return None
    return {
        "name": name,
        "state": page.state.value,
        "worst": page.worst.value if page.worst else None,
        "affected": [told(one, 100) for one in page.affected[:_SHOWN]],
        "incidents": [{"name": told(one.name, 200), "status": told(one.status, 60)} for one in page.incidents[:_SHOWN]],
        "source": page.source or "none",
    }


def _summary(finding: Finding, incomplete: Mapping[str, str]) -> str:
    more = f"; not looked at as a whole: {', '.join(sorted(incomplete))}" if incomplete else ""
    return f"{finding.verdict}, confidence {finding.confidence:.0%}: {told(finding.reason, 600)}{more}"
