"""Owns the way from budget.yaml to a Budget; the one rule: one mistake refuses the file, and all of them are told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from leh_guardian.model.guards import Budget as Runs
from leh_guardian.model.spend.limits import Budget, Scope, SpendLimit, Tier, Unit
from leh_guardian.model.spend.prices import Price, Prices
from leh_guardian.model.window import LONGEST
from leh_guardian.registry import Registry
from leh_guardian.rules.diagnostics import Diagnostic, Problem, did_you_mean
from leh_guardian.rules.document import Document, read_document
from leh_guardian.rules.entries import BudgetEntry, Entry, Given, Span
from leh_guardian.rules.wording import described, problems, validate

_HOUR: Final = timedelta(hours=1)


def _day(value: str) -> str:
    try:
        date.fromisoformat(value)
    except ValueError:
        raise ValueError("write a day such as 2026-11-02") from None
    return value


Day = Annotated[str, AfterValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Dollars = Annotated[float | int, Field(ge=0, le=1_000_000)]


class PriceEntry(Entry):
    """What a model costs from a day on."""

    from_: Annotated[Day, Field(alias="from")]
    """The first day, in UTC."""
    prompt: Dollars
    """USD for a million tokens that are sent."""
    completion: Dollars
    """USD for a million tokens that come back."""


class LimitEntry(Entry):
    """How much may be used in a sliding window; all that a limit names must be exceeded."""

    tier: Tier
    """warn: people are told; park: the work is paused and kept; hard: only people let it go on."""
    scope: Scope
    """Whose use: of a case, of a user, of all."""
    over: Span
    """The window's length, an hour to 31 days."""
    tokens: Annotated[Annotated[int, Field(ge=1)] | None, Given] = None
    """More tokens than this."""
    usd: Annotated[Annotated[float | int, Field(gt=0)] | None, Given] = None
    """More US dollars than this, by the prices above."""
    attempts: Annotated[Annotated[int, Field(ge=1)] | None, Given] = None
    """More attempts than this, failed ones too."""
    deviates: bool = False
    """Only where the tokens of the last hour are unlike the case's own history, or, without one, unlike those of other cases."""


class BudgetFileEntry(Entry):
    """What AI work costs, how much is too much, and how often a remedy may run on one target."""

    version: Literal[1]
    """The version of the file's language."""
    prices: Annotated[dict[str, tuple[PriceEntry, ...]], Field(min_length=1)]
    """{model: prices, the oldest first}."""
    limits: tuple[LimitEntry, ...] = ()
    """The limits, in any order."""
    per_target: Annotated[
        dict[str, Annotated[tuple[BudgetEntry, ...], Field(min_length=1)]], Field(default_factory=dict)
    ]
    """{handler: how often it may run on one target, whichever rule or person asks}; all windows hold."""


@dataclass(frozen=True, slots=True)
class CheckedBudget:
    """What budget.yaml came to."""

    budget: Budget | None
    diagnostics: tuple[Diagnostic, ...]


def check_budget(content: bytes, file: str, registry: Registry | None = None) -> CheckedBudget:
    """Look at a budget file; whatever it holds, all that is wrong is said. Without a `registry`, not of the handlers it names."""
    document = read_document(content, file)
    data = document.data
    if not document.complete:
        return CheckedBudget(None, document.diagnostics)
    if not isinstance(data, Mapping):
        problem = Problem((), "not-a-budget", f"this is {described(data)}", "it begins with `version: 1` and `prices`")
        return _told(document, None, [problem])
    entry, errors = validate(BudgetFileEntry, data)
    found = [*problems(errors, BudgetFileEntry, data, ()), *_consistent(data)]
    found += _unbounded(data, registry) if registry else []
    if not isinstance(entry, BudgetFileEntry) or found:
        return _told(document, None, found)
    return _told(document, _budget(entry), [])


def _told(document: Document, budget: Budget | None, found: list[Problem]) -> CheckedBudget:
    diagnostics = (*document.diagnostics, *filter(None, map(document.locate, found)))
    ordered = tuple(sorted(diagnostics, key=lambda one: (one.line, one.column)))
    return CheckedBudget(None if ordered else budget, ordered)


def _consistent(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what no single entry shows."""
    prices = data.get("prices")
    for model, rows in prices.items() if isinstance(prices, Mapping) else ():
        if isinstance(rows, list) and not rows:
            yield Problem(("prices", model), "bad-value", f"`{model}` has no price", "leave it out")
        days = [row.get("from") for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
        for index in range(1, len(days)):
            before, day = days[index - 1], days[index]
            if isinstance(before, str) and isinstance(day, str) and day <= before:
                message = f"the prices of `{model}` are not in order: {day} after {before}"
                yield Problem(("prices", model, index, "from"), "bad-value", message, "the oldest first")
    limits = data.get("limits")
    for index, limit in enumerate(limits if isinstance(limits, list) else ()):
        if isinstance(limit, Mapping):
            yield from _limit_problems(limit, ("limits", index))


def _unbounded(data: Mapping[str, Any], registry: Registry) -> Iterator[Problem]:
    """Yield the handlers whose runs cannot be counted by a target."""
    per_target = data.get("per_target")
    for name in per_target if isinstance(per_target, Mapping) else ():
        spec = registry.get(name)
        if spec is not None and spec.target:
            continue
        path = ("per_target", name)
        if spec is not None:
            others = ", ".join(f"`{one.name}`" for one in registry if one.target)
            message = f"no parameter of `{name}` by itself names what it changes"
            yield Problem(path, "no-target", message, f"those that have a target: {others}", on_key=True)
        else:
            hint = did_you_mean(name, registry.names())
            yield Problem(path, "unknown-handler", f"there is no handler `{name}`", hint, on_key=True)


def _limit_problems(limit: Mapping[str, Any], path: tuple[str | int, ...]) -> Iterator[Problem]:
    if not {"tokens", "usd", "attempts"} & limit.keys():
        yield Problem(path, "missing-key", "nothing says how much is too much", "give `tokens`, `usd` or `attempts`")
    if limit.get("deviates") is True and limit.get("scope") != "case":
        message = "only a case is compared with its own history"
        yield Problem((*path, "deviates"), "bad-value", message, "leave it out", on_key=True)
    entry, _ = validate(LimitEntry, limit)
    if isinstance(entry, LimitEntry) and not _HOUR <= entry.over <= LONGEST:
        yield Problem((*path, "over"), "bad-value", f"write 1h at least and {LONGEST.days}d at most")


def _budget(entry: BudgetFileEntry) -> Budget:
    prices = {
        model.lower(): tuple(
            Price(date.fromisoformat(row.from_), Decimal(repr(row.prompt)), Decimal(repr(row.completion)))
            for row in rows
        )
        for model, rows in entry.prices.items()
    }
    limits = (
        SpendLimit(
            limit.tier,
            limit.scope,
            limit.over,
            {unit: Decimal(repr(most)) for unit in Unit if (most := getattr(limit, unit.value)) is not None},
            limit.deviates,
        )
        for limit in entry.limits
    )
    per_target = {name: tuple(Runs(one.max, one.per) for one in budgets) for name, budgets in entry.per_target.items()}
    return Budget(Prices(prices), tuple(limits), per_target)
