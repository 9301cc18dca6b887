"""The button under the message of a closed case: pressed in Slack, it asks for the very restore that the backend's event asks for."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import aiohttp
import anyio
import pytest
from anyio.streams.memory import MemoryObjectReceiveStream

from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.channels.slack import SlackChannel
from leh_guardian.adapters.channels.slack_press import Press
from leh_guardian.app import handlers
from leh_guardian.clock import SystemClock
from leh_guardian.engine.answer_links import AnswerLinks
from leh_guardian.engine.presses import Presses
from leh_guardian.engine.restore_requests import RestoreRequests
from leh_guardian.errors import Unavailable
from leh_guardian.language import Locale
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.model.answer_token import Keys
from leh_guardian.model.case import RestorePolicy
from leh_guardian.model.mode import Mode
from leh_guardian.rules.loader import load_rules
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.store.pool import Pool
from leh_guardian.web.server import serve
from leh_guardian.web.slack_actions import SlackActions
from tests.support.case_outside import CaseOutside, case_outside
from tests.support.house import House
from tests.support.leh_product import SHAPES, Product, make_product
from tests.support.people.slack_server import CHANNEL, TOKEN, SlackServer
from tests.support.slack_presses import pressed, signature

SHAPE = SHAPES["native enum of an ORM"]
SIGNING = b"slack-signing-secret"
KEYS = Keys([b"k" * 32])
MINSU, STRANGER = "U0123456789", "U9999999999"


class Away:
    """LEH's database, which does not answer."""

    policy = RestorePolicy()

    async def look(self, case: str) -> Any:
        """Look in vain."""
        raise Unavailable("it does not answer")


@dataclass
class Site:
    """A replica with the shipped rules, the real handlers, a Slack, and LEH around it."""

    pool: Pool
    leh: CaseOutside
    product: Product
    slack: SlackServer
    channel: SlackChannel
    rules: RuleSet
    modes: dict[str, Mode]

    def __post_init__(self) -> None:
        """Put it together."""
        registry, offers = handlers(), AnswerLinks(KEYS)
        can = replace(self.leh.can, channels={"ops": self.channel}, offers=offers)
        self.house = House(
            self.pool,
            self.rules,
            None,
            self.leh.clock,
            registry=registry,
            capabilities=can,
            modes=self.modes,
            channel="ops",
        )

    def presses(self, cases: Any = None) -> Presses:
        """Return what presses come to; `cases` in place of LEH's database."""
        house = self.house
        found = cases or self.leh.can.cases
        requests = RestoreRequests(
            self.pool, house.planner, lambda: house.rules, found, self.leh.clock, planned=lambda: None
        )
        return Presses(self.pool, self.leh.clock, KEYS, house.people.directory, requests)

    async def closed(self) -> str:
        """Tell of the closing; returns the token of the button that Slack shows."""
        detail = {"case_id": self.leh.case, "user_id": SHAPE.user_id}
        await self.house.take({**_EVENT, "time": self.leh.clock.now().isoformat(), "detail": detail})
        await self.house.work()
        [message] = [one for method, one in self.slack.taken if method == "post"]
        self.message = message
        [button] = [each for block in message["blocks"] if block["type"] == "actions" for each in block["elements"]]
        assert button["text"]["text"] == "복구 요청"
        assert "실수인지" in button["confirm"]["text"]["text"]
        return str(button["value"])

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[tuple[aiohttp.ClientSession, MemoryObjectReceiveStream[str]]]:
        """Serve what Slack sends presses to; lends a way there, and what those who press are told."""
        hear, heard = anyio.create_memory_object_stream[str](10)

        async def respond(_: Press, text: str) -> None:
            await hear.send(text)

        async with anyio.create_task_group() as tasks:
            routes = SlackActions(SIGNING, self.presses(), self.leh.clock, respond, tasks).routes()
            async with (
                serve(routes, "127.0.0.1", 0) as url,
                aiohttp.ClientSession(url) as client,
                hear,
                heard,
            ):
                yield client, heard

    async def asked(self) -> list[dict[str, Any]]:
        """Return the incidents in which a restore was asked for."""
        return [one for one in await self.house.incidents() if one["rule"] == "case-restore-requested"]


_EVENT = {
    "id": "e-1",
    "source": "leh.backend",
    "detail-type": "CaseClosed",
    "region": "ap-northeast-2",
    "account": "123456789012",
    "resources": [],
}


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> RuleSet:
    """The shipped rules, with a person who has an account in Slack."""
    folder = tmp_path_factory.mktemp("shipped") / "rules"
    shutil.copytree("rules", folder)
    oncall = (
        (folder / "oncall.yaml").read_text(encoding="utf-8").replace(f"    # slack: {MINSU}", f"    slack: {MINSU}")
    )
    (folder / "oncall.yaml").write_text(oncall, encoding="utf-8")
    return load_rules(folder, handlers())


@pytest.fixture
async def made(
    pool: Pool, aws: Aws, postgres: EmbeddedPostgres, shipped: RuleSet
) -> AsyncIterator[tuple[CaseOutside, Product, SlackServer, SlackChannel, RuleSet]]:
    """A closed case with an emptied index, a Slack, and the shipped rules."""
    product = await make_product(postgres.dsn("guardian"), SHAPE)
    async with (
        case_outside(pool, aws, "evidence_id") as leh,
        SlackServer().serving() as slack,
        aiohttp.ClientSession() as session,
    ):
        await leh.files("ev_1", "ev_2")
        await leh.records("ev_1")
        leh.can = replace(leh.can, cases=product.cases())
        channel = SlackChannel(session, TOKEN, channel=CHANNEL, base_url=f"{slack.url}/api/")
        yield leh, product, slack, channel, shipped
        slack.taken.clear()


@pytest.fixture
def site(pool: Pool, made: Any) -> Site:
    """It tells of closings, which the shipped rule does not do by itself; a restore is proposed, as it is shipped."""
    leh, product, slack, channel, rules = made
    return Site(pool, leh, product, slack, channel, rules, {"case-closed": Mode.ACT})


async def test_as_shipped_a_closing_is_told_to_nobody(pool: Pool, made: Any) -> None:
    """Closing is an everyday act."""
    leh, product, slack, channel, rules = made
    site = Site(pool, leh, product, slack, channel, rules, {})
    await site.house.take({**_EVENT, "time": leh.clock.now().isoformat(), "detail": {"case_id": leh.case}})
    await site.house.work()
    assert not slack.taken
    assert await site.house.incidents() == []


async def test_a_press_is_the_request_of_the_rule(site: Site) -> None:
    """The message says who closed it, and is over with that; the press, however often, is one request, which its rule proposes."""
    leh, token = site.leh, await site.closed()
    said = str(site.message)
    assert f"종료: {SHAPE.user_id}" in said
    assert f"leh-guardian case restore {leh.case} --reason" in said
    assert [one["status"] for one in await site.house.incidents()] == ["resolved"]
    told = list[str]()
    async with site.answering() as (client, heard):
        for secret, user in ((b"forged", MINSU), (SIGNING, STRANGER), (SIGNING, MINSU), (SIGNING, MINSU)):
            body = pressed(token, user)
            async with client.post(
                "/slack/actions", data=body, headers=signature(body, leh.clock.now(), secret)
            ) as said_:
                assert said_.status == (401 if secret == b"forged" else 200)
            if secret == SIGNING:
                with anyio.fail_after(20):
                    told.append(await heard.receive())
            assert len(await site.asked()) == (user == MINSU and secret == SIGNING)
    stranger, first, second = told
    assert "등록되지 않은" in stranger
    [incident] = await site.asked()
    number = f"INC-{incident['number']}"
    assert f"복구를 요청했습니다 ({number})" in first
    assert f"이미 요청되어 진행 중입니다 ({number})" in second
    await site.house.work()
    [proposed] = await site.house.actions("proposed")
    assert await site.product.status() == SHAPE.closed
    await site.house.answer(proposed["id"], approve=True)
    for _ in range(20):
        await site.house.work()
        leh.clock.advance(seconds=60)
    assert [one["status"] for one in await site.asked()] == ["resolved"]
    assert await site.product.status() == SHAPE.active
    assert leh.effects == {leh.case: 1, "ev_2": 1}
    [line] = await site.product.log()
    assert line["action"] == "CASE_RESTORED"
    # Days later the button is still there, and the case is open.
    leh.clock.advance(days=6)
    assert "이미 active" in await site.presses().press(token, MINSU)
    assert len(await site.asked()) == 1


async def test_two_presses_at_once_are_one_request(site: Site) -> None:
    """By whatever replica they are taken."""
    token, told = await site.closed(), list[str]()

    async def press() -> None:
        told.append(await site.presses().press(token, MINSU))

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(press)
    assert sum("복구를 요청했습니다" in one for one in told) == 1, told
    assert sum("진행 중" in one for one in told) == 3, told
    assert len(await site.asked()) == 1


async def test_whoever_presses_reads_why_it_stays_closed(site: Site) -> None:
    """On hold, closed long ago, not there; no rule takes it, or the button is too old: said at once, and no incident is opened."""
    leh, product, token = site.leh, site.product, await site.closed()
    held = product.cases(policy=RestorePolicy(frozenset({leh.case})))
    assert "보류 목록" in await site.presses(held).press(token, MINSU)
    old = product.cases(policy=RestorePolicy(oldest=timedelta(minutes=30)))
    assert "종료된 지 0일" in await site.presses(old).press(token, MINSU)
    assert "찾을 수 없습니다" in await site.presses(product.cases()).press(button_of("case_none"), MINSU)
    site.house.planner._modes["case-restore-requested"] = Mode.OFF  # type: ignore[index]
    off = await site.presses().press(token, MINSU)
    assert f"leh-guardian case restore {leh.case}" in off
    leh.clock.advance(days=8)
    assert "만료된 버튼" in await site.presses().press(token, MINSU)
    assert await site.asked() == []


async def test_where_nobody_can_look_the_rule_does(site: Site) -> None:
    """LEH's database is away for a moment: the request is taken all the same."""
    token = await site.closed()
    assert "복구를 요청했습니다" in await site.presses(Away()).press(token, MINSU)
    assert len(await site.asked()) == 1


async def test_where_the_rule_acts_nobody_else_is_asked(pool: Pool, made: Any) -> None:
    """The press is the word, if the installation has it so."""
    leh, product, slack, channel, rules = made
    site = Site(
        pool, leh, product, slack, channel, rules, {"case-closed": Mode.ACT, "case-restore-requested": Mode.ACT}
    )
    assert "복구를 요청했습니다" in await site.presses().press(await site.closed(), MINSU)
    for _ in range(20):
        await site.house.work()
        leh.clock.advance(seconds=60)
    assert await product.status() == SHAPE.active
    assert [one["status"] for one in await site.asked()] == ["resolved"]


async def test_a_request_that_came_to_nothing_is_told_as_that(site: Site) -> None:
    """An earlier one that failed is not under way, and one for which the rule's budget is spent has not begun."""
    token, leh = await site.closed(), site.leh
    await site.presses(Away()).press(token, MINSU)
    # Closed again meanwhile, which is found when it has been approved.
    await site.house.work()
    [proposed] = await site.house.actions("proposed")
    leh.clock.advance(minutes=5)
    await site.product.do("update audit_logs set timestamp = now() + interval '1 minute'")
    await site.house.answer(proposed["id"], approve=True)
    await site.house.work()
    assert "끝내지 못한 채 열려" in await site.presses(Away()).press(token, MINSU)
    [incident] = await site.asked()
    assert incident["status"] != "resolved"
    for number in range(9):
        assert "요청했습니다" in await site.presses(Away()).press(button_of(f"case_{number}"), MINSU)
    held = await site.presses(Away()).press(button_of("case_more"), MINSU)
    assert "아무것도 시작하지 않았습니다" in held
    assert "leh-guardian case restore case_more" in held


def test_an_id_without_room_has_no_button() -> None:
    """A message goes out without it rather than not at all; so it does where no press could be told from a forged one."""
    now = SystemClock().now()
    assert AnswerLinks(KEYS).restore("c" * 128, now, Locale.KO) is None
    assert AnswerLinks().restore("case_1", now, Locale.KO) is None
    assert AnswerLinks(KEYS).restore("c" * 95, now, Locale.EN) is not None


def button_of(case: str) -> str:
    """Return the token of a button about another case."""
    button = AnswerLinks(KEYS).restore(case, SystemClock().now(), Locale.KO)
    assert button is not None
    return button.token
