"""Owns the check of audit logs as a step of a rule; the one rule: what was not seen calls people, as what discloses something does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from leh_guardian.checks.audit.look import Wanted, look
from leh_guardian.checks.audit.sizes import Design
from leh_guardian.context import ActionContext
from leh_guardian.disclosure.sampling import RECALL
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


class CheckAuditLogParams(Params):
    """How much is read, and what a clean sample must prove; what is looked at is in the settings (checks.audit_…)."""

    over: Duration = Field(timedelta(days=7), gt=timedelta(0), le=timedelta(days=400))
    """Of how long the lines are looked at."""
    until: Annotated[str, AfterValidator(_instant)] | None = None
    """Up to when (ISO 8601); now if left out."""
    confidence: float = Field(0.95, ge=0.5, le=0.9999)
    """With what confidence a clean sample shows that fewer than `rate` of the lines disclose something."""
    rate: float = Field(0.001, ge=0.00001, le=0.5)
    """... a share of 1: 0.001 at 95 % takes 3,328 lines, with the recall that is taken for granted."""
    part_rate: float = Field(0.01, ge=0.0001, le=0.5)
    """The same within each day and kind of line, and for windows of a log group and objects, which are drawn as wholes."""
    recall: float = Field(RECALL, gt=0, le=1)
    """The share of disclosing lines that the detectors are taken to find."""
    whole_lines: int = Field(100_000, ge=0, le=400_000)
    """Up to so many rows of the table are all read."""
    whole_mb: int = Field(32, ge=1, le=10_000)
    """Up to so many megabytes of a log group or below a prefix are all read."""
    seed: str | None = Field(None, pattern=r"^[0-9a-f]{8,64}$")
    """The seed of an earlier result: with its `until` and `over` the same sample is drawn again."""
    time: Duration = timedelta(minutes=8)
    """How long is read at most; shorter than the step's timeout."""


@handler(
    effect=Effect.READS,
    changes=False,
    permissions=("logs:FilterLogEvents", "s3:ListBucket", "s3:GetObject"),
    timeout="10m",
)
async def check_audit_log(ctx: ActionContext, params: CheckAuditLogParams) -> Outcome:
    """Check that audit logs (LEH's table, by SELECT on all columns; CloudWatch; S3) hold no resident numbers, passwords or the like.

    What is small is read whole, the rest by a stratified random sample of stated confidence.
    It is done with OK or WARN in the fact `status`, and fails with FAIL or UNKNOWN.
    """
    given = ctx.can.checks
    if given is None:
        raise Refused("nothing is configured to be checked")
    until = datetime.fromisoformat(params.until) if params.until else None
    wanted = Wanted(
        design=Design(
            confidence=params.confidence,
            rate=params.rate,
            part_rate=params.part_rate,
            recall=params.recall,
            whole_lines=params.whole_lines,
            whole_bytes=params.whole_mb << 20,
        ),
        over=params.over,
        until=until.replace(tzinfo=until.tzinfo or UTC) if until else None,
        seed=params.seed,
        time=params.time,
    )
    return (await look(given.audit, given.buckets, wanted, ctx.clock)).outcome()
