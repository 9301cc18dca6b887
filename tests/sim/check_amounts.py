"""Owns the promises about what is counted, and about circuits; the one rule: they are held against the table that the worker reads.

Circuits are looked at as their moves are in the journal, in the order in which they were made: under one lock, all of them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from leh_guardian.adapters.breaker_table import item_key
from leh_guardian.model.spend.limits import Scope, Tier, Unit
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.store import spending
from tests.sim.amounts import SOLD, Amounts
from tests.sim.store.tables import Key, Row
from tests.sim.world import World

Rows = Callable[[str], Iterable[Mapping[str, Any]]]
Items = Mapping[str, Mapping[str, Any]]
Held = Mapping[Key, Row]
_HELD = ("open", "half_open")


def restless(rows: Rows) -> list[str]:
    """Return the circuits that keep a run from being over."""
    return [
        f"circuit of {row['key']} {row['state']}"
        for row in rows("circuits")
        if row["until"] is not None or min(row["published"], row["told"]) < row["version"]
    ]


def check_amounts(world: World, rows: Rows, amounts: Amounts, rules: RuleSet) -> None:
    """I17: what happened is counted once, whatever is delivered how often; and too much is found, little is not."""
    sums: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows("counters"):
        sums[row["series"], row["key"]] += row["amount"]
    window = next(rule.window for rule in rules.rules if rule.id == "sold")
    wanted = {(window.series("sold"), key): amount for key, amount in amounts.sold.items()} if window else {}
    for scope, key in amounts.tokens:
        of = {
            Unit.TOKENS: Decimal(amounts.tokens[scope, key]),
            Unit.USD: amounts.cost(scope, key),
            Unit.ATTEMPTS: Decimal(amounts.attempts[scope, key]),
        }
        wanted |= {(spending.series(Scope(scope), unit), key): amount for unit, amount in of.items()}
    for place, amount in wanted.items():
        if sums[place] != amount:
            world.violated("I17", f"{' '.join(place)} is {sums[place]}, and was {amount}")
    opened = {(row["rule_id"], row["dedup_key"]) for row in rows("incidents")}
    too_much = {("sold", key) for key in amounts.crowded if amounts.sold[key] > SOLD}
    too_much |= {("spend", f"{scope}/{key}") for scope, key in amounts.too_much()}
    for found in sorted({one for one in opened if one[0] in {"sold", "spend"}} ^ too_much):
        world.violated("I17", f"{' '.join(found)} was too much: {found in too_much}")


def check_opening(world: World, there: Held, changes: Mapping[Key, Row | None]) -> None:
    """I18: at the commit that opens a circuit no other is open or tried: one may be here, but for what hard limits open."""
    if not changes:
        return
    after = {**there, **changes}
    held = {key for key, row in after.items() if row and row["state"] in _HELD and row["scope"] != Scope.FLEET}
    for key in changes.keys() & held:
        was, row = there.get(key), after[key]
        opened = row is not None and row["tier"] == Tier.PARK and (was is None or was["state"] not in _HELD)
        if opened and held != {key}:
            world.violated("I18", f"{key} was opened beside {sorted(held - {key})}, beyond the cap")


def check_write(world: World, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> None:
    """I18: in the worker's table a circuit never goes back to an older version."""
    if before is not None and int(after["version"]["N"]) <= int(before["version"]["N"]):
        world.violated("I18", f"{after['id']['S']} went from {before['version']['N']} to {after['version']['N']}")


def check_circuits(world: World, rows: Rows, amounts: Amounts, items: Items) -> None:
    """I18: the worker reads what the record says; every state has an exit; nothing moved for nothing."""
    there = {(row["scope"], row["key"]): row for row in rows("circuits")}
    incidents = {(row["rule_id"], row["dedup_key"]) for row in rows("incidents")}
    for (scope, key), row in there.items():
        item = items.get(item_key(Scope(scope), key), {})
        read = item.get("state", {}).get("S"), item.get("version", {}).get("N")
        if read != (row["state"], str(row["version"])):
            world.violated("I18", f"the worker reads {read} of {key}, which is {row['state']} {row['version']}")
        if row["state"] != "closed" and row["until"] is None:
            _check_exit(world, row, ("paused", f"{scope}/{key}") in incidents)
    for scope, key in sorted(amounts.too_much() - there.keys()):
        world.violated("I18", f"{scope} {key} has used too much, and has no circuit")
    _check_moves(world, rows)


def _check_exit(world: World, row: Mapping[str, Any], heard: bool) -> None:
    """What does not go on by itself is a person's to let go on, and one has heard of it."""
    of_people = row["state"] == "open" and (row["tier"] == "hard" or row["verdict"] in {"suspicious", "attack"})
    if not of_people or not heard:
        world.violated("I18", f"{row['key']} is {row['state']} for ever, and a person knows of it: {heard}")


def _check_moves(world: World, rows: Rows) -> None:
    """Each version is a move of its own, from where the last one ended."""
    last: dict[tuple[str, str], tuple[int, str, str]] = {}
    for line in sorted(rows("journal"), key=lambda row: row["id"]):
        if line["kind"] != "circuit.changed":
            continue
        data = json.loads(line["data"])
        of = data["scope"], data["key"]
        version, state, why = last.get(of, (0, "closed", ""))
        moved, _, reason = line["reason"].partition(": ")
        before, _, after = moved.partition(" -> ")
        if (before, data["version"]) != (state, version + 1):
            world.violated("I18", f"{of} went from {before} to {data['version']}, and was {state} {version}")
        if (after, reason) == (state, why):
            world.violated("I18", f"{of} is {state} anew in version {data['version']}, and nothing has changed")
        if (before, after) == ("half_open", "shadow"):
            world.violated("I18", f"{of} used too much while it was tried, and was let go on: {reason}")
        last[of] = data["version"], after, reason
