"""Owns the answer to "why did this rule match, or why not?"; the one rule: it asks the patterns themselves and decides nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from leh_guardian.files import read_file
from leh_guardian.model.event import Event
from leh_guardian.model.window import counted
from leh_guardian.patterns import Explanation, FieldExplanation, Pattern
from leh_guardian.registry import Registry
from leh_guardian.rules.diagnostics import Position
from leh_guardian.rules.document import Document, read_document
from leh_guardian.rules.preview import PlannedStep, preview
from leh_guardian.rules.reader import LARGEST
from leh_guardian.rules.ruleset import Match, Rule, RuleSet, missed, opening, too_much

Places = Mapping[str, Position]
"""{path of the event: where in the rule file it is asked about}."""


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One path of a pattern, the line that asks about it, and what was seen there."""

    line: int
    field: FieldExplanation

    def to_json(self) -> dict[str, Any]:
        """Return what `rules explain --json` prints."""
        return {"line": self.line, **asdict(self.field)}


@dataclass(frozen=True, slots=True)
class PatternExplained:
    """A pattern's answer to the event, line by line."""

    matched: bool
    split: bool
    """Every line holds, but not all within one element of the same array."""
    alternatives: int
    """How many ways `$or` leaves; the lines are those of the nearest."""
    lines: tuple[FieldLine, ...]

    def to_json(self) -> dict[str, Any]:
        """Return what `rules explain --json` prints."""
        return {"matched": self.matched, "split": self.split, "lines": [line.to_json() for line in self.lines]}


@dataclass(frozen=True, slots=True)
class RuleExplained:
    """What an event means to a rule, and why."""

    rule: Rule
    match: Match | None
    pattern: PatternExplained
    """`pattern`, the `after` of `expect`, or what matches the ticks of `schedule`."""
    resolve_on: PatternExplained | None
    then: PatternExplained | None
    steps: tuple[PlannedStep, ...]
    """What would be done, as far as the event decides it; empty unless it would open an incident, or nothing follows on it."""

    def to_json(self) -> dict[str, Any]:
        """Return what `rules explain --json` prints."""
        return {
            "rule": self.rule.id,
            "file": self.rule.file,
            "line": self.rule.line,
            "mode": self.rule.mode.value,
            "matched": self.match.kind.value if self.match else None,
            "dedup_key": self.match.dedup_key if self.match else None,
            "pattern": self.pattern.to_json(),
            "resolve_on": self.resolve_on.to_json() if self.resolve_on else None,
            "then": self.then.to_json() if self.then else None,
            "steps": [_step_json(step) for step in self.steps],
        }


def explain_rules(rules: RuleSet, event: Event, registry: Registry) -> Iterator[RuleExplained]:
    """Yield what `event` means to every rule, in the order of their files and lines."""
    matches = {match.rule.id: match for match in rules.match_with_ticks(event)}
    documents: dict[str, Document] = {}
    for rule in sorted(rules.rules, key=lambda one: (one.file, one.line)):
        if rule.file not in documents:
            documents[rule.file] = _document(rule.file)
        match = matches.get(rule.id)
        opens = match if match and match.kind is opening(rule) else None
        envelope = event.envelope
        if opens and rule.window:
            # As if it were the event after which there is too much.
            envelope = counted(envelope, rule.window.limit, opens.dedup_key, rule.window.limit.bound)
            opens = too_much(rule, opens.dedup_key, envelope)
        if opens and rule.expect:
            opens = missed(rule, opens.dedup_key, event.envelope)
        explained = partial(_explained, rule=rule, event=event, document=documents[rule.file])
        then = rule.expect.then if rule.expect else None
        yield RuleExplained(
            rule,
            match,
            explained(rule.pattern, ("expect", "after") if rule.expect else ("pattern",)),
            explained(rule.resolve_on, ("resolve_on",), ("pattern",)) if rule.resolve_on else None,
            explained(then, ("expect", "then")) if then else None,
            tuple(preview(opens, envelope, {}, registry)) if opens else (),
        )


def _explained(
    pattern: Pattern,
    keys: tuple[str, ...],
    shared: tuple[str, ...] | None = None,
    *,
    rule: Rule,
    event: Event,
    document: Document,
) -> PatternExplained:
    """Return a pattern's answer; what does not stand under `keys` it shares with the one under `shared`."""
    explanation: Explanation = pattern.explain(event.envelope)
    places = {**(_places(document, rule, shared) if shared else {}), **_places(document, rule, keys)}
    told = [(places.get(one.path, Position(rule.line, 1)), one) for one in explanation.fields]
    return PatternExplained(
        explanation.matched,
        explanation.nearest.split,
        len(explanation.alternatives),
        tuple(FieldLine(place.line, one) for place, one in sorted(told, key=lambda pair: pair[0])),
    )


def _places(document: Document, rule: Rule, keys: tuple[str, ...]) -> Places:
    """Return where what stands under the rule's `keys` asks about each path; the first place where `$or` asks twice."""
    rules = document.data.get("rules") if isinstance(document.data, dict) else None
    found = [n for n, one in enumerate(rules or ()) if isinstance(one, dict) and one.get("id") == rule.id]
    places: dict[str, Position] = {}
    for path in document.keys:
        if found and path[: 2 + len(keys)] == ("rules", found[0], *keys):
            names = [part for part in path[2 + len(keys) :] if isinstance(part, str) and part != "$or"]
            places.setdefault(".".join(names), document.place(path, on_key=True))
    return places


def _document(file: str) -> Document:
    """Read a rule file again, for its places; what has changed meanwhile costs line numbers and nothing else."""
    try:
        content = read_file(Path(file), LARGEST)
    except OSError:
        content = b""
    return read_document(content, file)


def _step_json(step: PlannedStep) -> dict[str, Any]:
    return {
        "id": step.step.id,
        "uses": step.step.uses,
        "with": step.params,
        "skipped": step.skipped,
        "waits_for": list(step.waits_for),
        "trouble": step.trouble,
    }
