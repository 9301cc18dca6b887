"""Owns the comparison of CloudWatch's alarms with the open incidents; the one rule: what was not seen proves nothing.

An alarm that is in ALARM, and whose going there nobody has heard of, is a lost ALARM. An alarm whose incident is open and that is in a
state which ends it, is a lost OK. An alarm that is gone ends nothing: people are told, once. INSUFFICIENT_DATA says neither that it is
bad nor that it is well, and begins nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from leh_guardian.engine.changes import Changes
from leh_guardian.engine.progression import Progression
from leh_guardian.engine.reconcile.rebuilding import alarm_change, place_of
from leh_guardian.engine.reconcile.repairs import Lost
from leh_guardian.engine.wording import Cause
from leh_guardian.model.happening import ALARM_CHANGE, ALARMS
from leh_guardian.model.journal import Kind
from leh_guardian.model.mode import Mode
from leh_guardian.model.text import shown
from leh_guardian.ports import AlarmNow, Alarms
from leh_guardian.rules.ruleset import Match, MatchKind, RuleSet
from leh_guardian.rules.sources import may_hear
from leh_guardian.store import incidents
from leh_guardian.store.incidents import AlarmIncident, RuleKey
from leh_guardian.store.transaction import Transaction

_LONGEST_NAME: Final = 255
_FIRING: Final = "ALARM"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between which ages a change of state counts as lost."""

    newest: datetime
    """What is newer may still be on its way."""
    oldest: datetime
    """What is older nobody need hear of any more."""

    def hold(self, at: datetime) -> bool:
        """Tell whether something that happened then counts."""
        return self.oldest <= at <= self.newest


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison has found."""

    lost: Sequence[Lost] = ()
    gone: Sequence[AlarmIncident] = ()
    """Incidents whose alarm is not there any more."""
    whole: bool = True


class AlarmComparison:
    """Compares CloudWatch's alarms with what is open."""

    def __init__(self, alarms: Alarms, region: str, modes: Mapping[str, Mode]) -> None:
        self._alarms = alarms
        self._region = region
        self._modes = modes

    @staticmethod
    def wanted(rules: RuleSet) -> bool:
        """Tell whether a rule may hear of an alarm at all."""
        return may_hear(rules, ALARMS)

    async def compare(self, rules: RuleSet, open_ones: Sequence[AlarmIncident], bounds: Bounds) -> Compared:
        """Ask CloudWatch and compare.

        Raises:
            AccessDenied: says which permission is missing.
            Transient: CloudWatch is away, or asks to slow down.
        """
        firing = await self._alarms.firing()
        asked = self._asked(open_ones)
        named = await self._alarms.named(sorted({_name(arn) for arn in asked}))
        present = {alarm.arn: alarm for alarm in (*firing.alarms, *named.alarms)}
        enabled = _Enabled(rules, self._modes)
        alarms = [lost for alarm in firing.alarms if (lost := enabled.begun(alarm, bounds)) is not None]
        whole = firing.whole and named.whole
        if not whole:
            # An alarm that was not listed may keep the same incident open, or be there after all.
            return Compared(alarms, whole=False)
        still = {key for alarm in present.values() if alarm.state == _FIRING for key in enabled.keys(alarm)}
        oks = [
            lost
            for arn, ones in asked.items()
            if (alarm := present.get(arn)) is not None
            and (lost := enabled.ended(alarm, [one for one in ones if one.key not in still], bounds)) is not None
        ]
        accounts = {place[1] for alarm in present.values() if (place := place_of(alarm.arn)) is not None}
        gone = [one for arn, ones in asked.items() if _is_gone(arn, present, accounts) for one in ones]
        return Compared([*alarms, *oks], [one for one in gone if one.waits_for_ok], whole=True)

    def _asked(self, open_ones: Sequence[AlarmIncident]) -> dict[str, list[AlarmIncident]]:
        """Return the incidents whose alarm can be asked about, by its ARN."""
        asked: dict[str, list[AlarmIncident]] = {}
        for one in open_ones:
            if (arn := self._arn(one.envelope)) is not None:
                asked.setdefault(arn, []).append(one)
        return asked

    def _arn(self, envelope: Mapping[str, Any]) -> str | None:
        resources, detail = envelope.get("resources"), envelope.get("detail")
        if envelope.get("source") != ALARMS or envelope.get("detail-type") != ALARM_CHANGE:
            return None
        arn = resources[0] if isinstance(resources, list) and resources else None
        if not isinstance(arn, str) or not isinstance(detail, Mapping) or not arn.isprintable():
            return None
        place, name = place_of(arn), _name(arn)
        # Whoever can send events chooses names: what no alarm can be called is not asked about.
        if place is None or place[0] != self._region or not 0 < len(name) <= _LONGEST_NAME:
            return None
        return arn if detail.get("alarmName") == name else None


class _Enabled:
    """The rules that are in use, and what an alarm means to them."""

    def __init__(self, rules: RuleSet, modes: Mapping[str, Mode]) -> None:
        self._rules = rules
        self._modes = modes

    def begun(self, alarm: AlarmNow, bounds: Bounds) -> Lost | None:
        """Return what is lost if nobody has heard of an alarm's going into ALARM."""
        if alarm.state != _FIRING or not bounds.hold(alarm.since):
            return None
        return self._lost("alarm", alarm, lambda match: match.kind is not MatchKind.RESOLVE and not self._off(match))

    def ended(self, alarm: AlarmNow, ones: Sequence[AlarmIncident], bounds: Bounds) -> Lost | None:
        """Return what is lost if nobody has heard of the end of open incidents of an alarm."""
        if alarm.state == _FIRING or not bounds.hold(alarm.since):
            return None
        over = {one.key for one in ones if max(one.last_trigger_at, one.ok_at or one.last_trigger_at) < alarm.since}
        return self._lost("ok", alarm, lambda match: match.kind is MatchKind.RESOLVE and _key(match) in over)

    def keys(self, alarm: AlarmNow) -> set[RuleKey]:
        """Return the incidents that an alarm keeps open."""
        rebuilt = alarm_change(alarm)
        return {_key(match) for match in self._rules.match(rebuilt[1])} if rebuilt else set()

    def _lost(self, kind: str, alarm: AlarmNow, wanted: Callable[[Match], bool]) -> Lost | None:
        rebuilt = alarm_change(alarm)
        if rebuilt is None:
            return None
        happening, event = rebuilt
        matches = [match for match in self._rules.match(event) if wanted(match)]
        return Lost(kind, happening, event, matches) if matches else None

    def _off(self, match: Match) -> bool:
        return self._modes.get(match.rule.id, match.rule.mode) is Mode.OFF


async def tell_of_gone(
    tx: Transaction, changes: Changes, progression: Progression, gone: Sequence[AlarmIncident]
) -> int:
    """Tell people, once each, of open incidents whose alarm is not there any more; returns of how many."""
    found = await incidents.lock_untold(tx, [one.id for one in gone], said=Kind.ALARM_GONE)
    for incident in found:
        reason = f"the alarm of {shown(incident.dedup_key, 200)} is not there any more: no OK will close this incident"
        changes.note(Kind.ALARM_GONE, reason, incident=incident)
        progression.escalate(changes, incident, Cause.ALARM_GONE, reason)
    return len(found)


def lookback(now: datetime, grace: timedelta, delay: timedelta, oldest: timedelta) -> Bounds:
    """Return the bounds of what counts as lost; `delay` is how old the alerts are that guardian is taking in."""
    return Bounds(now - grace - delay, now - oldest)


def _is_gone(arn: str, present: Mapping[str, AlarmNow], accounts: Iterable[str]) -> bool:
    place = place_of(arn)
    # An alarm of another account is in no listing of this one; without any alarm nobody knows which account this is.
    return arn not in present and place is not None and place[1] in accounts


def _key(match: Match) -> RuleKey:
    return match.rule.id, match.dedup_key


def _name(arn: str) -> str:
    """Return the name in an alarm's ARN (arn:aws:cloudwatch:region:account:alarm:name); it may hold colons."""
    return arn.partition(":alarm:")[2]
