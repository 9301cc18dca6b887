"""Up to when schedules are decided: written, looked at, dropped - on PostgreSQL as on the simulation's small store."""

from __future__ import annotations

from datetime import timedelta

from leh_guardian.store import schedule_ticks
from leh_guardian.store.schedule_ticks import Decided
from leh_guardian.store.transaction import transaction
from tests.integration.store.contract.conftest import Store
from tests.support.rows import NOW

MINUTE = timedelta(minutes=1)


async def known(store: Store, *rules: str) -> dict[str, Decided]:
    """What is decided of rules."""
    found: dict[str, Decided] = await store.do(lambda tx: schedule_ticks.known(tx, rules))
    return found


async def test_the_last_word_on_a_rule_holds(store: Store) -> None:
    """Another expression or an earlier instant as well; the others are left as they are, and who is not there is left out."""
    first, other = Decided("a", "0 9 * * MON", NOW), Decided("b", "* * * * *", NOW)
    await store.do(lambda tx: schedule_ticks.save(tx, NOW, [other, first]))
    again = Decided("a", "0 8 * * MON", NOW - MINUTE)
    await store.do(lambda tx: schedule_ticks.save(tx, NOW, [again]))
    await store.do(lambda tx: schedule_ticks.save(tx, NOW, []))
    assert await known(store, "a", "b", "nobody") == {"a": again, "b": other}
    assert await known(store) == {}


async def test_what_nobody_has_known_for_long_is_dropped(store: Store) -> None:
    """The newest look counts, not the last one; what is kept stays however old it is, what is off goes at once."""
    for rule_id, looks in (("seen", (5, 1)), ("gone", (1, 2)), ("kept", (0,)), ("off", (9,))):
        for minute in looks:
            one = Decided(rule_id, "* * * * *", NOW)
            await store.do(lambda tx, at=NOW + minute * MINUTE, one=one: schedule_ticks.save(tx, at, [one]))
    assert await store.do(lambda tx: schedule_ticks.forget(tx, ["off"], ["kept"], NOW + 3 * MINUTE)) == 2
    assert set(await known(store, "seen", "gone", "kept", "off")) == {"seen", "kept"}
    assert await store.do(lambda tx: schedule_ticks.forget(tx, [], [], NOW + 9 * MINUTE)) == 2


async def test_of_two_at_once_the_later_has_the_last_word(store: Store) -> None:
    """The second waits for the first, also where there was no row yet; the newest look stays."""
    early, late = (Decided("a", "* * * * *", NOW + minutes * MINUTE) for minutes in (1, 2))
    async with store.waiter() as second, transaction(store.pool) as one:
        await schedule_ticks.save(one, NOW + 5 * MINUTE, [late])
        await second.begin(lambda tx: schedule_ticks.save(tx, NOW, [early]))
    assert (second.error, await known(store, "a")) == (None, {"a": early})
    assert await store.do(lambda tx: schedule_ticks.forget(tx, [], [], NOW + 4 * MINUTE)) == 0
