"""Owns `leh-guardian rules explain`; the one rule: every rule, every line - matched, or why not, with the value seen."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from leh_guardian.cli.given_file import read_given
from leh_guardian.cli.output import out, print_json, tell
from leh_guardian.cli.rules_folder import registry, rules_folder
from leh_guardian.errors import MalformedEvent
from leh_guardian.fields import format_duration
from leh_guardian.model.event import Event, parse_body
from leh_guardian.model.text import dump_json, shown
from leh_guardian.rules.diagnostics import did_you_mean
from leh_guardian.rules.explain import PatternExplained, RuleExplained, explain_rules
from leh_guardian.rules.loader import load_rules
from leh_guardian.rules.preview import PlannedStep
from leh_guardian.rules.ruleset import MatchKind

_WIDE = 300


@click.command()
@click.argument("event", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--rules", "directory", type=click.Path(path_type=Path), help="The folder (LEH_RULES__DIR, else ./rules)."
)
@click.option("--rule", "only", help="Only this rule.")
@click.option("--json", "json_", is_flag=True, help="One rule per line.")
def explain(event: Path, directory: Path | None, only: str | None, json_: bool) -> None:
    """Tell of every rule whether the message in the file EVENT (- is standard input) concerns it, and why or why not.

    Exit 0 if a rule matches, 1 if none does.
    """
    handlers = registry()
    rules = load_rules(rules_folder(directory), handlers)
    if only is not None and rules.get(only) is None:
        raise click.UsageError(
            f"there is no rule {only!r}; {did_you_mean(only, [r.id for r in rules.rules])}".rstrip("; ")
        )
    matched = False
    events = _events(event)
    for number, one in enumerate(events, 1):
        if len(events) > 1 and not json_:
            out(f"event {number} of {len(events)}: {shown(one.id, _WIDE)}")
        for explained in explain_rules(rules, one, handlers):
            if only is None or explained.rule.id == only:
                matched |= explained.match is not None
                _print(one, explained, json_=json_)
    if not events:
        tell(f"{event}: a message that holds no event, such as the one by which S3 tests a queue; it concerns no rule")
    sys.exit(0 if matched else 1)


def _print(event: Event, explained: RuleExplained, *, json_: bool) -> None:
    if json_:
        print_json({"event": event.id, **explained.to_json()})
    for line in () if json_ else _lines(explained):
        out(line)


def _events(file: Path) -> list[Event]:
    try:
        return parse_body(read_given(file))
    except MalformedEvent as error:
        raise click.UsageError(f"{file}: not an event: {error}") from None


def _lines(explained: RuleExplained) -> Iterator[str]:
    rule, match = explained.rule, explained.match
    about = "expected" if rule.expect else "counted" if rule.window else "incident"
    what = f"matches ({match.kind.value}), {about} key {dump_json(match.dedup_key)}" if match else "does not match"
    yield f"{shown(rule.file)}:{rule.line}: {rule.id} [{rule.mode.value}] {shown(what)}"
    opening = "after" if rule.expect else "schedule" if rule.schedule else "pattern"
    yield from _pattern_lines(opening, explained.pattern, rule.file)
    if explained.resolve_on:
        yield from _pattern_lines("resolve_on", explained.resolve_on, rule.file)
    if explained.then:
        yield from _pattern_lines("then", explained.then, rule.file)
    if rule.expect and match and match.kind is MatchKind.AFTER:
        look = f", and {rule.expect.unless.uses} does not find it" if rule.expect.unless else ""
        yield f"  fires if nothing follows within {format_duration(rule.expect.within)}{look}"
    if rule.window and match and match.kind is MatchKind.COUNT:
        yield f"  fires if {shown(rule.window)}"
    if rule.schedule:
        yield f"  ticks at {shown(rule.schedule)}"
    yield from (f"  then  {_step(step)}" for step in explained.steps)


def _pattern_lines(name: str, pattern: PatternExplained, file: str) -> Iterator[str]:
    nearest = f", the nearest of {pattern.alternatives} $or alternatives" if pattern.alternatives > 1 else ""
    yield f"  {name}: {'matches' if pattern.matched else 'does not match'}{nearest}"
    for line in pattern.lines:
        yield f"    {shown(file)}:{line.line}  {shown(line.field, _WIDE)}"
    if pattern.split:
        yield "    NO each field is found, but not all within one element of the same array"


def _step(step: PlannedStep) -> str:
    name = step.step.uses if step.step.id == step.step.uses else f"{step.step.id} = {step.step.uses}"
    if step.waits_for:
        return f"{name}: decided by the facts of {', '.join(step.waits_for)}"
    if step.trouble:
        return f"{name}: cannot be planned: {shown(step.trouble)}"
    if step.skipped:
        why = (
            "people are told instead: no step is for what was found"
            if step.step.condition is None
            else "its condition does not hold"
        )
        return f"{name}: skipped, {why}"
    return f"{name} {shown(dump_json(step.params), _WIDE)}"
