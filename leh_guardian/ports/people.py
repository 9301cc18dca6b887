"""Owns the ways to people, and what is looked at for them; the one rule: every text is data, a channel escapes it for its medium."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from leh_guardian.language import Locale


class NoticeKind(StrEnum):
    """Why somebody is told, which decides its form and what may be left out."""

    NOTICE = "notice"
    """A rule's own message, or guardian's: nothing is expected of the reader."""
    PAGE = "page"
    """Somebody is called and asked to answer."""
    REMINDER = "reminder"
    """Who answered is reminded that the answer runs out."""
    STATUS = "status"
    """What became of an incident, to whoever was told of it."""
    APPROVAL = "approval"
    """An action waits for a person's word."""
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Button:
    """One thing that the reader may do about it."""

    verb: str
    """`ack`, `escalate`, `resolve`, `snooze`, `approve`, `reject` or `restore`."""
    label: str
    token: str
    """Opaque and signed: what the press sends back. At most 2,000 characters."""
    confirm: str = ""
    """What is asked before it counts; empty for nothing."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What people are told. Every text in it is data: a channel escapes it for its own medium."""

    id: str
    """The action's id: receivers may deduplicate by it."""
    title: str
    """One line; its first 40 characters say the level and what it is about."""
    lines: Sequence[str]
    incident: str
    rule: str
    severity: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    kind: NoticeKind = NoticeKind.NOTICE
    to: str = ""
    """The person's address, in the channel's own terms (phone number, Slack user id, e-mail); empty: the channel's own place."""
    number: str = ""
    """The incident's short number, like INC-1042."""
    level: int = 0
    status: str = ""
    link: str = ""
    """Where to answer, for this reader alone; empty where guardian has no public address."""
    code: str = ""
    """What the page behind the link asks for; it must reach the reader whole. Empty where it asks for nothing."""
    short: str = ""
    """The text for media that others may read (SMS, AlimTalk): level, service, number and deadline, no link, nothing of the event."""
    spoken: str = ""
    """What a voice says: at most 20 seconds."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """What an approved template may hold: 등급, 서비스, 요약, 기한, 사건번호. Korean, as the templates are registered."""
    buttons: Sequence[Button] = ()
    thread: Mapping[str, str] = field(default_factory=dict)
    """What the first message of this incident in this place came back with, to change it in place and to answer under it."""
    again: bool = False
    """Whether it may have gone out before: a crash or a lost answer leaves that open."""
    locale: Locale = Locale.KO
    """What its reader is told in: a channel says its own words in it, too."""
    page: str = ""
    """A report of guardian's own, of nothing that an event said, as a page of HTML: media that show pages show it, with the lines
    for readers that do not."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The other side has taken a notice."""

    reference: str = ""
    """What it calls the message, or an empty text."""
    thread: Mapping[str, str] = field(default_factory=dict)
    """What a later notice of the same incident in the same place needs."""


class Receipt(StrEnum):
    """What became of a message that was taken."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Channel(Protocol):
    """A way to reach people."""

    address: str
    """Which of a person's addresses it needs in `Notice.to`: `slack`, `email` or `phone`; empty: it has a place of its own."""
    confirms: bool
    """Whether it is `Confirming`."""
    strict: bool
    """Whether others may read what it shows, so that nothing of an event goes out by it."""

    async def send(self, notice: Notice) -> Sent:
        """Deliver `notice`.

        Raises:
            Transient: try again, after `retry_after` seconds where given.
            Permanent: this channel will not take it, so another one is to be tried now.
        """


class Confirming(Channel, Protocol):
    """A way that can tell whether a message arrived."""

    async def receipt(self, reference: str) -> Receipt:
        """Return what became of the message that `send` called `reference`.

        Raises:
            Transient: cannot be told now.
        """


@dataclass(frozen=True, slots=True)
class Moot:
    """A message that is not to go out any more."""

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """A message that is to wait."""

    until: datetime
    reason: str
    silence: str = ""
    """The id of the silence that withholds it, if one does: whoever ends that wakes it."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that is to go out now."""

    notice: Notice
    bundle: tuple[str, ...] = ()
    """Ids of the messages that go out with it."""
    within: float = 10.0
    """Seconds in which the channel must take it."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A message that another channel is to take: its own is known not to work."""

    reason: str


class Pages(Protocol):
    """What the store knows of messages to people."""

    async def look(
        self, action_id: UUID, params: Mapping[str, Any], *, bundled: Sequence[str], again: bool
    ) -> Outgoing | Later | Moot | Elsewhere:
        """Return what to do with a message now; `bundled` are those that an earlier try had taken along."""

    async def not_taken(self, action_id: UUID, params: Mapping[str, Any], reason: str, *, lasting: bool) -> bool:
        """Count that the channel did not take it, and (`lasting`) would not later either; returns whether it counts as broken."""

    async def taken(
        self, action_id: UUID, incident_id: UUID, params: Mapping[str, Any], accepted: Mapping[str, Any]
    ) -> None:
        """Write down that the channel has taken it; the same sending twice is once.

        `accepted` has what is known of the sending: `at` (ISO 8601), `reference`, `thread`, `title` and `again`.
        """

    async def confirmed(self, action_id: UUID, receipt: Receipt) -> None:
        """Write down what became of it."""


class Languages(Protocol):
    """Who is told in which language."""

    def locale(self, target: str = "") -> Locale:
        """Return what a target (`person:ID`, `channel:NAME`) is told in; without one, what everybody else is."""


class Offers(Protocol):
    """What a message may let its readers do by a press."""

    def restore(self, case: str, now: datetime, locale: Locale) -> Button | None:
        """Return the button that asks for a case's restore, None where no press could be told from a forged one."""


class Pulse(Protocol):
    """A place outside that takes heartbeats, and tells somebody when they stay away."""

    async def beat(self) -> None:
        """Send one heartbeat."""


@runtime_checkable
class Pingable(Protocol):
    """Anything that `/readyz` and `doctor` look at."""

    async def ping(self) -> None:
        """Raise when it cannot be used, with what to do about it."""
