"""Owns the check of certificates as a step of a rule; the one rule: it connects to the hosts of the settings, whatever a rule says."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from leh_guardian.checks.certificates import CLOUDFRONT, Wanted, look
from leh_guardian.context import ActionContext
from leh_guardian.errors import Refused
from leh_guardian.model.outcome import Outcome
from leh_guardian.model.text import shown
from leh_guardian.registry import Effect, Params, handler

_Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,252}(:[0-9]{1,5})?$")]


class CheckCertificatesParams(Params):
    """Which of the hosts, and how long before the end."""

    hosts: tuple[_Host, ...] = ()
    """Some of checks.hosts in the settings; all of them if left out. Another one is refused: an event could have named it."""
    acm: bool = True
    """Whether ACM is asked, too."""
    cloudfront: bool | None = None
    """Whether ACM is also asked in us-east-1, whose certificates CloudFront uses; as checks.cloudfront if left out."""
    good: int = Field(30, ge=1, le=1000)
    """Days of validity above which all is well."""
    bad: int = Field(15, ge=0, le=1000)
    """Days of validity below which it is not; in between is a warning."""
    early: int = Field(45, ge=0, le=60)
    """Days before the end by which ACM should have renewed."""
    dns: bool = True
    """Whether the CNAMEs are looked up by which ACM validates a renewal."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.bad > self.good:
            raise ValueError("`bad` is not more than `good`")
        return self


@handler(
    effect=Effect.READS,
    changes=False,
    permissions=("acm:ListCertificates", "acm:DescribeCertificate"),
)
async def check_certificates(ctx: ActionContext, params: CheckCertificatesParams) -> Outcome:
    """Check what hosts really serve, how long it is valid, and whether ACM will renew it.

    It is done with OK or WARN in the fact `status`, and fails with FAIL or UNKNOWN.
    """
    given = ctx.can.checks
    if given is None:
        raise Refused("nothing is configured to be checked")
    named = given.watched.hosts
    if strange := [host for host in params.hosts if host not in named]:
        raise Refused(f"{shown(strange[0], 100)} is not among checks.hosts of the settings: name it there")
    cloudfront = given.watched.cloudfront if params.cloudfront is None else params.cloudfront
    regions: tuple[str | None, ...] = (None, CLOUDFRONT) if cloudfront else (None,)
    wanted = Wanted(
        hosts=params.hosts or named,
        regions=regions if params.acm and given.watched.acm else (),
        good=params.good,
        bad=params.bad,
        early=params.early,
        dns=params.dns,
    )
    return (await look(given.endpoints, given.acm, given.names, wanted, ctx.clock)).outcome()
