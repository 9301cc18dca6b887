"""Owns the end of an attempt (T4): outcome → status, and what follows; the one rule: one transaction, fenced by the attempt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, assert_never
from uuid import UUID

from leh_guardian.engine import check_history, pages
from leh_guardian.engine.changes import Changes
from leh_guardian.engine.closing import busy, close
from leh_guardian.engine.progression import Progression, Run
from leh_guardian.engine.wording import Cause
from leh_guardian.model.action import ActionStatus, ClaimedAction, Role, backoff_seconds
from leh_guardian.model.incident import Incident, IncidentStatus
from leh_guardian.model.journal import Kind
from leh_guardian.model.mode import Mode
from leh_guardian.model.oncall.delivery import Retry as Retries
from leh_guardian.model.outcome import Done, Escalate, Failed, NoOp, Outcome, Retry, Unknown, Wait
from leh_guardian.store import actions, incidents
from leh_guardian.store.transaction import Transaction
from leh_guardian.telemetry.redaction import redact

_LONGEST_PAUSE = 3600.0
"""Seconds before the next attempt, at most: the other side's word (Retry-After) is data, too."""
_LOUD = 3
"""Failures after which a message that has no other channel is said on the console as well."""
_SHORTEST_WAIT = timedelta(seconds=1)
"""A handler that waits until an instant in the past must not make a busy loop."""

WELL = frozenset({ActionStatus.SUCCEEDED, ActionStatus.SKIPPED})
QUIET = WELL | {ActionStatus.SCHEDULED, ActionStatus.WAITING}
"""What the log need not raise its voice about."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an outcome means for the action's row."""

    status: ActionStatus
    kind: Kind
    summary: str
    facts: dict[str, Any]
    due_at: datetime | None = None
    failures: int | None = None

    @property
    def settled(self) -> bool:
        """Whether the action has ended."""
        return self.due_at is None

    def to_json(self, result: str) -> dict[str, Any]:
        """Return the outcome as the row keeps it."""
        return {"result": result, "summary": self.summary, "facts": self.facts}


def judge(claimed: ClaimedAction, outcome: Outcome, now: datetime, retries: Retries | None = None) -> Verdict:
    """Turn an attempt's outcome into the action's next status; `retries` says when guardian's own messages are tried again."""
    match outcome:
        case Done(summary, facts):
            kind = Kind.OBSERVED if claimed.dry_run or claimed.observed else Kind.SUCCEEDED
            return Verdict(ActionStatus.SUCCEEDED, kind, summary, dict(facts))
        case NoOp(reason, facts):
            return Verdict(ActionStatus.SKIPPED, Kind.NOTHING_TO_DO, reason, dict(facts))
        case Retry(reason, after):
            return _retry(claimed, reason, after, now, retries)
        case Wait(until, reason, facts):
            due_at = max(until, now + _SHORTEST_WAIT)
            if claimed.deadline is not None and due_at > claimed.deadline:
                late = f"not within its time: {reason}"
                return Verdict(ActionStatus.FAILED, Kind.FAILED, late, dict(facts))
            return Verdict(ActionStatus.WAITING, Kind.WAITING, reason, dict(facts), due_at=due_at)
        case Failed(reason, facts) if claimed.role is Role.TELL and not claimed.params.get("failover") and not facts:
            # Nobody knows better later than the receiver: a refused or misdirected message is tried like a lost one.
            return _retry(claimed, reason, None, now, retries)
        case Failed(reason, facts):
            return Verdict(ActionStatus.FAILED, Kind.FAILED, reason, dict(facts))
        case Unknown(reason, facts) | Escalate(reason, facts):
            return Verdict(ActionStatus.NEEDS_HUMAN, Kind.NEEDS_HUMAN, reason, dict(facts))
        case _:
            assert_never(outcome)


def _retry(claimed: ClaimedAction, reason: str, after: float | None, now: datetime, retries: Retries | None) -> Verdict:
    failures = claimed.failures + 1
    if failures >= claimed.attempts:
        text = f"gave up after {failures} failed attempts: {reason}"
        return Verdict(ActionStatus.FAILED, Kind.FAILED, text, {}, failures=failures)
    if retries is not None and claimed.handler == pages.HANDLER:
        after = retries.pause(failures, after)
    pause = backoff_seconds(claimed.backoff, failures) if after is None else max(0.0, min(_LONGEST_PAUSE, after))
    due_at = now + timedelta(seconds=pause)
    return Verdict(ActionStatus.SCHEDULED, Kind.RETRIED, reason, {}, due_at=due_at, failures=failures)


class Settlement:
    """Writes how attempts ended and moves their incidents on."""

    def __init__(self, progression: Progression, replica: str) -> None:
        self._progression = progression
        self._replica = replica
        self._follow: dict[Role, Callable[[Changes, Run, ClaimedAction, Verdict], None]] = {
            Role.STEP: self._after_step,
            Role.VERIFY: self._after_verify,
            Role.TELL: self._after_tell,
        }

    async def settle(self, tx: Transaction, claimed: ClaimedAction, outcome: Outcome, now: datetime) -> Verdict:
        """Settle an attempt and plan what follows, in the caller's transaction.

        Raises:
            LeaseLost: another attempt owns the action; nothing was written.
        """
        # Incident before action: the same order as everywhere, so no two transactions wait for each other.
        incident = await incidents.lock(tx, claimed.incident_id)
        verdict = judge(claimed, outcome, now, self._progression.escalator.directory.oncall.delivery.retry)
        if claimed.role is Role.CONFIRM and (incident is None or incident.ok_at is None):
            verdict = Verdict(ActionStatus.SKIPPED, Kind.NOTHING_TO_DO, "its OK is no longer held", {})
        if not verdict.settled and _over(incident, claimed):
            late = f"its incident is resolved, so it is not tried again: {verdict.summary}"
            verdict = Verdict(ActionStatus.SKIPPED, Kind.SKIPPED, late, verdict.facts, failures=verdict.failures)
        # What it says may quote an event, or what the other side answered.
        verdict = replace(verdict, summary=redact(verdict.summary))
        await actions.settle(
            tx,
            claimed,
            now,
            verdict.status,
            verdict.to_json(type(outcome).__name__.lower()),
            due_at=verdict.due_at,
            failures=verdict.failures,
        )
        if verdict.settled:
            await check_history.keep(tx, claimed, verdict.facts, now)
        changes = Changes(now)
        changes.note(
            verdict.kind,
            verdict.summary,
            incident=incident,
            action_id=claimed.id,
            data={
                "handler": claimed.handler,
                "attempt": claimed.attempt,
                "facts": verdict.facts,
                "due_at": verdict.due_at,
            },
        )
        if incident is not None and verdict.settled:
            await self._move_on(tx, changes, claimed, verdict, incident)
        elif incident is not None and claimed.role is Role.TELL and verdict.failures == _LOUD:
            # It is tried on for hours, and until then somebody may look at the log.
            self._progression.tell_elsewhere(changes, incident, claimed)
        await changes.write(tx, self._replica)
        return verdict

    async def give_back(self, tx: Transaction, claimed: ClaimedAction, kind: Kind, reason: str, now: datetime) -> None:
        """Put an attempt back in the queue without counting it as failed.

        What is at most once goes to a person instead, and what belongs to a resolved incident is over.

        Raises:
            LeaseLost: another attempt owns the action; nothing was written.
        """
        if not claimed.retryable and not claimed.dry_run:
            await self.settle(tx, claimed, Unknown(f"it was stopped while it ran: {reason}"), now)
            return
        incident = await incidents.lock(tx, claimed.incident_id)
        changes = Changes(now)
        changes.note(kind, reason, incident=incident, action_id=claimed.id, data=_attempt(claimed))
        if _over(incident, claimed):
            status, due_at = ActionStatus.SKIPPED, None
            reason = f"its incident is resolved, so it is not tried again: {reason}"
            changes.note(Kind.SKIPPED, reason, incident=incident, action_id=claimed.id, data=_attempt(claimed))
        else:
            status, due_at = ActionStatus.SCHEDULED, now
        await actions.settle(tx, claimed, now, status, {"result": kind.value, "summary": reason}, due_at=due_at)
        await changes.write(tx, self._replica)

    async def hold_back(self, tx: Transaction, now: datetime, held: Sequence[tuple[UUID, UUID, Mode]]) -> None:
        """Journal what the modes keep from starting, and ask people about what waits for their approval."""
        changes = Changes(now)
        for action_id, incident_id, mode in held:
            incident = changes.incidents.get(incident_id) or await incidents.lock(tx, incident_id)
            if incident is None:
                continue
            if mode is Mode.PROPOSE:
                self._progression.ask(changes, await self._run(tx, incident), action_id)
            else:
                reason = f"the mode is {mode.value}: it goes on when the mode is raised"
                changes.note(Kind.HELD, reason, incident=incident, action_id=action_id)
        await changes.write(tx, self._replica)

    async def _move_on(
        self, tx: Transaction, changes: Changes, claimed: ClaimedAction, verdict: Verdict, incident: Incident
    ) -> None:
        changes.incidents[incident.id] = incident
        if incident.status is IncidentStatus.RESOLVED and claimed.role is not Role.TELL:
            return
        run = await self._run(tx, incident)
        if claimed.role is Role.CONFIRM:
            await self._after_confirm(tx, changes, run, verdict)
            return
        self._follow[claimed.role](changes, run, claimed, verdict)

    @staticmethod
    async def _run(tx: Transaction, incident: Incident) -> Run:
        facts = await actions.facts(tx, incident.id, incident.run)
        dry = await actions.ran_dry(tx, incident.id, incident.run)
        asked = incident.escalation
        found = await actions.decided(tx, UUID(asked.approves)) if asked and asked.covers else None
        return Run(incident, await incidents.run_event(tx, incident.id), facts, dry, found[1] if found else "")

    def _after_step(self, changes: Changes, run: Run, claimed: ClaimedAction, verdict: Verdict) -> None:
        if verdict.status in WELL:
            self._progression.go_on(changes, run, claimed.step_index + 1, changes.now)
        elif verdict.status is ActionStatus.NEEDS_HUMAN:
            # Whatever the rule says about failures: nobody knows what happened, so nothing goes on by itself.
            reason = f"{claimed.step_id}: {verdict.summary}"
            self._progression.escalate(changes, run.incident, Cause.NEEDS_HUMAN, reason, about=claimed.step_id)
        else:
            reason = f"step {claimed.step_id} failed: {verdict.summary}"
            self._progression.step_failed(changes, run, claimed.step_index, reason, changes.now)
        self._look_again(changes, run)

    def _after_verify(self, changes: Changes, run: Run, claimed: ClaimedAction, verdict: Verdict) -> None:
        if verdict.status in WELL:
            changes.note(Kind.VERIFIED, verdict.summary, incident=run.incident, action_id=claimed.id)
            self._progression.plan_done(changes, run, "the remedy is verified")
            return
        reason = f"the remedy did not help: {verdict.summary}"
        changes.note(Kind.PLAN_STOPPED, reason, incident=run.incident)
        self._progression.escalate(changes, run.incident, Cause.NOT_HELPED, reason)
        self._look_again(changes, run)

    async def _after_confirm(self, tx: Transaction, changes: Changes, run: Run, verdict: Verdict) -> None:
        if verdict.status in WELL and run.incident.ok_at is not None:
            if not await busy(tx, changes, run.incident):
                how = f"its OK was held and confirmed: {verdict.summary}"
                await close(tx, changes, self._progression, run.incident, how)
        elif verdict.status not in WELL:
            reason = f"the alarm says OK, the queue does not: {verdict.summary}"
            self._progression.escalate(changes, run.incident, Cause.FALSE_OK, reason)

    def _after_tell(self, changes: Changes, run: Run, claimed: ClaimedAction, verdict: Verdict) -> None:
        """Say by another channel what its own would not take; /status and the metrics count it from the first failure."""
        if verdict.status not in WELL:
            self._progression.tell_elsewhere(changes, run.incident, claimed)

    def _look_again(self, changes: Changes, run: Run) -> None:
        self._progression.look_again(changes, changes.incidents[run.incident.id])


def _over(incident: Incident | None, claimed: ClaimedAction) -> bool:
    """Tell whether nothing of the action may start any more: its incident is resolved. People are told all the same."""
    return claimed.role is not Role.TELL and (incident is None or incident.status is IncidentStatus.RESOLVED)


def _attempt(claimed: ClaimedAction) -> dict[str, Any]:
    return {"handler": claimed.handler, "attempt": claimed.attempt, "step": claimed.step_id}
