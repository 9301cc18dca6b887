"""Owns the comparison of what a case expects with what the rules do; the one rule: each difference says what was seen instead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from leh_guardian.fields import format_duration
from leh_guardian.model.event import Event
from leh_guardian.model.text import dump_json
from leh_guardian.registry import Registry
from leh_guardian.rules.case_entries import CaseEntry, ExpectedMatch, ExpectedUse
from leh_guardian.rules.case_story import Story
from leh_guardian.rules.diagnostics import Path, Problem, did_you_mean
from leh_guardian.rules.preview import Facts, PlannedStep, asks_people, preview
from leh_guardian.rules.ruleset import Match, MatchKind, Rule, RuleSet
from leh_guardian.rules.steps import VERIFY_ID

_CODE: Final = "case-failed"


def unmet(case: CaseEntry, story: Story, path: Path, rules: RuleSet, registry: Registry) -> Iterator[Problem]:
    """Yield every expectation that is not met, and every match that nobody expects to open an incident."""
    yield from _idle_facts(case, path, rules)
    left = list(story.matches)
    # Those that say which incident they mean choose first: one that takes any must not take theirs.
    for index, expected in sorted(enumerate(case.expect), key=lambda pair: pair[1].dedup is None):
        here = (*path, "expect", index)
        rule = rules.get(expected.rule)
        if rule is None:
            hint = did_you_mean(expected.rule, [one.id for one in rules.rules])
            yield Problem((*here, "rule"), "unknown-rule", f"there is no rule `{expected.rule}`", hint)
            continue
        found = _fitting(expected, left)
        delayed = rule.expect is not None or rule.window is not None
        if found is None or (delayed and found[1].kind is not expected.matches):
            verb = "fire" if delayed and expected.matches is MatchKind.TRIGGER else "match"
            yield Problem((*here, "rule"), _CODE, f"rule `{rule.id}` does not {verb}", _why_not(rule, expected, story))
            continue
        left.remove(found)
        yield from _differences(expected, *found, here, case.facts, registry)
    for match in (match for _, match in left if match.kind is MatchKind.TRIGGER):
        # An OK without an incident of its own does nothing, however many rules would take it.
        message = f"rule `{match.rule.id}` matches too, and the case does not expect it"
        yield Problem((*path, "expect"), _CODE, message, f"the rule stands at {match.rule.file}:{match.rule.line}")


def _fitting(expected: ExpectedMatch, left: Sequence[tuple[Event, Match]]) -> tuple[Event, Match] | None:
    """Return the match that is meant: of a batch's many, the one of that kind and incident, wherever it stands."""
    of_rule = [pair for pair in left if pair[1].rule.id == expected.rule]

    def strangeness(pair: tuple[Event, Match]) -> tuple[bool, bool]:
        match = pair[1]
        return match.kind is not expected.matches, expected.dedup not in {None, match.dedup_key}

    return min(of_rule, key=strangeness, default=None)


def _idle_facts(case: CaseEntry, path: Path, rules: RuleSet) -> Iterator[Problem]:
    """Yield the facts of steps that no expected rule has: misspelt, they would decide nothing and nobody would know."""
    expected = [rules.get(one.rule) for one in case.expect]
    steps = {step.id for rule in expected if rule for step in rule.plan.steps}
    if None in expected:  # which steps there should be is not known
        return
    for name in case.facts:
        if name not in steps:
            message = f"no rule that the case expects has a step called `{name}`"
            yield Problem((*path, "facts", name), "unknown-step", message, did_you_mean(name, steps), True)


def _why_not(rule: Rule, expected: ExpectedMatch, story: Story) -> str:
    events = story.events
    if rule.expect and expected.matches is MatchKind.TRIGGER:
        begun = any(match.rule is rule and match.kind is MatchKind.AFTER for _, match in story.matches)
        if begun:
            return f"what it expects followed, was found, or may still follow: `within` is {format_duration(rule.expect.within)}"
    if rule.window and expected.matches is MatchKind.TRIGGER:
        counted = sum(match.rule is rule and match.kind is MatchKind.COUNT for _, match in story.matches)
        if counted:
            over = format_duration(rule.window.limit.over)
            return f"{counted} event{'s' * (counted > 1)} counted, and no window of {over} held too much"
    if rule.schedule and expected.matches is MatchKind.TRIGGER:
        return f"its `schedule` sets it off: give the case `tick: {rule.id}` in place of an event"
    patterns = {
        MatchKind.RESOLVE: (rule.resolve_on, "resolve_on"),
        MatchKind.THEN: (rule.expect.then if rule.expect else None, "then"),
        MatchKind.AFTER: (rule.pattern if rule.expect else None, "expect"),
        MatchKind.COUNT: (rule.pattern if rule.window else None, "window"),
        MatchKind.TRIGGER: (rule.pattern, "pattern"),
    }
    pattern, name = patterns[expected.matches]
    if pattern is None:
        return f"it has no `{name}`"
    if not events:
        return "the message holds no event"
    # Of a batch, the event that lacks least.
    answers = [pattern.explain(event.envelope) for event in events]
    explained = min(answers, key=lambda answer: sum(not field.matched for field in answer.fields))
    if explained.nearest.split:
        return "each field is found, but not all within one element of the same array"
    return "; ".join(str(field).removeprefix("NO ") for field in explained.fields if not field.matched)


def _differences(
    expected: ExpectedMatch, event: Event, match: Match, path: Path, facts: Facts, registry: Registry
) -> Iterator[Problem]:
    rule = match.rule
    seen = {
        "matches": match.kind,
        "dedup": match.dedup_key,
        "severity": rule.severity,
        "mode": rule.mode,
    }
    for name, value in seen.items():
        wanted = getattr(expected, name)
        if wanted is not None and wanted != value:
            yield Problem((*path, name), _CODE, f"rule `{rule.id}`: `{name}` is {_text(value)}, not {_text(wanted)}")
    if match.kind is not MatchKind.TRIGGER:
        return
    why = asks_people(match, facts, registry)
    if expected.asks_people is not None and expected.asks_people != bool(why):
        yield Problem((*path, "asks_people"), _CODE, f"rule `{rule.id}`: {why or 'there is a step for what was found'}")
    if expected.actions is None and expected.verify is None:
        return
    planned = list(preview(match, event.envelope, facts, registry))
    if expected.actions is not None:
        yield from _action_differences(expected.actions, planned, (*path, "actions"), rule)
    if expected.verify is not None:
        proof = next((one for one in planned if one.step.id == VERIFY_ID), None)
        if proof is None:
            yield Problem((*path, "verify"), _CODE, f"rule `{rule.id}` has no `verify`")
        elif proof.skipped:
            yield Problem((*path, "verify"), _CODE, f"rule `{rule.id}` verifies nothing: {why}")
        else:
            yield from _use_differences(expected.verify, proof, (*path, "verify"))


def _action_differences(
    wanted: Sequence[ExpectedUse], planned: Sequence[PlannedStep], path: Path, rule: Rule
) -> Iterator[Problem]:
    steps = [one for one in planned if one.step.id != VERIFY_ID]
    run = [one for one in steps if not one.skipped and not one.waits_for]
    if [one.step.uses for one in run] != [use.uses for use in wanted]:
        sees = ", ".join(one.step.uses for one in run) or "no step"
        waiting = sorted({name for one in steps for name in one.waits_for})
        hint = f"give the `facts` of {', '.join(waiting)} to decide the steps after" if waiting else ""
        yield Problem(path, _CODE, f"rule `{rule.id}` plans {sees}", hint)
        return
    for index, (use, one) in enumerate(zip(wanted, run, strict=True)):
        yield from _use_differences(use, one, (*path, index))


def _use_differences(wanted: ExpectedUse, planned: PlannedStep, path: Path) -> Iterator[Problem]:
    step, params = planned.step, planned.params
    if wanted.uses != step.uses:
        yield Problem((*path, "uses"), _CODE, f"it is {step.uses}, not {wanted.uses}")
        return
    if wanted.id is not None and wanted.id != step.id:
        yield Problem((*path, "id"), _CODE, f"the step is called `{step.id}`, not `{wanted.id}`")
    if params is None:
        why = planned.trouble or f"it waits for the facts of {', '.join(planned.waits_for)}"
        yield Problem(path, _CODE, f"step `{step.id}` cannot be planned: {why}")
        return
    for name, value in wanted.with_.items():
        if name not in params:
            hint = did_you_mean(name, params)
            yield Problem((*path, "with", name), "unknown-key", f"`{step.uses}` has no parameter `{name}`", hint, True)
        elif not _same(params[name], value):
            message = f"`{step.uses}`: `{name}` is {_text(params[name])}, not {_text(value)}"
            yield Problem((*path, "with", name), _CODE, message)


def _same(one: Any, other: Any) -> bool:
    """Compare as JSON does: true is not 1, and 20 is 20.0."""
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _text(value: Any) -> str:
    return dump_json(value)
