"""A way to people that does not work: messages go another way at once, people hear of it once, and it is tried again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from leh_guardian.engine.broken_channels import BrokenChannels
from leh_guardian.errors import GuardianError, Refused, Throttled, Unavailable
from leh_guardian.ports import Notice, Sent
from leh_guardian.store import channel_outages
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.builders import alarm_event
from tests.support.on_call import Called


class Moody:
    """A channel that takes a message or does not."""

    address, confirms, strict = "", False, False

    def __init__(self) -> None:
        self.error: GuardianError | None = Unavailable("503")
        self.asked = 0
        self.taken: list[str] = []

    async def send(self, notice: Notice) -> Sent:
        """Do what the test says."""
        self.asked += 1
        if self.error is not None:
            raise self.error
        self.taken.append(notice.title)
        return Sent("r")


class Site:
    """People whose Slack is moody."""

    def __init__(self, pool: Pool, folder: Path) -> None:
        self.slack, self.looks = Moody(), dict[str, str | None]()
        self.called = Called(pool, folder, ways={"slack": self.slack})
        self.pool, self.house, self.clock = pool, self.called.house, self.called.clock
        self.watch = self.replica("one")

    def replica(self, name: str) -> BrokenChannels:
        """One that watches."""
        return BrokenChannels(
            self.pool, self.house.progression, self.clock, lambda: self.looks, replica=name, planned=lambda: None
        )

    async def alarm(self, *names: str) -> None:
        """Let something ring, and work."""
        await self.house.take(*(alarm_event(name) for name in names))
        await self.work()

    async def work(self, seconds: float = 0) -> None:
        """Watch and work until nothing is due."""
        self.clock.advance(seconds=seconds)
        await self.house.work()
        await self.watch.run_once()
        await self.house.work()

    async def broken(self) -> bool:
        """Whether Slack counts as broken."""
        async with transaction(self.pool) as tx:
            outage = await channel_outages.get(tx, "slack")
        return outage is not None and outage.broken

    async def about(self) -> list[dict[str, Any]]:
        """The incidents about channels."""
        return [one for one in await self.house.incidents() if one["rule"] == "guardian.channel"]

    def texts(self, channel: str = "sms") -> list[str]:
        """The titles of what went out by a channel."""
        return [notice.title for _, name, notice in self.called.world.sent if name == channel]


@pytest.fixture
def site(pool: Pool, tmp_path: Path) -> Site:
    """One replica."""
    return Site(pool, tmp_path / "rules")


async def test_after_three_in_a_row_messages_go_another_way_at_once(site: Site) -> None:
    """What waits to be tried again there as well, and what comes later without a try; nobody waits for anything."""
    await site.alarm("down-a", "down-b", "down-c")
    assert await site.broken()
    asked = site.slack.asked
    assert {f"down-{n}" for n in "abc"} == {title.partition("(")[2][:6] for title in site.texts() if "(down" in title}
    await site.alarm("down-d")
    assert any("down-d" in title for title in site.texts())
    assert site.slack.asked == asked
    reasons = [one["outcome"]["summary"] for one in await site.house.actions("failed")]
    assert "slack does not work: 503" in reasons
    assert (await site.house.journal()).count("page.elsewhere") >= 4


async def test_people_hear_of_it_once_and_of_its_end(site: Site) -> None:
    """By the other ways, over all replicas; it is tried with pauses, and the first message that gets through ends it."""
    await site.alarm("down-a", "down-b", "down-c")
    await site.replica("two").run_once()
    await site.work()
    [about] = await site.about()
    assert (about["status"], about["severity"], about["dedup_key"]) == ("triggered", "sev3", "slack")
    assert any("guardian.channel (slack)" in title for title in site.texts())
    asked = site.slack.asked
    await site.work(seconds=31)
    await site.alarm("down-e", "down-f")
    assert site.slack.asked == asked + 1, "one message tries it"
    assert await site.broken()
    site.slack.error = None
    await site.alarm("down-g")
    assert site.slack.taken == []
    await site.work(seconds=61)
    await site.alarm("down-h")
    assert [title for title in site.slack.taken if "down-h" in title]
    await site.work()
    assert not await site.broken()
    [about] = await site.about()
    assert about["status"] == "resolved"


@pytest.mark.parametrize("error", [Throttled("slow down", retry_after=9), Refused("no such user")])
async def test_one_person_or_a_busy_provider_break_nothing(site: Site, error: GuardianError) -> None:
    """Slowing down is no outage, and a person whom it does not know says nothing of the others."""
    site.slack.error = error
    await site.alarm(*(f"down-{n}" for n in range(6)))
    assert not await site.broken()
    assert await site.about() == []


async def test_what_has_no_other_way_is_tried_on(site: Site) -> None:
    """Nothing is lost for a channel that counts as broken: the place of its own gets its message when it works again."""
    ops = Moody()
    site.house.executor._capabilities.channels["ops"] = ops  # type: ignore[index]
    await site.alarm("down-a", "down-b", "down-c", "down-d")
    ops.error = None
    for _ in range(20):
        await site.work(seconds=10)
    assert {f"down-{n}" for n in "abcd"} <= {title.partition("(")[2][:6] for title in ops.taken if "(down" in title}


async def test_looks_that_fail_for_minutes_break_it_and_good_ones_mend_it(site: Site) -> None:
    """Without a message; one bad look does not."""
    site.looks["slack"] = "invalid_auth"
    for _ in range(2):
        await site.work(seconds=60)
    site.looks["slack"] = None
    await site.work(seconds=60)
    assert not await site.broken()
    site.looks["slack"] = "invalid_auth"
    for _ in range(4):
        await site.work(seconds=60)
    assert await site.broken()
    [about] = await site.about()
    assert any("guardian.channel (slack)" in title for title in site.texts())
    site.looks["slack"] = None
    await site.work(seconds=5)
    assert not await site.broken()
    [about] = await site.about()
    assert about["status"] == "resolved"


async def test_it_knows_when_nobody_can_be_reached(site: Site, pool: Pool) -> None:
    """While one way works somebody hears of the others; when all are broken nobody does, and that is for who is outside to know."""

    async def breaks(*channels: str) -> None:
        async with transaction(pool) as tx:
            for channel in channels:
                outage = (await channel_outages.lock(tx, channel)).unreachable(
                    "503", site.clock.now(), site.clock.now()
                )
                await channel_outages.save(tx, outage)
        await site.watch.run_once()

    await breaks("slack", "sms", "voice")
    assert site.watch.nobody_reached() is None
    await breaks("ops")
    assert site.watch.nobody_reached() == "every way to people is broken: ops, slack, sms, voice"
    # The messages about it are held for a moment, and one of them tries each way.
    await site.work(seconds=31)
    assert site.watch.nobody_reached() is None


async def test_messages_know_better_than_looks(site: Site) -> None:
    """Where only the look lacks a right the first message that is taken says so, and it is not doubted again for that."""
    site.slack.error, site.looks["slack"] = None, "missing_scope"
    for _ in range(4):
        await site.work(seconds=60)
    assert await site.broken()
    site.clock.advance(seconds=31)
    await site.alarm("down-a")
    await site.work(seconds=60)
    assert not await site.broken()
    for _ in range(3):
        await site.work(seconds=300)
    assert not await site.broken()
    assert site.clock.now() - site.called.start > timedelta(minutes=15)


async def test_a_channel_that_answers_too_late_has_not_taken_it(site: Site) -> None:
    """`delivery.send_timeout` bounds an attempt; whether it went out is not known, so the next try says so."""
    import anyio

    class Slow(Moody):
        async def send(self, notice: Notice) -> Sent:
            self.asked += 1
            if self.asked == 1:
                await anyio.sleep(30)
            self.taken.append(f"{notice.again}")
            return Sent("r")

    slow = Slow()
    site.house.executor._capabilities.channels["slack"] = slow  # type: ignore[index]
    oncall = site.house.people.directory().oncall
    object.__setattr__(oncall.delivery, "send_timeout", 0.05)
    await site.alarm("down-a")
    await site.work(seconds=6)
    assert slow.taken == ["True"]


async def test_at_the_gravest_level_its_end_is_told_once_and_a_person_closes(site: Site) -> None:
    """Nobody answered for so long that the last level was called: it works again, people hear so, and it stays open for them."""
    await site.alarm("down-a", "down-b", "down-c")
    for _ in range(8):
        await site.work(seconds=900)
    [about] = await site.about()
    assert about["level"] == 3
    site.slack.error = None
    for _ in range(4):
        await site.work(seconds=120)
    assert not await site.broken()
    [about] = await site.about()
    assert about["status"] == "triggered"
    assert (await site.house.journal()).count("incident.needs_person") == 1


async def test_a_look_beside_the_one_that_found_it_broken_ends_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it knew before the other replica opened the incident is no word that the channel works again."""
    async with transaction(site.pool) as tx:
        await channel_outages.lock(tx, "slack")
    site.looks["slack"] = "no route"
    await site.watch.run_once()
    site.clock.advance(seconds=151)
    listed = channel_outages.listed

    async def overtaken(tx: Any) -> Any:
        found = await listed(tx)
        monkeypatch.setattr(channel_outages, "listed", listed)
        await site.watch.run_once()
        return found

    monkeypatch.setattr(channel_outages, "listed", overtaken)
    await site.replica("two").run_once()
    assert await site.broken()
    assert [one["status"] for one in await site.about()] == ["triggered"]
