"""Owns what a person's word covers; the one rule: what was shown when it was asked for, and nothing that has changed since.

A rule with `asks: once` is asked for with all the steps that follow. Each of them whose parameters are known by then is kept by its
digest beside the question; it runs on that word only if it is planned as it was shown, in the same run. What depends on facts that
come later, and the plan of another run, are asked for anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from leh_guardian.errors import RuleError
from leh_guardian.model.escalation import Escalation
from leh_guardian.model.plan import Plan, Step
from leh_guardian.model.text import dump_json, told

_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Proposed:
    """A step as it is shown to whoever is asked."""

    step: str
    handler: str
    params: str
    """What the rule gives it, as JSON cut to a line; empty where it is not known yet."""
    known: bool
    """Whether one word covers it."""


def digest(run: int, step: Step, params: Mapping[str, Any]) -> str:
    """Return what a step would do in a run, as a name."""
    return hashlib.sha256(dump_json([run, step.id, step.uses, dict(params)]).encode()).hexdigest()


def is_covered(escalation: Escalation | None, run: int, step: Step, params: Mapping[str, Any]) -> bool:
    """Tell whether the word that was asked for last was asked for this, too."""
    return escalation is not None and escalation.covers.get(step.id) == digest(run, step, params)


def ahead(
    plan: Plan,
    run: int,
    index: int,
    params_of: Callable[[Step], Mapping[str, Any]],
    changes: Callable[[Step], bool],
) -> tuple[Sequence[Proposed], Mapping[str, str]]:
    """Return the step at `index` with those that change things after it, as they are shown; and the digests that its word covers."""
    steps = [step for step in plan.steps[index + 1 :] if plan.asks_once and changes(step)]
    shown, covers = [], {}
    for step in (plan.steps[index], *steps):
        try:
            params = params_of(step)
        except (RuleError, ValidationError):
            shown.append(Proposed(step.id, step.uses, "", known=False))
            continue
        given = {name: params[name] for name in step.params if name in params}
        shown.append(Proposed(step.id, step.uses, told(dump_json(given), _LONGEST, phones=False), known=True))
        covers[step.id] = digest(run, step, params)
    return shown, {name: one for name, one in covers.items() if name != plan.steps[index].id}
