"""Any history of alarms, answers, silences, restarts, standstills, failing channels: nobody is forgotten, or called for nothing.

The six invariants of an escalation: an open, unanswered incident always has a call due or on its way (I1); nobody is called once it is
answered or over (I2); a level never falls by itself (I3); whoever was told hears of the end (I4); a decision is one message (I5); the
journal explains every message (I6).
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leh_guardian.clock import SystemClock
from leh_guardian.engine import silencing, verbs
from leh_guardian.engine.broken_channels import BrokenChannels
from leh_guardian.engine.duty import Duty
from leh_guardian.errors import Unavailable
from leh_guardian.model.journal import Kind
from leh_guardian.ports import Notice, NoticeKind, Sent
from leh_guardian.store import silences
from leh_guardian.store.transaction import transaction
from tests.integration.store.contract.conftest import Quiet
from tests.sim.store.database import SimDatabase
from tests.sim.store.install import install
from tests.sim.store.pool import SimPool
from tests.sim.store.tables import ACTIONS, INCIDENTS, JOURNAL, TIMERS
from tests.support.builders import alarm_event
from tests.support.on_call import Called

LONGEST = timedelta(minutes=61)
"""No pause of the policies in use is longer."""
ANSWERED = {"acknowledged", "resolved", "snoozed"}
Step = Callable[["Run"], Awaitable[None]]


class Moody:
    """A channel that takes a message, refuses it, or takes it and loses the answer."""

    address, confirms, strict = "", False, False

    def __init__(self, run: Run, name: str) -> None:
        self._run = run
        self._name = name

    async def send(self, notice: Notice) -> Sent:
        """Do what the history says."""
        mood = self._run.moods.get(self._name, "takes")
        if mood == "refuses":
            raise Unavailable("no")
        self._run.hear(self._name, notice)
        if mood == "loses":
            self._run.moods[self._name] = "takes"
            raise Unavailable("no answer")
        return Sent("r")


class Run:
    """One history."""

    def __init__(self, folder: Path) -> None:
        self.database = SimDatabase(SystemClock().now)
        self.pool: Any = SimPool(self.database, Quiet())
        self.moods: dict[str, str] = {}
        self.heard: list[tuple[str, Notice]] = []
        self.wrong: list[str] = []
        self.levels: dict[Any, int] = {}
        self._folder = folder
        self._events = 0
        self.begin()

    def begin(self) -> None:
        """Start a process, or another one in the place of one that is gone."""
        ways = {name: Moody(self, name) for name in ("console", "ops", "slack", "sms", "voice")}
        clock = self.called.clock if hasattr(self, "called") else None
        self.called = Called(self.pool, self._folder, ways=ways)
        if clock is not None:
            self.called.clock.advance(seconds=(clock.now() - self.called.clock.now()).total_seconds())

    def rows(self, table: Any) -> list[Any]:
        """Return what is committed."""
        return list(self.database.rows[table.name].values())

    def hear(self, channel: str, notice: Notice) -> None:
        """Take a message: I2 and I6 are looked at as it goes out."""
        [incident] = [row for row in self.rows(INCIDENTS) if str(row["id"]) == notice.incident]
        if notice.kind is NoticeKind.PAGE:
            # Raised here they would be a channel's failure.
            if incident["status"] in ANSWERED:
                self.wrong.append(f"I2: {notice.title} went out, and it is {incident['status']}")
            calls = [r for r in self.rows(JOURNAL) if r["kind"] == Kind.CALLED and r["incident_id"] == incident["id"]]
            if not calls:
                self.wrong.append(f"I6: nothing in the journal says why {notice.title} went out")
        self.heard.append((channel, notice))

    async def settle(self) -> None:
        """Work until nothing is due, and look."""
        await self.called.house.work(rounds=200)
        house = self.called.house
        for look in (
            Duty(house.pool, house.people, house.clock, replica="one", planned=lambda: None).run_once,
            BrokenChannels(
                house.pool, house.progression, house.clock, dict, replica="one", planned=lambda: None
            ).run_once,
        ):
            await look()
        await house.work(rounds=200)
        assert self.wrong == []
        now = self.called.clock.now()
        # One that is planned for later may be moot by then.
        on_its_way = {
            row["incident_id"]
            for row in self.rows(ACTIONS)
            if row["role"] == "tell" and _open(row) and row["due_at"] <= now + timedelta(minutes=2)
        }
        for row in self.rows(INCIDENTS):
            timers = {t["kind"]: t["due_at"] for t in self.rows(TIMERS) if t["incident_id"] == row["id"]}
            if row["status"] == "triggered":
                due = timers.get("escalate")
                assert due is not None or row["id"] in on_its_way, f"I1: nothing is due for {row['dedup_key']}"
                assert due is None or due <= now + LONGEST, "I1: the next call is too far away"
            if row["status"] == "snoozed":
                assert "snooze" in timers, "I1: it sleeps for ever"
            assert row["level"] >= self.levels.get(row["id"], 0), "I3: the level fell"
            self.levels[row["id"]] = row["level"]

    async def answer(self, verb: str, key: str, *arguments: Any, **named: Any) -> None:
        """Let a person do something to an open incident, if there is one."""
        for row in self.rows(INCIDENTS):
            if row["dedup_key"] == key and row["status"] != "resolved":
                async with transaction(self.pool) as tx:
                    await getattr(verbs, verb)(
                        tx, UUID(str(row["id"])), self.called.clock.now(), "minsu", *arguments, **named
                    )

    async def silence(self, minutes: float) -> None:
        """Let somebody silence what is down, for a while."""
        now = self.called.clock.now()
        async with transaction(self.pool) as tx:
            asked = silencing.wanted({"rule": ["down"]}, now + timedelta(minutes=minutes), "deploy", "minsu", now)
            await silencing.add(tx, asked, now)

    async def loud(self) -> None:
        """Let somebody end all silences."""
        now = self.called.clock.now()
        async with transaction(self.pool) as tx:
            for one in await silences.holding(tx, now):
                await silencing.end(tx, one.id, "minsu", now)

    async def event(self, key: str, state: str) -> None:
        """Take an alarm or its OK."""
        stamp = f"{self.called.clock.now():%Y-%m-%dT%H:%M:%SZ}"
        await self.called.house.take(alarm_event(key, state, time=stamp))

    def finish(self) -> None:
        """I4 and I5, at the end."""
        told: Counter[tuple[str, str]] = Counter()
        ended = {
            (channel, n.incident) for channel, n in self.heard if n.kind is NoticeKind.STATUS and "해결" in n.title
        }
        for channel, notice in self.heard:
            told[channel, notice.id] += 1
        attempts = {str(row["id"]): row["attempt"] for row in self.rows(ACTIONS)}
        assert all(times <= attempts[notice] for (_, notice), times in told.items()), "I5: more messages than tries"
        for row in self.rows(INCIDENTS):
            if row["status"] == "resolved" and ("ops", str(row["id"])) in {(c, n.incident) for c, n in self.heard}:
                assert ("ops", str(row["id"])) in ended, f"I4: nobody heard of the end of {row['dedup_key']}"


def _open(row: Any) -> bool:
    return row["status"] in {"scheduled", "waiting", "running"}


KEYS = st.sampled_from(["down-a", "down-a", "down-a", "down-b", "leak-a", "mend-a"])


def _wait(seconds: float) -> Step:
    async def step(run: Run) -> None:
        run.called.clock.advance(seconds=seconds)

    return step


def _restart() -> Step:
    async def step(run: Run) -> None:
        run.begin()

    return step


def _mood(channel: str, mood: str) -> Step:
    async def step(run: Run) -> None:
        run.moods[channel] = mood

    return step


STEPS: st.SearchStrategy[Step] = st.one_of(
    st.builds(lambda key, state: lambda run: run.event(key, state), KEYS, st.sampled_from(["ALARM", "ALARM", "OK"])),
    st.sampled_from([5.0, 61.0, 300.0, 1801.0, 3601.0, 40_000.0]).map(_wait),
    st.builds(
        lambda key, verb: lambda run: run.answer(verb, key), KEYS, st.sampled_from(["acknowledge", "unacknowledge"])
    ),
    st.just(lambda run: run.answer("acknowledge", "down-a")),
    KEYS.map(lambda key: lambda run: run.answer("resolve", key, "done")),
    KEYS.map(lambda key: lambda run: run.answer("escalate", key, "too big")),
    KEYS.map(lambda key: lambda run: run.answer("snooze", key, timedelta(minutes=20), "quiet")),
    st.sampled_from([5.0, 45.0, 600.0]).map(lambda minutes: lambda run: run.silence(minutes)),
    st.just(lambda run: run.loud()),
    st.just(None).map(lambda _: _restart()),
    st.builds(_mood, st.sampled_from(["ops", "slack", "sms", "voice"]), st.sampled_from(["takes", "refuses", "loses"])),
)


@pytest.mark.usefixtures("capsys")
@given(history=st.lists(STEPS, min_size=4, max_size=25))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_nobody_is_forgotten(history: list[Step]) -> None:
    """After each step everything that is due is done, and the invariants hold; at the end all channels work again."""
    with install(), tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder))
        await run.event("down-a", "ALARM")
        for step in history:
            await step(run)
            await run.settle()
        run.moods.clear()
        for _ in range(30):
            run.called.clock.advance(seconds=120)
            await run.settle()
        run.finish()
