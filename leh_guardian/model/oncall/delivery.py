"""Owns by what means people are reached, and how hard it is tried; the one rule: what is too much is bundled, never dropped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from leh_guardian.language import Locale

CONSOLE: Final = "console"
"""The channel that is always there: guardian's own log."""
DEFAULT: Final = "default"
"""The channel that stands for the setting `notify.channel`."""

_ADDRESSES: Final[Mapping[tuple[str, str], str]] = {
    ("slack", "dm"): "slack",
    ("ses", ""): "email",
    ("sns", ""): "phone",
    ("sns", "sms"): "phone",
    ("solapi", "sms"): "phone",
    ("solapi", "alimtalk"): "phone",
    ("solapi", "voice"): "phone",
}
"""{(provider, kind): which of a person's addresses it sends to}; the others have a place of their own."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A means of reaching people."""

    name: str
    provider: str
    kind: str = ""
    """What the provider is asked for: dm, channel, sms, voice, alimtalk; empty where it has but one."""
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What else the file says, with the environment's values put in: they may be secrets."""
    missing: tuple[str, ...] = ()
    """Names that the environment does not hold; without them the channel cannot work."""
    locale: Locale | None = None
    """What those are told in who read it together; None: the file's language."""

    @property
    def address(self) -> str | None:
        """Which of `Person.addresses` it sends to: slack, email, phone; None for one with a place of its own."""
        return _ADDRESSES.get((self.provider, self.kind))

    @property
    def wakes(self) -> bool:
        """Whether it reaches a telephone."""
        return self.address == "phone"


@dataclass(frozen=True, slots=True)
class Retry:
    """How a message that could not be sent is tried again."""

    most: int = 6
    """Attempts after the first, where another channel can take it; the last channel goes on for hours."""
    backoff: tuple[float, ...] = (5.0, 15.0, 45.0, 120.0, 300.0, 600.0)
    """Seconds before each; the last holds for all after it."""
    honor_retry_after: bool = True
    """Whether a provider that asks to wait has the last word."""

    def pause(self, failed: int, asked: float | None) -> float:
        """Return the seconds after the `failed`th failure, counted from 1; `asked` is what the provider asked for."""
        if asked is not None and self.honor_retry_after:
            return asked
        return self.backoff[min(failed, len(self.backoff)) - 1]


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` messages to one person in any `per` seconds; what is more is bundled."""

    count: int
    per: float


@dataclass(frozen=True, slots=True)
class Storm:
    """From how many new incidents in `per` seconds on calls are bundled; Lv3 never is."""

    new_incidents: int = 20
    per: float = 300.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """How messages are sent."""

    send_timeout: float = 10.0
    """Seconds one attempt may take."""
    lease: float | None = None
    """Seconds after which another replica may take over a message that is being sent; None: as for every action."""
    retry: Retry | None = None
    """None: three times within 15 s where another channel can take it, else for hours."""
    confirm_within: Mapping[str, float] = field(default_factory=dict)
    """{channel: seconds} in which the provider must say that it arrived, else the next of `failover` is used."""
    throttle: Mapping[str, tuple[Rate, ...]] = field(default_factory=dict)
    """{channel: rates for each person}; all of them hold."""
    storm: Storm = field(default_factory=Storm)
