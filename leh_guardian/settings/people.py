"""Owns the settings of the ways to people; the one rule: secrets come from files, and an address of a provider's from nobody.

Each channel of `notify.channels` names its `provider`; one that only gives a `url` is a webhook.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from leh_guardian.fields import ChannelName
from leh_guardian.settings.sections import Section

_REGION = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")
_MAIL = re.compile(r"[!-~]+@[A-Za-z0-9.-]+")


class WebhookSettings(Section):
    """A signed webhook."""

    provider: Literal["webhook"] = "webhook"
    """May be left out."""
    url: str = Field(pattern=r"^https?://\S+$")
    """Where to post."""
    secret_file: Path
    """A file with the HMAC secret."""


class SlackSettings(Section):
    """Slack."""

    provider: Literal["slack"]
    kind: Literal["dm", "channel"]
    """Whether people are told directly, or in a channel."""
    channel: str = Field("", pattern=r"^([CG][A-Z0-9]{5,20})?$")
    """The channel's id (C…), not its name."""
    token_file: Path
    """A file with the bot's token (xoxb-…)."""
    broadcast: bool = False
    """Whether a page of a higher level appears in the channel itself, not in the incident's thread alone."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.kind == "channel") != bool(self.channel):
            raise ValueError("give `channel` (its id, C…) with `kind: channel`, and with no other")
        return self


class SesSettings(Section):
    """E-mail through SES."""

    provider: Literal["ses"]
    sender: str = Field(alias="from", max_length=320)
    """Whom mails are from: an address whose domain is verified in SES."""
    region: Annotated[str, _REGION] | None = None
    """The region of SES; that of everything else unless given."""

    @field_validator("sender")
    @classmethod
    def _an_address(cls, sender: str) -> str:
        if not _MAIL.fullmatch(sender) or set(sender) & set('<>,;:"()[]\\'):
            raise ValueError("write an address alone, like guardian@example.co.kr")
        return sender


class SnsSettings(Section):
    """SMS through SNS."""

    provider: Literal["sns"]
    region: str = Field("ap-northeast-1", pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")
    """Where it is sent from: SNS has no SMS in Seoul."""


class SolapiSettings(Section):
    """AlimTalk, SMS or calls through SOLAPI."""

    provider: Literal["solapi"]
    kind: Literal["alimtalk", "sms", "voice"]
    """What is sent."""
    key_file: Path
    """A file with the API key."""
    secret_file: Path
    """A file with the API secret."""
    sender: str = Field("", alias="from", pattern=r"^([0-9]{8,12})?$")
    """The registered number that texts and calls are from, digits alone."""
    pf_id: str = Field("", pattern=r"^[A-Za-z0-9_-]{0,64}$")
    """Of an AlimTalk: the KakaoTalk channel, as SOLAPI calls it."""
    templates: dict[
        Literal["triggered", "escalated", "resolved"], Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    ] = Field(default_factory=dict)
    """Of an AlimTalk: {occasion: the approved template's id}."""
    repeat: int = Field(2, ge=1, le=3)
    """Of a call: how often it is said."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.kind == "alimtalk" and not (self.pf_id and self.templates):
            raise ValueError("an AlimTalk needs `pf_id` and `templates`")
        if self.kind != "alimtalk" and not self.sender:
            raise ValueError("texts and calls need `from`, the registered number")
        return self


class PagerDutySettings(Section):
    """PagerDuty's Events API v2."""

    provider: Literal["pagerduty"]
    routing_key_file: Path
    """A file with the integration key of a service."""
    region: Literal["us", "eu"] = "us"
    """The account's service region."""


CHANNELS: Final[Mapping[str, type[Section]]] = {
    "webhook": WebhookSettings,
    "slack": SlackSettings,
    "ses": SesSettings,
    "sns": SnsSettings,
    "solapi": SolapiSettings,
    "pagerduty": PagerDutySettings,
}
"""{provider: its settings}."""


def _provider(value: Any) -> str | None:
    if isinstance(value, Section):
        return str(getattr(value, "provider", ""))
    if not isinstance(value, Mapping):
        return None
    named = value.get("provider", "webhook" if "url" in value else None)
    return named if isinstance(named, str) else None


ChannelSettings = Annotated[
    Annotated[WebhookSettings, Tag("webhook")]
    | Annotated[SlackSettings, Tag("slack")]
    | Annotated[SesSettings, Tag("ses")]
    | Annotated[SnsSettings, Tag("sns")]
    | Annotated[SolapiSettings, Tag("solapi")]
    | Annotated[PagerDutySettings, Tag("pagerduty")],
    Discriminator(
        _provider,
        custom_error_type="provider",
        custom_error_message=f"name its provider ({', '.join(CHANNELS)}), or give the url and the secret_file of a webhook",
    ),
]


class NotifySettings(Section):
    """How people are told."""

    channel: str = "console"
    """The channel of the engine's own messages: one with a place of its own."""
    channels: dict[ChannelName, ChannelSettings] = Field(default_factory=dict)
    """{name: channel}; `console` is always there."""


def has_place(wanted: Section) -> bool:
    """Return whether a channel has a place of its own, so that nobody need be named."""
    return not (
        isinstance(wanted, SesSettings | SnsSettings | SolapiSettings)
        or (isinstance(wanted, SlackSettings) and wanted.kind == "dm")
    )
