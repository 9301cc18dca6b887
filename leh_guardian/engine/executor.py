"""Owns the running of actions: claim (T2), run outside every transaction, checkpoint (T3), settle (T4).

The one rule: whoever cannot prove that it still holds the lease writes nothing and starts no further effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import anyio
import anyio.abc
import structlog
from pydantic import ValidationError

from leh_guardian.clock import Clock
from leh_guardian.context import ActionContext, Capabilities
from leh_guardian.engine import budget_wording, target_budgets
from leh_guardian.engine.fence import fenced
from leh_guardian.engine.lease import Lease, trusted_until
from leh_guardian.engine.settlement import QUIET, Settlement
from leh_guardian.engine.target_budgets import PerTarget
from leh_guardian.errors import (
    GuardianError,
    Halted,
    LeaseLost,
    OutcomeUnknown,
    Permanent,
    StoreUnavailable,
    Transient,
)
from leh_guardian.model.action import ClaimedAction
from leh_guardian.model.canary import CANARY
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.mode import Mode
from leh_guardian.model.outcome import Failed, NoOp, Outcome, Retry, Unknown
from leh_guardian.model.text import dump_json, told
from leh_guardian.registry import Effect, HandlerSpec, Registry
from leh_guardian.store import actions, journal
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from leh_guardian.telemetry.failpoints import failpoint
from leh_guardian.telemetry.metrics import Metrics

_MAX_LOSSES = 10
"""Attempts that may vanish with their process before a person is asked: a crashing host is not the handler's fault."""
_STORE_PAUSE = 0.5
"""Seconds before the store is asked again for what an attempt cannot go on without."""
_LAST_WORDS = 10.0
"""Seconds for settling an attempt after everything else has been cancelled."""


class Executor:
    """Runs due actions, a bounded number at a time."""

    def __init__(
        self,
        pool: Pool,
        registry: Registry,
        settlement: Settlement,
        capabilities: Capabilities,
        clock: Clock,
        metrics: Metrics,
        *,
        replica: str,
        mode: Mode,
        slots: int,
        freed: Callable[[], None],
        takes: Sequence[str] | None = None,
        per_target: Callable[[], PerTarget] = dict,
        lease: Callable[[], float | None] = lambda: None,
    ) -> None:
        """`takes` are the handlers whose actions it claims, all that it knows unless given; what is left lying is taken by any.

        `per_target` are the budgets of targets, as of the newest reload.
        `lease` says for how many seconds it claims them now, None for the usual ones.
        """
        self._pool = pool
        self._registry = registry
        self._settlement = settlement
        self._capabilities = capabilities
        self._clock = clock
        self._metrics = metrics
        self._replica = replica
        self._mode = mode
        self._slots = slots
        self._takes = takes
        self._per_target = per_target
        self._lease = lease
        self._running = 0
        self._claiming = False
        self._log = structlog.get_logger("executor")
        self._freed = freed
        self._ended = anyio.Event()

    async def idle(self) -> None:
        """Wait until no attempt is running or being claimed."""
        while self._running or self._claiming:
            await self._ended.wait()

    async def run_once(self, tasks: anyio.abc.TaskGroup) -> int:
        """Claim what is due, up to the free slots, and start it in `tasks`; returns how many were started."""
        free = self._slots - self._running
        if free <= 0:
            return 0
        self._claiming = True
        try:
            claimed, trusted = await self._claim(free)
            self._running += len(claimed)
        finally:
            self._claiming = False
            self._tell_idle()
        for action in claimed:
            tasks.start_soon(self._attempt, action, trusted, name=f"action {action.handler} {action.id}")
        return len(claimed)

    async def _claim(self, count: int) -> tuple[list[ClaimedAction], float]:
        """Return what was claimed, and until when (monotonic seconds) its leases may be trusted."""
        now = self._clock.now()
        try:
            async with transaction(self._pool) as tx:
                await self._settlement.hold_back(tx, now, await actions.hold_back(tx, now, self._mode))
                takes = self._registry.names() if self._takes is None else self._takes
                # Not before: where the store is slow, a good part of a lease goes by until here.
                lease = self._lease()
                trusted = trusted_until(self._clock, lease)
                claimed = await actions.claim(tx, now, self._mode, self._replica, count, takes, lease)
                refused, noted = await target_budgets.count(tx, self._registry, self._per_target(), claimed, now)
                claimed = [replace(action, overdrawn=refused.get(action.id)) for action in claimed]
                entries = [*noted]
                for action in claimed:
                    if action.lost:
                        entries.append(_entry(action, Kind.LOST, "its process vanished or stalled past its lease"))
                    entries.append(_entry(action, Kind.STARTED, "dry run" if action.dry_run else ""))
                await journal.append(tx, self._replica, now, entries)
                if claimed:
                    failpoint("executor.before_claim_commit")
        except LeaseLost:
            return [], 0.0
        if claimed:
            failpoint("executor.claimed")
        return claimed, trusted

    async def _attempt(self, action: ClaimedAction, trusted: float) -> None:
        """Run one attempt to its settlement. Never raises: a handler's failure is an outcome, not a crash."""
        log = self._log.bind(action=str(action.id), handler=action.handler, attempt=action.attempt, rule=action.rule_id)
        started = self._clock.now()
        try:
            await self._leased(action, trusted, log)
        except LeaseLost:
            log.warning("lease lost: another attempt goes on with this action")
        except Halted:
            await self._give_back(action, Kind.HALTED, "the mode was lowered while it ran")
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True), anyio.move_on_after(_LAST_WORDS):
                await self._give_back(action, Kind.RELEASED, "shutting down")
            raise
        except GuardianError as error:
            # The store is away: the lease runs out and the action is claimed again, here or elsewhere.
            log.warning("attempt could not be settled", error=str(error))
        finally:
            self._running -= 1
            self._metrics.attempt_seconds.labels(action.handler).observe((self._clock.now() - started).total_seconds())
            # A slot is free and a next step may have been planned.
            self._freed()
            self._tell_idle()

    def _tell_idle(self) -> None:
        self._ended.set()
        self._ended = anyio.Event()

    async def _leased(self, action: ClaimedAction, trusted: float, log: structlog.stdlib.BoundLogger) -> None:
        """Run the handler and settle, with the lease renewed all the while.

        A lease that cannot be trusted any more cancels the handler. The settlement is fenced and goes on: what happened is
        worth writing down. It is renewed for, too, since with a slow store it may take longer than what is left of the lease.
        """
        stopped: GuardianError | None = None
        ended = False
        lease = Lease(self._pool, action, self._clock, trusted)
        if lease.over:
            raise LeaseLost
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lease.renew, tasks.cancel_scope, name=f"lease of {action.id}")
            tasks.start_soon(lease.watch, tasks.cancel_scope, name=f"trust in the lease of {action.id}")
            try:
                outcome = await self._outcome(action, lease, log)
                ended = True
                failpoint("executor.before_settle")
                await self._settle(action, outcome, log)
                failpoint("executor.settled")
            except GuardianError as reason:
                # Kept, not raised: out of a task group it would arrive as an exception group.
                stopped = reason
            tasks.cancel_scope.cancel()
        if stopped is not None:
            raise stopped
        if not ended:
            raise LeaseLost

    async def _outcome(self, action: ClaimedAction, lease: Lease, log: structlog.stdlib.BoundLogger) -> Outcome:
        spec = self._registry.get(action.handler)
        if spec is None:
            return Failed(f"this version of leh_guardian has no handler named {action.handler}")
        if action.lost and not action.retryable:
            return Unknown("its process vanished while it ran; it is never repeated by itself (at most once)")
        if action.over:
            return NoOp("its incident was resolved before it ended")
        if action.losses >= _MAX_LOSSES:
            return Unknown(f"its process vanished {action.losses} times while it ran")
        try:
            params = spec.params.model_validate_json(dump_json(dict(action.params)))
        except ValidationError as error:
            return Failed(f"its parameters were planned by another version and do not fit: {told(error)}")
        if action.observed and spec.effect is not Effect.READS:
            action = replace(action, dry_run=True)
        context = self._context(action, lease, log)
        if action.overdrawn:
            return Failed(context.said(budget_wording.refused(action.overdrawn)))
        failpoint("executor.before_effect")
        try:
            with anyio.fail_after(action.timeout):
                return await spec.run(context, params)
        except (LeaseLost, Halted):
            raise
        except Exception as error:
            # The one place that turns any failure into an outcome.
            return _failure(spec, action, error, log)

    def _context(self, action: ClaimedAction, lease: Lease, log: structlog.stdlib.BoundLogger) -> ActionContext:
        return ActionContext(
            action_id=action.id,
            incident_id=action.incident_id,
            rule_id=action.rule_id,
            attempt=action.attempt,
            dry_run=action.dry_run,
            incident=action.incident,
            clock=self._clock,
            log=log,
            can=fenced(self._capabilities, lease),
            limits=action.limits,
            remembered=dict(action.checkpoints),
            checkpoints=_Fenced(self._pool, action, self._mode),
        )

    async def _settle(self, action: ClaimedAction, outcome: Outcome, log: structlog.stdlib.BoundLogger) -> None:
        # Shielded: what has happened is written down even when the daemon is being stopped.
        with anyio.CancelScope(shield=True):
            for pause in (0.2, 1.0, 3.0, None):
                try:
                    async with transaction(self._pool) as tx:
                        verdict = await self._settlement.settle(tx, action, outcome, self._clock.now())
                        failpoint("executor.before_settle_commit")
                    break
                except StoreUnavailable:
                    if pause is None:
                        raise
                    await anyio.sleep(pause)
                except LeaseLost:
                    raise
                except Exception as error:
                    if pause is None:
                        raise
                    # Unsettled, it would be run again after every restart. People decide instead, and nothing is planned.
                    log.exception("what follows an attempt cannot be decided")
                    ended = f"it ended in {type(outcome).__name__}, and what follows could not be decided"
                    outcome = Unknown(told(f"{ended}: {type(error).__name__}: {error}", 1000))
        self._metrics.actions.labels(action.handler, verdict.status.value).inc()
        quiet = "debug" if action.rule_id == CANARY else "info"
        level = quiet if verdict.status in QUIET else "error"
        getattr(log, level)("attempt ended", status=verdict.status.value, summary=told(verdict.summary))

    async def _give_back(self, action: ClaimedAction, kind: Kind, reason: str) -> None:
        """Put an attempt back in the queue without counting it as failed; at-most-once actions go to a person."""
        try:
            async with transaction(self._pool) as tx:
                await self._settlement.give_back(tx, action, kind, reason, self._clock.now())
        except LeaseLost:
            # Settled already when the stop came, or another attempt owns it: nothing is left to give back.
            return
        except GuardianError as error:
            self._log.warning(
                "could not give the action back; its lease runs out", action=str(action.id), error=str(error)
            )


class _Fenced:
    """Checkpoints of one attempt: all of them are written anew each time, under the fence."""

    def __init__(self, pool: Pool, action: ClaimedAction, mode: Mode) -> None:
        self._pool = pool
        self._action = action
        self._mode = mode
        self._values: dict[str, Any] = dict(action.checkpoints)

    async def save(self, name: str, value: Any) -> None:
        values: Mapping[str, Any] = {**self._values, name: value}
        while True:
            try:
                async with transaction(self._pool) as tx:
                    allowed = await actions.checkpoint(tx, self._action, self._mode, values)
                break
            except StoreUnavailable:
                # The effect before it has taken place and would be repeated by another attempt. The lease bounds this.
                await anyio.sleep(_STORE_PAUSE)
        self._values[name] = value
        failpoint("executor.checkpointed")
        if not allowed:
            raise Halted


def _failure(spec: HandlerSpec, action: ClaimedAction, error: Exception, log: structlog.stdlib.BoundLogger) -> Outcome:
    """Turn an exception into an outcome. What may have taken place and cannot be repeated is unknown, never retried."""
    reason = told(f"{type(error).__name__}: {error}" if not isinstance(error, GuardianError) else error, 1000)
    match error:
        case OutcomeUnknown():
            return Unknown(reason)
        case Permanent():
            return Failed(reason)
        case _ if not spec.retryable:
            return Unknown(f"it may have taken place: {reason}")
        case Transient(retry_after=after):
            return Retry(reason, after)
        case TimeoutError():
            return Retry(f"it took longer than its {action.timeout:g} s")
        case GuardianError():
            return Retry(reason)
        case _:
            log.exception("the handler is defective")
            return Failed(f"defect in handler {spec.name}: {reason}")


def _entry(action: ClaimedAction, kind: Kind, reason: str) -> Entry:
    data = {"handler": action.handler, "attempt": action.attempt, "step": action.step_id}
    return Entry(kind, reason, action.incident_id, action.id, action.rule_id, data)
