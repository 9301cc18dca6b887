"""Owns the building of the ways in which people answer, by the settings; the one rule: a way without its secret is not there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import aiohttp
import anyio
import anyio.abc
from aiohttp import web

from leh_guardian.adapters.channels import slack_web
from leh_guardian.adapters.channels.secret import secret_at, word_at
from leh_guardian.adapters.channels.slack_press import respond
from leh_guardian.adapters.channels.slack_socket import Respond, SlackSocket
from leh_guardian.clock import Clock
from leh_guardian.engine.answer_links import AnswerLinks
from leh_guardian.engine.auditor import Client
from leh_guardian.engine.directory import Directory
from leh_guardian.engine.presses import Presses
from leh_guardian.engine.restore_requests import RestoreRequests
from leh_guardian.errors import SettingsError
from leh_guardian.model.answer_token import Keys, parse_keys
from leh_guardian.registry import Registry
from leh_guardian.settings import Settings
from leh_guardian.settings.people import PagerDutySettings
from leh_guardian.store.pool import Pool
from leh_guardian.web.ack_page import AckPage
from leh_guardian.web.cases import CaseRoutes
from leh_guardian.web.overrides import OverrideRoutes
from leh_guardian.web.pagerduty_events import PagerDutyEvents
from leh_guardian.web.silences import SilenceRoutes
from leh_guardian.web.slack_actions import SlackActions
from leh_guardian.web.verbs import VerbRoutes


@dataclass
class Answers:
    """The ways in."""

    routes: list[web.RouteDef] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)
    """What `/readyz` shows of them; none is required."""


def link_keys(settings: Settings) -> Keys | None:
    """Return the keys of links and buttons, None where no file is named.

    Raises:
        SettingsError: the file cannot be read, or holds a key that is too short.
    """
    path = settings.http.link_secret_file
    if path is None:
        return None
    try:
        return parse_keys(secret_at("http.link_secret_file", path))
    except ValueError as error:
        raise SettingsError(f"http.link_secret_file: {path}: {error}, one on each line") from None


def links(settings: Settings, keys: Keys | None) -> AnswerLinks:
    """Return what makes the links and buttons of messages."""
    return AnswerLinks(keys, settings.http.public_url or "")


async def ways_in(
    settings: Settings,
    keys: Keys | None,
    pool: Pool,
    directory: Callable[[], Directory],
    clock: Clock,
    registry: Registry,
    requests: RestoreRequests,
    stack: AsyncExitStack,
) -> Answers:
    """Build the ways in; what listens to Slack is at work from here on, until the stack is left.

    Raises:
        SettingsError: a secret cannot be read, is none, or is of no use without another one.
    """
    token = settings.http.token.get_secret_value() if settings.http.token else None
    made = Answers(VerbRoutes(pool, clock, token, directory).routes())
    made.routes += OverrideRoutes(pool, clock, token, directory).routes()
    made.routes += SilenceRoutes(pool, clock, token, directory).routes()
    made.routes += CaseRoutes(pool, clock, token, directory, registry).routes()
    if keys is not None:
        made.routes += AckPage(pool, clock, keys, directory, proxies=settings.http.proxies).routes()
    await _slack(settings, keys, pool, directory, clock, requests, stack, made)
    if path := settings.answers.pagerduty_secret_file:
        secrets = [one.strip() for one in secret_at("answers.pagerduty_secret_file", path).splitlines() if one.strip()]
        silent = frozenset(n for n, c in settings.notify.channels.items() if isinstance(c, PagerDutySettings))
        made.routes += PagerDutyEvents(secrets, pool, clock, directory, silent).routes()
    return made


async def _slack(
    settings: Settings,
    keys: Keys | None,
    pool: Pool,
    directory: Callable[[], Directory],
    clock: Clock,
    requests: RestoreRequests,
    stack: AsyncExitStack,
    made: Answers,
) -> None:
    app_token, signing = settings.answers.slack_app_token_file, settings.answers.slack_signing_secret_file
    if app_token is None and signing is None:
        return
    presses = Presses(pool, clock, _needed(keys), directory, requests)
    session = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)))
    # A connection of Socket Mode lasts hours: no total deadline.
    lasting = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)))
    # Left first: what is at work in it uses the sessions.
    tasks = await stack.enter_async_context(_tasks())
    if signing is not None:
        secret = secret_at("answers.slack_signing_secret_file", signing)
        made.routes += SlackActions(secret, presses, clock, partial(respond, session), tasks).routes()
    if app_token is not None:
        socket = _socket(app_token, presses, clock, lasting)
        made.clients.append(Client("slack_socket", socket, required=False))
        tasks.start_soon(socket.run, name="slack socket")


def _socket(path: Path, presses: Presses, clock: Clock, session: aiohttp.ClientSession) -> SlackSocket:
    word = word_at("answers.slack_app_token_file", path)

    async def pressed(token: str, user: str, answer: Respond) -> None:
        await answer(await presses.press(token, user))

    return SlackSocket(session, word, pressed, clock, base_url=slack_web.BASE_URL, apology=presses.apology)


def _needed(keys: Keys | None) -> Keys:
    if keys is None:
        raise SettingsError("answers.slack_…: no button can be told from a forged one without http.link_secret_file")
    return keys


@asynccontextmanager
async def _tasks() -> AsyncIterator[anyio.abc.TaskGroup]:
    """Lend a task group; what still runs when it is left is ended, and what ends the start keeps its kind."""
    failed: Exception | None = None
    async with anyio.create_task_group() as tasks:
        try:
            yield tasks
        except Exception as error:  # a task group would wrap it, and the program's exit code hangs on its kind
            failed = error
        tasks.cancel_scope.cancel()
    if failed is not None:
        raise failed
