"""Owns the way from a rule as written to a Rule; the one rule: all that is wrong with it is said at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from leh_guardian.fields import parse_duration
from leh_guardian.model.guards import TELLING, Budget, Guards
from leh_guardian.model.mode import Mode
from leh_guardian.model.plan import Plan, Step, Verify
from leh_guardian.model.window import Limit, Measure
from leh_guardian.patterns import Pattern
from leh_guardian.registry import HandlerSpec, Registry
from leh_guardian.rules.cron import Cron
from leh_guardian.rules.diagnostics import Path, Problem, did_you_mean
from leh_guardian.rules.entries import (
    ActionEntry,
    ExpectEntry,
    GuardsEntry,
    RetryEntry,
    RuleEntry,
    ScheduleEntry,
    UseEntry,
    VerifyEntry,
    WindowEntry,
)
from leh_guardian.rules.expressions import Expression, ExpressionError, compile_expression
from leh_guardian.rules.lint.rule import lint_rule
from leh_guardian.rules.ruleset import Expect, Rule, Window
from leh_guardian.rules.schedule import Schedule
from leh_guardian.rules.steps import UNLESS_ID, VERIFY_ID, check_steps, specs_used
from leh_guardian.rules.triggers import read_trigger
from leh_guardian.rules.wording import described, problems, validate

_UNDISTURBED: Final = timedelta(days=1)
"""A tick is no trouble: nobody is called while what it began goes on, unless it takes this long."""


@dataclass(frozen=True, slots=True)
class Where:
    """Where a rule stands."""

    path: Path
    file: str
    line: int


def compile_rule(written: Any, where: Where, registry: Registry) -> tuple[Rule | None, list[Problem]]:
    """Return the rule, None if there are errors, and everything found wrong with it or doubtful in it."""
    path = where.path
    if not isinstance(written, Mapping):
        return None, [Problem(path, "bad-value", f"a rule must be a mapping, not {described(written)}")]
    entry, errors = validate(RuleEntry, written)
    trigger, found = read_trigger(written, path, registry)
    found += problems(errors, RuleEntry, written, path)
    keys = {name: _expression(written.get(name), (*path, name), found) for name in ("dedup", "serialize")}
    by = _key_expressions(written.get("expect"), (*path, "expect", "by"), found)
    counted = _window_expressions(written.get("window"), (*path, "window"), found)
    found += check_steps(written, path, registry)
    used = specs_used(written, registry)
    found += _check_limits(written.get("guards"), (*path, "guards", "limits"), used)
    found += lint_rule(written, path, trigger, keys, by, counted)
    if not isinstance(entry, RuleEntry) or trigger.opening is None or any(p.severity == "error" for p in found):
        return None, found
    found += _check_guarded(entry, path, used)
    # How often a schedule sets a rule off is written beside it: nobody else chooses it.
    guards = _guards(entry.guards, telling=not entry.schedule and not any(spec.changes for spec in used))
    closing = trigger.closing.pattern if trigger.closing else None
    rule = _build(entry, where, registry, trigger.opening.pattern, closing, keys, by, guards)
    return replace(rule, window=_window(entry.window, counted)) if entry.window else rule, found


def _expression(text: Any, path: Path, found: list[Problem]) -> Expression | None:
    if not isinstance(text, str) or not text:
        return None
    try:
        expression = compile_expression(text)
    except ExpressionError as error:
        found.append(Problem(path, "bad-expression", f"`{path[-1]}`: {error}"))
        return None
    return expression


def _key_expressions(expect: Any, path: Path, found: list[Problem]) -> dict[Path, Expression]:
    """Return the expressions of an `expect`'s `by` by their places, that over `after` first."""
    by = expect.get("by") if isinstance(expect, Mapping) else None
    written = (
        {(*path, name): by[name] for name in ("after", "then") if name in by} if isinstance(by, Mapping) else {path: by}
    )
    read = {place: _expression(text, place, found) for place, text in written.items()}
    return {place: expression for place, expression in read.items() if expression}


def _window_expressions(window: Any, path: Path, found: list[Problem]) -> dict[Path, Expression]:
    """Return the expressions of a `window` by their places."""
    names = [name for name in ("sum", "distinct", "by") if isinstance(window, Mapping) and name in window]
    read = {(*path, name): _expression(window[name], (*path, name), found) for name in names}
    return {place: expression for place, expression in read.items() if expression}


def _check_limits(guards: Any, path: Path, used: list[HandlerSpec]) -> Iterator[Problem]:
    limits = guards.get("limits") if isinstance(guards, Mapping) else None
    known = sorted({name for spec in used for name in spec.limits})
    for name in limits if isinstance(limits, Mapping) else ():
        if name not in known:
            others = f"they have: {', '.join(known)}" if known else "they have none"
            message = f"no handler of this rule has a limit `{name}`"
            yield Problem((*path, name), "unknown-limit", message, did_you_mean(name, known) or others, on_key=True)


def _check_guarded(entry: RuleEntry, path: Path, used: list[HandlerSpec]) -> Iterator[Problem]:
    changing = sorted({spec.name for spec in used if spec.changes})
    if entry.schedule:
        return  # the schedule itself bounds it
    if changing and entry.mode in {Mode.ACT, Mode.PROPOSE} and not (entry.guards.cooldown or entry.guards.budget):
        message = f"`{changing[0]}` changes things, and nothing keeps this rule from running again and again"
        hint = "add guards: {cooldown: 10m, budget: [{max: 3, per: 1h}]}"
        yield Problem((*path, "id"), "no-guards", message, hint, severity="warning")
    for spec in used if entry.mode is Mode.ACT else ():
        if spec.approval:
            message = f"`{spec.name}` changes things for all cases at once, and nobody is asked before"
            yield Problem((*path, "id"), "no-approval", message, "write mode: propose", severity="warning")


def _guards(written: GuardsEntry, *, telling: bool) -> Guards:
    budgets = tuple(Budget(budget.max, budget.per) for budget in written.budget)
    return Guards(written.cooldown, budgets or ((TELLING,) if telling else ()))


def _build(
    entry: RuleEntry,
    where: Where,
    registry: Registry,
    opening: Pattern,
    closing: Pattern | None,
    keys: Mapping[str, Expression | None],
    by: Mapping[Path, Expression],
    guards: Guards,
) -> Rule:
    return Rule(
        id=entry.id,
        description=entry.description,
        runbook=entry.runbook,
        mode=entry.mode,
        pattern=opening,
        resolve_on=None if entry.expect else closing,
        dedup=keys["dedup"],
        serialize=keys["serialize"],
        severity=entry.severity,
        escalate=entry.escalate.policy,
        guards=guards,
        plan=_plan(entry, registry),
        file=where.file,
        line=where.line,
        expect=_expect(entry.expect, closing, tuple(by.values()), registry) if entry.expect else None,
        schedule=_schedule(entry.schedule) if entry.schedule else None,
    )


def _expect(written: ExpectEntry, then: Pattern | None, by: tuple[Expression, ...], registry: Registry) -> Expect:
    look = written.unless
    return Expect(
        then=then,
        by_after=by[0],
        by_then=by[-1],
        within=written.within,
        unless=_lasting(UNLESS_ID, look, registry[look.uses]) if look else None,
    )


def _schedule(written: ScheduleEntry) -> Schedule:
    return Schedule(Cron(written.cron, written.timezone), written.catch_up)


def _window(written: WindowEntry, expressions: Mapping[Path, Expression]) -> Window:
    read = {place[-1]: expression for place, expression in expressions.items()}
    measure = Measure.SUM if written.sum else Measure.DISTINCT if written.distinct else Measure.COUNT
    inclusive = written.at_least is not None
    bound = Decimal(repr(written.at_least if inclusive else written.above))
    return Window(Limit(measure, written.over, bound, inclusive), read.get(str(measure)), read.get("by"))


def _plan(entry: RuleEntry, registry: Registry) -> Plan:
    verify = entry.verify
    uses: list[UseEntry] = [*entry.actions, *([verify] if verify else [])]
    defaults = {name: limit for use in uses for name, limit in registry[use.uses].limits.items()}
    return Plan(
        mode=entry.mode,
        steps=tuple(_step(action, registry[action.uses]) for action in entry.actions),
        verify=_verify(verify, registry[verify.uses]) if verify else None,
        on_failure=entry.on_failure,
        escalate=entry.escalate.policy,
        limits=defaults | entry.guards.limits,
        resolves_on_event=entry.resolve_on is not None or _waits_for_then(entry),
        level=entry.escalate.level,
        grace=_grace(entry),
        approvals=entry.approvals,
        asks_once=entry.asks == "once",
    )


def _grace(entry: RuleEntry) -> float | None:
    """Return for how many seconds calls wait for what the rule does; None for as long as the policy says."""
    if entry.escalate.grace is not None:
        return entry.escalate.grace.total_seconds()
    return _UNDISTURBED.total_seconds() if entry.schedule else None


def _waits_for_then(entry: RuleEntry) -> bool:
    """Tell whether an incident of this absence rule stays open until its `then` comes.

    With a `dedup` of its own it may be about many things: that one of them is done says nothing of the others. A proof of its own
    closes it, too: not every worker tells that it has finished.
    """
    return bool(entry.expect and entry.expect.then) and not entry.dedup and not entry.verify


def _step(action: ActionEntry, spec: HandlerSpec) -> Step:
    timeout = action.timeout or parse_duration(spec.timeout)
    return Step(
        id=action.id or action.uses,
        uses=action.uses,
        params=action.with_,
        condition=action.if_,
        timeout=timeout.total_seconds(),
        attempts=action.retry.attempts,
        backoff=action.retry.backoff.total_seconds(),
    )


def _verify(verify: VerifyEntry, spec: HandlerSpec) -> Verify:
    return Verify(_lasting(VERIFY_ID, verify, spec), verify.within.total_seconds() if verify.within else None)


def _lasting(step_id: str, use: UseEntry, spec: HandlerSpec) -> Step:
    """Return a use of a handler that is no action: the rule file says nothing of its time-out and repetitions."""
    retry = RetryEntry()
    return Step(
        id=step_id,
        uses=use.uses,
        params=use.with_,
        condition=None,
        timeout=parse_duration(spec.timeout).total_seconds(),
        attempts=retry.attempts,
        backoff=retry.backoff.total_seconds(),
    )
