"""Owns how bad an event is and who is called for it; the one rule: of the rules that match, the worst counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from leh_guardian.model.plan import Severity


class Index(Protocol):
    """Compiled event patterns by the id of their rule."""

    def match(self, event: Any) -> set[str]:
        """Return the ids of those that match."""
        ...


@dataclass(frozen=True, slots=True)
class Class:
    """What an event is taken for; None is left to who asks."""

    severity: Severity | None = None
    kind: str | None = None
    """A word such as data_leak, which inhibition and maintenance can ask for."""
    policy: str | None = None
    start_level: int | None = None


@dataclass(frozen=True, slots=True)
class Classified:
    """An event's class, and the rules that said so."""

    of: Class
    rules: tuple[str, ...]
    """Those that matched, the one that counted first."""


@dataclass(frozen=True, slots=True)
class Classification:
    """What events are taken for."""

    default: Class = field(default_factory=Class)
    """What the rule that counts does not say."""
    rules: Mapping[str, Class] = field(default_factory=dict)
    """By id, in the file's order."""
    index: Index | None = None

    def of(self, event: Mapping[str, Any]) -> Classified | None:
        """Return what an event's envelope is taken for, None where no rule matches.

        The worst severity counts; of two alike the higher level, then what stands first.
        """
        matched = self.index.match(event) if self.index is not None else set()
        found = sorted(
            (_rank(self.rules[name]), place, name) for place, name in enumerate(self.rules) if name in matched
        )
        if not found:
            return None
        counted = self.rules[found[0][2]]
        merged = Class(
            severity=counted.severity or self.default.severity,
            kind=counted.kind or self.default.kind,
            policy=counted.policy or self.default.policy,
            start_level=self.default.start_level if counted.start_level is None else counted.start_level,
        )
        return Classified(merged, tuple(name for _, _, name in found))


def _rank(one: Class) -> tuple[str, int]:
    return (one.severity.value if one.severity else "sev9", -(one.start_level or 0))
