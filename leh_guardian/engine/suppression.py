"""Owns what keeps a call from going out for a while; the one rule: delivery is withheld, never recording, and never for ever.

What is suppressed has its clocks running: when the suppression ends, the newest call that was held back goes out, unless somebody has
answered. Policies that are not `suppressible` know none of this. Silences are people's own (engine/silencing.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from leh_guardian.engine import silencing
from leh_guardian.model.incident import Incident
from leh_guardian.model.oncall import OnCall, terms
from leh_guardian.model.oncall.terms import Inhibition
from leh_guardian.model.plan import Severity
from leh_guardian.model.silence import Silence
from leh_guardian.ports import Later, Moot
from leh_guardian.store import overview, silences
from leh_guardian.store.transaction import Transaction

_LOOK: Final = timedelta(seconds=60)
"""Between two looks at whether what inhibits a call is still open."""


async def suppressed(
    tx: Transaction, oncall: OnCall, incident: Incident, level: int, now: datetime
) -> Later | Moot | None:
    """Return what becomes of a call of `incident` at `level`; None where nothing keeps it."""
    escalation = incident.escalation
    if escalation is None or not escalation.policy.suppressible:
        return None
    facts = facts_of(incident, level)
    if (held := in_window(oncall, facts, now)) is not None:
        return held
    if (silence := silencing.matching(await silences.holding(tx, now), facts)) is not None:
        reason = f"silenced by {silencing.named(silence)} ({silence.by}): {silence.reason}"
        return Later(silence.ends, reason, str(silence.id))
    return await _inhibited(tx, oncall, incident, facts, now) if oncall.inhibitions else None


def facts_of(incident: Incident, level: int) -> dict[str, Any]:
    """Return what conditions are asked with about a call of `incident` at `level`."""
    return terms.facts(
        rule=incident.rule_id,
        severity=incident.severity,
        class_=incident.plan.kind,
        level=level,
        dedup_key=incident.dedup_key,
    )


def silence_of(those: Sequence[Silence], incident: Incident, level: int) -> Silence | None:
    """Return the silence among `those` that withholds calls of `incident` at `level`; None for none."""
    if incident.escalation is None or not incident.escalation.policy.suppressible:
        return None
    return silencing.matching(those, facts_of(incident, level))


def in_window(oncall: OnCall, facts: Mapping[str, Any], now: datetime) -> Later | Moot | None:
    """Return what becomes of a call because of a maintenance window; None where none is about it."""
    for window in oncall.maintenance:
        until = window.until(now)
        if until is not None and window.match.matches(facts):
            reason = f"maintenance: {window.name}"
            return Moot(reason) if window.mode is terms.Mode.SUPPRESS else Later(until, reason)
    return None


async def _inhibited(
    tx: Transaction, oncall: OnCall, incident: Incident, facts: Mapping[str, Any], now: datetime
) -> Later | None:
    """Return until when to wait because something bigger is open; what matches both sides inhibits nothing of its kind."""
    concerned = [one for one in oncall.inhibitions if one.target.matches(facts) and not one.source.matches(facts)]
    if not concerned:
        return None
    for row in await overview.troubles(tx):
        other = terms.facts(
            rule=row["rule_id"],
            severity=Severity(row["severity"]),
            class_=row["kind"],
            level=row["level"],
            dedup_key=row["dedup_key"],
        )
        for inhibition in concerned:
            if row["id"] != incident.id and _holds(inhibition, other, facts):
                ends = row["opened_at"] + timedelta(seconds=inhibition.most)
                if ends > now:
                    return Later(min(ends, now + _LOOK), f"inhibited by {row['id']}: {inhibition.name}")
    return None


def _holds(inhibition: Inhibition, source: Mapping[str, Any], target: Mapping[str, Any]) -> bool:
    return inhibition.source.matches(source) and all(source[name] == target[name] for name in inhibition.equal)
