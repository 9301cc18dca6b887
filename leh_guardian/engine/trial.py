"""Owns the trial of the ways to somebody: a real message that says it is none; the one rule: once a minute for each, whoever asks.

It is an effect without an action row, like distress notices: what is tried is the very way, now, before the eyes of who asks. That it
was tried, and what came of it, is in the journal.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import anyio

from leh_guardian.engine.directory import CHANNEL, PERSON, Directory
from leh_guardian.errors import GuardianError
from leh_guardian.language import Locale, Text
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.plan import Severity
from leh_guardian.model.text import told
from leh_guardian.ports import Channel, Notice, NoticeKind, Receipt
from leh_guardian.store import channel_outages, incidents, journal
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction

RULE: Final = "guardian.test"
PAUSE: Final = timedelta(minutes=1)
"""Between two trials of one person or place."""
_DEADLINE: Final = 20.0
"""Seconds for one message over one channel."""
_POLL: Final = 2.0

_TITLE: Final = Text(ko="[훈련/시험] guardian 연락 시험", en="[DRILL/TEST] guardian tests its ways to you")
_SHORT: Final = Text(
    ko="[훈련/시험] guardian 연락 시험입니다. 실제 장애가 아닙니다.",
    en="[DRILL/TEST] guardian tests its ways to you. There is no incident.",
)
_SPOKEN: Final = Text(
    ko="레브 가디언 연락 시험입니다. 실제 장애가 아닙니다.",
    en="This is a test call of L E H guardian. There is no incident.",
)


@dataclass(frozen=True, slots=True)
class Way:
    """One channel to try, and the address that it needs."""

    channel: str
    to: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one channel."""

    channel: str
    accepted: bool
    reason: str = ""
    """Why it was refused."""
    reference: str = ""
    receipt: str = ""
    """`delivered`, `failed` or `pending`; empty for a channel that cannot tell."""


def ways(directory: Directory, channels: Mapping[str, Channel], target: str, only: str | None) -> list[Way]:
    """Return the channels that somebody (`person:ID`) or a place (`channel:NAME`) is called by, in order; `only` one of them.

    A channel that is not configured is among them, to be told of: calls would not go out by it.
    """
    name = target.removeprefix(CHANNEL)
    if target.startswith(CHANNEL):
        return [Way(directory.channel(name))]
    person = directory.person(target.removeprefix(PERSON))
    rules = (*person.urgent, *person.normal) if person else ()
    named = [only] if only else [directory.channel(one) for rule in rules for one in rule.via]
    found = []
    for one in dict.fromkeys(named):
        address = channels[one].address if one in channels else ""
        found.append(Way(one, person.addresses.get(address, "") if person and address else ""))
    return found


async def may_try(pool: Pool, target: str, who: str, now: datetime) -> datetime | None:
    """Write down that a trial begins; where the last one was less than a minute ago, return when the next may."""
    async with transaction(pool) as tx:
        # One at a time for each target, whoever asks from wherever.
        await incidents.lock_rules(tx, [f"{RULE}/{target}"])
        last = await journal.last_of(tx, Kind.TRIED, target, now - PAUSE)
        if last is not None:
            return last + PAUSE
        entry = Entry(Kind.TRIED, f"test of the ways to {target}", rule_id=RULE, data={"target": target, "by": who})
        await journal.append(tx, who, now, [entry])
    return None


async def write_down(pool: Pool, target: str, who: str, now: datetime, tried: Sequence[Tried]) -> None:
    """Write down what came of a trial; a way that has taken it works."""
    data = {"about": target, "by": who, "ways": {one.channel: one.reason or one.receipt or "accepted" for one in tried}}
    async with transaction(pool) as tx:
        await journal.append(tx, who, now, [Entry(Kind.TRIED, "what came of it", rule_id=RULE, data=data)])
        for one in tried:
            if one.accepted and one.receipt != "failed" and await channel_outages.get(tx, one.channel) is not None:
                outage = await channel_outages.lock(tx, one.channel)
                await channel_outages.save(tx, outage.worked(now))


async def try_way(channels: Mapping[str, Channel], way: Way, notice: Notice, patience: float) -> Tried:
    """Send a test by one channel and, where it can tell, wait at most `patience` seconds for it to arrive. Never raises for it."""
    channel = channels.get(way.channel)
    if channel is None:
        return Tried(way.channel, accepted=False, reason="there is no such channel in notify.channels")
    if channel.address and not way.to:
        return Tried(way.channel, accepted=False, reason=f"there is no {channel.address} of this person in oncall.yaml")
    try:
        with anyio.fail_after(_DEADLINE):
            sent = await channel.send(notice)
    except GuardianError as error:
        return Tried(way.channel, accepted=False, reason=told(error, 300))
    except TimeoutError:
        return Tried(way.channel, accepted=False, reason=f"no answer within {_DEADLINE:g} s")
    receipt = await _receipt(channel, sent.reference, patience) if channel.confirms else ""
    return Tried(way.channel, accepted=True, reference=sent.reference, receipt=receipt)


async def _receipt(channel: Channel, reference: str, patience: float) -> str:
    found = Receipt.PENDING
    with anyio.move_on_after(patience):
        while found is Receipt.PENDING:
            try:
                found = await channel.receipt(reference)  # type: ignore[attr-defined]
            except GuardianError:
                found = Receipt.PENDING
            if found is Receipt.PENDING:
                await anyio.sleep(_POLL)
    return found.value


def trial_notice(to: str, name: str, who: str, locale: Locale = Locale.KO) -> Notice:
    """Return a message that says at once that it is a test."""
    by, person = told(who, 60, phones=False), told(name, 60, phones=False)
    lines = (
        Text(
            ko=f"{person} 님에게 연락이 닿는지 확인하는 시험입니다. 실제 장애가 아닙니다.",
            en=f"This is a test whether messages reach {person}. There is no incident.",
        ),
        Text(
            ko=f"보낸 사람: {by}. 할 일은 없습니다. 받았다고 알려 주면 됩니다.",
            en=f"Sent by {by}. There is nothing to do but to say that you got it.",
        ),
    )
    return Notice(
        id=str(uuid.uuid4()),
        title=_TITLE.of(locale),
        lines=[line.of(locale) for line in lines],
        incident="",
        rule=RULE,
        severity=Severity.SEV5.value,
        kind=NoticeKind.TEST,
        to=to,
        status="triggered",
        short=_SHORT.of(locale),
        spoken=_SPOKEN.of(locale),
        variables={
            "등급": "시험",
            "서비스": "guardian",
            "요약": "훈련/시험: 실제 장애가 아닙니다",
            "사건번호": "TEST",
            "기한": "-",
        },
        locale=locale,
    )
