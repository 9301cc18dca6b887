"""The outside of a judgement of uploads: S3 with versions and LEH's database, with what logs of requests a test gives it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.leh_database.activity import LehActivity
from leh_guardian.adapters.s3 import S3Objects
from leh_guardian.clock import SystemClock
from leh_guardian.context import Capabilities
from leh_guardian.handlers.upload_analysis import UploadAnalysisParams, upload_analysis
from leh_guardian.model.outcome import Done
from tests.support.attempt import attempt
from tests.support.clock import FakeClock
from tests.support.leh_product import Product, make_product

CASE, BUCKET = "case_3f9c", "uploads"


@dataclass
class Leh:
    """S3 with versions, and LEH's database."""

    s3: Any
    product: Product
    can: Capabilities

    async def put(self, *keys: str, size: int = 3) -> None:
        """Store objects; every one of another content."""
        for number, key in enumerate(keys):
            await self.s3.put_object(Bucket=BUCKET, Key=key, Body=f"{number:0{size}}".encode())

    async def log(self, user: str, action: str, of: str, ago: str = "1 minute") -> None:
        """Write a line into LEH's log."""
        sql = f"insert into audit_logs (user_id, action, object_id, timestamp) values ($1, $2, $3, now() - interval '{ago}')"
        await self.product.do(sql, user, action, of)

    async def facts(self, **params: Any) -> Any:
        """What the handler comes to."""
        ctx = attempt(self.can, clock=FakeClock(SystemClock().now() + timedelta(seconds=2)))
        outcome = await upload_analysis(ctx, UploadAnalysisParams(**({"key": CASE} | params)))
        assert isinstance(outcome, Done), outcome
        return outcome.facts


@asynccontextmanager
async def leh_of(aws: Aws, dsn: str) -> AsyncIterator[Leh]:
    """Make a case of a bucket of its own."""
    s3 = await aws.client("s3")
    await s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": aws.region})
    await s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    product = await make_product(dsn, closed=False)
    await product.do("alter table users add column created_at timestamptz not null default now() - interval '2 hours'")
    can = Capabilities(
        None,  # type: ignore[arg-type]
        {},
        None,  # type: ignore[arg-type]
        objects=S3Objects(aws, s3),
        evidence_bucket=BUCKET,
        activities=LehActivity(dsn, product.names),
    )
    yield Leh(s3, product, can)
    for each in (await s3.list_object_versions(Bucket=BUCKET)).get("Versions", ()):
        await s3.delete_object(Bucket=BUCKET, Key=each["Key"], VersionId=each["VersionId"])
    await s3.delete_bucket(Bucket=BUCKET)
