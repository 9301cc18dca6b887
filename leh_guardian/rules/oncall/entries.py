"""Owns the shape of people and channels in `oncall.yaml`; the one rule: what may be written is said here, with its meaning."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag

from leh_guardian.language import Locale
from leh_guardian.rules.entries import Entry, Given, Pause, Span
from leh_guardian.rules.oncall.written import SOME, Address, Clock, Name, Phone, Some

Word = Annotated[str, Field(min_length=1, max_length=200)]


class ContactEntry(Entry):
    """One call: when, and by which channels."""

    after: Pause = timedelta(0)
    """How long after their step called this person."""
    via: Annotated[tuple[Name, ...], Some, SOME]
    """Channels; all at once."""


class NotifyEntry(Entry):
    """How somebody is called."""

    normal: tuple[ContactEntry, ...] = ()
    """For sev3 to sev5."""
    urgent: tuple[ContactEntry, ...] = ()
    """For sev1 and sev2."""


def _shape_of_notify(value: Any) -> str:
    return "name" if isinstance(value, str) else "rules"


Notify = Annotated[
    Annotated[NotifyEntry, Tag("rules")] | Annotated[Name, Tag("name")],
    Discriminator(_shape_of_notify),
]


class QuietEntry(Entry):
    """Hours in which somebody is left alone with what can wait."""

    from_: Annotated[Clock, Field(alias="from")]
    """When they begin, by the file's clocks."""
    to: Clock
    """When they end; they may go past midnight."""
    applies_to: tuple[Literal["normal"], ...] = ("normal",)
    """Urgent calls know no quiet hours."""


class PersonEntry(Entry):
    """Somebody who can be called."""

    name: Word
    """As messages name them."""
    slack: Annotated[Word | None, Given] = None
    """The id of their Slack account."""
    email: Annotated[Address | None, Given] = None
    phone: Annotated[Phone | None, Given] = None
    """In quotes, with the country: "+821012345678"."""
    notify: Annotated[Notify | None, Given] = None
    """How they are called, or the name of one of `contact_rules`. Left out: channels name them, nothing is sent to them alone."""
    quiet_hours: Annotated[QuietEntry | None, Given] = None
    locale: Annotated[Locale | None, Given] = None
    """The language of what is sent to them alone, and of the page behind their link; the file's unless given."""


class ChannelEntry(Entry):
    """A means of reaching people; what else stands here is its provider's."""

    model_config = ConfigDict(extra="allow")

    provider: Literal["console", "webhook", "slack", "ses", "sns", "solapi", "pagerduty", "pagerduty_events_v2"]
    """Who delivers it."""
    kind: Annotated[Name, Field(max_length=20)] = ""
    """What the provider is asked for: dm, channel, sms, voice, alimtalk."""
    locale: Annotated[Locale | None, Given] = None
    """The language of what goes to its own place; the file's unless given. What goes to a person is in theirs."""


class RetriesEntry(Entry):
    """How a message that could not be sent is tried again."""

    max: Annotated[int, Field(ge=0, le=100)] = 6
    """Attempts after the first."""
    backoff: Annotated[tuple[Pause, ...], Some, SOME] = tuple(
        timedelta(seconds=seconds) for seconds in (5, 15, 45, 120, 300, 600)
    )
    """The pause before each; the last holds for all after it."""
    honor_retry_after: bool = True
    """Whether to wait as long as the provider asks."""


class RateEntry(Entry):
    """A number of messages to one person in a sliding window."""

    count: Annotated[int, Field(ge=1)]
    """Messages in any window of length `per`; what is more is bundled, never dropped."""
    per: Span


class StormEntry(Entry):
    """From when on calls are bundled."""

    new_incidents: Annotated[int, Field(ge=1)] = 20
    """New incidents in any window of length `per`."""
    per: Span = timedelta(minutes=5)
    then: Literal["bundle"] = "bundle"
    """Lv3 is never bundled."""


class DeliveryEntry(Entry):
    """How messages are sent."""

    send_timeout: Span = timedelta(seconds=10)
    """How long one attempt may take; less than `lease`."""
    lease: Annotated[Span | None, Given] = None
    """After this long another replica may take over a message that is being sent: 10s to 10m. Left out: 30s."""
    retry: Annotated[RetriesEntry | None, Given] = None
    """Left out: three times within 15 s where another channel can take it, else for hours."""
    confirm_within: dict[Name, Span] = Field(default_factory=dict)
    """{channel: how long the provider may take to say that it arrived}, before the next of `failover` is used."""
    throttle: dict[Name, tuple[RateEntry, ...]] = Field(default_factory=dict)
    """{channel: rates for each person}; all of them hold."""
    storm: StormEntry = StormEntry()
