"""Messages to people that their channel does not take: never dropped at the first refusal, and counted where people look."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from leh_guardian.errors import SettingsError
from leh_guardian.settings import load_settings
from leh_guardian.store import overview
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.builders import alarm_event
from tests.support.clock import FakeClock
from tests.support.house import House, World, rule_set

RULE = """
version: 1
rules:
  - id: people
    mode: act
    pattern: {detail: {alarmName: [{prefix: leh-}], state: {value: [ALARM]}}}
    dedup: detail.alarmName
    actions: []
"""

Houses = Callable[[], House]


@pytest.fixture
def house(pool: Pool, tmp_path: Path) -> Houses:
    """Make a house whose messages go to a webhook named ops."""
    world, clock = World(refusing={"ops"}), FakeClock()
    return lambda: House(pool, rule_set(tmp_path / "rules", RULE, world), world, clock, channel="ops")


async def untold(one: House) -> int:
    """Return what /status says of undelivered messages."""
    async with transaction(one.pool) as tx:
        count: int = (await overview.counts(tx, one.clock.now()))["messages"]["untold"]
    return count


async def test_a_refused_message_is_tried_again(house: Houses) -> None:
    """A channel that answers 403 or 404 for a while does not lose the message; meanwhile /status counts it."""
    one = house()
    await one.take(alarm_event("leh-1"))
    await one.work()
    assert (one.world.told, await untold(one)) == ([], 1)
    one.world.refusing.clear()
    one.clock.advance(minutes=1)
    await one.work()
    assert (len(one.world.told), await untold(one)) == (1, 0)


async def test_a_message_that_is_never_taken_is_said_on_the_console(house: Houses) -> None:
    """After three refusals the console, the service's own log, says it as well, once; and the channel is tried again."""
    one = house()
    await one.take(alarm_event("leh-1"))
    for _ in range(10):
        await one.work()
        one.clock.advance(seconds=50)
    assert len(one.world.told) == 1
    assert [(a["params"]["channel"], a["status"]) for a in await one.actions()] == [
        ("ops", "scheduled"),
        ("console", "succeeded"),
    ]
    one.world.refusing.clear()
    one.clock.advance(minutes=10)
    await one.work()
    assert [a["status"] for a in await one.actions()] == ["succeeded", "succeeded"]


async def test_one_that_no_channel_takes_is_given_up_loudly(house: Houses) -> None:
    """Where nobody answers for a day every call has been tried, the console has said each, and the calls go on."""
    one = house()
    await one.take(alarm_event("leh-1"))
    for _ in range(48):
        await one.work()
        one.clock.advance(minutes=30)
    said = [notice.level for notice in one.world.notices]
    # In steps of half an hour the first call may be overtaken by the second before its third refusal.
    assert said == sorted(said)
    assert said.count(3) > 10


def test_a_channel_has_a_name_that_messages_can_use(tmp_path: Path) -> None:
    """A name that no message could be sent to is refused with the settings, not found out by silence."""
    file = tmp_path / "guardian.yaml"
    file.write_text("notify: {channels: {Ops Team: {url: 'https://x.example', secret_file: /x}}}\n", encoding="utf-8")
    environment = {
        "LEH_CONFIG": str(file),
        "LEH_DATABASE_URL": "postgresql://x/y",
        "LEH_QUEUE__ALERTS": "q",
        "AWS_REGION": "ap-northeast-2",
    }
    with pytest.raises(SettingsError, match="Ops Team"):
        load_settings(environment)
