"""Owns who is on call where real processes call, and the providers that reach them; the one rule: what they took is kept.

Minutes are seconds here: a step has three of them, and whoever is never reached is called again and again after a few. Providers
refuse, hang up, answer too late or lose what they have taken, and a telephone may ring without anybody's word that it did.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from leh_guardian.clock import SystemClock
from tests.support.faults import lose_reply, refuse
from tests.support.faulty_http import Answer, Request
from tests.support.loop_thread import LoopThread
from tests.support.people import slack_server, solapi_server
from tests.support.people.provider import Trouble, Wrong
from tests.support.people.slack_server import SlackServer
from tests.support.people.solapi_server import SolapiServer
from tests.support.webhook_receiver import SECRET, WebhookReceiver

WITHIN = 3.0
"""Seconds in which a step is to be answered; also the pause before the first repeat."""
PUBLIC = "https://g.example.kr"
TOKEN = "0123456789abcdef-api"
PEOPLE = {"minsu": 1, "seoyeon": 2, "cto": 3}
"""{person: the level at which they are called}."""
CONFIRMED = "sms"
"""The channel of which it must be known that a message has arrived."""
RULES = """
version: 1
rules:
  - id: down
    mode: act
    severity: sev2
    pattern: {detail: {alarmName: [{prefix: down-}], state: {value: [ALARM]}}}
    dedup: detail.alarmName
    guards: {budget: [{max: 100000, per: 1h}]}
    actions: []
"""
ON_CALL = f"""
version: 1
contact_rules:
  duty: {{urgent: [{{after: 0s, via: [slack]}}, {{after: 1s, via: [sms]}}, {{after: 2s, via: [voice]}}]}}
  executive: {{urgent: [{{after: 0s, via: [voice, sms]}}]}}
people:
  minsu: {{name: 김민수, slack: U0MINSU001, phone: "+821000000001", notify: duty}}
  seoyeon: {{name: 최서연, slack: U0SEOYEON2, phone: "+821000000002", notify: duty}}
  cto: {{name: 한지훈, phone: "+821000000003", notify: executive}}
teams: {{executives: [cto]}}
channels:
  ops: {{provider: webhook}}
  slack: {{provider: slack, kind: dm}}
  sms: {{provider: solapi, kind: sms, from: "029302266"}}
  voice: {{provider: solapi, kind: voice, from: "029302266"}}
failover: {{slack: [sms, voice], sms: [voice]}}
delivery: {{confirm_within: {{sms: 1s}}, storm: {{new_incidents: 10000, per: 1m}}}}
schedules:
  lv1: {{name: Lv1, layers: [{{name: all, rotation: {{phases: [{{from: 2026-01-05, members: [minsu]}}]}}}}]}}
  lv2: {{name: Lv2, layers: [{{name: all, rotation: {{phases: [{{from: 2026-01-05, members: [seoyeon]}}]}}}}]}}
policies:
  default:
    steps:
      - {{level: 1, notify: [schedule:lv1, channel:ops], ack_within: {WITHIN:g}s}}
      - {{level: 2, notify: [schedule:lv2], ack_within: {WITHIN:g}s}}
      - {{level: 3, notify: [team:executives]}}
    after_last: {{repeat_from: 3, every: {WITHIN:g}s, backoff: 2, max_every: 60s, times: forever}}
"""
_AGAIN = "재전송"
_SOLAPI = "/messages/v4/send-many/detail"
_CODE = re.compile(r"코드:? ([0-9]{4})")
_LINK = re.compile(re.escape(PUBLIC) + r"(/a/[A-Za-z0-9_.~-]+)")


@dataclass(frozen=True)
class Taken:
    """A message that a provider has taken."""

    at: datetime
    channel: str
    key: str
    """What tells which message it is: the action's id, or what SOLAPI calls it."""
    to: str
    """A Slack conversation, or a telephone number; empty for a channel with a place of its own."""
    text: str
    again: bool
    """Whether it says that it may have come before."""
    arrives: bool = True


class _Carrier(SolapiServer):
    """Telephones: some messages arrive, of some it is never known, some do not."""

    def __init__(self, providers: Providers) -> None:
        super().__init__()
        self._providers = providers

    async def apply(self, request: web.Request, body: bytes) -> web.StreamResponse:
        """Do an operation; a question that comes twice, as aiohttp asks where it was hung up on, is refused: its salt is known."""
        try:
            return await super().apply(request, body)
        except Wrong:
            if request.method != "GET":
                raise
            return web.json_response({"errorCode": "DuplicatedSignature"}, status=403)

    def _send(self, asked: dict[str, Any]) -> web.StreamResponse:
        before = len(self.statuses)
        answer = super()._send(asked)
        if len(self.statuses) > before:
            [message] = asked["messages"]
            channel = "voice" if message["type"] == "VOICE" else "sms"
            name = next(reversed(self.statuses))
            end = self._providers.fate() if channel == CONFIRMED else "4000"
            self.statuses[name] = end
            self._providers.keep(channel, name, message["to"], message["text"], arrives=end == "4000")
        return answer


class _Slack(SlackServer):
    def __init__(self, providers: Providers) -> None:
        super().__init__()
        self.people = {"U0MINSU001", "U0SEOYEON2"}
        self._providers = providers

    def _posted(self, asked: dict[str, Any]) -> dict[str, Any]:
        answer = super()._posted(asked)
        text = json.dumps(asked["blocks"], ensure_ascii=False)
        self._providers.keep("slack", asked["metadata"]["event_payload"]["key"], asked["channel"], text)
        return answer


class _Ops(WebhookReceiver):
    def __init__(self, providers: Providers) -> None:
        super().__init__()
        self._providers = providers

    def answer(self, request: Request) -> Answer:
        """Take a notice, and write it down as the others are."""
        answer = super().answer(request)
        if answer.status == 200:
            notice = self.notices[-1]
            self._providers.keep(
                "ops", notice["id"], "", "\n".join([notice["number"], notice["title"], *notice["lines"]])
            )
        return answer


class Providers(LoopThread):
    """Everything by which people are reached; used as a context manager."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.taken: list[Taken] = []
        self.troubles: Counter[str] = Counter()
        self.calm = False
        """Whether nothing goes wrong any more."""
        self._random = random.Random(seed)
        self._stack = AsyncExitStack()
        self.ops = _Ops(self)
        self.slack = _Slack(self)
        self.solapi = _Carrier(self)
        self.ops.faults.draw(seed, (refuse(503), 0.15), (lose_reply(), 0.15))

    def __enter__(self) -> Self:
        self.ops.__enter__()
        return super().__enter__()

    def __exit__(self, *exc_info: Any) -> None:
        super().__exit__(*exc_info)
        self.ops.__exit__(*exc_info)

    async def _open(self) -> None:
        for server in (self.slack, self.solapi):
            server.chance = self._chance
            await self._stack.enter_async_context(server.serving())

    async def _close(self) -> None:
        for server in (self.slack, self.solapi):
            # It has been kept, and is the verdict's; what they would not have taken fails the scenario here.
            server.taken.clear()
        await self._stack.aclose()

    def settings(self, folder: Path) -> dict[str, str]:
        """Return the settings of a replica whose secrets are in `folder`."""
        folder.mkdir(parents=True)
        secrets = {"hook": SECRET.decode(), "slack": slack_server.TOKEN, "key": solapi_server.KEY}
        for name, secret in {**secrets, "secret": solapi_server.SECRET, "links": "k" * 32}.items():
            (folder / name).write_text(secret)
        channels = {
            "OPS": {"URL": f"{self.ops.url}/hook", "SECRET_FILE": f"{folder}/hook"},
            "SLACK": {"PROVIDER": "slack", "KIND": "dm", "TOKEN_FILE": f"{folder}/slack"},
        }
        for kind in ("sms", "voice"):
            files = {"KEY_FILE": f"{folder}/key", "SECRET_FILE": f"{folder}/secret", "FROM": solapi_server.SENDER}
            channels[kind.upper()] = {"PROVIDER": "solapi", "KIND": kind, **files}
        named = {
            f"LEH_NOTIFY__CHANNELS__{name}__{key}": value
            for name, one in channels.items()
            for key, value in one.items()
        }
        return {
            **named,
            "LEH_NOTIFY__CHANNEL": "ops",
            # What comes ends a poll at once: short ones only cost CPU.
            "LEH_QUEUE__WAIT": "10",
            "LEH_HTTP__TOKEN": TOKEN,
            "LEH_HTTP__PUBLIC_URL": PUBLIC,
            "LEH_HTTP__LINK_SECRET_FILE": f"{folder}/links",
            "GUARDIAN_TEST_PROVIDERS": json.dumps({"slack": self.slack.url, "solapi": self.solapi.url}),
        }

    def keep(self, channel: str, key: str, to: str, text: str, *, arrives: bool = True) -> None:
        """Write down what was taken."""
        self.taken.append(Taken(SystemClock().now(), channel, key, to, text, _AGAIN in text, arrives))

    def fate(self) -> str:
        """Return what is said of a text that was taken: it arrived, nothing yet, or it did not."""
        return "4000" if self.calm else self._random.choices(["4000", "2000", "3058"], [7, 2, 1])[0]

    def link_to(self, number: int) -> tuple[str, str]:
        """Return the path of the newest link that somebody was sent about an incident, with its code if it has one; empty so far."""
        for taken in reversed(self.call(lambda: list(self.taken))):
            if (found := _LINK.search(taken.text)) and re.search(rf"INC-{number}\b", taken.text):
                code = _CODE.search(taken.text)
                return found[1], code[1] if code else ""
        return "", ""

    def let_go(self) -> None:
        """End every trouble."""
        self.calm = True
        self.ops.faults.off()

    def _chance(self, path: str) -> Trouble | None:
        if self.calm or (found := self._random.random()) >= 0.3:
            return None
        kind = ("answer", "cut", "lost", "answer", "late", "lost")[int(found * 20)]
        # A telephone's dealer is given all the time that it takes: only Slack is let wait here.
        if kind == "late" and not path.startswith("/api/"):
            kind = "lost"
        self.troubles[kind] += 1
        return Trouble(kind, 503)


def install(folder: Path) -> None:
    """Put the rules and the people into a rules folder."""
    (folder / "rules.yaml").write_text(RULES, encoding="utf-8")
    (folder / "oncall.yaml").write_text(ON_CALL, encoding="utf-8")


def numbers() -> Mapping[str, str]:
    """Return {telephone number as it is dialled here, or Slack conversation: person}."""
    phones = {f"0100000000{level}": person for person, level in PEOPLE.items()}
    return {**phones, "D0MINSU001": "minsu", "D0SEOYEON2": "seoyeon"}
