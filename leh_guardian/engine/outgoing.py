"""Owns what becomes of a message to people at the moment it would go out; the one rule: what is held back is never dropped.

A message is moot where the incident has moved on: answered, begun anew, or told by a newer message. It waits while its incident is
suppressed, while a person's phone has had too many, or while a storm is being gathered into one. It never waits at a level that
knows no quiet, and the first one of a storm does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from leh_guardian.clock import Clock
from leh_guardian.engine.answer_links import AnswerLinks
from leh_guardian.engine.directory import Directory, People
from leh_guardian.engine.escalator import LATE
from leh_guardian.engine.foresight import next_line
from leh_guardian.engine.notices import compose
from leh_guardian.engine.suppression import suppressed
from leh_guardian.language import Locale
from leh_guardian.model.action import ActionStatus
from leh_guardian.model.channel_outage import Failure
from leh_guardian.model.incident import Incident, IncidentStatus
from leh_guardian.model.policy import GRAVE
from leh_guardian.model.text import told
from leh_guardian.ports import Channel, Elsewhere, Later, Moot, Notice, Outgoing, Receipt
from leh_guardian.store import actions, channel_outages, deliveries, incidents, overview, silences
from leh_guardian.store.deliveries import Delivery, Pending
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction

_BEHIND: Final = timedelta(seconds=5)
"""How long a message waits for another one that it goes out with, before it looks again."""
_GATHER: Final = timedelta(seconds=30)
"""For how long a storm is gathered into one message."""
_NOTED: Final = timedelta(minutes=5)
"""How seldom it is noted that a channel works which once did not."""
_LOOK_BACK: Final = timedelta(minutes=10)
"""For how long after it went out a bundle answers for what it took along."""


class OutgoingMessages:
    """What the store knows of messages to people."""

    def __init__(
        self,
        pool: Pool,
        people: People,
        channels: Mapping[str, Channel],
        clock: Clock,
        links: AnswerLinks | None = None,
    ) -> None:
        self._pool = pool
        self._people = people
        self._channels = channels
        self._clock = clock
        self._links = links or AnswerLinks()

    async def look(
        self, action_id: UUID, params: Mapping[str, Any], *, bundled: Sequence[str], again: bool
    ) -> Outgoing | Later | Moot | Elsewhere:
        """Return what to do with a message now; `bundled` are those that an earlier try had taken along."""
        directory = self._people.directory()
        async with transaction(self._pool) as tx:
            now = self._clock.now()
            incident = await incidents.of_action(tx, action_id)
            if incident is None:
                return Moot("its incident is gone")
            waiting = await deliveries.pending(tx, params["target"], params["channel"], now - _LOOK_BACK)
            moot = self._moot(incident, params, action_id, waiting, now)
            if moot:
                return Moot(moot)
            mine = next((one for one in waiting if one.action_id == action_id), None)
            if params["nth"] and mine is not None and now - mine.due_at >= LATE:
                # After a standstill the call of a higher level may be due: it comes first, and may make this one moot.
                return Later(now + _BEHIND, "it is late: what is due beside it comes first")
            # What has been promised to go out with it goes out with it: an earlier try may have.
            bundle = [one for one in waiting if str(one.action_id) in bundled]
            page = not bundled and params["kind"] == "page"
            if page and (held := await suppressed(tx, directory.oncall, incident, params["level"], now)) is not None:
                return held
            if params["failover"] and (broken := await self._broken(tx, params["channel"], now)) is not None:
                return broken
            if page:
                paced = await self._paced(tx, action_id, params, waiting, directory, now)
                if isinstance(paced, Later):
                    return paced
                bundle = paced
            notice = await self._notice(tx, action_id, incident, params, bundle, directory, again=again)
        within = directory.oncall.delivery.send_timeout
        return Outgoing(notice, tuple(str(one.action_id) for one in bundle), within)

    async def not_taken(self, action_id: UUID, params: Mapping[str, Any], reason: str, *, lasting: bool) -> bool:
        """Count that the channel did not take it; what waits there moves on once it counts as broken, which is returned."""
        now, channel = self._clock.now(), params["channel"]
        async with transaction(self._pool) as tx:
            before = await channel_outages.lock(tx, channel)
            after = before.failed(Failure(str(action_id), params["target"], lasting), told(reason), now)
            await channel_outages.save(tx, after)
            if after.broken and not before.broken:
                await channel_outages.hasten(tx, channel, now)
        return after.broken

    async def taken(
        self, action_id: UUID, incident_id: UUID, params: Mapping[str, Any], accepted: Mapping[str, Any]
    ) -> None:
        """Write down that the channel has taken it; the same sending twice is once."""
        delivery = Delivery(
            action_id,
            incident_id,
            params["target"],
            params["channel"],
            params["kind"],
            # An older version kept less of it.
            accepted.get("title") or params["text"].partition("\n")[0],
            datetime.fromisoformat(accepted["at"]),
            bool(accepted.get("again")),
            accepted["reference"],
            accepted.get("thread") or {},
        )
        async with transaction(self._pool) as tx:
            await deliveries.record(tx, delivery)
            await self._works(tx, params["channel"], delivery.sent_at)

    async def confirmed(self, action_id: UUID, receipt: Receipt) -> None:
        """Write down what became of it."""
        async with transaction(self._pool) as tx:
            await deliveries.confirm(tx, action_id, receipt.value, self._clock.now())

    async def _broken(self, tx: Transaction, channel: str, now: datetime) -> Elsewhere | None:
        """Return that a channel does not work; None where it does, or is tried again by this very message."""
        outage = await channel_outages.get(tx, channel)
        if outage is None or not outage.broken:
            return None
        outage = await channel_outages.lock(tx, channel)
        if not outage.broken or (tried := outage.tried(now)) is None:
            return Elsewhere(f"{channel} does not work: {outage.reason}") if outage.broken else None
        await channel_outages.save(tx, tried)
        return None

    async def _works(self, tx: Transaction, channel: str, now: datetime) -> None:
        """Forget what was known against a channel that has taken a message."""
        outage = await channel_outages.get(tx, channel)
        if outage is None or (outage.whole and outage.worked_at is not None and now - outage.worked_at < _NOTED):
            return
        await channel_outages.lock(tx, channel)
        await channel_outages.save(tx, outage.worked(now))

    def _moot(
        self, incident: Incident, params: Mapping[str, Any], action_id: UUID, waiting: Sequence[Pending], now: datetime
    ) -> str | None:
        """Return why a message is not to go out any more, None if it is."""
        for other in waiting:
            if other.bundle and str(action_id) in other.bundle and other.status == "succeeded":
                return f"it went out with {other.action_id}"
        newer = [
            one
            for one in waiting
            if one.incident_id == incident.id and _newer(one.params, params) and (one.due_at <= now or not one.to_go)
        ]
        if newer:
            return f"a newer message says it: {newer[-1].action_id}"
        kind = params["kind"]
        if kind == "reminder" and incident.status is not IncidentStatus.ACKNOWLEDGED:
            return "nobody holds the incident any more"
        return _answered(incident, params) if kind == "page" else None

    async def _paced(
        self,
        tx: Transaction,
        action_id: UUID,
        params: Mapping[str, Any],
        waiting: Sequence[Pending],
        directory: Directory,
        now: datetime,
    ) -> Later | list[Pending]:
        """Return until when the message waits, or the others that it takes along."""
        if params["level"] >= GRAVE:
            return []
        leaders = [one for one in waiting if one.open and one.bundle and str(action_id) in one.bundle]
        if leaders:
            return Later(now + _BEHIND, f"goes out with {leaders[0].action_id}")
        delivery = directory.oncall.delivery
        rates = delivery.throttle.get(params["channel"], ())
        storm = delivery.storm
        longest = max([storm.per, *(rate.per for rate in rates)])
        sent = await deliveries.times(tx, params["target"], params["channel"], now - timedelta(seconds=longest))
        open_pages = [one for one in waiting if one.to_go and one.params.get("kind") == "page"]
        frees: list[datetime] = []
        for rate in rates:
            recent = [at for at in sent if at > now - timedelta(seconds=rate.per)]
            if len(recent) >= rate.count:
                frees.append(recent[-rate.count] + timedelta(seconds=rate.per))
        recent = [at for at in sent if at > now - timedelta(seconds=storm.per)]
        stormy = len(recent) + len(open_pages) > storm.new_incidents
        if stormy and recent and recent[-1] > now - _GATHER:
            frees.append(recent[-1] + _GATHER)
        if frees and max(frees) > now:
            return Later(max(frees), "too many for one person: it goes out with the others")
        # What waits, and what a storm brings, goes out as one: the oldest that is due speaks for all.
        # Among what is due is what has just stepped back behind another one.
        due = [
            one for one in open_pages if one.wanted and one.due_at <= now + (_BEHIND if one.waited else timedelta(0))
        ]
        if len(due) < 2 or not (stormy or any(one.waited or one.params.get("grouped") for one in due)):
            return []
        return await self._together(tx, action_id, due, directory, now)

    async def _together(
        self, tx: Transaction, action_id: UUID, due: Sequence[Pending], directory: Directory, now: datetime
    ) -> Later | list[Pending]:
        """Return the others that a message takes along, or that it goes along with one before it."""
        # What is withheld by itself is told by nobody else either.
        for place, one in enumerate(due):
            if one.action_id == action_id:
                return [other for other in due[place + 1 :] if not await self._withheld(tx, other, directory, now)]
            if not await self._withheld(tx, one, directory, now):
                return Later(now + _BEHIND, f"goes out with {one.action_id}")
        return []

    @staticmethod
    async def _withheld(tx: Transaction, one: Pending, directory: Directory, now: datetime) -> bool:
        """Tell whether a message that waits has to go on waiting, whatever goes out beside it."""
        incident = await incidents.of_action(tx, one.action_id)
        level = one.params.get("level", 0)
        return incident is None or await suppressed(tx, directory.oncall, incident, level, now) is not None

    async def _notice(
        self,
        tx: Transaction,
        action_id: UUID,
        incident: Incident,
        params: Mapping[str, Any],
        bundle: Sequence[Pending],
        directory: Directory,
        *,
        again: bool,
    ) -> Notice:
        channel, locale = self._channels[params["channel"]], directory.locale(params["target"])
        person = directory.person(params["target"].partition("person:")[2])
        tried = await overview.remedy(tx, incident.id)
        thread = await deliveries.thread(tx, incident.id, params["target"], params["channel"])
        proposed = await _proposed(tx, incident, params)
        return compose(
            action_id,
            incident,
            params,
            to=person.addresses.get(channel.address, "") if person and channel.address else "",
            tried=tried,
            bundle=[f"INC-{one.number} {one.params['text'].splitlines()[0]}" for one in bundle],
            thread=thread,
            again=again,
            strict=channel.strict,
            replies=self._links.replies(incident, params, proposed, self._clock.now(), locale),
            following=await self._following(tx, incident, directory, locale) if params["kind"] == "page" else "",
            locale=locale,
        )

    async def _following(self, tx: Transaction, incident: Incident, directory: Directory, locale: Locale) -> str:
        now = self._clock.now()
        return next_line(incident, directory, now, await silences.holding(tx, now)).of(locale)


async def _proposed(tx: Transaction, incident: Incident, params: Mapping[str, Any]) -> UUID | None:
    """Return the action that waits for a word: the message's own, or the one that people of the incident were asked about last."""
    asked = params.get("approves") or (incident.escalation.approves if incident.escalation else "")
    found = await actions.decided(tx, UUID(asked)) if asked else None
    return UUID(asked) if found is not None and found[0] is ActionStatus.PROPOSED else None


def _newer(other: Mapping[str, Any], mine: Mapping[str, Any]) -> bool:
    """Tell whether another message to the same person by the same channel says what mine would say, and more."""
    kinds = {"page"} if mine["kind"] == "page" else {mine["kind"]} if mine["kind"] == "status" else set()
    return other.get("kind") in kinds and int(other.get("seq", 0)) > int(mine["seq"])


def _answered(incident: Incident, params: Mapping[str, Any]) -> str | None:
    """Return why nobody is to be called any more, None if somebody is."""
    escalation, person = incident.escalation, params["target"].partition("person:")[2]
    if escalation is None:
        return None
    if incident.status is not IncidentStatus.TRIGGERED:
        return f"the incident is {incident.status.value}"
    if params["epoch"] != escalation.epoch:
        return "the escalation has begun anew since"
    if params["nth"] and params["seq"] != escalation.called:
        return "others have been called since"
    return "this person has acknowledged" if person and person in escalation.acked_by else None
