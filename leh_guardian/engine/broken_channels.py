"""Owns the watch over ways to people that do not work; the one rule: told once, by the other ways, and over when one gets through.

What a way did not take is counted where messages go out (engine/outgoing.py). Here looks at the providers that fail for minutes
count as well, and one incident of the rule `guardian.channel` says that it is broken.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from leh_guardian.clock import Clock
from leh_guardian.engine.changes import Changes
from leh_guardian.engine.directory import Directory
from leh_guardian.engine.progression import Progression
from leh_guardian.engine.wording import Cause
from leh_guardian.language import Text
from leh_guardian.model.channel_outage import ChannelOutage
from leh_guardian.model.incident import Incident, IncidentStatus
from leh_guardian.model.journal import Kind
from leh_guardian.model.mode import Mode
from leh_guardian.model.oncall.delivery import CONSOLE, DEFAULT
from leh_guardian.model.plan import OnFailure, Plan, Severity
from leh_guardian.store import channel_outages, incidents
from leh_guardian.store.incidents import RunEvent
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction

LOOK: Final = 5.0
"""Seconds between two looks."""
RULE: Final = "guardian.channel"
"""The rule id of incidents about ways to people; no operator's rule can have a dot in its id."""
PATIENCE: Final = timedelta(seconds=150)
"""For how long looks at a provider must fail: while they do, they are a minute apart."""
_PLAN: Final = Plan(Mode.ACT, (), None, OnFailure.ESCALATE, "default", {}, resolves_on_event=False)


class BrokenChannels:
    """Looks every few seconds which ways to people are broken."""

    def __init__(
        self,
        pool: Pool,
        progression: Progression,
        clock: Clock,
        looks: Callable[[], Mapping[str, str | None]],
        *,
        replica: str,
        planned: Callable[[], None],
    ) -> None:
        """`looks` says of each channel that can be looked at why it cannot be used, None if it can."""
        self._pool = pool
        self._progression = progression
        self._clock = clock
        self._looks = looks
        self._replica = replica
        self._planned = planned
        self._failing: dict[str, datetime] = {}
        """{channel: since when looks at it fail}."""
        self._hastened = False
        self._recovered: dict[str, datetime] = {}
        """{channel: when looks at it went well again}."""
        self._broken: frozenset[str] = frozenset()
        """As of the last look."""

    def nobody_reached(self) -> str | None:
        """Return which ways are broken where that is all of them, None while one may work."""
        ways = _ways(self._progression.escalator.directory)
        return f"every way to people is broken: {', '.join(sorted(ways))}" if ways and ways <= self._broken else None

    async def run_once(self) -> int:
        """Look once; returns 0, whatever was found."""
        changes = Changes(self._clock.now())
        unreachable = self._note(changes.now)
        async with transaction(self._pool) as tx:
            for channel, reason in unreachable.items():
                await self._unreachable(tx, channel, reason, changes.now)
            known = await channel_outages.listed(tx)
            if known:
                await self._judge(tx, changes)
                await changes.write(tx, self._replica)
        self._broken = frozenset(one.channel for one in known if one.broken)
        if changes.planned or self._hastened:
            self._hastened = False
            self._planned()
        return 0

    def _note(self, now: datetime) -> dict[str, str]:
        """Return why looks at channels have failed for long enough."""
        looks = self._looks()
        for channel, reason in looks.items():
            if reason is not None:
                self._failing.setdefault(channel, now)
            elif self._failing.pop(channel, None) is not None:
                self._recovered[channel] = now
        return {
            channel: reason
            for channel, reason in looks.items()
            if reason is not None and now - self._failing[channel] >= PATIENCE
        }

    async def _unreachable(self, tx: Transaction, channel: str, reason: str, now: datetime) -> None:
        before = await channel_outages.get(tx, channel) or ChannelOutage(channel)
        if before.unreachable(reason, self._failing[channel], now) == before:
            return
        outage = (await channel_outages.lock(tx, channel)).unreachable(reason, self._failing[channel], now)
        await channel_outages.save(tx, outage)

    async def _judge(self, tx: Transaction, changes: Changes) -> None:
        await incidents.lock_rules(tx, [RULE])
        # Under the lock: what another replica has opened an incident about meanwhile is broken, and not as it was before.
        known = await channel_outages.listed(tx)
        found = await incidents.lock_open(tx, [(RULE, one.channel) for one in known])
        for seen in known:
            incident = found.get((RULE, seen.channel))
            outage = await channel_outages.lock(tx, seen.channel) if seen.broken else seen
            if outage.broken and self._is_back(outage):
                outage = outage.worked(changes.now)
                await channel_outages.save(tx, outage)
            if outage.broken and await channel_outages.hasten(tx, outage.channel, changes.now):
                # They failed beside the one that broke it, and settled to try again later.
                self._hastened = True
            if outage.broken and outage.told_at is None and incident is None:
                self._open(changes, outage)
                await channel_outages.save(tx, outage.told(changes.now))
            elif outage.broken and incident is not None and incident.ok_at is not None:
                # It waited for a person to close it, and is broken again.
                changes.incidents[incident.id] = replace(incident, ok_at=None)
                changes.note(Kind.OK_DROPPED, "it is broken again", incident=incident)
            elif not outage.broken and incident is not None and incident.ok_at is None:
                # Noted in the incident, so that one which only a person closes says once that its channel is back.
                changes.incidents[incident.id] = replace(incident, ok_at=changes.now)
                self._progression.resolve(changes, incident, _back(outage))

    def _is_back(self, outage: ChannelOutage) -> bool:
        """Tell whether looks at it, which had failed, went well since; what does not pass by itself only a message can tell."""
        recovered = self._recovered.get(outage.channel)
        return (
            not outage.lasting
            and recovered is not None
            and outage.opened_at is not None
            and recovered > outage.opened_at
        )

    def _open(self, changes: Changes, outage: ChannelOutage) -> None:
        directory = self._progression.escalator.directory
        if not _ways(directory) - {outage.channel}:
            return  # nobody could be told of it by another way
        incident = _incident(outage, directory, changes.now)
        facts = {"channel": outage.channel, "reason": outage.reason, "since": outage.opened_at}
        changes.opened[incident.id] = RunEvent(incident.event_id, facts)
        changes.note(Kind.OPENED, outage.reason, incident=incident, data=facts)
        self._progression.escalate(changes, incident, Cause.CHANNEL_BROKEN, f"{outage.channel}: {outage.reason}")


def _back(outage: ChannelOutage) -> Text:
    channel = outage.channel
    return Text(ko=f"{channel}: 연락 채널이 다시 동작합니다", en=f"{channel}: the channel works again")


def _ways(directory: Directory) -> set[str]:
    return {directory.channel(name) for name in directory.oncall.channels or (DEFAULT,)} - {CONSOLE}


def _incident(outage: ChannelOutage, directory: Directory, now: datetime) -> Incident:
    incident_id = uuid.uuid4()
    return Incident(
        id=incident_id,
        rule_id=RULE,
        rule_revision="",
        dedup_key=outage.channel,
        status=IncidentStatus.TRIGGERED,
        # Where others take its messages nobody has to get up for it.
        severity=Severity.SEV3 if directory.failover(outage.channel) else Severity.SEV2,
        level=0,
        plan=_PLAN,
        event_id=f"guardian:{incident_id}",
        serialize_key=f"{RULE}/{outage.channel}",
        opened_at=now,
        last_trigger_at=now,
        ok_at=None,
        event_count=1,
        run=1,
    )
