"""Owns the comparison of the rules of a folder with each other; the one rule: only rules that do the same thing are compared.

Two rules that match one event and both notify somebody are fine. Two that run the same handler with the same parameters, where
that changes the service, would do to it twice what was meant once.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from leh_guardian.model.mode import Mode
from leh_guardian.model.plan import Step
from leh_guardian.registry import Registry
from leh_guardian.rules.diagnostics import Path, Problem
from leh_guardian.rules.lint.candidates import Candidates
from leh_guardian.rules.lint.implication import implies
from leh_guardian.rules.lint.witness import witnesses
from leh_guardian.rules.ruleset import Rule


@dataclass(frozen=True, slots=True)
class Placed:
    """A rule and where it stands in its file."""

    rule: Rule
    path: Path


def check_pairs(rules: Sequence[Placed], registry: Registry) -> Iterator[tuple[Placed, Problem]]:
    """Yield the rules that do to an event what another one does as well; of two that are alike, the later."""
    groups: defaultdict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for number, placed in enumerate(rules):
        # What did not follow on an event, or was too much, is not one event's.
        if placed.rule.mode in {Mode.ACT, Mode.PROPOSE} and placed.rule.expect is None and placed.rule.window is None:
            for index, step in enumerate(placed.rule.plan.steps):
                if step.condition is None and registry[step.uses].changes:
                    groups[step.uses, _spelt(step)].append((number, index))
    for (handler, _), uses in groups.items():
        if len(uses) > 1:
            yield from _check_group(handler, dict(uses), rules)


def _spelt(step: Step) -> str:
    return json.dumps(step.params, sort_keys=True, default=str)


def _check_group(handler: str, steps: dict[int, int], rules: Sequence[Placed]) -> Iterator[tuple[Placed, Problem]]:
    index = Candidates({number: rules[number].rule.pattern for number in steps})
    for number, step in steps.items():
        other = _implied_by(number, index, rules)
        if other is not None:
            rule = rules[other].rule
            message = (
                f"`{handler}` runs twice for one event: `{rule.id}` ({rule.file}:{rule.line}) matches whatever this rule"
                " matches, and does the same"
            )
            path = (*rules[number].path, "actions", step, "uses")
            hint = "narrow one of the two patterns, or leave the action to one of the rules"
            yield rules[number], Problem(path, "done-twice", message, hint, severity="warning")


def _implied_by(number: int, index: Candidates, rules: Sequence[Placed]) -> int | None:
    """Return a rule that matches whatever the rule `number` matches, None if none is known."""
    pattern = rules[number].rule.pattern
    events = witnesses(pattern)
    if not events:
        return None
    candidates = set[int].intersection(*map(index.of, events)) - {number}
    for other in sorted(candidates):
        if implies(pattern, rules[other].rule.pattern):
            alike = implies(rules[other].rule.pattern, pattern)
            if not alike or other < number:
                return other
    return None
