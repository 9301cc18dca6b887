"""Owns the silences that people ask for; the one rule: who, why, what and until when are in the journal, and none is for ever.

The lines of a silence are a chain of their own, under its id as that of an incident: what was withheld by it is in each incident's.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from leh_guardian.engine import silencing_wording as wording
from leh_guardian.language import Declined, Text
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.oncall import terms
from leh_guardian.model.plan import Severity
from leh_guardian.model.silence import LONGEST, NEVER, SHORTEST, Silence, any_facts
from leh_guardian.model.text import dump_json, shown
from leh_guardian.patterns import Pattern, PatternError, compile_pattern
from leh_guardian.rules.diagnostics import did_you_mean
from leh_guardian.store import journal, overview, silences
from leh_guardian.store.transaction import Transaction

RULE: Final = "guardian.silence"
"""What the journal calls the rule of its lines."""
_NAME: Final = re.compile(r"[a-z_]{1,40}", re.ASCII)
_LONGEST_REASON: Final = 300
_MOST_SHOWN: Final = 200


class NoSilence(Declined):
    """A silence that nobody may have; the text says why."""


@dataclass(frozen=True, slots=True)
class Said:
    """What came of it."""

    done: bool
    text: Text
    """One line, for whoever said it."""
    silence: Silence | None = None


@lru_cache(maxsize=256)
def compiled(match: str) -> Pattern:
    """Return the condition of a silence by its JSON: each message that goes out asks all that hold."""
    return compile_pattern(match)


def matching(those: Sequence[Silence], facts: Mapping[str, Any]) -> Silence | None:
    """Return the one of silences that withholds a call of these facts longest; None for none. Some classes know none."""
    if facts["class"] in NEVER:
        return None
    found = [one for one in those if compiled(dump_json(dict(one.match))).matches(dict(facts))]
    return max(found, key=lambda one: one.ends, default=None)


def written(given: Sequence[str]) -> dict[str, Any]:
    """Return the condition that people type: `rule=down,severity=sev3` (an `*` stands for anything), or JSON as in oncall.yaml.

    Raises:
        NoSilence: it is none.
    """
    match: dict[str, Any] = {}
    for text in given:
        if text.lstrip().startswith("{"):
            try:
                match |= _object(text)
            except (ValueError, TypeError, RecursionError):
                raise NoSilence(wording.no_json(shown(text, 100))) from None
            continue
        for part in text.split(","):
            name, _, value = part.strip().partition("=")
            if not _NAME.fullmatch(name) or not value:
                raise NoSilence(wording.no_pair(shown(part, 60)))
            whole = int(value) if name == "level" and value.isdecimal() else value
            match.setdefault(name, []).append({"wildcard": value} if "*" in value else whole)
    return match


def _object(text: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError(text)
    return found


def wanted(match: Any, until: datetime, reason: Any, by: str, now: datetime) -> Silence:
    """Return the silence that somebody asks for.

    Raises:
        NoSilence: it would be of everything, of what must never be silent, too long, over already, or without a reason.
    """
    why = shown(reason.strip(), _LONGEST_REASON) if isinstance(reason, str) else ""
    if not why:
        raise NoSilence(wording.NO_REASON)
    if not now + SHORTEST <= until <= now + LONGEST:
        raise NoSilence(wording.LENGTH)
    _check(match)
    return Silence(uuid.uuid4(), match, why, by, now, until)


def _check(match: Any) -> None:
    if not isinstance(match, dict) or not match:
        raise NoSilence(wording.OF_WHAT)
    try:
        pattern = compile_pattern(dump_json(match))
    except PatternError as error:
        raise NoSilence(wording.no_pattern(shown(error, 200))) from None
    for name in pattern.paths:
        if name not in terms.FACTS:
            known = did_you_mean(name, terms.FACTS) or f"known here: {', '.join(terms.FACTS)}"
            raise NoSilence(wording.no_field(shown(name, 60), known))
    if all(pattern.matches(facts) for facts in any_facts()):
        raise NoSilence(wording.EVERYTHING)
    if "class" in match:
        of_class = compile_pattern({"class": match["class"]})
        if grave := [name for name in sorted(NEVER) if of_class.matches({"class": name})]:
            raise NoSilence(wording.grave(", ".join(grave)))


async def add(tx: Transaction, asked: Silence, now: datetime, via: str = "") -> Said:
    """Begin a silence; who asks for the same again while it holds has it prolonged, and not two."""
    holding = await silences.holding(tx, now)
    mine = (dump_json(dict(asked.match)), asked.reason, asked.by)
    there = next((one for one in holding if (dump_json(dict(one.match)), one.reason, one.by) == mine), None)
    silence = asked
    if there is not None and await silences.lock(tx, there.id) is not None:
        await silences.prolong(tx, there.id, asked.until)
        silence = await silences.lock(tx, there.id) or there
    else:
        await silences.add(tx, asked)
    await _note(tx, Kind.SILENCED, silence, silence.by, now, via, silence.reason)
    covered = [row for row in await overview.troubles(tx) if matching([silence], _facts(row))]
    text = wording.begun(named(silence), silence.until, now, described(silence.match), len(covered))
    return Said(True, text, silence)


async def end(tx: Transaction, silence_id: UUID, who: str, now: datetime, via: str = "") -> Said:
    """End a silence before its time; twice is once. What it withheld goes out within seconds, unless somebody has answered."""
    silence = await silences.lock(tx, silence_id)
    if silence is None:
        return Said(False, wording.UNKNOWN)
    if not silence.holds(now):
        by = shown(silence.ended_by, 60) if silence.ended_by else ""
        return Said(True, wording.over_already(named(silence), silence.ends, now, by), silence)
    await silences.end(tx, silence.id, now, who)
    await _note(tx, Kind.SILENCE_ENDED, silence, who, now, via, f"ended by {who}")
    over = await silences.lock(tx, silence.id)
    return Said(True, wording.ended(named(silence)), over)


def named(silence: Silence) -> str:
    """Return what people call a silence."""
    return str(silence.id)[:8]


def described(match: Mapping[str, Any]) -> str:
    """Return a condition as people read it."""
    return shown(dump_json(dict(match)), _MOST_SHOWN)


def report(silence: Silence, now: datetime) -> dict[str, Any]:
    """Return what programs are told of a silence."""
    return {
        "id": str(silence.id),
        "match": dict(silence.match),
        "reason": silence.reason,
        "by": silence.by,
        "made_at": silence.made_at,
        "until": silence.until,
        "ended_at": silence.ended_at,
        "ended_by": silence.ended_by or None,
        "holds": silence.holds(now),
    }


async def _note(tx: Transaction, kind: Kind, silence: Silence, who: str, now: datetime, via: str, reason: str) -> None:
    data = {"silence": str(silence.id), "match": dict(silence.match), "until": silence.until, "by": who}
    entry = Entry(kind, reason, silence.id, None, RULE, {**data, **({"via": via} if via else {})})
    await journal.append(tx, who, now, [entry])


def _facts(row: Mapping[str, Any]) -> dict[str, Any]:
    return terms.facts(
        rule=row["rule_id"],
        severity=Severity(row["severity"]),
        class_=row["kind"],
        level=row["level"],
        dedup_key=row["dedup_key"],
    )
