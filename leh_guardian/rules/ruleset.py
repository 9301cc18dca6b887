"""Owns the RuleSet: what the daemon runs on; the one rule: it never changes, a reload makes another.

What matching needs besides is made once, when first asked for: a check without cases never is. `load_folder` asks at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from leh_guardian.model import canary
from leh_guardian.model.event import Event
from leh_guardian.model.guards import Guards
from leh_guardian.model.mode import Mode
from leh_guardian.model.plan import Plan, Severity
from leh_guardian.model.text import storable_key
from leh_guardian.patterns import Pattern, PatternIndex, compile_pattern
from leh_guardian.rules.expressions import Expression, ExpressionError, compile_expression


class MatchKind(StrEnum):
    """What an event means to a rule."""

    TRIGGER = "trigger"
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, ready to match."""

    id: str
    description: str
    runbook: str
    mode: Mode
    pattern: Pattern
    resolve_on: Pattern | None
    dedup: Expression | None
    serialize: Expression | None
    severity: Severity
    escalate: str
    guards: Guards
    plan: Plan
    file: str
    line: int


_CANARY = Rule(
    id=canary.CANARY,
    description="guardian's own proof that the way of an alert works",
    runbook="",
    mode=Mode.ACT,
    pattern=compile_pattern(canary.PATTERN),
    resolve_on=None,
    dedup=compile_expression("detail.nonce"),
    serialize=None,
    severity=Severity.SEV5,
    escalate="default",
    guards=Guards(),
    plan=canary.PLAN,
    file="",
    line=0,
)
"""The built-in rule: in every rule set, and in no list of an operator's rules."""


@dataclass(frozen=True, slots=True)
class Match:
    """An event that concerns a rule."""

    rule: Rule
    kind: MatchKind
    dedup_key: str
    """Names the incident among those of the rule; empty where the rule has but one."""
    serialize_key: str
    """Actions with the same key run one after the other."""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules of a folder at one moment."""

    revision: str
    """A digest of the bytes that the rules were read from."""
    rules: tuple[Rule, ...]
    _by_id: dict[str, Rule] = field(init=False, repr=False, compare=False)
    _index: PatternIndex[tuple[str, MatchKind]] | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_id", {rule.id: rule for rule in self.rules})

    def get(self, rule_id: str) -> Rule | None:
        """Return the rule `rule_id`, or None."""
        return self._by_id.get(rule_id)

    def index(self) -> PatternIndex[tuple[str, MatchKind]]:
        """Return the index over all patterns: the first call makes it, which takes about 0.1 ms a rule."""
        index = self._index
        if index is None:
            patterns = {(rule.id, MatchKind.TRIGGER): rule.pattern for rule in self.rules}
            patterns |= {(rule.id, MatchKind.RESOLVE): rule.resolve_on for rule in self.rules if rule.resolve_on}
            patterns[_CANARY.id, MatchKind.TRIGGER] = _CANARY.pattern
            index = PatternIndex(patterns)
            object.__setattr__(self, "_index", index)
        return index

    def match(self, event: Event) -> list[Match]:
        """Return the rules that `event` concerns, by rule id; what could open and close an incident opens it.

        A canary concerns the built-in rule alone, however widely an operator's pattern is drawn.
        """
        concerned = self.index().match(event.envelope)
        if (_CANARY.id, MatchKind.TRIGGER) in concerned:
            return [_match(_CANARY, MatchKind.TRIGGER, event.envelope)]
        triggered = {rule_id for rule_id, kind in concerned if kind is MatchKind.TRIGGER}
        return [
            _match(
                self._by_id[rule_id], MatchKind.TRIGGER if rule_id in triggered else MatchKind.RESOLVE, event.envelope
            )
            for rule_id in sorted({rule_id for rule_id, _ in concerned})
        ]


def _match(rule: Rule, kind: MatchKind, envelope: dict[str, Any]) -> Match:
    dedup_key = _key(rule.dedup, envelope) or ""
    # Rules share a queue of actions only where both say so: a default must not couple rules that never met.
    serialize_key = _key(rule.serialize, envelope) or f"{rule.id}/{dedup_key}"
    return Match(rule, kind, dedup_key, serialize_key)


def _key(expression: Expression | None, envelope: dict[str, Any]) -> str | None:
    """Return the key that `expression` finds in an event, None for none; hostile values find none."""
    try:
        value = expression.search(envelope) if expression else None
        return None if value is None else storable_key(value)
    except (ExpressionError, RecursionError):
        return None
