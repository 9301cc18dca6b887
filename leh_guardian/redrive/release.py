"""Owns the way back of a case's parked work; the one rule: an item is deleted once it is sent, and only the copy that was sent.

What was sent is written down before it is deleted. A crash in between is made up for; one before that sends it again, which a
worker knows by the evidence's id and version. A worker that receives it while
the circuit opens again parks it anew, maybe before it is deleted here: then it is another copy, and stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from leh_guardian.context import ActionContext
from leh_guardian.errors import Refused
from leh_guardian.evidence.names import is_id
from leh_guardian.evidence.record import EvidenceRecords
from leh_guardian.model.outcome import Done, Failed, Outcome, Wait
from leh_guardian.model.text import told
from leh_guardian.ports.parked import Parked, ParkedMark, ParkedWork
from leh_guardian.redrive.origin import Origins
from leh_guardian.redrive.pace import Pace
from leh_guardian.redrive.passing import what_holds
from leh_guardian.telemetry.failpoints import failpoint

_SLICE = 300.0
"""Seconds after which it comes back later, so that one long release keeps no slot for itself."""


@dataclass
class ReleaseProgress:
    """What a release has come to; a checkpoint."""

    parked: int
    """What was there when it began."""
    meant: int
    """So many go at most."""
    released: int = 0
    skipped: int = 0
    """Deleted, for their evidence is finished."""
    sent: str = ""
    """What was sent last, item and copy: it need only be deleted."""
    rate: float = 0.0
    unfit: dict[str, int] = field(default_factory=dict)
    """{reason: items that stay}, of this attempt."""

    @property
    def left_to_do(self) -> int:
        """How many may still go."""
        return self.meant - self.released - self.skipped


class Release:
    """One attempt."""

    def __init__(
        self, ctx: ActionContext, parked: Parked, origins: Origins, case: str, pace: Pace, progress: ReleaseProgress
    ) -> None:
        self._ctx = ctx
        self._parked = parked
        self._origins = origins
        self._case = case
        self._pace = pace
        self._progress = progress
        known = ctx.can.tables is not None and ctx.can.evidence_table is not None
        self._records = EvidenceRecords.of(ctx.can) if known else None

    async def go_on(self) -> Outcome:
        """Send what waits longest first, to the end, to the next pause, or until the circuit opens again."""
        ctx, progress, clock = self._ctx, self._progress, self._ctx.clock
        until, stopped = clock.monotonic() + _SLICE, ""
        progress.unfit = {}
        for mark in await self._parked.of_case(self._case):
            if _name(mark) == progress.sent:
                await self._parked.delete(mark)
                continue
            if progress.left_to_do <= 0 or (stopped := stopped or await what_holds(ctx.can, self._case, clock.now())):
                continue
            began = clock.monotonic()
            if began > until:
                await self._save()
                return Wait(clock.now() + timedelta(seconds=1), f"{progress.released} of {progress.meant} so far")
            if await self._one(mark):
                self._pace.went_well(clock.monotonic())
                await clock.sleep(1 / self._pace.rate - (clock.monotonic() - began))
        return await self._end(stopped)

    async def _one(self, mark: ParkedMark) -> bool:
        """Deal with an item; whether it was sent."""
        work = await self._parked.get(mark)
        if work is None or work.mark.copy != mark.copy:
            # Somebody was quicker: it is gone, or has come back.
            return False
        if await self._finished(work):
            self._progress.skipped += await self._parked.delete(mark)
            return False
        try:
            await self._origins.send(work)
        except Refused as error:
            reason = told(error, 200)
            self._progress.unfit[reason] = self._progress.unfit.get(reason, 0) + 1
            return False
        failpoint("release.sent")
        self._progress.released += 1
        self._progress.sent, self._progress.rate = _name(mark), self._pace.rate
        await self._save()
        await self._parked.delete(mark)
        failpoint("release.deleted")
        return True

    async def _finished(self, work: ParkedWork) -> bool:
        """Whether its evidence was finished after it happened; where the record does not say when, that is not known."""
        since = work.mark.since
        if self._records is None or since is None or not (is_id(work.evidence) and is_id(work.mark.case)):
            return False
        record = await self._records.look(work.mark.case, work.evidence)
        return record.processed and record.touched is not None and record.touched >= since

    async def _save(self) -> None:
        await self._ctx.checkpoint("progress", asdict(self._progress))

    async def _end(self, stopped: str) -> Outcome:
        progress = self._progress
        left = await self._parked.of_case(self._case)
        facts = release_facts(self._case, progress, left, self._ctx) | ({"stopped": stopped} if stopped else {})
        said = f"{progress.released} pieces of work of {self._case} went back, {progress.skipped} were done, {len(left)} are parked"
        if stopped:
            return Done(f"{said}; stopped, for {stopped}", facts)
        reasons = "; ".join(f"{count} stay: {reason}" for reason, count in sorted(progress.unfit.items()))
        if progress.unfit and not progress.released + progress.skipped:
            return Failed(f"nothing of {self._case} went back. {reasons}", facts)
        return Done(f"{said}. {reasons}" if reasons else said, facts)


def _name(mark: ParkedMark) -> str:
    return f"{mark.item}/{mark.copy}"


def release_facts(
    case: str, progress: ReleaseProgress, left: Sequence[ParkedMark], ctx: ActionContext
) -> dict[str, Any]:
    """Return what later steps and people may know."""
    ages = [(ctx.clock.now() - mark.since).total_seconds() for mark in left if mark.since is not None]
    return {
        "case": case,
        "parked": progress.parked,
        "released": progress.released,
        "skipped": progress.skipped,
        "left": len(left),
        "unfit": dict(progress.unfit),
        "oldest_seconds": round(max(ages, default=0.0)),
    }
