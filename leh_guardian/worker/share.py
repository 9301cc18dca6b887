"""Owns the worker's error shares, as `await_provider` takes them; the one rule: what is known to pass is no deployment's bug."""

from __future__ import annotations

from typing import Final

from leh_guardian.diagnosis import Diagnosis, Verdict
from leh_guardian.model.provider.fusion import Share

PASSES: Final = frozenset({Verdict.EXTERNAL_OUTAGE, Verdict.THROTTLED, Verdict.TRANSIENT})
"""What is over by itself, sooner or later."""
_NOT_OURS: Final = PASSES | {Verdict.QUOTA}


def share_of(diagnosis: Diagnosis) -> Share:
    """Return the shares of failures among the attempts that a log tells of."""
    where = diagnosis.concentration
    # A log without case ids: pieces of work stand for them, as they do in the diagnosis.
    cases = where.cases or (0 if where.one_file else diagnosis.failed)
    return Share(
        attempts=diagnosis.attempts,
        external=diagnosis.work.get(Verdict.EXTERNAL_OUTAGE, 0),
        quota=diagnosis.work.get(Verdict.QUOTA, 0),
        cases=cases,
        signatures=diagnosis.kinds,
        # A provider may fall over a minute after a deployment: its errors are known, and are not the deployment's.
        since_deployment=bool(where.since_deploy) and diagnosis.verdict not in _NOT_OURS,
    )
