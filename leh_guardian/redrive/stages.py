"""Owns the stages of a redrive: canary, proof, ramp, proof; the one rule: what comes back is not sent again.

How letters are moved is in `redrive/mover`, how they are chosen in `redrive/selection`, where they go in `redrive/goal`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from leh_guardian.clock import seconds
from leh_guardian.context import ActionContext
from leh_guardian.model.outcome import Done, Failed, Outcome, Wait
from leh_guardian.ports import MovedLetter, QueueInfo
from leh_guardian.redrive import mover
from leh_guardian.redrive.burying import Burying
from leh_guardian.redrive.finishing import look
from leh_guardian.redrive.goal import Goal
from leh_guardian.redrive.pace import Pace
from leh_guardian.redrive.progress import Phase, Progress
from leh_guardian.redrive.proof import Returned, count_returned
from leh_guardian.redrive.selection import Selection

AGAIN = 1.0
"""Seconds until another look at messages that came back in the meantime."""
WAITS = 5
SLICE = 300.0
"""Seconds of moving in one attempt: a long redrive waits and goes on, it does not run into its timeout."""
ENOUGH = 20
"""Letters of a ramp that must have died again before their share counts."""
_RECORDS = 200
"""Records of a canary that are looked at."""
_LOOKS = (1.0, 60.0)
"""Seconds between two looks at them, at least and at most."""
_STRANGERS = 10
"""Letters of others in the queue, beside which it is looked through before the time is over."""
_BAD_SHARE = 0.2
"""Part of the moved letters that may die again."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What is asked for."""

    queue: str
    """The dead-letter queue, by name or ARN."""
    rate: float
    """Messages a second."""
    canary: int
    select: Selection
    max_redrives: int


class Redrive:
    """One attempt."""

    def __init__(
        self,
        ctx: ActionContext,
        orders: Orders,
        source: QueueInfo,
        goal: Goal,
        progress: Progress,
        hold: Callable[[], Awaitable[Outcome | None]],
    ) -> None:
        self._ctx = ctx
        self._orders = orders
        self._source = source
        self._goal = goal
        self._progress = progress
        self._hold = hold
        self._until = ctx.clock.monotonic() + SLICE
        self._pace = Pace(orders.rate, ramp=orders.canary > 0, rate=progress.rate, quiet_since=ctx.clock.monotonic())

    async def go_on(self) -> Outcome:
        """Go on where the last attempt has stopped, to the next wait or to the end."""
        if self._progress.phase is Phase.CANARY and (ended := await self._canary()):
            return ended
        if self._progress.phase is Phase.PROOF and (ended := await self._prove()):
            return ended
        if self._progress.phase is Phase.RAMP and (ended := await self._ramp()):
            return ended
        return await self._verify()

    async def _canary(self) -> Outcome | None:
        if waiting := await self._hold():
            return waiting
        await self._move(self._orders.canary - self._progress.moved)
        if self._progress.moved < self._orders.canary and (waiting := await self._still_hidden()):
            return waiting
        await self._enter(Phase.PROOF)
        return None

    async def _prove(self) -> Outcome | None:
        progress = self._progress
        waiting = self._too_early(f"the first {progress.moved} are on their way")
        seen = await look(self._ctx, await self._sent(), most=_RECORDS)
        if failed := seen.failed_again(progress.begun, late=waiting is None):
            return await self._report(canary_failed=f"{len(failed)} have failed by their records: {failed[0]}")
        if waiting and not seen.all_finished:
            if begun := sorted(set(seen.begun) - set(progress.begun)):
                progress.begun = [*progress.begun, *begun][:_RECORDS]
                await self._save()
            return self._sooner(waiting) if seen.finished or seen.unfinished else waiting
        returned = Returned(0, 0, whole=True) if seen.all_finished else await count_returned(self._ctx, self._source)
        progress.returned = returned.count
        # In a queue that is too long to be looked through, that it grows is reason enough not to send more.
        grown = 0 if returned.whole else await self._grown()
        if returned.count or grown > progress.moved // 2:
            return await self._report(canary_failed="the first ones have died again")
        if progress.finished or not progress.moved:
            return await self._report()
        await self._enter(Phase.RAMP)
        return None

    async def _ramp(self) -> Outcome | None:
        progress = self._progress
        if progress.room > 0 and (held := await self._hold()):
            return held
        await self._move(progress.room)
        if self._dies_again():
            return await self._report()
        if progress.room > 0 and self._ctx.clock.monotonic() >= self._until:
            await self._save()
            return Wait(self._ctx.clock.now(), f"moved {progress.moved} of {progress.planned} so far", self._facts())
        if waiting := await self._still_hidden():
            return waiting
        if not self._orders.canary:
            return await self._report()
        await self._enter(Phase.VERIFY)
        return None

    async def _verify(self) -> Outcome:
        """Wait until each letter that was sent is finished by its record, lies in the queue again, or has not returned in time."""
        progress = self._progress
        waiting = self._too_early(f"moved {progress.moved}, and waiting for what comes back")
        seen = await look(self._ctx, await self._sent(), most=_RECORDS) if waiting else None
        # What is in quarantine by now is not among them.
        open_ = progress.moved - progress.buried - (seen.finished if seen else 0)
        if waiting and open_ > 0:
            total = (await self._ctx.can.queues.info(self._orders.queue)).depth.total
            # A queue that holds others' letters, too, is not looked through again and again.
            if not open_ <= total <= open_ + _STRANGERS:
                return self._sooner(waiting)
        if open_ > 0:
            burying = Burying(self._ctx, self._source, self._orders.max_redrives)
            await burying.look_through()
            progress.buried += burying.buried
            progress.quarantined += burying.buried
            progress.returned = max(progress.returned, progress.buried + burying.returned - burying.buried)
            await self._save()
            if waiting and burying.returned < open_:
                return self._sooner(waiting)
        return await self._report()

    async def _move(self, most: int) -> None:
        moving = mover.Mover(
            self._ctx,
            self._source,
            self._goal,
            self._progress,
            self._pace,
            selection=self._orders.select,
            max_redrives=self._orders.max_redrives,
        )
        await moving.move(max(0, most), self._until)

    async def _enter(self, phase: Phase) -> None:
        self._progress.phase = phase
        await self._save()

    async def _save(self) -> None:
        await self._ctx.checkpoint("progress", asdict(self._progress))

    def _too_early(self, why: str) -> Wait | None:
        """Return a wait while a letter that fails again may still be on its way back."""
        left = self._progress.since + self._goal.returns - self._ctx.clock.now().timestamp()
        return Wait(self._ctx.clock.now() + seconds(left), why, self._facts()) if left > 0 else None

    async def _grown(self) -> int:
        """Return by how many letters the queue is longer than what was moved out of it leaves."""
        progress = self._progress
        left = (await self._ctx.can.queues.info(self._orders.queue)).depth
        gone = progress.moved - progress.released + progress.quarantined
        return left.total - (int(progress.plan["messages"]) - gone)

    def _dies_again(self) -> bool:
        returned, moved = self._progress.returned, self._progress.moved
        return returned >= ENOUGH and returned > _BAD_SHARE * moved

    async def _still_hidden(self) -> Wait | None:
        """Return a wait while letters of the plan may still come back from behind somebody's visibility timeout."""
        ctx, progress = self._ctx, self._progress
        left = (await ctx.can.queues.info(self._orders.queue)).depth
        staying = progress.skipped + progress.returned
        if progress.finished or progress.refused or left.total <= staying or progress.waits >= WAITS:
            return None
        progress.waits += 1
        await self._save()
        if left.in_flight:
            return Wait(
                ctx.clock.now() + seconds(mover.VISIBILITY), f"{left.in_flight} messages are hidden by a receiver"
            )
        # They came back since the last look; what was sent of them must still be deleted, or a later redrive sends it again.
        return Wait(ctx.clock.now() + seconds(AGAIN), f"{left.total} messages have come back")

    def _facts(self) -> dict[str, Any]:
        progress = self._progress
        return {
            **progress.plan,
            "moved": progress.moved,
            "failed": len(progress.refused),
            "returned": progress.returned,
            "quarantined": progress.quarantined,
        } | ({"released": progress.released} if progress.released else {})

    async def _sent(self) -> Sequence[MovedLetter]:
        """Return what this action has sent so far: of a canary, all."""
        ctx = self._ctx
        return await ctx.can.letters.moved(self._source.arn, ctx.incident_id, action=ctx.action_id)

    def _sooner(self, waiting: Wait) -> Wait:
        """Look at the records meanwhile: they tell before it is sure that nothing returns."""
        now = self._ctx.clock.now()
        pause = min(_LOOKS[1], max(_LOOKS[0], (waiting.until - now).total_seconds() / 10))
        return replace(waiting, until=min(waiting.until, now + seconds(pause)))

    async def _report(self, *, canary_failed: str = "") -> Outcome:
        progress = self._progress
        left = (await self._ctx.can.queues.info(self._orders.queue)).depth
        facts = {**self._facts(), "left": left.visible, "in_flight": left.in_flight}
        if progress.unfit:
            facts["unfit"] = progress.unfit
        summary = f"moved {progress.moved} of {progress.planned} messages to {self._goal.name}, {left.visible} left"
        if progress.quarantined:
            summary += f"; {progress.quarantined} that died again and again are in quarantine"
        if progress.unfit:
            summary += "; " + ", ".join(f"{count} {why}" for why, count in progress.unfit.items())
        if canary_failed:
            return Failed(f"{summary}; {canary_failed}: the cause is still there", facts)
        if self._dies_again():
            return Failed(f"{summary}; {progress.returned} have died again: stopped", facts)
        if progress.refused:
            reason = next(iter(progress.refused.values()))
            return Failed(
                f"{summary}; {len(progress.refused)} were refused: {reason}", {**facts, "refused": progress.refused}
            )
        if progress.unfit and not progress.moved and not progress.quarantined:
            return Failed(summary, facts)
        return Done(summary, facts)
