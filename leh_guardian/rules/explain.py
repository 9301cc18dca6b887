"""Owns the answer to "why did this rule match, or why not?"; the one rule: it asks the patterns themselves and decides nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from leh_guardian.files import read_file
from leh_guardian.model.event import Event
from leh_guardian.patterns import Explanation, FieldExplanation, Pattern
from leh_guardian.registry import Registry
from leh_guardian.rules.diagnostics import Position
from leh_guardian.rules.document import Document, read_document
from leh_guardian.rules.preview import PlannedStep, preview
from leh_guardian.rules.reader import LARGEST
from leh_guardian.rules.ruleset import Match, MatchKind, Rule, RuleSet

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
    resolve_on: PatternExplained | None
    steps: tuple[PlannedStep, ...]
    """What would be done, as far as the event decides it; empty unless it would open an incident."""

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
            "steps": [_step_json(step) for step in self.steps],
        }


def explain_rules(rules: RuleSet, event: Event, registry: Registry) -> Iterator[RuleExplained]:
    """Yield what `event` means to every rule, in the order of their files and lines."""
    matches = {match.rule.id: match for match in rules.match(event)}
    documents: dict[str, Document] = {}
    for rule in sorted(rules.rules, key=lambda one: (one.file, one.line)):
        if rule.file not in documents:
            documents[rule.file] = _document(rule.file)
        match = matches.get(rule.id)
        opens = match if match and match.kind is MatchKind.TRIGGER else None
        yield RuleExplained(
            rule,
            match,
            _explained(rule.pattern, "pattern", rule, event, documents[rule.file]),
            _explained(rule.resolve_on, "resolve_on", rule, event, documents[rule.file]) if rule.resolve_on else None,
            tuple(preview(opens, event.envelope, {}, registry)) if opens else (),
        )


def _explained(pattern: Pattern, key: str, rule: Rule, event: Event, document: Document) -> PatternExplained:
    explanation: Explanation = pattern.explain(event.envelope)
    # What `resolve_on` does not say it shares with `pattern`: those lines are there.
    places = {**_places(document, rule, "pattern"), **_places(document, rule, key)}
    told = [(places.get(one.path, Position(rule.line, 1)), one) for one in explanation.fields]
    return PatternExplained(
        explanation.matched,
        explanation.nearest.split,
        len(explanation.alternatives),
        tuple(FieldLine(place.line, one) for place, one in sorted(told, key=lambda pair: pair[0])),
    )


def _places(document: Document, rule: Rule, key: str) -> Places:
    """Return where the rule's `key` asks about each path; the first place where `$or` asks twice."""
    rules = document.data.get("rules") if isinstance(document.data, dict) else None
    found = [n for n, one in enumerate(rules or ()) if isinstance(one, dict) and one.get("id") == rule.id]
    places: dict[str, Position] = {}
    for path in document.keys:
        if found and path[:3] == ("rules", found[0], key):
            names = [part for part in path[3:] if isinstance(part, str) and part != "$or"]
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
