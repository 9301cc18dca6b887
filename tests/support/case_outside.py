"""A case of LEH's with its files, records and documents, on real servers: moto, an admin API, an index, a PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import structlog

from leh_guardian.adapters.admin_api import HttpAdminApi, admin_session
from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.dynamo import DynamoTables
from leh_guardian.adapters.opensearch import OpenSearch
from leh_guardian.adapters.s3 import S3Objects
from leh_guardian.clock import SystemClock
from leh_guardian.context import ActionContext, Capabilities
from leh_guardian.engine.reprocessing import ReprocessingRows
from leh_guardian.evidence.inventory import index_of
from leh_guardian.handlers.reconcile_case import ReconcileCaseParams, reconcile_case
from leh_guardian.local import search
from leh_guardian.local.admin_api import Desk, LocalAdminApi, serving
from leh_guardian.local.search import Indexes
from leh_guardian.local.worker import LocalWorker, hired
from leh_guardian.model.outcome import Outcome, Wait
from leh_guardian.store.pool import Pool
from tests.support.attempt import Memory, again
from tests.support.clock import FakeClock


@dataclass
class CaseOutside:
    """The case, and guardian's view of it."""

    case: str
    bucket: str
    worker: LocalWorker
    api: LocalAdminApi
    indexes: Indexes
    can: Capabilities
    clock: FakeClock
    aws: Aws
    session: aiohttp.ClientSession
    keys: tuple[str, ...]
    s3: Any
    dynamodb: Any

    @property
    def effects(self) -> dict[str, int]:
        """How often each was given to the worker; the case itself is its index."""
        return dict(self.api.desk.effects)

    async def files(self, *evidence: str) -> None:
        """Put files into S3."""
        for each in evidence:
            self.worker.cases[each] = self.case
            await self.s3.put_object(Bucket=self.bucket, Key=f"cases/{self.case}/raw/{each}_녹취 1+1.m4a", Body=b"x")

    async def records(self, *evidence: str, status: str | None = "processed") -> None:
        """Put records into DynamoDB."""
        for each in evidence:
            item = {"evidence_id": each, "case_id": self.case, **({"status": status} if status else {})}
            await self.dynamodb.put_item(TableName=self.worker.table, Item={n: {"S": v} for n, v in item.items()})

    def documents(self, evidence: Iterable[str], chunks: int = 2) -> None:
        """Put documents into the index, several of each piece."""
        for each in evidence:
            for number in range(chunks):
                self.indexes.put(index_of(self.case), f"{each}-{number}", evidence_id=each)

    def honouring(self, idempotent: bool) -> None:
        """Let the API honour keys, and the operator say so; or neither."""
        self.api.desk.honours_keys = idempotent
        admin = HttpAdminApi(self.session, self.api.url, None, deadline=1.0, idempotent=idempotent)
        self.can = replace(self.can, admin=admin)

    def attempt(self, **more: Any) -> ActionContext:
        """A first attempt."""
        incident = {"severity": "sev3", "dedup_key": self.case, "began_at": self.clock.now().isoformat()}
        given: dict[str, Any] = {"dry_run": False, "limits": {"evidence": 500, "cases": 1}} | more
        return ActionContext(
            action_id=uuid.uuid4(),
            incident_id=uuid.uuid4(),
            rule_id="rule",
            attempt=1,
            incident=incident,
            clock=self.clock,
            log=structlog.get_logger(),
            can=self.can,
            remembered={},
            checkpoints=Memory(),
            **given,
        )

    async def reconcile(
        self, ctx: ActionContext | None = None, each_round: Callable[[], None] = lambda: None, **params: Any
    ) -> Outcome:
        """Run attempts, each after the wait of the one before, to the end."""
        ctx = ctx or self.attempt()
        for _ in range(200):
            outcome = await reconcile_case(
                ctx, ReconcileCaseParams(case=self.case, **({"rate": 1000.0, "poll": "3m"} | params))
            )
            if not isinstance(outcome, Wait):
                return outcome
            each_round()
            self.clock.advance(seconds=max(1.0, (outcome.until - self.clock.now()).total_seconds()))
            ctx = again(ctx)
        raise AssertionError(f"there is no end: {outcome}")


@asynccontextmanager
async def case_outside(pool: Pool, aws: Aws, *keys: str) -> AsyncIterator[CaseOutside]:
    """Make it, with an evidence table of these keys."""
    case, suffix = "case_3f9c", uuid.uuid4().hex[:8]
    indexes, clock = Indexes(), FakeClock(SystemClock().now())
    s3, dynamodb = await aws.client("s3"), await aws.client("dynamodb")
    bucket = f"evidence-{suffix}"
    await s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.region})
    async with (
        hired("", f"evidence-{suffix}", *keys) as worker,
        admin_session(2.0) as session,
        search.serving(indexes) as url,
        serving(LocalAdminApi(Desk(), worker.process, reindex=worker.reindex)) as api,
    ):
        worker.indexes = indexes
        opensearch = OpenSearch(url)
        can = Capabilities(
            queues=None,  # type: ignore[arg-type]
            channels={},
            letters=None,  # type: ignore[arg-type]
            tables=DynamoTables(aws, dynamodb),
            search=opensearch,
            evidence_table=worker.table,
            evidence_bucket=bucket,
            objects=S3Objects(aws, s3),
            reprocessing=ReprocessingRows(pool, clock),
        )
        made = CaseOutside(case, bucket, worker, api, indexes, can, clock, aws, session, keys, s3, dynamodb)
        made.honouring(idempotent=True)
        yield made
        await opensearch.close()
