"""Owns what follows what in an incident: first step, next step, verification, end; the one rule: it decides and writes nothing.

Both the planner (T1) and the settlement (T4) go through here, so a plan moves on in one way only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from leh_guardian.engine import approving, pages
from leh_guardian.engine.approving import Proposed
from leh_guardian.engine.approving_wording import proposal
from leh_guardian.engine.changes import Changes
from leh_guardian.engine.escalator import Escalator
from leh_guardian.engine.wording import Cause, message, too_much
from leh_guardian.errors import RuleError
from leh_guardian.language import Text
from leh_guardian.model import escalation as machine
from leh_guardian.model.action import ActionStatus, ClaimedAction, NewAction, Role
from leh_guardian.model.canary import CANARY
from leh_guardian.model.identity import action_key
from leh_guardian.model.incident import Incident, IncidentStatus
from leh_guardian.model.journal import Kind
from leh_guardian.model.mode import Mode
from leh_guardian.model.plan import OnFailure, Step
from leh_guardian.model.text import dump_json, told
from leh_guardian.model.timer import TimerKind
from leh_guardian.registry import Registry
from leh_guardian.rules.conditions import holds
from leh_guardian.rules.preview import one_line, step_params, unanswered
from leh_guardian.store.incidents import RunEvent


@dataclass(frozen=True, slots=True)
class Run:
    """One run of an incident's plan: what a step may refer to."""

    incident: Incident
    event: RunEvent
    facts: Mapping[str, Any]
    """{step id: facts} of the steps before."""
    dry: bool = False
    """Whether a step ran dry: then there is nothing to verify."""
    approved_by: str = ""
    """Who has approved what was asked for last, empty for nobody."""


class Progression:
    """Moves incidents on."""

    def __init__(self, registry: Registry, escalator: Escalator) -> None:
        self._registry = registry
        self.escalator = escalator

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
        reason: str | Text,
        *,
        about: str = "",
        action: str = "",
    ) -> None:
        """Let people know, once per run, cause and `about`. Never of a canary."""
        written = self.written(reason)
        if incident.rule_id == CANARY:
            changes.note(Kind.PLAN_STOPPED, written, incident=incident)
            return
        incident = changes.incidents.get(incident.id, incident)
        text = message(cause, incident, reason, action=action or None)
        self.escalator.tell(changes, incident, text, f"{cause.value}-{about}", action)
        told = changes.incidents[incident.id]
        changes.note(
            Kind.ESCALATED, written, incident=told, data={"cause": cause.value, "policy": incident.plan.escalate}
        )

    def ask(self, changes: Changes, run: Run, action_id: UUID) -> None:
        """Let people know that an action waits for their approval, and what their word would cover."""
        incident = run.incident
        changes.incidents.setdefault(incident.id, incident)
        shown, covers = self._ahead(run, action_id)
        detail = proposal(shown, over_budget=incident.plan.over_budget) if shown else f"{action_id}"
        self.escalate(changes, incident, Cause.APPROVAL, detail, about=f"{action_id}", action=f"{action_id}")
        asked = changes.incidents[incident.id]
        if asked.escalation is not None:
            changes.incidents[incident.id] = replace(asked, escalation=replace(asked.escalation, covers=covers))
        data = {"steps": [asdict(one) for one in shown], "covers": dict(covers)}
        changes.note(Kind.PROPOSED, "waits for approval", incident=incident, action_id=action_id, data=data)

    def _ahead(self, run: Run, action_id: UUID) -> tuple[Sequence[Proposed], Mapping[str, str]]:
        """Return what is shown with a question, and what its answer covers; nothing where it is no step of the plan."""
        plan = run.incident.plan
        ids = [self._id(run, step, Role.STEP) for step in plan.steps]
        if action_id not in ids:
            return (), {}
        return approving.ahead(
            plan, run.incident.run, ids.index(action_id), lambda step: self._params(step, run), self._changes
        )

    def _changes(self, step: Step) -> bool:
        spec = self._registry.get(step.uses)
        return spec is None or spec.changes

    @staticmethod
    def _id(run: Run, step: Step, role: Role) -> UUID:
        return action_key(run.event.id, run.incident.rule_id, f"{role.value}-{step.id}")

    def tell_elsewhere(self, changes: Changes, incident: Incident, untold: ClaimedAction) -> None:
        """Send a message that its channel would not take, or that nobody got, by the next one: the console at last."""
        channel = pages.elsewhere(changes, incident, self.escalator.directory, untold)
        if channel is not None:
            changes.incidents.setdefault(incident.id, incident)
            reason = f"channel {untold.params.get('channel')} did not take it: goes by {channel}"
            changes.note(Kind.ELSEWHERE, reason, incident=incident, action_id=untold.id)

    def await_remedy(self, changes: Changes, incident: Incident, since: datetime) -> None:
        """Hold calls back while the remedy of a run that has just begun is at work; what only observes calls nobody."""
        incident = changes.incidents[incident.id]
        if incident.rule_id == CANARY or incident.plan.mode is Mode.OBSERVE:
            return
        if incident.status is not IncidentStatus.RESOLVED:
            self.escalator.wait(changes, incident, since)

    def reopen(self, changes: Changes, incident: Incident) -> Incident:
        """Take up an incident again whose trouble has come back: the level that had been called is called at once."""
        if incident.escalation is None:
            return incident
        # Where nobody had been called, its remedy is waited for as at first (`await_remedy`).
        move = machine.reopened(incident.escalation, changes.now, changes.now)
        return self.escalator.take(changes, incident, move)

    def written(self, reason: str | Text) -> str:
        """Return how a reason is written into the journal: in the installation's language."""
        return Text.same(reason).of(self.escalator.directory.locale())

    def resolve(self, changes: Changes, incident: Incident, how: str | Text) -> None:
        """Close the incident; where only people may, say so and leave it open."""
        incident = changes.incidents.get(incident.id, incident)
        if incident.escalation is not None and incident.escalation.only_people_close:
            changes.incidents[incident.id] = incident
            changes.note(Kind.NEEDS_PERSON, self.written(how), incident=incident)
            self.escalator.news(changes, incident, Kind.NEEDS_PERSON, detail=how)
            return
        closed = replace(incident, status=IncidentStatus.RESOLVED, ok_at=None)
        changes.incidents[incident.id] = closed
        changes.set_timer(closed, TimerKind.RESOLVE, None)
        changes.note(Kind.RESOLVED, self.written(how), incident=closed)
        self.escalator.over(changes, closed, how)

    def confirm(self, changes: Changes, run: Run, step: Step) -> None:
        """Plan the last look at the world before a held OK closes the incident."""
        if not self._plan(changes, run, step, 0, Role.CONFIRM, changes.now):
            reason = "the last look at its queue could not be planned, so its OK does not close the incident"
            self.escalate(changes, run.incident, Cause.UNCONFIRMED, reason)

    def _finish(self, changes: Changes, run: Run, due_at: datetime) -> None:
        if not run.incident.plan.steps:
            reason = too_much(run.event.envelope) or "the rule has no actions: it is for people"
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
        self.escalator.expect_ok(changes, changes.incidents.get(incident.id, incident))
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
        data = {"step": step.id, "handler": step.uses, "params": params, "mode": action.mode.value, "due_at": due_at}
        asked, number = run.incident.escalation, run.incident.run
        if role is Role.STEP and run.approved_by and approving.is_covered(asked, number, step, params):
            action = replace(action, approved_by=run.approved_by)
            data |= {"approved_by": run.approved_by, "approved_with": asked.approves if asked else ""}
        changes.planned.append(action)
        changes.note(Kind.PLANNED, incident=run.incident, action_id=action.id, data=data)
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
            id=self._id(run, step, role),
            incident_id=incident.id,
            role=role,
            step_id=step.id,
            step_index=index,
            handler=step.uses,
            params=params,
            mode=plan.mode,
            changes=self._changes(step),
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
