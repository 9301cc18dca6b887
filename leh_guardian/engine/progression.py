"""Owns what follows what in an incident: first step, next step, verification, end; the one rule: it decides and writes nothing.

Both the planner (T1) and the settlement (T4) go through here, so a plan moves on in one way only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from leh_guardian.engine.changes import Changes
from leh_guardian.engine.wording import Cause, message
from leh_guardian.errors import RuleError
from leh_guardian.model.action import ActionStatus, ClaimedAction, NewAction, Role
from leh_guardian.model.canary import CANARY
from leh_guardian.model.identity import action_key, key
from leh_guardian.model.incident import Incident, IncidentStatus
from leh_guardian.model.journal import Kind
from leh_guardian.model.mode import Mode
from leh_guardian.model.plan import OnFailure, Step
from leh_guardian.model.text import dump_json, told
from leh_guardian.registry import Registry
from leh_guardian.rules.conditions import holds
from leh_guardian.rules.preview import one_line, step_params, unanswered
from leh_guardian.store.incidents import RunEvent
from leh_guardian.store.timers import TimerKind

CONSOLE = "console"
"""The channel that is always there."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of an incident's plan: what a step may refer to."""

    incident: Incident
    event: RunEvent
    facts: Mapping[str, Any]
    """{step id: facts} of the steps before."""
    dry: bool = False
    """Whether a step ran dry: then there is nothing to verify."""


class Progression:
    """Moves incidents on."""

    def __init__(self, registry: Registry, tell_channel: str) -> None:
        self._registry = registry
        self._tell_channel = tell_channel

    def go_on(self, changes: Changes, run: Run, index: int, due_at: datetime) -> None:
        """Plan the next step from `index` on whose condition holds, or finish the plan when there is none."""
        steps = run.incident.plan.steps
        for position in range(index, len(steps)):
            step = steps[position]
            if step.condition is not None and not holds(step.condition, run.facts):
                self._skip(changes, run, step, position)
                continue
            if self._plan(changes, run, step, position, Role.STEP, due_at):
                return
            if run.incident.plan.on_failure is not OnFailure.CONTINUE:
                self.step_failed(changes, run, position, f"step {step.id} could not be planned", due_at)
                return
        self._finish(changes, run, due_at)

    def step_failed(self, changes: Changes, run: Run, index: int, reason: str, due_at: datetime) -> None:
        """Do what the rule says about a step that has failed for good."""
        on_failure = run.incident.plan.on_failure
        if on_failure is OnFailure.CONTINUE:
            self.go_on(changes, run, index + 1, due_at)
            return
        changes.note(Kind.PLAN_STOPPED, reason, incident=run.incident, data={"on_failure": on_failure.value})
        if on_failure is OnFailure.ESCALATE:
            self.escalate(changes, run.incident, Cause.STEP_FAILED, reason, about=str(index))

    def escalate(
        self,
        changes: Changes,
        incident: Incident,
        cause: Cause,
        reason: str,
        *,
        about: str = "",
        per_rule: bool = False,
    ) -> None:
        """Tell people, once per run, cause and `about`; `per_rule`: once per `about` for the whole rule. Never of a canary."""
        if incident.rule_id == CANARY:
            changes.note(Kind.PLAN_STOPPED, reason, incident=incident)
            return
        told = replace(incident, level=max(1, incident.level))
        changes.incidents[incident.id] = told
        action_id = (
            key(f"rule/{incident.rule_id}/{cause}/{about}")
            if per_rule
            else action_key(incident.event_id, incident.rule_id, f"tell-{incident.run}-{cause}-{about}")
        )
        self._tell(changes, told, action_id, message(cause, told, reason))
        changes.note(
            Kind.ESCALATED, reason, incident=told, action_id=action_id, data={"policy": incident.plan.escalate}
        )

    def ask(self, changes: Changes, incident: Incident, action_id: UUID) -> None:
        """Tell people that an action waits for their approval."""
        changes.incidents.setdefault(incident.id, incident)
        text = message(Cause.APPROVAL, incident, f"{action_id}", action=str(action_id))
        self._tell(changes, incident, key(f"ask/{action_id}"), text)
        changes.note(Kind.PROPOSED, "waits for approval", incident=incident, action_id=action_id)

    def tell_console(self, changes: Changes, incident: Incident, untold: ClaimedAction) -> None:
        """Send a message that its channel would not take to the console, the service's own log."""
        if untold.params.get("channel") == CONSOLE:
            return
        action_id = key(f"console/{untold.id}")
        self._tell(changes, incident, action_id, str(untold.params.get("text", "")), CONSOLE)
        reason = f"channel {untold.params.get('channel')} did not take it: said on the console"
        changes.note(Kind.ESCALATED, reason, incident=incident, action_id=action_id)

    def _tell(
        self, changes: Changes, incident: Incident, action_id: UUID, text: str, channel: str | None = None
    ) -> None:
        changes.planned.append(
            NewAction(
                id=action_id,
                incident_id=incident.id,
                role=Role.TELL,
                step_id="tell",
                step_index=0,
                handler="notify",
                params={"channel": channel or self._tell_channel, "text": text},
                mode=Mode.ACT,
                changes=False,
                retryable=True,
                status=ActionStatus.SCHEDULED,
                due_at=changes.now,
                serialize_key=None,
                timeout=30.0,
                attempts=20,
                backoff=5.0,
            )
        )

    def resolve(self, changes: Changes, incident: Incident, how: str) -> None:
        """Close the incident."""
        closed = replace(incident, status=IncidentStatus.RESOLVED, ok_at=None)
        changes.incidents[incident.id] = closed
        changes.set_timer(closed, TimerKind.RESOLVE, None)
        changes.note(Kind.RESOLVED, how, incident=closed)

    def confirm(self, changes: Changes, run: Run, step: Step) -> None:
        """Plan the last look at the world before a held OK closes the incident."""
        if not self._plan(changes, run, step, 0, Role.CONFIRM, changes.now):
            reason = "the last look at its queue could not be planned, so its OK does not close the incident"
            self.escalate(changes, run.incident, Cause.UNCONFIRMED, reason)

    def _finish(self, changes: Changes, run: Run, due_at: datetime) -> None:
        if not run.incident.plan.steps:
            reason = "the rule has no actions: it is for people"
            self.escalate(changes, run.incident, Cause.NO_REMEDY, reason)
            return
        # What was only tried out has found nothing.
        unhandled = "" if run.dry else unanswered(run.incident.plan.steps, run.facts, self._registry)
        if unhandled:
            changes.note(Kind.PLAN_STOPPED, unhandled, incident=run.incident)
            self.escalate(changes, run.incident, Cause.UNHANDLED, unhandled)
            return
        verify = run.incident.plan.verify
        if verify is not None and not run.dry and run.incident.plan.mode is not Mode.OBSERVE:
            if not self._plan(changes, run, verify.step, len(run.incident.plan.steps), Role.VERIFY, due_at):
                self.step_failed(
                    changes, run, len(run.incident.plan.steps), "the verification could not be planned", due_at
                )
            return
        self.plan_done(changes, run, "every step has ended")

    def plan_done(self, changes: Changes, run: Run, how: str) -> None:
        """End a plan that went well: the incident closes now, or with its OK."""
        incident = run.incident
        if not incident.plan.resolves_on_event:
            changes.note(Kind.PLAN_DONE, how, incident=incident)
            self.resolve(changes, incident, how)
            return
        changes.note(Kind.PLAN_DONE, f"{how}; the incident closes with its OK", incident=incident)
        self.look_again(changes, incident)

    def look_again(self, changes: Changes, incident: Incident) -> None:
        """Apply a held OK at once if the remedy's end was all it waited for."""
        if incident.ok_at is not None and incident.status is not IncidentStatus.RESOLVED:
            changes.set_timer(incident, TimerKind.RESOLVE, changes.now)

    def _skip(self, changes: Changes, run: Run, step: Step, index: int) -> None:
        reason = f"its condition does not hold: {dump_json(step.condition)}"
        action = self._action(run, step, index, Role.STEP, changes.now, {})
        outcome = {"result": "skipped", "summary": reason, "facts": {}}
        changes.planned.append(replace(action, status=ActionStatus.SKIPPED, outcome=outcome))
        changes.note(Kind.SKIPPED, reason, incident=run.incident, action_id=action.id, data={"step": step.id})

    def _plan(self, changes: Changes, run: Run, step: Step, index: int, role: Role, due_at: datetime) -> bool:
        """Plan one action; False (and a failed action) when its parameters cannot be made."""
        try:
            params = self._params(step, run)
        except (RuleError, ValidationError) as error:
            reason = told(
                f"rule {run.incident.rule_id}, step {step.id}: {one_line(error)} (event {run.event.id})", 1000
            )
            action = self._action(run, step, index, role, due_at, {})
            outcome = {"result": "failed", "summary": reason, "facts": {}}
            changes.planned.append(replace(action, status=ActionStatus.FAILED, outcome=outcome))
            changes.note(Kind.FAILED, reason, incident=run.incident, action_id=action.id, data={"step": step.id})
            return False
        action = self._action(run, step, index, role, due_at, params)
        changes.planned.append(action)
        changes.note(
            Kind.PLANNED,
            incident=run.incident,
            action_id=action.id,
            data={"step": step.id, "handler": step.uses, "params": params, "mode": action.mode.value, "due_at": due_at},
        )
        return True

    def _params(self, step: Step, run: Run) -> dict[str, Any]:
        incident = run.incident
        scope = {
            "event": run.event.envelope,
            "incident": {
                "id": str(incident.id),
                "rule": incident.rule_id,
                "dedup_key": incident.dedup_key,
                "severity": incident.severity.value,
                "event_count": incident.event_count,
            },
            "actions": run.facts,
        }
        return step_params(step, self._registry, scope)

    def _action(
        self,
        run: Run,
        step: Step,
        index: int,
        role: Role,
        due_at: datetime,
        params: Mapping[str, Any],
    ) -> NewAction:
        incident, plan, spec = run.incident, run.incident.plan, self._registry.get(step.uses)
        within = plan.verify.within if role is Role.VERIFY and plan.verify else None
        return NewAction(
            id=action_key(run.event.id, incident.rule_id, f"{role.value}-{step.id}"),
            incident_id=incident.id,
            role=role,
            step_id=step.id,
            step_index=index,
            handler=step.uses,
            params=params,
            mode=plan.mode,
            changes=spec is None or spec.changes,
            retryable=spec is not None and spec.retryable,
            status=ActionStatus.SCHEDULED,
            due_at=due_at,
            # A last look must not keep the next run of the plan waiting.
            serialize_key=None if role is Role.CONFIRM else incident.serialize_key,
            timeout=step.timeout,
            attempts=step.attempts,
            backoff=step.backoff,
            deadline=due_at + timedelta(seconds=within) if within is not None else None,
        )
