"""Owns what a rule would do about an event, without doing it; the one rule: parameters are made here for the daemon, too.

So what a rule case expects and what `rules explain` shows is what the planner will write into the action's row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from leh_guardian.errors import RuleError
from leh_guardian.model.plan import Step
from leh_guardian.model.text import dump_json
from leh_guardian.registry import Registry
from leh_guardian.rules.conditions import holds, steps_named
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
    """Its condition does not hold."""
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
    for step in (*rule.plan.steps, *([rule.plan.verify.step] if rule.plan.verify else [])):
        unknown = tuple(sorted(_looks_at(step) - facts.keys()))
        if unknown:
            yield PlannedStep(step, waits_for=unknown)
        elif step.condition is not None and not holds(step.condition, facts):
            yield PlannedStep(step, skipped=True)
        else:
            yield _planned(step, registry, scope)


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
