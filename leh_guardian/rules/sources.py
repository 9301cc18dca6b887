"""Owns the question which senders rules may hear; the one rule: a rule that names none may hear them all."""

from __future__ import annotations

from leh_guardian.patterns import Pattern
from leh_guardian.rules.ruleset import RuleSet

_SOURCE = "source"


def may_hear(rules: RuleSet, source: str) -> bool:
    """Tell whether an event of `source` could concern a rule."""
    patterns = (pattern for rule in rules.rules for pattern in (rule.pattern, rule.resolve_on) if pattern is not None)
    return any(_may_match(pattern, source) for pattern in patterns)


def _may_match(pattern: Pattern, source: str) -> bool:
    return any(
        all(field.matches(source) for field in alternative.fields if field.path == _SOURCE)
        for alternative in pattern.alternatives
    )
