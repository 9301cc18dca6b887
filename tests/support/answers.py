"""Owns an installation that can be answered: people who are called, and the real endpoint that they answer at."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import anyio
from aiohttp import web

from leh_guardian.adapters.channels.slack_press import Press
from leh_guardian.engine.answer_links import AnswerLinks
from leh_guardian.engine.presses import Presses
from leh_guardian.engine.restore_requests import RestoreRequests
from leh_guardian.model.answer_token import Keys
from leh_guardian.ports import Notice, NoticeKind
from leh_guardian.store import overview
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from leh_guardian.web.ack_page import AckPage
from leh_guardian.web.overrides import OverrideRoutes
from leh_guardian.web.pagerduty_events import PagerDutyEvents
from leh_guardian.web.server import serve
from leh_guardian.web.silences import SilenceRoutes
from leh_guardian.web.slack_actions import SlackActions
from leh_guardian.web.verbs import VerbRoutes
from tests.support.builders import alarm_event
from tests.support.on_call import RULES, Called

KEYS = Keys([b"k" * 32])
TOKEN = "a-token-of-some-length"
SIGNING = b"slack-signing-secret"
PAGERDUTY = b"pagerduty-secret"
PUBLIC = "https://g.example.kr"
MINSU, SEOYEON = "U1000000001", "U1000000002"
PROPOSED = """
  - id: asks
    mode: propose
    severity: sev2
    pattern: {detail: {alarmName: [{prefix: ask-}], state: {value: [ALARM]}}}
    resolve_on: {detail: {state: {value: [OK]}}}
    dedup: detail.alarmName
    actions: [{uses: fix, timeout: 30m}]
  - id: two
    mode: propose
    approvals: 2
    severity: sev2
    pattern: {detail: {alarmName: [{prefix: two-}], state: {value: [ALARM]}}}
    resolve_on: {detail: {state: {value: [OK]}}}
    dedup: detail.alarmName
    actions: [{uses: fix, timeout: 30m}]
"""


class Answered:
    """What a test answers at."""

    def __init__(self, pool: Pool, folder: Path, keys: Keys = KEYS, more: str = "") -> None:
        self.called = Called(pool, folder, more, rules=RULES + PROPOSED, links=AnswerLinks(keys, PUBLIC + "/"))
        self.pool, self.clock, self.keys = pool, self.called.clock, keys
        self.directory = self.called.house.people.directory
        house = self.called.house
        requests = RestoreRequests(pool, house.planner, lambda: house.rules, None, self.clock, planned=lambda: None)
        self.presses = Presses(pool, self.clock, keys, self.directory, requests)
        self.told: list[tuple[str, str]] = []
        """(Slack user, what they were told)."""
        self.heard = anyio.Event()
        self.client: aiohttp.ClientSession

    async def respond(self, press: Press, text: str) -> None:
        """Take what Slack would show to whoever pressed."""
        self.told.append((press.user, text))
        self.heard.set()

    @asynccontextmanager
    async def served(self, proxies: int = 0) -> AsyncIterator[Answered]:
        """Serve every way in."""
        async with anyio.create_task_group() as tasks:
            routes: list[web.RouteDef] = [
                *AckPage(self.pool, self.clock, self.keys, self.directory, proxies=proxies).routes(),
                *VerbRoutes(self.pool, self.clock, TOKEN, self.directory).routes(),
                *OverrideRoutes(self.pool, self.clock, TOKEN, self.directory).routes(),
                *SilenceRoutes(self.pool, self.clock, TOKEN, self.directory).routes(),
                *SlackActions(SIGNING, self.presses, self.clock, self.respond, tasks).routes(),
                *PagerDutyEvents([PAGERDUTY], self.pool, self.clock, self.directory, frozenset({"ops"})).routes(),
            ]
            async with serve(routes, "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as self.client:
                yield self

    async def alarm(self, *names: str, minutes: float = 0) -> None:
        """Let alarms ring, and call people."""
        await self.called.house.take(*(alarm_event(name) for name in names))
        await self.called.until(minutes, step=300)

    def notice(self, channel: str = "slack", kind: NoticeKind | None = None) -> Notice:
        """Return the newest message of a channel."""
        return [
            notice
            for _, name, notice in self.called.world.sent
            if name == channel and (kind is None or notice.kind is kind)
        ][-1]

    def button(self, verb: str, channel: str = "slack") -> str:
        """Return the token of a button of the newest message of a channel."""
        [button] = [one for one in self.notice(channel).buttons if one.verb == verb]
        return button.token

    def path(self, channel: str = "slack") -> str:
        """Return where the link of the newest message of a channel leads."""
        return self.notice(channel).link.removeprefix(PUBLIC)

    async def incident(self) -> dict[str, Any]:
        """Return the newest incident whole."""
        [last] = (await self.called.house.incidents())[-1:]
        async with transaction(self.pool) as tx:
            found = await overview.incident(tx, UUID(last["id"]))
        assert found is not None
        return found

    async def post(self, path: str, **fields: str) -> tuple[int, str]:
        """Press the button of a page as a browser does that has looked at it; returns status and text."""
        async with self.client.get(path) as looked:
            found = re.search(r'name="nonce" value="([^"]+)"', await looked.text())
        nonce = {"nonce": found[1]} if found else {}
        async with self.client.post(path, data={**nonce, **fields}) as answer:
            return answer.status, await answer.text()

    async def api(self, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
        """Ask the API; returns status and answer."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with self.client.post(path, json=body, headers=headers) as answer:
            return answer.status, await answer.json()
