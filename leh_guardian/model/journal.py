"""Owns the journal's words; the one rule: every decision has a kind from this closed list, the decision not to act included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID


class Kind(StrEnum):
    """What was decided or done."""

    MALFORMED = "event.malformed"
    """A body that is no event: left to the queue's own redrive policy."""

    RECONCILED = "event.reconciled"
    """No event told of it: made up for by what AWS itself says."""
    CAME_LATE = "event.came_late"
    """An event came after all that had been made up for: planned nothing."""

    OPENED = "incident.opened"
    COALESCED = "incident.coalesced"
    """More of the same: counted, nothing planned."""
    REOPENED = "incident.reopened"
    """The trouble came back while its OK was being held: the same incident, another run."""
    RUN_AGAIN = "incident.run_again"
    """Its schedule ticked while it was open: another run."""
    OK_HELD = "incident.ok_held"
    """An OK arrived; it closes the incident if nothing happens while it is held."""
    OK_DROPPED = "incident.ok_dropped"
    """The trouble came back before the held OK could close the incident."""
    OK_STALE = "incident.ok_stale"
    """An OK older than the newest alarm."""
    ACKNOWLEDGED = "incident.acknowledged"
    ESCALATED = "incident.escalated"
    """People are to know why a remedy did not do."""
    CALLED = "incident.called"
    """The people of a step are called."""
    REMINDED = "incident.reminded"
    STEP_SKIPPED = "incident.step_skipped"
    """Nobody of a step can be called, so the next one is."""
    ON_CALL_GAP = "oncall.gap"
    """A schedule has nobody on call, or somebody cannot be reached."""
    ACK_ENDED = "incident.ack_ended"
    """An acknowledgement has run out, or was taken back."""
    RAISED = "incident.raised"
    """Somebody had a higher level called."""
    SNOOZED = "incident.snoozed"
    WORSE = "incident.worse"
    """It is worse than it was taken for."""
    NEEDS_PERSON = "incident.needs_person"
    """Its alarm is over, and its level is one that only people close."""
    AUDIT_REPAIRED = "audit.repaired"
    """An open incident that nothing went on with: its timer was set anew."""
    ELSEWHERE = "page.elsewhere"
    """A message goes by another channel: the one before did not take it, or nobody got it."""
    RESOLVED = "incident.resolved"
    ORPHANED = "incident.orphaned"
    """Its rule is not in the rule files any more, so no OK will close it."""
    ALARM_GONE = "incident.alarm_gone"
    """Its alarm is not there any more, so no OK will close it."""
    STILL_BUSY = "incident.still_busy"
    """The held OK may not close the incident yet."""

    FOUND = "expectation.found"
    """Nobody told that it was there: the last look found it."""
    MISSED = "expectation.missed"
    """Nothing followed in time: the rule fires."""
    LOOK_FAILED = "expectation.look_failed"
    """Whether it is there cannot be told: looked for again in a while."""
    DROPPED = "expectation.dropped"
    """Its rule is gone."""

    TICKS_MISSED = "schedule.missed"
    """Nobody was there when a schedule ticked, and it is too late, or a later tick stands for it."""

    RULE_OFF = "suppressed.rule_off"
    OK_UNMATCHED = "suppressed.no_open_incident"
    NO_KEY = "suppressed.no_key"
    """A completion that does not say of what."""
    NOT_COUNTED = "suppressed.not_counted"
    """What a window measures is not in the event, or is no amount."""
    UNPRICED = "usage.unpriced"
    """A model without a price: what was used costs what the dearest does."""
    NO_TOKENS = "usage.no_tokens"
    """A record of use without usable numbers."""
    CIRCUIT = "circuit.changed"
    """A circuit has another state."""
    COVERED = "suppressed.covered"
    """A probe says that the service is down, and the incident of an alarm says so already."""
    BUDGET_SPENT = "suppressed.budget"
    OVER_BUDGET = "action.over_budget"
    """A person has an action run although the budget of its target is spent."""
    COOLDOWN = "deferred.cooldown"

    PLANNED = "action.planned"
    PROPOSED = "action.proposed"
    APPROVAL_GIVEN = "action.approval_given"
    """One person's word; its rule asks for more."""
    APPROVED = "action.approved"
    REJECTED = "action.rejected"
    SKIPPED = "action.skipped"
    HELD = "action.held"
    """The kill switch or a lowered mode keeps it from starting."""
    STARTED = "attempt.started"
    LOST = "attempt.lost"
    """The attempt before vanished: its lease ran out."""
    CHECKPOINT = "attempt.checkpoint"
    RETRIED = "attempt.retry"
    WAITING = "attempt.waiting"
    HALTED = "attempt.halted"
    RELEASED = "attempt.released"
    """Given back at shutdown, to be taken up again."""
    SUCCEEDED = "action.succeeded"
    OBSERVED = "action.observed"
    """What it would have done, in observe mode."""
    NOTHING_TO_DO = "action.nothing_to_do"
    FAILED = "action.failed"
    NEEDS_HUMAN = "action.needs_human"

    PLAN_DONE = "plan.done"
    PLAN_STOPPED = "plan.stopped"
    VERIFIED = "plan.verified"

    LETTER_RELEASED = "letter.released"
    """A letter in quarantine was sent back, by somebody's word."""
    LETTER_DISCARDED = "letter.discarded"

    DEPLOYED = "deployment.told"
    """Somebody said that a function was deployed."""

    SILENCED = "silence.added"
    """Somebody has calls withheld for a while; the line's incident is the silence itself."""
    SILENCE_ENDED = "silence.ended"

    HANDOVER = "oncall.handover"
    """A handover is told before it is."""
    OVERRIDDEN = "oncall.override_added"
    """Somebody changed who is on call; the line's incident is the override itself."""
    OVERRIDE_ENDED = "oncall.override_ended"
    OVERRIDE_MISFIT = "oncall.override_misfit"
    """A stored override names what `oncall.yaml` does not know any more: it changes nothing."""

    TRIED = "notify.tested"
    """Somebody had the ways to a person or a place tried."""

    MODE_SET = "control.mode"
    RULES_LOADED = "rules.loaded"
    RULES_REFUSED = "rules.refused"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal."""

    kind: Kind
    reason: str = ""
    incident_id: UUID | None = None
    action_id: UUID | None = None
    rule_id: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
