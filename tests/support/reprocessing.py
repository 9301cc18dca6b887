"""LEH as a reprocessing meets it: a worker's queue with its DLQ, the evidence table, the worker, the admin API: real servers."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import aiohttp
import structlog

from leh_guardian.adapters.admin_api import HttpAdminApi, admin_session
from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.dynamo import DynamoTables
from leh_guardian.adapters.sqs import SqsQueues
from leh_guardian.clock import SystemClock
from leh_guardian.context import ActionContext, Capabilities
from leh_guardian.engine.letters import Letters
from leh_guardian.engine.reprocessing import NotedDeployments, ReprocessingRows
from leh_guardian.handlers.reprocess_evidence import ReprocessEvidenceParams, reprocess_evidence
from leh_guardian.local.admin_api import Desk, LocalAdminApi, serving
from leh_guardian.local.worker import LocalWorker, hired
from leh_guardian.model.outcome import Outcome, Wait
from leh_guardian.model.reprocessing import Piece
from leh_guardian.store.pool import Pool
from tests.support.attempt import Memory, again
from tests.support.clock import FakeClock
from tests.support.sqs_server import SqsServer


@dataclass
class Leh:
    """The service, and guardian's view of it."""

    sqs: SqsServer
    api: LocalAdminApi
    worker: LocalWorker
    can: Capabilities
    pool: Pool
    queue: str
    dlq: str
    clock: FakeClock
    session: aiohttp.ClientSession
    aws: Aws

    @property
    def effects(self) -> dict[str, int]:
        """How often each piece was given to the worker."""
        return dict(self.api.desk.effects)

    def bury(self, *evidence: str, case: str = "case_1") -> None:
        """Put letters into the DLQ, one for each piece, each in another shape."""
        for number, each in enumerate(evidence):
            self.worker.cases[each] = case
            self.sqs.put(self.dlq, [_body(each, case, number)])

    def left(self, queue: str) -> int:
        """How many messages a queue holds."""
        live = {"ready", "delayed", "in_flight"}
        return sum(entry["state"] in live for entry in self.sqs.ledger(queue))

    def honouring(self, idempotent: bool) -> Capabilities:
        """Let the API honour keys, and the operator say so; or neither."""
        self.api.desk.honours_keys = idempotent
        admin = HttpAdminApi(self.session, self.api.url, None, deadline=1.0, idempotent=idempotent)
        self.can = replace(self.can, admin=admin)
        return self.can

    def attempt(self, opened_at: datetime | None = None, **more: Any) -> ActionContext:
        """A first attempt."""
        incident = {"severity": "sev2", "dedup_key": "key", "began_at": (opened_at or self.clock.now()).isoformat()}
        given: dict[str, Any] = {"dry_run": False, "limits": {"evidence": 500}, "incident": incident} | more
        return ActionContext(
            action_id=uuid.uuid4(),
            incident_id=uuid.uuid4(),
            rule_id="rule",
            attempt=1,
            clock=self.clock,
            log=structlog.get_logger(),
            can=self.can,
            remembered={},
            checkpoints=Memory(),
            **given,
        )

    async def to_the_end(self, ctx: ActionContext, params: ReprocessEvidenceParams, rounds: int = 400) -> Outcome:
        """Run attempts, each after the wait of the one before."""
        for _ in range(rounds):
            outcome = await reprocess_evidence(ctx, params)
            if not isinstance(outcome, Wait):
                return outcome
            self.travel((outcome.until - self.clock.now()).total_seconds())
            ctx = again(ctx)
        raise AssertionError(f"there is no end: {outcome}")

    def travel(self, seconds: float) -> None:
        """Let time pass, for guardian and for the queues."""
        self.clock.advance(seconds=max(1.0, seconds))
        self.sqs.advance(max(1.0, seconds))

    async def pieces(self, ctx: ActionContext) -> dict[str, Piece]:
        """What is written down, by evidence."""
        assert self.can.reprocessing is not None
        return {piece.evidence: piece for piece in await self.can.reprocessing.pieces(ctx.action_id)}


def _body(evidence: str, case: str, number: int) -> str:
    """A letter, in one of the shapes in which evidence is named."""
    key = f"cases/{case}/raw/{evidence}_파일 {number}.pdf"
    shapes: Sequence[Any] = (
        {"evidence_id": evidence, "case_id": case},
        {"Records": [{"eventSource": "aws:s3", "s3": {"object": {"key": key.replace(" ", "+")}}}]},
        {"source": "aws.s3", "detail": {"object": {"key": key}}},
        {"Type": "Notification", "Message": json.dumps({"s3_key": key})},
    )
    return json.dumps(shapes[number % len(shapes)], ensure_ascii=False)


@asynccontextmanager
async def leh(pool: Pool, aws: Aws, sqs: SqsServer, *keys: str) -> AsyncIterator[Leh]:
    """Make it, with an evidence table of these keys (by default by `evidence_id`); AWS_ENDPOINT_URL_SQS must name `sqs`."""
    queue, dlq = sqs.make_pair("worker")
    table = f"evidence-{uuid.uuid4().hex[:8]}"
    clock = FakeClock(SystemClock().now())
    async with (
        hired("", table, *keys) as worker,
        admin_session(2.0) as session,
        serving(LocalAdminApi(Desk(), worker.process)) as api,
    ):
        can = Capabilities(
            queues=SqsQueues(aws, await aws.client("sqs")),
            channels={},
            letters=Letters(pool, clock),
            tables=DynamoTables(aws, await aws.client("dynamodb")),
            evidence_table=table,
            reprocessing=ReprocessingRows(pool, clock),
            deployments=NotedDeployments(pool, clock),
        )
        made = Leh(sqs, api, worker, can, pool, queue, dlq, clock, session, aws)
        made.honouring(idempotent=True)
        yield made
