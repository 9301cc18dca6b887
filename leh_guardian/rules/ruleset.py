"""Owns the RuleSet: what the daemon runs on; the one rule: it never changes, a reload makes another.

What matching needs besides is made once, when first asked for: a check without cases never is. `load_folder` asks at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from leh_guardian.fields import format_duration
from leh_guardian.model import canary
from leh_guardian.model.event import Event
from leh_guardian.model.guards import Budget as Runs
from leh_guardian.model.guards import Guards
from leh_guardian.model.mode import Mode
from leh_guardian.model.plan import Plan, Severity, Step
from leh_guardian.model.text import storable_key
from leh_guardian.model.window import Amount, Limit, Measure, amount_of, plain
from leh_guardian.patterns import Pattern, PatternIndex, compile_pattern
from leh_guardian.rules.expressions import Expression, ExpressionError, compile_expression
from leh_guardian.rules.schedule import Schedule

if TYPE_CHECKING:
    # Most checks of rules have no use for it.
    from leh_guardian.diagnosis import Signature
    from leh_guardian.model.oncall import OnCall
    from leh_guardian.model.spend.limits import Budget
    from leh_guardian.uploads import SignalTable


class MatchKind(StrEnum):
    """What an event means to a rule."""

    TRIGGER = "trigger"
    RESOLVE = "resolve"
    AFTER = "after"
    """Something is expected from now on."""
    THEN = "then"
    """What was expected has come."""
    COUNT = "count"
    """It is counted, and the rule fires when there is too much of it."""


@dataclass(frozen=True, slots=True)
class Expect:
    """What must follow on the event of a rule's `pattern`."""

    then: Pattern | None
    by_after: Expression
    by_then: Expression
    within: timedelta
    unless: Step | None
    """The last look before the rule fires."""


@dataclass(frozen=True, slots=True)
class Window:
    """How much of the events of a rule's `pattern` is too much."""

    limit: Limit
    measured: Expression | None
    """What is summed or told apart; None where events are counted."""
    by: Expression | None
    """What is counted apart from each other; None for all together."""

    def __str__(self) -> str:
        """Return the condition in words, such as the sum of detail.cost_usd over 1d is above 50."""
        what = {
            Measure.COUNT: "the number of events",
            Measure.SUM: f"the sum of {self.measured.text if self.measured else ''}",
            Measure.DISTINCT: f"the number of different {self.measured.text if self.measured else ''}",
        }[self.limit.measure]
        beyond = "at least" if self.limit.inclusive else "above"
        return f"{what} over {format_duration(self.limit.over)} is {beyond} {plain(self.limit.bound)}"

    def series(self, rule_id: str) -> str:
        """Return what the amounts are kept under: other amounts after an edit begin anew."""
        what = f" {self.measured.text}" if self.measured else ""
        by = f" by {self.by.text}" if self.by else ""
        return f"{rule_id}/{self.limit.measure}{what}{by}"

    def amount(self, envelope: Mapping[str, Any], happened: datetime) -> Amount | None:
        """Return what an event counts, in its bucket; None where what is measured is not in it."""
        at = self.limit.bucket(happened)
        if self.limit.measure is Measure.DISTINCT:
            member = _key(self.measured, envelope)
            return None if member is None else Amount(at, member=member)
        if self.measured is None:
            return Amount(at)
        try:
            number = amount_of(self.measured.search(envelope))
        except (ExpressionError, RecursionError):
            return None
        return None if number is None else Amount(at, number)


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
    expect: Expect | None = None
    """For a rule that fires on what does not follow; `pattern` is then its `after`."""
    window: Window | None = None
    """For a rule that fires on too much of what `pattern` matches."""
    schedule: Schedule | None = None
    """For a rule that sets itself off; `pattern` then matches its ticks, which come from no queue."""


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
    """Names the incident among those of the rule, or what is expected; empty where the rule has but one."""
    serialize_key: str
    """Actions with the same key run one after the other."""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules of a folder at one moment."""

    revision: str
    """A digest of the bytes that the rules were read from."""
    rules: tuple[Rule, ...]
    signatures: tuple[Signature, ...] = ()
    """The operators' own rows of what the AI worker's failures mean."""
    oncall: OnCall | None = None
    """Who is called; None where the folder has no `oncall.yaml`."""
    budget: Budget | None = None
    """What AI work costs, and how much is too much; None where the folder has no `budget.yaml`."""
    upload_signals: SignalTable | None = None
    """The operators' own signals of uploads; None where the folder has no `upload-signals.yaml`: the built-in ones."""
    _by_id: dict[str, Rule] = field(init=False, repr=False, compare=False)
    _index: PatternIndex[tuple[str, MatchKind]] | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_id", {rule.id: rule for rule in self.rules})

    @property
    def per_target(self) -> Mapping[str, Sequence[Runs]]:
        """{handler: how often it may run on one target}."""
        return self.budget.per_target if self.budget else {}

    def get(self, rule_id: str) -> Rule | None:
        """Return the rule `rule_id`, or None."""
        return self._by_id.get(rule_id)

    def index(self) -> PatternIndex[tuple[str, MatchKind]]:
        """Return the index over all patterns: the first call makes it, which takes about 0.1 ms a rule."""
        index = self._index
        if index is None:
            patterns = {(rule.id, opening(rule)): rule.pattern for rule in self.rules if not rule.schedule}
            patterns |= {(rule.id, MatchKind.RESOLVE): rule.resolve_on for rule in self.rules if rule.resolve_on}
            patterns |= {
                (rule.id, MatchKind.THEN): rule.expect.then for rule in self.rules if rule.expect and rule.expect.then
            }
            patterns[_CANARY.id, MatchKind.TRIGGER] = _CANARY.pattern
            index = PatternIndex(patterns)
            object.__setattr__(self, "_index", index)
        return index

    def match(self, event: Event) -> list[Match]:
        """Return the rules that `event` concerns, by rule id; what could open and close an incident opens it.

        What could begin and complete an expectation completes it.
        A canary concerns the built-in rule alone, however widely an operator's pattern is drawn.
        """
        concerned = self.index().match(event.envelope)
        if (_CANARY.id, MatchKind.TRIGGER) in concerned:
            return [_match(_CANARY, MatchKind.TRIGGER, event.envelope)]
        kinds: defaultdict[str, set[MatchKind]] = defaultdict(set)
        for rule_id, kind in concerned:
            kinds[rule_id].add(kind)
        return [_concerned(self._by_id[rule_id], kinds[rule_id], event) for rule_id in sorted(kinds)]

    def match_with_ticks(self, event: Event) -> list[Match]:
        """Return what an event means where it may be a tick: one concerns the rule alone that it is of."""
        ticked = [rule for rule in self.rules if rule.schedule and rule.pattern.matches(event.envelope)]
        return [tick(rule, event) for rule in ticked] or self.match(event)


def tick(rule: Rule, event: Event) -> Match:
    """Return the match of a schedule rule with an event of its own."""
    return _match(rule, MatchKind.TRIGGER, event.envelope)


def opening(rule: Rule) -> MatchKind:
    """Return what an event that a rule's `pattern` matches means to it."""
    if rule.window:
        return MatchKind.COUNT
    return MatchKind.AFTER if rule.expect else MatchKind.TRIGGER


def too_much(rule: Rule, key: str, envelope: Mapping[str, Any]) -> Match:
    """Return the match of a window rule with the event after which there was too much of it; `key` is what was counted apart."""
    return _match(rule, MatchKind.TRIGGER, envelope, _key(rule.dedup, envelope) or key)


def missed(rule: Rule, key: str, envelope: Mapping[str, Any], dedup_key: str | None = None) -> Match:
    """Return the match of an absence rule with the event on which nothing followed; `key` is what the expectation was known by."""
    return _match(rule, MatchKind.TRIGGER, envelope, dedup_key or _key(rule.dedup, envelope) or key)


def _concerned(rule: Rule, kinds: set[MatchKind], event: Event) -> Match:
    if rule.window and MatchKind.COUNT in kinds:
        # What does not say whose it is counts together with its like: left out, it could not be too much.
        return _match(rule, MatchKind.COUNT, event.envelope, _key(rule.window.by, event.envelope) or "")
    if rule.window or rule.expect is None:
        kind = MatchKind.TRIGGER if MatchKind.TRIGGER in kinds else MatchKind.RESOLVE
        return _match(rule, kind, event.envelope)
    if MatchKind.THEN in kinds:
        return _match(rule, MatchKind.THEN, event.envelope, _key(rule.expect.by_then, event.envelope) or "")
    # Without its key it is expected all the same, and nothing completes it: a wrong `by` is heard of, not silent.
    key = _key(rule.expect.by_after, event.envelope) or storable_key(event.id)
    return _match(rule, MatchKind.AFTER, event.envelope, key)


def _match(rule: Rule, kind: MatchKind, envelope: Mapping[str, Any], dedup_key: str | None = None) -> Match:
    dedup_key = dedup_key if dedup_key is not None else _key(rule.dedup, envelope) or ""
    # Rules share a queue of actions only where both say so: a default must not couple rules that never met.
    serialize_key = _key(rule.serialize, envelope) or f"{rule.id}/{dedup_key}"
    return Match(rule, kind, dedup_key, serialize_key)


def _key(expression: Expression | None, envelope: Mapping[str, Any]) -> str | None:
    """Return the key that `expression` finds in an event, None for none; hostile values find none."""
    try:
        value = expression.search(envelope) if expression else None
        return None if value is None else storable_key(value)
    except (ExpressionError, RecursionError):
        return None
