"""Random histories: what replicas and people may ask of the store, in any order.

No two actions, timers or lines have the same time: which of two equals comes first is left to chance by PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any
from unittest.mock import patch
from uuid import UUID

from hypothesis import strategies as st

from leh_guardian.model.action import ActionStatus, ClaimedAction, Role
from leh_guardian.model.guards import Budget
from leh_guardian.model.incident import IncidentStatus
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.mode import Mode
from leh_guardian.model.spend.circuit import Circuit, State
from leh_guardian.model.spend.limits import Scope, Tier
from leh_guardian.model.timer import TimerKind
from leh_guardian.store import actions
from leh_guardian.store.incidents import RunEvent
from leh_guardian.store.schedule_ticks import Decided
from leh_guardian.store.transaction import Transaction
from tests.support.rows import EVENT, EXPECTED, action, incident, outage

MODES = st.sampled_from([*Mode, Mode.ACT, Mode.ACT])
NUMBERS = st.integers(1, 4)
ACTIONS = st.integers(1, 8)
PORTIONS = st.sampled_from([1, 100])


@dataclass
class Side:
    """One of two stores, as one step of a history asks it."""

    modules: dict[str, ModuleType]
    tx: Transaction
    now: datetime
    attempts: list[ClaimedAction] = field(default_factory=list)
    """All that were claimed there, whether they still own their action or not."""

    async def ask(self, name: str, *args: Any, **options: Any) -> Any:
        """Ask `module.function`."""
        module, _, function = name.partition(".")
        return await getattr(self.modules[module], function)(self.tx, *args, **options)

    def at(self, minutes: int, number: int = 0) -> datetime:
        """A time some minutes from now that nothing else of another number has."""
        return self.now + timedelta(minutes=minutes, seconds=number)


Step = Callable[[Side], Awaitable[Any]]


def _asks(name: str, *args: Any, **options: Any) -> Step:
    return lambda side: side.ask(name, *args, **options)


def _insert(n: int, key: int, changed: dict[str, Any]) -> Step:
    new = incident(n, dedup_key=f"key-{key}", **changed)
    return lambda side: side.ask("incidents.insert", side.now, [(new, EVENT)])


def _save(n: int, changed: dict[str, Any]) -> Step:
    return lambda side: side.ask("incidents.save", side.now, [incident(n, **changed)])


def _plan(n: int, of: int, key: int | None, minutes: int, changed: dict[str, Any]) -> Step:
    serialize_key = None if key is None else f"key-{key}"

    async def step(side: Side) -> Any:
        new = action(n, of, serialize_key=serialize_key, due_at=side.at(minutes, n), **changed)
        return await side.ask("actions.insert", side.now, {UUID(int=of): 1}, [new])

    return step


def _claim(mode: Mode, count: int, lease: float, handlers: list[str] | None) -> Step:
    async def step(side: Side) -> Any:
        with patch.object(actions, "LEASE_SECONDS", lease):
            claimed = await side.ask("actions.claim", side.now, mode, "one", count, handlers)
        claimed.sort(key=lambda one: one.id)
        side.attempts.extend(claimed)
        return claimed

    return step


def _of_attempt(number: int, made: Callable[[Side, ClaimedAction], Awaitable[Any]]) -> Step:
    async def step(side: Side) -> Any:
        return await made(side, side.attempts[-1 - number % len(side.attempts)]) if side.attempts else None

    return step


def _settle(number: int, status: ActionStatus, minutes: int | None, failures: int | None) -> Step:
    async def settle(side: Side, claimed: ClaimedAction) -> Any:
        due = None if minutes is None else side.at(minutes, claimed.id.int - 1000)
        outcome = {"facts": {"of": claimed.attempt}}
        return await side.ask("actions.settle", claimed, side.now, status, outcome, due_at=due, failures=failures)

    return _of_attempt(number, settle)


def _hold_back(mode: Mode) -> Step:
    async def step(side: Side) -> Any:
        return sorted(await side.ask("actions.hold_back", side.now, mode))

    return step


def _runs(minutes: int) -> Step:
    async def step(side: Side) -> Any:
        runs = await side.ask("guards.runs_since", side.at(minutes), ["rule"])
        return {rule: sorted(starts) for rule, starts in runs.items()}

    return step


def _run_on(number: int, minutes: int, beyond: bool) -> Step:
    def step(side: Side) -> Awaitable[Any]:
        budgets = [Budget(2, timedelta(minutes=3)), Budget(3, timedelta(minutes=8))]
        at = side.at(minutes, number)
        return side.ask("target_runs.take", "fix", "user_1", UUID(int=number), at, budgets, beyond=beyond)

    return step


def _expect(number: int, due: int | None) -> Step:
    def step(side: Side) -> Awaitable[Any]:
        due_at = None if due is None else side.at(due, number)
        one = replace(EXPECTED, key=f"key-{number}", due_at=due_at)
        return side.ask("expectations.save", side.at(0, number), [one])

    return step


def _circuit(key: str, version: int, state: State, published: int) -> Step:
    async def step(side: Side) -> Any:
        one = Circuit(Scope.CASE, key, state, version, since=side.now, opened_at=side.at(-3), published=published)
        return await side.ask("circuits.follow", one)

    return step


opening: list[Step] = [_insert(number, number, {}) for number in (1, 2, 3)]
"""What a history begins with, so that there is something to plan for."""

_incident = st.fixed_dictionaries(
    {
        "status": st.sampled_from([*IncidentStatus, IncidentStatus.TRIGGERED, IncidentStatus.TRIGGERED]),
        "level": st.integers(0, 3),
        "event_count": st.integers(1, 5),
        "run": st.integers(1, 2),
    }
)
_action = st.fixed_dictionaries(
    {
        "role": st.sampled_from(Role),
        "handler": st.sampled_from(["fix", "look"]),
        "mode": MODES,
        "changes": st.booleans(),
        "retryable": st.booleans(),
        "status": st.sampled_from([*[ActionStatus.SCHEDULED] * 4, ActionStatus.PROPOSED, ActionStatus.SKIPPED]),
        "outcome": st.sampled_from([None, {"facts": {"a": [1, None]}}]),
    }
)
_settled = st.sampled_from([status for status in ActionStatus if status is not ActionStatus.RUNNING])
_key = NUMBERS.map(lambda n: ("rule", f"key-{n}"))

_incidents: list[st.SearchStrategy[Step]] = [
    st.builds(_insert, NUMBERS, NUMBERS, _incident),
    st.builds(_save, NUMBERS, _incident),
    NUMBERS.map(
        lambda n: (
            lambda side: side.ask("incidents.start_run", side.at(0), incident(n, run=n), RunEvent("event-2", {"n": n}))
        )
    ),
    st.lists(_key).map(lambda keys: lambda side: side.ask("incidents.lock_ended", keys, side.at(-5))),
    st.just(_asks("incidents.causes", ["rule"], "")),
    ACTIONS.map(lambda n: _asks("incidents.of_action", action(n).id)),
    NUMBERS.map(lambda n: lambda side: side.ask("actions.at_work", UUID(int=n), side.at(0))),
    NUMBERS.map(lambda n: _asks("incidents.lock", UUID(int=n))),
    st.just(lambda side: side.ask("incidents.opened_since", side.at(-5), ["rule", "nobody"])),
    st.lists(_key).map(lambda keys: _asks("incidents.lock_open", keys)),
    st.sampled_from([[], ["rule"]]).map(lambda known: _asks("incidents.lock_orphans", known, "incident.orphaned")),
]
_plans = st.builds(
    _plan, ACTIONS, st.sampled_from([1, 2, 3, 1, 2, 3, 4]), st.sampled_from([None, 1, 2]), st.integers(-20, 1), _action
)
_work: list[st.SearchStrategy[Step]] = [
    _plans,
    st.builds(_claim, MODES, st.integers(1, 9), st.sampled_from([3600.0, -3600.0]), st.sampled_from([None, ["fix"]])),
    st.builds(_settle, ACTIONS, _settled, st.sampled_from([None, -3, 3]), st.sampled_from([None, 0, 2])),
]
_actions: list[st.SearchStrategy[Step]] = [
    MODES.map(_hold_back),
    ACTIONS.map(lambda n: _of_attempt(n, lambda side, a: side.ask("actions.renew", a.id, a.attempt))),
    st.builds(
        lambda n, mode: _of_attempt(n, lambda side, a: side.ask("actions.checkpoint", a, mode, {"n": n})),
        ACTIONS,
        MODES,
    ),
    st.builds(
        lambda n, approve: lambda side: side.ask("actions.decide", action(n).id, side.now, "kim", approve=approve),
        ACTIONS,
        st.booleans(),
    ),
    ACTIONS.map(lambda n: lambda side: side.ask("actions.withdraw", side.now, [action(n).id], "over")),
    ACTIONS.map(lambda n: _asks("actions.incident_of", action(n).id)),
    ACTIONS.map(lambda n: _asks("actions.decided", action(n).id)),
    NUMBERS.map(lambda n: _asks("incidents.get", UUID(int=n))),
    NUMBERS.map(lambda n: _asks("journal.newest", UUID(int=n), Kind.OPENED)),
    NUMBERS.map(lambda n: _asks("actions.busy", [UUID(int=n), UUID(int=1)])),
    *[
        NUMBERS.map(lambda n, name=name, rest=rest: _asks(name, UUID(int=n), *rest))
        for name, rest in (("actions.open_actions", ()), ("actions.facts", (1,)), ("actions.ran_dry", (1,)))
    ],
]
_memory: list[st.SearchStrategy[Step]] = [
    NUMBERS.map(
        lambda n: lambda side: side.ask("timers.set_timers", [(UUID(int=n), TimerKind.RESOLVE, side.at(2, n))])
    ),
    NUMBERS.map(lambda n: _asks("timers.clear_timers", [(UUID(int=n), TimerKind.RESOLVE)])),
    st.just(lambda side: side.ask("timers.take_due", side.now)),
    st.builds(lambda key, m: lambda side: side.ask("early_oks.remember", {key: side.at(m)}), _key, st.integers(-5, 5)),
    _key.map(lambda key: _asks("early_oks.newest", [key])),
    PORTIONS.map(lambda most: lambda side: side.ask("early_oks.forget", side.now, most)),
    st.builds(
        lambda key, m: lambda side: side.ask("guards.record_runs", [(key, side.at(m), UUID(int=1))]),
        _key,
        st.integers(-5, 5),
    ),
    _key.map(lambda key: _asks("guards.last_runs", [key])),
    st.builds(_expect, NUMBERS, st.sampled_from([None, -5, -1, 3])),
    _key.map(lambda key: _asks("expectations.lock", [key])),
    _key.map(lambda key: _asks("expectations.drop", [key])),
    PORTIONS.map(lambda most: lambda side: side.ask("expectations.forget", side.at(3), most)),
    st.builds(
        lambda known, most: (
            lambda side: side.ask("expectations.take_due", side.now, side.at(1), known, side.at(-3), most)
        ),
        st.sampled_from([[], ["rule"]]),
        PORTIONS,
    ),
    st.just(_runs(-5)),
    st.builds(_run_on, ACTIONS, st.integers(-5, 5), st.booleans()),
    st.just(_asks("target_runs.of", "fix", "user_1")),
    st.just(lambda side: side.ask("target_runs.forget", side.at(-3))),
    st.just(lambda side: side.ask("guards.forget", side.at(-5))),
    st.builds(
        lambda scope, mode: lambda side: side.ask("control.set_mode", scope, mode, "why", "kim", side.now),
        st.sampled_from(["*", "fix", "look"]),
        MODES,
    ),
    st.builds(
        lambda name, version, m: (
            lambda side: side.ask("provider_outages.follow", outage(name, version, looked_at=side.at(m)))
        ),
        st.sampled_from(["openai", "other"]),
        st.integers(1, 4),
        st.integers(-5, 5),
    ),
    st.just(_asks("provider_outages.newest", "openai")),
    st.builds(_circuit, st.sampled_from(["a", "b"]), st.integers(1, 4), st.sampled_from(State), st.integers(0, 4)),
    st.just(lambda side: side.ask("circuits.take_untold")),
    st.just(lambda side: side.ask("circuits.listed")),
    st.builds(
        lambda key, version: _asks("circuits.published", Scope.CASE, key, version), st.sampled_from("ab"), NUMBERS
    ),
    st.just(lambda side: side.ask("circuits.used", {(Scope.CASE, "b"): side.now, (Scope.CASE, "a"): side.at(-1)})),
    st.just(lambda side: side.ask("circuits.crowd", side.at(-5))),
    st.just(lambda side: side.ask("circuits.newly_told", {(Scope.CASE, "a", Tier.PARK): side.at(-3)}, side.now)),
    NUMBERS.map(
        lambda n: lambda side: side.ask("schedule_ticks.save", side.now, [Decided("rule", f"{n} * * * *", side.at(n))])
    ),
    st.builds(
        lambda off, m: lambda side: side.ask("schedule_ticks.forget", off, [], side.at(m)),
        st.sampled_from([[], ["rule"]]),
        st.integers(-5, 5),
    ),
]
_logs: list[st.SearchStrategy[Step]] = [
    st.lists(NUMBERS, max_size=1).map(
        lambda keys: lambda side: side.ask("inbox.take", side.now, [UUID(int=n) for n in keys])
    ),
    st.binary(max_size=3).map(lambda body: lambda side: side.ask("inbox.log_bodies", side.now, [(True, body)])),
    st.builds(
        lambda rows, most: (
            lambda side: side.ask(
                "inbox.forget", log_before=side.at(-9), inbox_before=side.at(-3), log_rows=rows, portion=most
            )
        ),
        st.integers(0, 3),
        PORTIONS,
    ),
    st.builds(
        lambda kind, n: lambda side: side.ask("journal.append", "one", side.now, [Entry(kind, "", UUID(int=n))]),
        st.sampled_from([Kind.OPENED, Kind.ORPHANED]),
        NUMBERS,
    ),
    PORTIONS.map(lambda most: lambda side: side.ask("journal.forget", side.at(-5), most)),
]
_reading: list[st.SearchStrategy[Step]] = [
    st.just(lambda side: side.ask("overview.counts", side.at(3))),
    st.just(_asks("overview.list_actions", limit=3)),
    st.just(_asks("overview.list_incidents", statuses=["triggered"])),
    NUMBERS.map(lambda n: _asks("overview.incident", UUID(int=n))),
    st.just(_asks("overview.find", "actions", "0000")),
    st.just(_asks("control.modes")),
]

# Work on actions is much more frequent than the rest; each step of a group is as frequent as the others.
_groups = [*[_work] * 6, *[_actions] * 4, _incidents, _memory, _logs, _reading]
_steps = st.sampled_from([steps for group in _groups for steps in group]).flatmap(lambda steps: steps)

histories = st.builds(
    lambda plans, rest: [(opening, 1), *[([plan], 1) for plan in plans], *rest],
    st.lists(_plans, min_size=3, max_size=6),
    st.lists(st.tuples(st.lists(_steps, min_size=1, max_size=3), st.integers(0, 9)), min_size=5, max_size=20),
)
"""[(the steps of a transaction, whether (0) it is rolled back)]."""
