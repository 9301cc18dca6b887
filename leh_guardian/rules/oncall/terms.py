"""Owns the way from written classes and what holds calls back to values; the one rule: conditions are event patterns."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from leh_guardian.model.oncall.classification import Class, Classification
from leh_guardian.model.oncall.terms import FACTS, Heartbeat, Inhibition, Maintenance
from leh_guardian.patterns import Pattern, PatternError, PatternIndex, compile_pattern
from leh_guardian.rules.diagnostics import Path, did_you_mean
from leh_guardian.rules.oncall.policy_entries import (
    ClassEntry,
    ClassifyEntry,
    ClassRuleEntry,
    HeartbeatEntry,
    HeartbeatsEntry,
    InhibitEntry,
    MaintenanceEntry,
)
from leh_guardian.rules.oncall.reading import Reading, seconds
from leh_guardian.rules.triggers import pattern_problem

_WEEK = 7 * 86400.0


def read_classification(reading: Reading) -> Classification:
    """Return what events are taken for."""
    block = reading.block("classify", ClassifyEntry)
    rules: dict[str, Class] = {}
    patterns: dict[str, Pattern] = {}
    for path, entry in reading.rows(("classify", "rules"), ClassRuleEntry, id_="id"):
        pattern = _pattern(entry.pattern, (*path, "pattern"), reading)
        rules[entry.id] = _class(entry.set, (*path, "set"), reading)
        if not entry.set.model_fields_set:
            reading.say((*path, "set"), "bad-value", "`set` is empty", "severity, class, policy, start_level")
        if pattern is not None:
            patterns[entry.id] = pattern
    default = _class(block.default, ("classify", "default"), reading)
    return Classification(default, rules, PatternIndex(patterns) if patterns else None)


def read_inhibitions(reading: Reading) -> tuple[Inhibition, ...]:
    """Return what holds calls back while something else is wrong."""
    found = []
    for path, entry in reading.rows(("inhibit",), InhibitEntry, id_="name"):
        source = _of_incident(entry.source, (*path, "source"), reading)
        target = _of_incident(entry.target, (*path, "target"), reading)
        for number, name in enumerate(entry.equal):
            if name not in FACTS:
                reading.say((*path, "equal", number), "unknown-field", f"incidents have no `{name}`", _fact(name))
        if source is not None and target is not None:
            found.append(Inhibition(entry.name, source, target, entry.equal, seconds(entry.max)))
    return tuple(found)


def read_maintenance(reading: Reading, zone: ZoneInfo) -> tuple[Maintenance, ...]:
    """Return the windows in which calls are held back."""
    found = []
    for path, entry in reading.rows(("maintenance",), MaintenanceEntry, id_="name"):
        match = _of_incident(entry.match, (*path, "match"), reading)
        if not _is_window(entry, path, reading) or match is None:
            continue
        window = Maintenance(
            name=entry.name,
            zone=entry.timezone or zone,
            match=match,
            mode=entry.mode,
            begin=entry.from_,
            end=entry.to,
            weekdays=frozenset(entry.days),
            at=entry.at,
            length=seconds(entry.for_) if entry.for_ else 0.0,
        )
        found.append(window)
    return tuple(found)


def read_heartbeats(reading: Reading) -> tuple[Heartbeat, ...]:
    """Return what must be heard of."""
    reading.block("heartbeats", HeartbeatsEntry)
    found = []
    for path, entry in reading.rows(("heartbeats", "inbound"), HeartbeatEntry, id_="name"):
        reading.known("policies", entry.policy, (*path, "policy"))
        found.append(
            Heartbeat(
                entry.name, seconds(entry.every), seconds(entry.grace), entry.severity, entry.policy, entry.start_level
            )
        )
    return tuple(found)


def _class(entry: ClassEntry, path: Path, reading: Reading) -> Class:
    if entry.policy is not None:
        reading.known("policies", entry.policy, (*path, "policy"))
    return Class(entry.severity, entry.class_, entry.policy, entry.start_level)


def _is_window(entry: MaintenanceEntry, path: Path, reading: Reading) -> bool:
    once, weekly = (entry.from_, entry.to), (entry.days, entry.for_)
    if any(once) and not any(weekly) and entry.from_ is not None and entry.to is not None:
        if entry.to <= entry.from_:
            reading.say((*path, "to"), "bad-value", "`to` must be later than `from`")
        return entry.to > entry.from_
    if all(weekly) and not any(once) and entry.for_ is not None:
        if seconds(entry.for_) > _WEEK:
            reading.say((*path, "for"), "bad-value", "a weekly window is a week long at most", "write `from` and `to`")
        return seconds(entry.for_) <= _WEEK
    hint = 'write {days: [tue], at: "02:00", for: 1h} for every week, or {from: 2026-12-01T02:00, to: 2026-12-01T04:00} for once'
    reading.say(path, "missing-key", "it is not clear when this window is", hint)
    return False


def _of_incident(written: Any, path: Path, reading: Reading) -> Pattern | None:
    pattern = _pattern(written, path, reading)
    for name in pattern.paths if pattern else ():
        top = name.partition(".")[0]
        if name not in FACTS:
            at = (*path, top) if top in written else path
            reading.say(at, "unknown-field", f"incidents have no `{name}`", _fact(top), on_key=True)
    return pattern


def _pattern(written: Any, path: Path, reading: Reading) -> Pattern | None:
    try:
        return compile_pattern(written)
    except PatternError as error:
        reading.note([pattern_problem(error, path)])
        return None


def _fact(name: str) -> str:
    return did_you_mean(name, FACTS) or f"known here: {', '.join(FACTS)}"
