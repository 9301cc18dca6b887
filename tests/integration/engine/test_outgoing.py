"""What keeps a message from going out now: storms, throttles, windows, bigger trouble; and what follows when nobody got it."""

from __future__ import annotations

from pathlib import Path

import pytest

from leh_guardian.errors import AccessDenied, Throttled, Unavailable
from leh_guardian.ports import NoticeKind, Receipt
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from leh_guardian.telemetry import failpoints
from tests.support.builders import alarm_event
from tests.support.on_call import Called

STORM = "delivery: {storm: {new_incidents: 3, per: 5m}}"
THROTTLE = "delivery: {throttle: {slack: [{count: 2, per: 15m}]}}"
WINDOW = """
maintenance:
  - {name: release, from: 2026-11-23T02:00, to: 2026-11-23T03:20, match: {rule: [down]}, mode: MODE}
"""
INHIBIT = """
inhibit:
  - {name: one-is-enough, source: {rule: [mended]}, target: {rule: [down]}, equal: [severity], max: 30m}
"""
CLASSIFY = """
classify:
  rules:
    - {id: worse, pattern: {detail: {state: {reason: [data leak]}}}, set: {severity: sev1, class: data_leak, policy: security}}
"""


def slack(called: Called) -> list[tuple[float, str]]:
    """Return (minutes, title) of each call by Slack."""
    return [
        (round((at - called.start).total_seconds() / 60, 2), notice.title)
        for at, channel, notice in called.world.sent
        if channel == "slack" and notice.kind is NoticeKind.PAGE
    ]


async def test_a_storm_is_told_at_once_and_then_in_one(pool: Pool, tmp_path: Path) -> None:
    """Ten alarms in one batch: the first goes out at once, the others within a minute as one message, and none is lost."""
    called = Called(pool, tmp_path / "rules", STORM)
    await called.house.take(*(alarm_event(f"down-{n}") for n in range(10)))
    await called.until(2)
    [(first, _), *rest] = slack(called)
    assert first == 0
    assert len(rest) < 4
    texts = "\n".join(called.world.told)
    assert all(f"down-{n})" in texts for n in range(10))
    assert [a["status"] for a in await called.house.actions("waiting", "running")] == []


async def test_the_gravest_is_never_gathered(pool: Pool, tmp_path: Path) -> None:
    """Level 3 goes out singly, storm or not."""
    called = Called(pool, tmp_path / "rules", STORM)
    await called.house.take(*(alarm_event(f"leak-{n}") for n in range(6)))
    await called.until(0)
    voice = [notice for _, channel, notice in called.world.sent if channel == "voice"]
    assert len(voice) == 6


async def test_a_phone_that_has_had_too_many_gets_the_rest_together(pool: Pool, tmp_path: Path) -> None:
    """Two messages in 15 minutes; what is more waits for its turn and comes as one."""
    called = Called(pool, tmp_path / "rules", THROTTLE)
    for number in range(5):
        await called.house.take(alarm_event(f"down-{number}"))
        await called.house.work()
        called.clock.advance(seconds=10)
    await called.until(14)
    assert len(slack(called)) == 2
    await called.until(16)
    [_, _, (at, title)] = slack(called)
    assert at == 15
    assert title.endswith("외 2건")
    numbers = {i["dedup_key"]: i["number"] for i in await called.house.incidents()}
    assert any(f"· INC-{numbers['down-4']} [SEV2·Lv1] down (down-4)" in text for text in called.world.told)


@pytest.mark.parametrize(("mode", "expected"), [("collect", [20.0]), ("suppress", [30.0])])
async def test_a_window_holds_calls_back(pool: Pool, tmp_path: Path, mode: str, expected: list[float]) -> None:
    """Collected ones go out when it ends and the trouble has not; suppressed ones do not, and the clocks ran on: Lv2 is called."""
    called = Called(pool, tmp_path / "rules", WINDOW.replace("MODE", mode))
    await called.house.take(alarm_event("down-a"), alarm_event("leak-a"))
    await called.until(31)
    assert [at for at, title in slack(called) if "down" in title][:1] == expected
    assert slack(called)[0][0] == 0, "what must not be suppressed is not"


async def test_bigger_trouble_holds_back_the_smaller_for_a_while(pool: Pool, tmp_path: Path) -> None:
    """Half an hour at most, and no longer than it is open itself."""
    called = Called(pool, tmp_path / "rules", INHIBIT)
    await called.house.take(alarm_event("mend-a"))
    await called.house.work()
    called.clock.advance(minutes=1)
    await called.house.take(alarm_event("down-a"))
    await called.until(29.5)
    assert [title for _, title in slack(called) if "down" in title] == []
    await called.until(32)
    assert [title for _, title in slack(called) if "down" in title]


async def test_worse_news_break_an_acknowledgement(pool: Pool, tmp_path: Path) -> None:
    """An event of the same incident that is classified higher calls its policy's level at once, under its severity."""
    called = Called(pool, tmp_path / "rules", CLASSIFY)
    await called.house.take(alarm_event("down-a"))
    await called.until(1)
    async with transaction(pool) as tx:
        await tx.execute("update incidents set status = 'acknowledged'")
    leak = alarm_event("down-a")
    leak["detail"]["state"]["reason"] = "data leak"
    await called.house.take(leak)
    await called.house.take(alarm_event("down-a"))
    await called.until(1.25)
    [incident] = await called.house.incidents()
    assert (incident["status"], incident["severity"], incident["level"]) == ("triggered", "sev1", 3)
    assert called.calls()[-2:] == [(1, 3, "sms"), (1, 3, "voice")]
    assert "상황이 더 나빠져 Lv3 호출" in called.world.told[-1]
    assert (await called.house.journal()).count("incident.worse") == 1


RETRY = "delivery: {retry: {max: MAX, backoff: [60s, 3m], honor_retry_after: HONOR}}"


class Busy:
    """A channel that takes nothing, and asks to come again in ten minutes where it is told to."""

    address, confirms, strict = "slack", False, False

    def __init__(self, after: float | None) -> None:
        self.after = after
        self.at: list[float] = []
        self.called: Called

    async def send(self, notice: object) -> object:
        """Refuse it, and remember when."""
        self.at.append(round((self.called.clock.now() - self.called.start).total_seconds() / 60, 2))
        raise Throttled("busy", retry_after=self.after)


@pytest.mark.parametrize(
    ("most", "honor", "after", "tries", "by_text"),
    [
        (0, "true", None, [0], 0),
        (2, "true", None, [0, 1, 4], 4),
        (2, "true", 600.0, [0, 10, 20], 20),
        (2, "false", 600.0, [0, 1, 4], 4),
    ],
)
async def test_a_message_is_tried_again_as_the_file_says(
    pool: Pool, tmp_path: Path, most: int, honor: str, after: float | None, tries: list[float], by_text: float
) -> None:
    """So often and with these pauses, the provider's own where it is to be heard; then another channel takes it."""
    busy = Busy(after)
    more = RETRY.replace("MAX", str(most)).replace("HONOR", honor)
    busy.called = called = Called(pool, tmp_path / "rules", more, ways={"slack": busy})
    await called.house.take(alarm_event("down-a"))
    await called.until(21)
    assert busy.at[: len(tries)] == tries
    assert by_text in {at for at, _, channel in called.calls() if channel == "sms"}


async def test_the_last_channel_goes_on_for_hours(pool: Pool, tmp_path: Path) -> None:
    """However seldom the file lets it be tried: nobody else takes it. Its attempts have the file's lease."""
    more = RETRY.replace("MAX", "1").replace("HONOR", "true").replace("{retry", "{lease: 2m, send_timeout: 40s, retry")
    called = Called(pool, tmp_path / "rules", more)
    called.world.refusing = {"voice"}
    called.house.executor._lease = lambda: called.house.people.directory().oncall.delivery.lease
    await called.house.take(alarm_event("leak-a"))
    await called.house.work()
    scheduled = await called.house.actions("scheduled")
    [voice] = [a for a in scheduled if (a["params"]["target"], a["params"]["channel"]) == ("person:cto", "voice")]
    async with transaction(pool) as tx:
        row = await tx.fetchrow("select attempts, timeout from actions where id = $1", voice["id"])
    assert (row["attempts"], row["timeout"]) == (20, 60.0)
    oncall = called.house.rules.oncall
    assert oncall is not None
    assert (oncall.delivery.lease, oncall.delivery.send_timeout) == (120.0, 40.0)


class Unsure:
    """A channel that takes everything, and says later whether it arrived."""

    address, confirms, strict = "slack", True, False

    def __init__(self, receipts: list[Receipt | Exception]) -> None:
        self.receipts = receipts
        self.sent = 0

    async def send(self, notice: object) -> object:
        """Take it."""
        from leh_guardian.ports import Sent

        self.sent += 1
        return Sent(f"r{self.sent}")

    async def receipt(self, reference: str) -> Receipt:
        """Say what became of it."""
        assert 1 <= int(reference.removeprefix("r")) <= self.sent
        found = self.receipts.pop(0) if len(self.receipts) > 1 else self.receipts[0]
        if isinstance(found, Exception):
            raise found
        return found


@pytest.mark.parametrize(
    ("receipts", "by_text"),
    [
        ([Receipt.PENDING, Receipt.DELIVERED], []),
        ([Receipt.PENDING, Receipt.FAILED], [0.5]),
        ([Receipt.PENDING], [1.0]),
        ([AccessDenied("not now"), Receipt.DELIVERED], []),
    ],
    ids=["arrived", "failed", "unknown", "not-to-be-seen"],
)
async def test_what_does_not_arrive_goes_another_way(
    pool: Pool, tmp_path: Path, receipts: list[Receipt | Exception], by_text: list[float]
) -> None:
    """A receipt that says no, or stays away for a minute, sends the message on by the next channel, once; none is sent twice."""
    unsure = Unsure(receipts)
    called = Called(pool, tmp_path / "rules", "delivery: {confirm_within: {slack: 60s}}", ways={"slack": unsure})
    await called.house.take(alarm_event("down-a"))
    await called.until(3)
    assert [at for at, _, channel in called.calls() if channel == "sms"] == by_text
    assert unsure.sent == 1


async def test_a_message_does_not_wait_for_the_receipt_of_another(pool: Pool, tmp_path: Path) -> None:
    """What a channel has taken is on its way: the next ones go out beside it at once, each by itself."""
    unsure = Unsure([Receipt.PENDING])
    called = Called(pool, tmp_path / "rules", "delivery: {confirm_within: {slack: 60s}}", ways={"slack": unsure})
    for number in range(1, 4):
        await called.house.take(alarm_event(f"down-{number}"))
        await called.house.work()
        assert unsure.sent == number
        # A look at what became of the first one is near.
        called.clock.advance(seconds=7)
    await called.until(3)
    assert unsure.sent == 3


async def test_what_was_sent_is_on_record_whenever_the_process_ends(pool: Pool, tmp_path: Path) -> None:
    """Ended between the provider's answer and the record of it, the message is not sent again, and the record is made."""
    unsure = Unsure([Receipt.DELIVERED])
    called = Called(pool, tmp_path / "rules", ways={"slack": unsure})
    ends = ["page.accepted"] * 2

    def end(point: str) -> None:
        if point in ends:
            ends.remove(point)
            raise Unavailable("the process ends here")

    failpoints.arm(end)
    try:
        await called.house.take(alarm_event("down-a"))
        await called.until(1)
    finally:
        failpoints.arm(None)
    async with transaction(pool) as tx:
        rows = await tx.fetch("select channel, again, reference from deliveries order by channel")
    assert ([tuple(row) for row in rows], unsure.sent) == ([("ops", False, "ops-1"), ("slack", False, "r1")], 1)


async def test_first_calls_may_wait_for_more_of_their_kind(pool: Pool, tmp_path: Path) -> None:
    """With `grouping: {wait: 30s}` three alarms within the wait come as one message; a later level waits for nothing."""
    called = Called(pool, tmp_path / "rules", policy="grouping: {wait: 30s}")
    for number in range(3):
        await called.house.take(alarm_event(f"down-{number}"))
    await called.until(1)
    [(at, title)] = slack(called)
    assert (at, title.endswith("외 2건")) == (0.5, True)
    await called.until(30.25)
    assert [at for at, _ in slack(called)][1:] == [30, 30, 30]


async def test_a_step_may_keep_others_informed(pool: Pool, tmp_path: Path) -> None:
    """Those on duty for the levels that it keeps are told of it, not called, though nobody had called them."""
    called = Called(pool, tmp_path / "rules", keep="keep: [1, 2]")
    await called.house.take(alarm_event("leak-a"))
    await called.until(0)
    told = [(channel, notice.title) for _, channel, notice in called.world.sent if notice.kind is NoticeKind.STATUS]
    assert sorted(told) == [("ops", "[Lv3 호출] leak (leak-a)"), ("slack", "[Lv3 호출] leak (leak-a)")]


@pytest.mark.parametrize(
    ("terms", "status"), [("on_ok_event: never", "triggered"), ("hold: 1m", "resolved")], ids=["people-only", "held"]
)
async def test_a_policy_says_what_an_ok_does(pool: Pool, tmp_path: Path, terms: str, status: str) -> None:
    """It closes the incident after the policy's own hold, or never."""
    called = Called(pool, tmp_path / "rules", policy=f"resolve: {{{terms}}}")
    await called.house.take(alarm_event("down-a"))
    await called.until(1)
    await called.house.take(alarm_event("down-a", "OK", time="2026-11-22T18:01:00Z"))
    await called.until(2.5)
    assert [i["status"] for i in await called.house.incidents()] == [status]


async def test_what_is_answered_is_not_told_with_the_rest(pool: Pool, tmp_path: Path) -> None:
    """Of what waits for a phone's turn, what somebody has answered meanwhile is in no message."""
    called = Called(pool, tmp_path / "rules", THROTTLE)
    for number in range(5):
        await called.house.take(alarm_event(f"down-{number}"))
        await called.house.work()
        called.clock.advance(seconds=10)
    async with transaction(pool) as tx:
        await tx.execute("update incidents set status = 'acknowledged' where dedup_key = 'down-3'")
    await called.until(16)
    [_, _, (_, title)] = slack(called)
    assert title.endswith("외 1건")
    assert not any("· [SEV2·Lv1] down (down-3)" in text for text in called.world.told)
