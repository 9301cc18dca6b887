"""Waiting for a provider, through the real executor: who is told what and how often, and when what follows may run."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from leh_guardian.adapters.channels.webhook import WebhookChannel
from leh_guardian.adapters.status_page import HttpStatusPage, status_session
from leh_guardian.context import Capabilities
from leh_guardian.errors import StoreUnavailable, Unavailable
from leh_guardian.handlers.await_provider import AnnounceParams, AwaitProviderParams, await_provider
from leh_guardian.local.status_page import LocalStatusPage, Scene, Trouble, serving
from leh_guardian.model.mode import Mode
from leh_guardian.model.outcome import Done, Wait
from leh_guardian.model.provider.fusion import Share
from leh_guardian.model.provider.hysteresis import Hysteresis, Look
from leh_guardian.model.provider.memory import Memory as Remembered
from leh_guardian.model.provider.outage import Phase
from leh_guardian.model.provider.snapshot import OPENAI_COMPONENTS
from leh_guardian.registry import Registry
from leh_guardian.store.pool import Pool
from leh_guardian.store.provider_outages import StoreOutages
from tests.support.attempt import Memory, attempt
from tests.support.builders import alarm_event
from tests.support.clock import FakeClock
from tests.support.faults import refuse
from tests.support.house import House, World, rule_set
from tests.support.rows import outage
from tests.support.webhook_receiver import HOOK, SECRET, WebhookReceiver

AWAY = Scene({"02-responses": "full_outage"}, (("inc-1", "Elevated errors", "investigating"),))
SLOW = Scene({"02-responses": "degraded_performance"})
UNREADABLE = Scene(trouble=Trouble.AWAY)
FINE = Scene()
ALL_FAIL = Share(40, external=40, cases=9)
ALL_WELL = Share(40)

RULE = """
version: 1
rules:
  - id: dlq
    mode: {mode}
    pattern: {{detail: {{state: {{value: [ALARM]}}}}}}
    dedup: detail.alarmName
    guards: {{cooldown: 1s, limits: {{things: 5}}}}
    actions:
{first}
      - id: wait
        uses: await_provider
        with: {{provider: openai, give_up_after: {give_up}, announce: {{team: team, users: {users}}}{more}}}
      - uses: fix
        with: {{what: "${{actions.wait.state}}"}}
"""


DIAGNOSED = (
    "      - {id: cause, uses: look}",
    ', share: "${actions.cause.share}", verdict: "${actions.cause.verdict}"',
)
"""A step that looks first, and what the next one takes over of it."""


@dataclass
class Errors:
    """The worker's own errors, as a test says; one share for each window."""

    shares: list[Share] = field(default_factory=list)

    async def share(self, window: timedelta) -> Share:
        """Return the share of a window; without any, it cannot be told."""
        if not self.shares:
            raise Unavailable("the log cannot be read")
        return self.shares[window > timedelta(minutes=5)]


class Stage:
    """A guardian, a provider's page, and those who are told."""

    def __init__(self, pool: Pool, page: LocalStatusPage, receiver: WebhookReceiver, folder: Path) -> None:
        self.pool, self.page, self.receiver, self.folder = pool, page, receiver, folder
        self.clock, self.errors, self.toys = FakeClock(), Errors(), World()
        self.outages = StoreOutages(pool)

    async def open(self, stack: AsyncExitStack) -> None:
        """Open the adapters."""
        session = await stack.enter_async_context(aiohttp.ClientSession())
        hook = WebhookChannel(session, f"{self.receiver.url}/hook", SECRET, self.clock)
        pages = await stack.enter_async_context(status_session())
        page = HttpStatusPage(pages, self.page.url, OPENAI_COMPONENTS, self.clock)
        channels: Any = {"team": hook, "users": hook}
        self.can = Capabilities(None, channels, None, {"openai": page}, self.outages, self.errors)  # type: ignore[arg-type]

    def house(
        self, *, mode: str = "act", give_up: str = "12h", users: str = "users", first: tuple[str, str] = ("", "")
    ) -> House:
        """A replica."""
        spec = await_provider.__handler__  # type: ignore[attr-defined]
        registry = Registry((*self.toys.registry(), spec))
        text = RULE.format(mode=mode, give_up=give_up, users=users, first=first[0], more=first[1])
        rules = rule_set(self.folder, text, registry=registry)
        return House(self.pool, rules, self.toys, self.clock, registry=registry, capabilities=self.can)

    async def minutes(self, house: House, count: int) -> None:
        """Let minutes pass, with a look in each."""
        for _ in range(count):
            self.clock.advance(minutes=1)
            await house.work()

    def told(self) -> Counter[str]:
        """What was announced, and how often."""
        return Counter(
            f"{'team' if notice['rule'] else 'users'}/{notice['facts']['occasion']}/{notice['facts']['number']}"
            for notice in self.receiver.notices
        )

    async def steps(self, house: House) -> list[tuple[str, str]]:
        """Each incident's steps, oldest first."""
        return await house.steps()


START = {"team/start/0": 1, "users/start/0": 1}
END = {"team/end/0": 1, "users/end/0": 1}


@pytest.fixture
async def stage(pool: Pool, tmp_path: Path) -> AsyncIterator[Stage]:
    """Everything real, on which all is well."""
    async with serving(LocalStatusPage()) as page, AsyncExitStack() as stack:
        with WebhookReceiver() as receiver:
            made = Stage(pool, page, receiver, tmp_path)
            await made.open(stack)
            yield made


async def test_without_an_outage_it_goes_on_at_once(stage: Stage) -> None:
    """A good page and a worker that hardly fails: nobody is told, and the next step runs in the same round."""
    stage.errors.shares = [ALL_WELL, ALL_WELL]
    house = stage.house()
    await house.take(alarm_event("a"))
    await house.work()
    assert stage.toys.effects == {"normal": 1}
    assert stage.told() == {}
    assert await stage.outages.newest("openai") is None


async def test_an_outage_is_announced_held_and_followed_by_the_next_step(stage: Stage) -> None:
    """Start, an update each hour, the end; what follows waits, and a redrive that asks is told to wait, until it is over."""
    stage.page.play(AWAY)
    stage.errors.shares = [ALL_FAIL, ALL_FAIL]
    house = stage.house()
    await house.take(alarm_event("a"))
    await house.work()
    assert stage.told() == START
    held = await stage.outages.held("openai", stage.clock.now())
    assert held is not None
    assert held.facts["state"] == "outage_confirmed"
    await stage.minutes(house, 130)
    updates = {f"{who}/update/{n}": 1 for who in ("team", "users") for n in (1, 2)}
    assert stage.told() == {**START, **updates}
    assert stage.toys.effects == {}
    stage.page.play(FINE)
    stage.errors.shares = [ALL_WELL, ALL_WELL]
    await stage.minutes(house, 15)
    assert stage.toys.effects == {}
    await stage.minutes(house, 1)
    assert stage.told() == {**START, **updates, **END}
    assert stage.toys.effects == {"recovered": 1}
    assert await stage.outages.held("openai", stage.clock.now()) is None
    [wait] = [action for action in await house.actions() if action["step"] == "wait"]
    assert wait["outcome"]["facts"]["outage_seconds"] == 146 * 60
    assert wait["failures"] == 0
    assert {notice["severity"] for notice in stage.receiver.notices if not notice["rule"]} == {""}
    assert not any("openai" in str(n) for n in stage.receiver.notices if not n["rule"])


async def test_an_earlier_steps_diagnosis_speaks_for_the_beginning(stage: Stage) -> None:
    """Its numbers, with whatever else it counted, bear out a bad page at the first look; they hinder no recovery hours later."""
    stage.page.play(AWAY)
    counted = {"attempts": 20, "external": 20, "cases": 4, "signatures": 2, "since_deployment": False, "throttled": 0}
    stage.toys.outcomes = [Done("looked", {"share": counted, "verdict": "external_outage"})]
    house = stage.house(first=DIAGNOSED)
    await house.take(alarm_event("a"))
    await house.work()
    assert stage.told() == START
    stage.page.play(FINE)
    await stage.minutes(house, 17)
    assert stage.told() == {**START, **END}
    assert await house.steps() == [("cause", "succeeded"), ("wait", "succeeded"), ("fix", "succeeded")]


async def test_two_incidents_announce_once(stage: Stage) -> None:
    """One looks and announces, the other watches; both go on when it is over."""
    stage.page.play(AWAY)
    house = stage.house()
    await house.take(alarm_event("a"), alarm_event("b"))
    await house.work()
    await stage.minutes(house, 70)
    looks = len(stage.page.requests)
    assert looks <= 75
    stage.page.play(FINE)
    await stage.minutes(house, 18)
    assert stage.told() == {**START, "team/update/1": 1, "users/update/1": 1, **END}
    assert stage.toys.effects == {"recovered": 2}


async def test_another_incident_takes_over(stage: Stage) -> None:
    """Where people close the incident that announces, one that waits too goes on under the same ids."""
    stage.page.play(AWAY)
    house = stage.house()
    await house.take(alarm_event("a"))
    await house.work()
    await stage.minutes(house, 2)
    await house.resolve()
    await house.take(alarm_event("b"))
    await stage.minutes(house, 60)
    assert stage.told() == {**START, "team/update/1": 1, "users/update/1": 1}
    stage.page.play(FINE)
    await stage.minutes(house, 17)
    assert stage.told() == {**START, "team/update/1": 1, "users/update/1": 1, **END}
    assert stage.toys.effects == {"recovered": 1}
    assert len({notice["facts"]["outage"] for notice in stage.receiver.notices}) == 1


async def test_an_outage_that_nobody_looked_after_is_ended_by_the_next(stage: Stage) -> None:
    """Closed by hand, its hold ends by itself; the next incident sees that it is over for long enough, and says so."""
    stage.page.play(AWAY)
    house = stage.house()
    await house.take(alarm_event("a"))
    await house.work()
    await stage.minutes(house, 1)
    await house.resolve()
    stage.page.play(FINE)
    await stage.minutes(house, 31)
    assert await stage.outages.held("openai", stage.clock.now()) is None
    assert stage.told() == START
    await house.take(alarm_event("b"))
    await house.work()
    await stage.minutes(house, 15)
    assert stage.told() == {**START, **END}
    assert stage.toys.effects == {"recovered": 1}


async def test_giving_up_asks_people(stage: Stage) -> None:
    """After its time the step is a person's, with what they need; another incident that waits longer takes over."""
    stage.page.play(AWAY)
    house = stage.house(give_up="90m")
    await house.take(alarm_event("a"))
    await house.work()
    await stage.minutes(house, 60)
    await house.take(alarm_event("b"))
    await stage.minutes(house, 31)
    [first, second] = [action for action in await house.actions() if action["step"] == "wait"]
    assert (first["status"], second["status"]) == ("needs_human", "waiting")
    assert "gave up after 1:3" in first["outcome"]["summary"]
    assert "users" in first["outcome"]["summary"]
    found = await stage.outages.newest("openai")
    assert found is not None
    assert str(found.owner) == second["id"]
    stage.page.play(FINE)
    await stage.minutes(house, 20)
    assert stage.told() == {**START, "team/update/1": 1, "users/update/1": 1, **END}
    assert stage.toys.effects == {"recovered": 1}


@pytest.mark.parametrize(
    "share", [Share(1, quota=1), Share(30, external=30, cases=5, signatures=1, since_deployment=True)]
)
async def test_what_is_no_outage_is_a_persons_at_once(stage: Stage, share: Share) -> None:
    """A spent quota, or our own new bug: whatever the page says, waiting and redriving are wrong; nothing is announced to users."""
    stage.page.play(AWAY)
    stage.errors.shares = [share, share]
    house = stage.house()
    await house.take(alarm_event("a"))
    await house.work()
    assert await house.steps() == [("wait", "needs_human")]
    assert stage.told() == {}


async def test_a_quota_that_is_spent_meanwhile_ends_the_wait(stage: Stage) -> None:
    """What began as an outage and is one of the quota goes to people, and the outage to whoever waits next."""
    stage.page.play(AWAY)
    house = stage.house()
    await house.take(alarm_event("a"))
    await house.work()
    await stage.minutes(house, 2)
    stage.errors.shares = [Share(1, quota=1), Share(1)]
    await stage.minutes(house, 1)
    assert await house.steps() == [("wait", "needs_human")]
    found = await stage.outages.newest("openai")
    assert found is not None
    assert found.owner is None


async def test_flapping_announces_once(stage: Stage) -> None:
    """A page that is bad and good in turn is one outage with one start, and no end."""
    house = stage.house()
    stage.page.play(AWAY)
    await house.take(alarm_event("a"))
    await house.work()
    await stage.minutes(house, 1)
    for n in range(50):
        stage.page.play(FINE if n % 10 else AWAY)
        await stage.minutes(house, 1)
    assert stage.told() == START


async def test_one_bad_look_is_no_outage(stage: Stage) -> None:
    """A page that is bad for one look, and no errors known: nobody is told, and what follows runs at the next look."""
    stage.page.play(Scene(AWAY.statuses, looks=1), FINE)
    house = stage.house()
    await house.take(alarm_event("a"))
    await house.work()
    assert stage.toys.effects == {}
    await stage.minutes(house, 1)
    assert stage.toys.effects == {"normal": 1}
    assert stage.told() == {}


async def test_an_unreadable_page_is_never_fine(stage: Stage) -> None:
    """Where nothing is known for a quarter of an hour a person is asked, and nobody is told of an outage."""
    stage.page.play(UNREADABLE)
    house = stage.house()
    await house.take(alarm_event("a"))
    await house.work()
    await stage.minutes(house, 14)
    assert await house.steps() == [("wait", "waiting")]
    await stage.minutes(house, 1)
    assert await house.steps() == [("wait", "needs_human")]
    assert stage.told() == {}


async def test_an_unreadable_page_ends_no_outage(stage: Stage) -> None:
    """A page that cannot be read for an hour is neither bad nor good; good time begins when it can."""
    stage.page.play(AWAY)
    house = stage.house()
    await house.take(alarm_event("a"))
    await house.work()
    await stage.minutes(house, 1)
    stage.page.play(UNREADABLE)
    await stage.minutes(house, 50)
    stage.page.play(FINE)
    await stage.minutes(house, 15)
    assert END.keys().isdisjoint(stage.told())
    await stage.minutes(house, 1)
    assert END.keys() <= stage.told().keys()


async def test_the_workers_errors_outrank_a_green_page(stage: Stage) -> None:
    """In both windows more than half fails and the page says that all is well: suspected, held, and over when errors end."""
    stage.errors.shares = [ALL_FAIL, ALL_FAIL]
    house = stage.house()
    await house.take(alarm_event("a"))
    await house.work()
    found = await stage.outages.held("openai", stage.clock.now())
    assert found is not None
    assert (found.facts["state"], found.facts["confidence"]) == ("outage_suspected", 0.6)
    stage.errors.shares = [Share(40, external=4, cases=4), ALL_FAIL]
    await stage.minutes(house, 40)
    assert END.keys().isdisjoint(stage.told())
    stage.errors.shares = [ALL_WELL, ALL_FAIL]
    await stage.minutes(house, 16)
    assert stage.told() == {**START, **END}


async def test_one_window_against_a_green_page_is_looked_at_again(stage: Stage) -> None:
    """Errors in the newer window alone: nobody is told yet; after a quarter of an hour a canary may decide."""
    stage.errors.shares = [ALL_FAIL, ALL_WELL]
    house = stage.house()
    await house.take(alarm_event("a"))
    await house.work()
    await stage.minutes(house, 14)
    assert stage.toys.effects == {}
    await stage.minutes(house, 1)
    assert stage.toys.effects == {"undecided": 1}
    assert stage.told() == {}


@pytest.mark.parametrize(
    ("scene", "share", "state"),
    [(SLOW, Share(40, external=8, cases=5), "degraded"), (FINE, Share(40, external=8, cases=5), "transient")],
)
async def test_some_errors_are_no_outage(stage: Stage, scene: Scene, share: Share, state: str) -> None:
    """Between a twentieth and a half: go on, slowly if the page is bad, too."""
    stage.page.play(scene)
    stage.errors.shares = [share, share]
    house = stage.house()
    await house.take(alarm_event("a"))
    await house.work()
    await stage.minutes(house, 1)
    assert stage.toys.effects == {state: 1}
    assert stage.told() == {}


async def test_a_bad_page_that_the_worker_does_not_feel_is_a_notice(stage: Stage) -> None:
    """The team is told once, not for each incident; users are not; the work goes on."""
    stage.page.play(AWAY)
    stage.errors.shares = [ALL_WELL, ALL_WELL]
    house = stage.house()
    await house.take(alarm_event("a"), alarm_event("b"))
    await house.work()
    await stage.minutes(house, 2)
    assert stage.toys.effects == {"page_only": 2}
    assert stage.told() == {"team/notice/0": 1}
    assert await stage.outages.held("openai", stage.clock.now()) is None


async def test_a_receiver_that_is_away_is_told_later(stage: Stage) -> None:
    """An announcement that does not go out costs no attempt; it goes out at a later look, and the outage goes on meanwhile."""
    stage.page.play(AWAY)
    stage.errors.shares = [ALL_FAIL, ALL_FAIL]
    stage.receiver.faults.always(HOOK, refuse(500))
    house = stage.house()
    await house.take(alarm_event("a"))
    await house.work()
    await stage.minutes(house, 70)
    assert stage.told() == {}
    stage.receiver.faults.off()
    await stage.minutes(house, 1)
    assert stage.told() == START
    assert await house.steps() == [("wait", "waiting")]


async def test_an_end_that_nobody_takes_holds_nothing_for_ever(stage: Stage) -> None:
    """The hold ends at once; what follows waits half an hour for the announcement, then goes on and says what is missing."""
    stage.page.play(AWAY)
    house = stage.house()
    await house.take(alarm_event("a"))
    await house.work()
    await stage.minutes(house, 1)
    stage.page.play(FINE)
    stage.receiver.faults.always(HOOK, refuse(404))
    await stage.minutes(house, 16)
    assert await stage.outages.held("openai", stage.clock.now()) is None
    assert stage.toys.effects == {}
    await stage.minutes(house, 31)
    assert stage.toys.effects == {"recovered": 1}
    [wait] = [action for action in await house.actions() if action["step"] == "wait"]
    assert "the end was not announced: team/end" in wait["outcome"]["summary"]


async def test_an_outage_begins_after_the_end_of_the_one_before_was_told(stage: Stage) -> None:
    """While an end cannot be announced the next outage waits, so that nobody hears of a start, a start and an end."""
    stage.page.play(AWAY)
    house = stage.house()
    await house.take(alarm_event("a"))
    await house.work()
    await stage.minutes(house, 1)
    stage.page.play(FINE)
    stage.receiver.faults.always(HOOK, refuse(404))
    await stage.minutes(house, 16)
    stage.page.play(AWAY)
    stage.errors.shares = [ALL_FAIL, ALL_FAIL]
    await house.take(alarm_event("b"))
    await stage.minutes(house, 9)
    assert stage.told() == START
    stage.receiver.faults.off()
    await stage.minutes(house, 2)
    occasions = [notice["facts"]["occasion"] for notice in stage.receiver.notices]
    assert occasions == ["start", "start", "end", "end", "start", "start"]
    assert len({notice["id"] for notice in stage.receiver.notices}) == 6


async def test_what_was_seen_of_an_outage_before_ends_no_other(stage: Stage) -> None:
    """An action that believes in good from an earlier outage takes over a later one: good must be seen anew."""
    now = stage.clock.now()
    other = outage(looked_at=now - timedelta(hours=1), began_at=now - timedelta(hours=2), hold_until=now)
    assert await stage.outages.follow(other)
    believed = Hysteresis(Look.GOOD, good_seconds=900.0, good_at=now - timedelta(hours=3))
    memory = Memory({"wait": Remembered(now - timedelta(hours=4), believed, "another").to_json()})
    params = AwaitProviderParams(provider="openai", announce=AnnounceParams(team="team"))
    stage.page.play(SLOW)
    outcome = await await_provider(attempt(stage.can, memory=memory, clock=stage.clock), params)
    assert isinstance(outcome, Wait)
    found = await stage.outages.newest("openai")
    assert found is not None
    assert found.phase is Phase.OPEN


async def test_an_outage_of_the_store_costs_no_attempt(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that cannot be read for an hour, an attempt a minute, does not fail the step."""
    stage.page.play(AWAY)
    house = stage.house()
    await house.take(alarm_event("a"))
    await house.work()
    with monkeypatch.context() as patched:

        async def away(_: str) -> None:
            raise StoreUnavailable

        patched.setattr(stage.outages, "newest", away)
        await stage.minutes(house, 60)
    await stage.minutes(house, 1)
    assert await house.steps() == [("wait", "waiting")]
    assert START.items() <= stage.told().items()


async def test_observed_it_tells_nobody(stage: Stage) -> None:
    """A rule that only observes says what it would do, and leaves no record."""
    stage.page.play(AWAY)
    stage.errors.shares = [ALL_FAIL, ALL_FAIL]
    house = stage.house(mode="observe")
    await house.take(alarm_event("a"))
    await house.work()
    [wait] = [action for action in await house.actions() if action["step"] == "wait"]
    assert "would announce it and wait" in wait["outcome"]["summary"]
    assert stage.told() == {}
    assert await stage.outages.newest("openai") is None


async def test_no_kill_switch_holds_it(stage: Stage) -> None:
    """It changes nothing of the service and so goes on even at `off`: people must hear of the outage."""
    stage.page.play(AWAY)
    stage.errors.shares = [ALL_FAIL, ALL_FAIL]
    house = stage.house()
    await house.set_mode(Mode.OFF)
    await house.take(alarm_event("a"))
    await house.work()
    assert stage.told() == START


async def test_without_users_the_team_alone_is_told(stage: Stage) -> None:
    """`users` is opt-in."""
    stage.page.play(AWAY)
    stage.errors.shares = [ALL_FAIL, ALL_FAIL]
    house = stage.house(users="null")
    await house.take(alarm_event("a"))
    await house.work()
    assert stage.told() == {"team/start/0": 1}


async def test_a_channel_that_does_not_exist_fails_at_once(stage: Stage) -> None:
    """It is said by name before anybody waits for hours."""
    house = stage.house(users="nobody")
    await house.take(alarm_event("a"))
    await house.work()
    [wait] = [action for action in await house.actions() if action["step"] == "wait"]
    assert wait["status"] == "failed"
    assert "nobody" in wait["outcome"]["summary"]


async def test_a_provider_without_a_page_is_decided_by_the_workers_errors(stage: Stage) -> None:
    """No page is an unknown page."""
    stage.can = Capabilities(None, stage.can.channels, None, {}, stage.outages, stage.errors)  # type: ignore[arg-type]
    stage.errors.shares = [ALL_FAIL, ALL_FAIL]
    house = stage.house()
    await house.take(alarm_event("a"))
    await house.work()
    found = await stage.outages.newest("openai")
    assert found is not None
    assert "no status page of openai is configured" in found.facts["reason"]
    stage.errors.shares = [ALL_WELL, ALL_WELL]
    await stage.minutes(house, 16)
    assert stage.told() == {**START, **END}
