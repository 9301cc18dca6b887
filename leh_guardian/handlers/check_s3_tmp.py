"""Owns the check of temporary files as a step of a rule; the one rule: what is not seen whole calls people, as what is wrong does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from leh_guardian.checks.s3_tmp import Wanted, look
from leh_guardian.context import ActionContext
from leh_guardian.errors import Refused
from leh_guardian.fields import Duration
from leh_guardian.model.outcome import Outcome
from leh_guardian.registry import Effect, Params, handler


def _instant(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("write an instant as ISO 8601, like 2026-11-27 or 2026-11-27T09:00:00+09:00") from None
    return text


class CheckS3TmpParams(Params):
    """Which prefix, and how late S3 may be."""

    bucket: str | None = Field(None, pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    """The bucket; that of the settings if left out."""
    prefix: str | None = Field(None, min_length=1, max_length=1024)
    """What the keys of temporary files begin with; that of the settings (tmp/) if left out."""
    grace: Duration = timedelta(hours=48)
    """How much later than its rule says an object may still be there: S3 expires once a day, and catches up within two."""
    rule_since: Annotated[str, AfterValidator(_instant)] | None = None
    """When the rule was put in place (ISO 8601), which S3 does not tell: within the grace after it old objects are only a warning."""
    pages: int = Field(5000, ge=1, le=100_000)
    """Pages of a thousand entries that are read at most; what is cut short is UNKNOWN."""
    time: Duration = timedelta(minutes=8)
    """How long is read at most; shorter than the step's timeout."""


@handler(
    effect=Effect.READS,
    changes=False,
    permissions=(
        "s3:GetLifecycleConfiguration",
        "s3:GetBucketVersioning",
        "s3:ListBucket",
        "s3:ListBucketVersions",
        "s3:ListBucketMultipartUploads",
    ),
    timeout="10m",
)
async def check_s3_tmp(ctx: ActionContext, params: CheckS3TmpParams) -> Outcome:
    """Check that S3's lifecycle rule covers the temporary files, and that they really vanish: objects, versions, unfinished uploads.

    It is done with OK or WARN in the fact `status`, and fails with FAIL or UNKNOWN.
    """
    given = ctx.can.checks
    if given is None:
        raise Refused("nothing is configured to be checked")
    since = datetime.fromisoformat(params.rule_since) if params.rule_since else None
    wanted = Wanted(
        bucket=params.bucket or given.watched.bucket,
        prefix=params.prefix or given.watched.prefix,
        grace=params.grace,
        rule_since=since.replace(tzinfo=since.tzinfo or UTC) if since else None,
        pages=params.pages,
        time=params.time,
    )
    return (await look(given.buckets, wanted, ctx.clock)).outcome()
