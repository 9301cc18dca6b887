"""Owns what the daemon reaches people by, built by the settings; the one rule: a channel that cannot be made ends the start."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from typing import assert_never

import aiohttp

from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.channels import pagerduty, slack_web, solapi_web
from leh_guardian.adapters.channels.console import ConsoleChannel
from leh_guardian.adapters.channels.pagerduty import PagerDutyChannel
from leh_guardian.adapters.channels.secret import read_secret, read_word
from leh_guardian.adapters.channels.seldom import Seldom
from leh_guardian.adapters.channels.ses import SesChannel
from leh_guardian.adapters.channels.slack import SlackChannel
from leh_guardian.adapters.channels.sns_sms import SnsSmsChannel
from leh_guardian.adapters.channels.solapi import AlimTalkChannel, SmsChannel, VoiceChannel
from leh_guardian.adapters.channels.solapi_web import SolapiWeb
from leh_guardian.adapters.channels.webhook import WebhookChannel
from leh_guardian.clock import Clock
from leh_guardian.engine.auditor import Client
from leh_guardian.engine.directory import People
from leh_guardian.engine.duty import Duty
from leh_guardian.errors import SettingsError
from leh_guardian.model.oncall import OnCall
from leh_guardian.model.oncall.delivery import CONSOLE, DEFAULT
from leh_guardian.ports import Channel, Pingable
from leh_guardian.settings import ChannelSettings, Settings
from leh_guardian.settings.people import (
    PagerDutySettings,
    SesSettings,
    SlackSettings,
    SnsSettings,
    SolapiSettings,
    WebhookSettings,
)
from leh_guardian.store.pool import Pool


async def channels(settings: Settings, aws: Aws, clock: Clock, stack: AsyncExitStack) -> dict[str, Channel]:
    """Return the ways to reach people; the console is always one of them.

    Raises:
        SettingsError: a secret cannot be read, or is none.
    """
    made: dict[str, Channel] = {"console": ConsoleChannel()}
    if settings.notify.channels:
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)))
        for name, wanted in settings.notify.channels.items():
            made[name] = await open_channel(name, wanted, aws, clock, session)
    return made


async def open_channel(
    name: str, wanted: ChannelSettings, aws: Aws, clock: Clock, session: aiohttp.ClientSession
) -> Channel:
    """Return one way to reach people.

    Raises:
        SettingsError: a secret cannot be read, or is none.
    """
    match wanted:
        case WebhookSettings():
            return WebhookChannel(session, wanted.url, read_secret(name, wanted.secret_file), clock)
        case SlackSettings():
            token = read_word(name, wanted.token_file, "token_file")
            return SlackChannel(
                session, token, channel=wanted.channel, broadcast=wanted.broadcast, base_url=slack_web.BASE_URL
            )
        case SesSettings():
            return SesChannel(aws, await aws.client("sesv2", region=wanted.region), wanted.sender)
        case SnsSettings():
            return SnsSmsChannel(aws, await aws.client("sns", region=wanted.region))
        case SolapiSettings():
            return _solapi(name, wanted, clock, session)
        case PagerDutySettings():
            key = read_word(name, wanted.routing_key_file, "routing_key_file")
            try:
                return PagerDutyChannel(session, key, url=pagerduty.HOSTS[wanted.region])
            except SettingsError as error:
                raise SettingsError(f"notify.channels.{name}.routing_key_file: {error}") from None
        case _:
            assert_never(wanted)


def _solapi(channel: str, wanted: SolapiSettings, clock: Clock, session: aiohttp.ClientSession) -> Channel:
    key = read_word(channel, wanted.key_file, "key_file")
    secret = read_word(channel, wanted.secret_file, "secret_file")
    web = SolapiWeb(session, key, secret, clock, solapi_web.URL)
    if wanted.kind == "sms":
        return SmsChannel(web, wanted.sender)
    if wanted.kind == "voice":
        return VoiceChannel(web, wanted.sender, wanted.repeat)
    return AlimTalkChannel(web, wanted.sender, wanted.pf_id, {str(name): id_ for name, id_ in wanted.templates.items()})


def channel_looks(made: Mapping[str, Channel], seen: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return, for each way to people that is looked at, what the audit `seen` last: None for nothing wrong."""
    return {name: seen[f"channel_{name}"] for name in made if f"channel_{name}" in seen}


async def known_duty(pool: Pool, people: People, clock: Clock, *, replica: str, planned: Callable[[], None]) -> Duty:
    """Return what follows changes that people make by hand, once it knows them: before anybody is called."""
    duty = Duty(pool, people, clock, replica=replica, planned=planned)
    await duty.run_once()
    return duty


def unset(oncall: OnCall | None, known: Iterable[str]) -> list[str]:
    """Return the channels that `oncall.yaml` names and the settings have not: what is for them goes another way, or to the console."""
    return sorted(set(oncall.channels) - {*known, CONSOLE, DEFAULT}) if oncall is not None else []


def channel_clients(made: Mapping[str, Channel], clock: Clock) -> list[Client]:
    """Return what `/readyz` shows of the ways to people: those that can be looked at, seldom, and never as required."""
    return [
        Client(f"channel_{name}", Seldom(channel, clock), required=False)
        for name, channel in made.items()
        if isinstance(channel, Pingable)
    ]
