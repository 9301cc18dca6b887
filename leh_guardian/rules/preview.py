"""Owns what a rule would do about an event, without doing it; the one rule: parameters are made here for the daemon, too.

So what a rule case expects and what `rules explain` shows is what the planner will write into the action's row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from leh_guardian.errors import RuleError
from leh_guardian.model.plan import Step
from leh_guardian.model.text import dump_json, told
from leh_guardian.registry import Registry
from leh_guardian.rules.conditions import facts_asked, holds, steps_named
from leh_guardian.rules.references import parse_template, resolve, texts
from leh_guardian.rules.ruleset import Match

_INCIDENT_ID: Final = "00000000-0000-0000-0000-000000000000"
"""Stands for the id of an incident that is not there."""

Facts = Mapping[str, Mapping[str, Any]]
"""{step id: facts}."""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step of a rule, as far as an event and the facts of earlier steps decide it."""

    step: Step
    params: Mapping[str, Any] | None = None
    """What the handler would be given; None where the step would not run."""
    skipped: bool = False
    """Its condition does not hold; or it is the proof of a plan that has done nothing."""
    waits_for: tuple[str, ...] = ()
    """Earlier steps whose facts decide it and are not known."""
    trouble: str = ""
    """Why it could not be planned."""


def step_params(step: Step, registry: Registry, scope: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a step, references resolved in `scope`, as the action's row will hold them.

    Raises:
        RuleError: a reference finds nothing, or the step was planned by a version that had another handler.
        ValidationError: what was found does not fit the handler.
    """
    spec = registry.get(step.uses)
    if spec is None:
        raise RuleError(f"this version of leh_guardian has no handler named {step.uses}")
    # Through JSON: what is checked is exactly what the row will hold.
    text = dump_json(resolve(step.params, scope))
    return spec.params.model_validate_json(text).model_dump(mode="json")


def preview(match: Match, event: Mapping[str, Any], facts: Facts, registry: Registry) -> Iterator[PlannedStep]:
    """Yield the steps of a rule, its proof last, as `event` and the `facts` decide them."""
    rule = match.rule
    incident = {
        "id": _INCIDENT_ID,
        "rule": rule.id,
        "dedup_key": match.dedup_key,
        "severity": rule.severity.value,
        "event_count": 1,
    }
    scope = {"event": event, "incident": incident, "actions": facts}
    proof = rule.plan.verify.step if rule.plan.verify else None
    people = asks_people(match, facts, registry)
    for step in (*rule.plan.steps, *([proof] if proof else [])):
        unknown = tuple(sorted(_looks_at(step) - facts.keys()))
        if unknown:
            yield PlannedStep(step, waits_for=unknown)
        elif (step is proof and people) or (step.condition is not None and not holds(step.condition, facts)):
            yield PlannedStep(step, skipped=True)
        else:
            yield _planned(step, registry, scope)


def asks_people(match: Match, facts: Facts, registry: Registry) -> str:
    """Return why people are told at the end of the steps, or an empty text; also where not all facts are known that decide it."""
    steps = match.rule.plan.steps
    if any(_looks_at(step) - facts.keys() for step in steps):
        return ""
    return unanswered(steps, facts, registry)


def unanswered(steps: Sequence[Step], facts: Facts, registry: Registry) -> str:
    """Return why a plan has done nothing about what it found, or an empty text.

    That is so where it has remedies, each with a condition, and no step with a condition has run: an earlier step has found
    something that nobody thought of. A remedy without a condition is an answer to anything, a step that only tells people as well.
    """
    conditions = {step.id: step.condition for step in steps if step.condition is not None}
    remedies = [step for step in steps if (spec := registry.get(step.uses)) is None or spec.changes]
    if not remedies or any(step.condition is None for step in remedies):
        return ""
    if any(holds(condition, facts) for condition in conditions.values()):
        return ""
    asked = facts_asked(conditions.values())
    found = {step: {name: facts.get(step, {}).get(name) for name in sorted(names)} for step, names in asked.items()}
    wanted = "; ".join(f"{step} if {dump_json(condition)}" for step, condition in conditions.items())
    return told(f"no step is for what was found, {dump_json(found)}: {wanted}", 1000)


def _planned(step: Step, registry: Registry, scope: Mapping[str, Any]) -> PlannedStep:
    try:
        return PlannedStep(step, params=step_params(step, registry, scope))
    except (RuleError, ValidationError) as error:
        return PlannedStep(step, trouble=one_line(error))


def one_line(error: Exception) -> str:
    """Return why parameters could not be made, in one line."""
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False))
    return str(error)


def _looks_at(step: Step) -> set[str]:
    """Return the earlier steps whose facts a step depends on."""
    asked = {name for _, name in steps_named(step.condition)} if step.condition else set()
    for _, text in texts(step.params):
        for reference in parse_template(text).references:
            asked |= {names[1] for names in reference.reads if names[:1] == ("actions",) and len(names) > 1}
    return asked
