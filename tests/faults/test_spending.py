"""kill -9 over two replicas and their workers while cases spend too much: nothing of what is paused is lost, and little is paid for.

The shipped rules of scenario C, real processes, DynamoDB that goes away, people who pause and let go.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.faults import spent
from tests.faults.ai_worker import INSTANTS
from tests.faults.replicas import Replica
from tests.faults.sizes import LONG, SPEND_KILLS, SPEND_SEED
from tests.faults.spending import CALL, DEAR, Service, service
from tests.faults.spending_story import story
from tests.faults.stage import Played, Scenario, Stage, scenarios
from tests.faults.test_clock import JUMPS, LIBRARY, follows
from tests.faults.test_kill_points import ELSEWHERE
from tests.faults.truth import Away
from tests.faults.world import HEAL_SECONDS
from tests.support.faults import cut_before, refuse
from tests.support.figures import record
from tests.support.forks import Spawner
from tests.support.process import run_cli, wait_for

POINTS: Final = sorted(point for point, where in ELSEWHERE.items() if where.endswith("/test_spending.py"))
MEAN_GAP = 6.0 if LONG else 3.0
"""Seconds between two kills at random, on average."""
_QUIET = 8
"""Cases that use little."""
_MORE: Final = 5.0
"""Seconds for which use that nobody has heard of yet is waited for."""
_MOST_WAVES = 7
"""The shipped rules open thirty circuits an hour."""


@dataclass
class Day:
    """What happens to a service's money."""

    service: Service
    wall: Path | None
    """Where it is said how far off the first replica's clock is, if it can be."""
    armed: dict[str, str] = field(default_factory=dict)
    """{process: where it dies}."""
    met: list[str] = field(default_factory=list)
    points: deque[str] = field(default_factory=lambda: deque(POINTS))
    instants: deque[str] = field(default_factory=lambda: deque(INSTANTS))
    kills: int = 0
    jumps: int = 0
    held: list[str] = field(default_factory=list)
    """Cases that stay paused to the end."""
    _next: float = 0.0
    _more: float = 0.0

    def begin(self) -> None:
        """Start both replicas and two workers, each to die at a point."""
        odd = (Spawner(), follows(self.wall)) if self.wall else (None, {})
        for spawner, more in (odd, (None, {})):
            point = self.points.popleft()
            made = self.service.world.replica(spawner, **more, GUARDIAN_TEST_KILL=f"{point}:1")
            self.armed[made.name] = point
        for _ in range(2):
            instant = self.instants.popleft()
            self.armed[self.service.worker(kill=f"{instant}:3").name] = instant

    def go_on(self) -> None:
        """Kill somebody, when it is time, and start again what has died, to die at the next point."""
        one = self.service
        if self.kills < SPEND_KILLS and time.monotonic() > self._next:
            gap = one.world.random.expovariate(1 / MEAN_GAP)
            # Nobody dies before all are up.
            self.kills += bool(self._next) and one.world.random.choice([*one.world.replicas, *one.workers]).kill()
            self._next = time.monotonic() + gap
        for replica in one.world.replicas:
            if (point := self._fallen(replica, self.points)) is not None:
                clock = follows(self.wall) if self.wall and replica is one.world.replicas[0] else {}
                replica.start(**clock, **({"GUARDIAN_TEST_KILL": f"{point}:1"} if point else {}))
        for worker in one.workers:
            if (point := self._fallen(worker, self.instants)) is not None:
                worker.start(**one.order(f"{point}:1" if point else "").environment())

    def _fallen(self, one: Replica, points: deque[str]) -> str | None:
        """Return where one that has died is to die next, or nothing for nowhere; None for one that lives."""
        if one.pid is not None:
            return None
        if one.died_by_itself():
            self.met.append(self.armed.pop(one.name))
        assert one.codes == [], one.log.read_text(encoding="utf-8")[-3000:]
        if one.name not in self.armed and points:
            self.armed[one.name] = points.popleft()
        return self.armed.get(one.name, "")

    def until(self, what: Callable[[], Any]) -> None:
        """Wait until something holds, while some die and are raised; what does not come true is told with all that may say why."""

        def holds() -> bool:
            self.go_on()
            return bool(what())

        try:
            wait_for(holds, HEAL_SECONDS, pause=0.3)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{story(self.service)}") from None

    def say(self, *words: str) -> None:
        """Be a person with a word about a circuit."""
        command = ("breaker", *words, "--by", "minsu", "--reason", "looked at it")
        told = run_cli(*command, **self.service.world.environment("people"))
        assert told.returncode == 0, told.stderr

    def morning(self) -> None:
        """Let many cases use little; a person pauses one of them, and it is told of more use than it may have."""
        one = self.service
        for number in range(_QUIET):
            one.send(f"case_quiet{number}", 1, calls=1, tokens=CALL // 16)
        self.until(lambda: len(one.done()) == _QUIET)
        for case, length in (("case_quiet0", "1h"), ("case_quiet1", "1m"))[: 2 if LONG else 1]:
            self.say("open", case, "--for", length)
            self.held.append(case)
            one.send(case, 3)
            one.tell_use(case, 2_000_000)

    def account(self) -> None:
        """Let an account spend more than a day's money; a person lets the case go on first, and the account afterwards."""
        one, case = self.service, "case_dear"
        one.tell_use(case, 6_000_000, DEAR)
        self.until(lambda: one.state(f"case#{case}") == one.state(f"user#user_{case}") == "open")
        one.send(case, 3, calls=1, tokens=CALL // 16)
        self.until(lambda: one.parked() >= set(one.sent[case]))
        self.say("close", case)
        # It comes back, and is parked for the account.
        self.until(lambda: len(one.arrived(case)) > len(one.sent[case]))
        self.until(lambda: one.parked() >= set(one.sent[case]))
        self.say("close", f"user_{case}", "--scope", "user")
        self.until(lambda: set(one.sent[case]) <= one.done())

    def wave(self, number: int) -> None:
        """Let a binder, an attack and something odd cost too much; what is odd is let go on by a person."""
        one = self.service
        binder, attack, odd = (f"case_{name}{number}" for name in ("binder", "attack", "odd"))
        one.lawyer_uploads(binder)
        one.attacker_uploads(attack)
        for case in (binder, attack, odd):
            # A little above a million tokens.
            one.send(case, 7)
        for case in (binder, attack, odd):
            self.until(lambda case=case: self._opened(case))  # type: ignore[misc]
            one.send(case, 4, calls=1)
        # Work goes on coming while circuits change: workers then believe what they have just read.
        with one.busy(binder, attack, odd):
            self.until(lambda: self._judged(odd) and self._judged(attack))
            if self.wall:
                self.wall.write_text(f"{JUMPS[number % len(JUMPS)]}\n")
                self.jumps += 1
            one.go_away(refuse(503) if number % 2 else cut_before(), 6.0 if LONG else 2.0)
            self.until(lambda: one.parked() & set(one.sent[odd]))
            self.say("close", odd)
            self.until(lambda: self._goes_on(odd) and one.state(f"case#{binder}") == "closed")
        self.held.append(attack)
        self.until(lambda: self._goes_on(odd) and {*one.sent[binder], *one.sent[odd]} <= one.done())

    def _opened(self, case: str) -> bool:
        """Tell whether a circuit has opened; where too little was heard of, since a worker died with the rest, it uses more."""
        one = self.service
        if any(each.key == f"case#{case}" and each.state == "open" for each in one.front.written):
            return True
        if time.monotonic() > self._more:
            self._more = time.monotonic() + _MORE
            if set(one.sent[case]) <= one.done():
                one.send(case, 1)
        return False

    def _goes_on(self, case: str) -> bool:
        """Tell whether a circuit is closed; what has used too much once more, a person lets go on once more.

        On a slow machine it may: a piece that takes longer than its message is hidden is paid for twice.
        """
        state = self.service.state(f"case#{case}")
        if state == "open" and self._judged(case):
            self.say("close", case)
        return state == "closed"

    def encore(self, number: int) -> None:
        """Let a person pause a case and let it go on, for points that nobody has come to."""
        case = f"case_quiet{2 + number}"
        self.say("open", case, "--for", "1h")
        self.until(lambda: self.service.state(f"case#{case}") == "forced_open")
        self.service.send(case, 12, calls=1, tokens=CALL // 16)
        self.until(lambda: self.service.parked() & set(self.service.sent[case]))
        self.say("close", case)
        self.until(lambda: set(self.service.sent[case]) <= self.service.done())

    def _judged(self, case: str) -> bool:
        try:
            return bool(self.service.world.truth.rows(_JUDGED, case))
        except Away:
            return False

    def unsettled(self) -> list[str]:
        """Return what has still to happen."""
        self.go_on()
        one = self.service
        try:
            busy = [row[0] for row in one.world.truth.rows(_BUSY)]
            late = [f"unpublished {row[0]}" for row in one.world.truth.rows(_UNPUBLISHED)]
        except Away:
            return ["the store is away"]
        alerts = [entry["body"] for entry in one.world.sqs.ledger("alerts") if entry["state"] != "deleted"]
        pieces = {evidence for case, own in one.sent.items() if case not in self.held for evidence in own}
        moving = [key for key, item in one.circuits().items() if item["state"] == "half_open"]
        return [*busy, *late, *alerts, *one.waiting(), *(pieces - one.done()), *moving]

    def settle(self) -> list[str]:
        """Wait until all is settled; returns what is not."""
        try:
            wait_for(lambda: not self.unsettled(), HEAL_SECONDS, pause=0.5)
        except AssertionError:
            return self.unsettled()
        return []


_JUDGED = "select 1 from circuits where scope = 'case' and key = $1 and verdict in ('suspicious', 'attack') and state = 'open'"
_BUSY = (
    "select handler || ' ' || status || ' ' || coalesce(left(outcome::text, 200), '') from actions"
    " where status in ('scheduled', 'running', 'waiting') and handler <> 'page' and handler <> 'notify'"
)
_UNPUBLISHED = "select key from circuits where published < version or told < version"


def paused_work(stage: Stage) -> None:
    """Whoever dies and wherever, what is paused is parked and comes back; people's pauses hold; nothing contradicts itself."""
    with service(stage, seed=SPEND_SEED) as one, one.watched():
        day = Day(one, stage.folder / "wall" if LONG and LIBRARY else None)
        day.begin()
        day.morning()
        if LONG:
            day.account()
        waves = encores = 0
        while waves < _MOST_WAVES and (waves == 0 or day.kills < SPEND_KILLS):
            day.wave(waves)
            waves += 1
        while LONG and (day.points or day.instants or day.armed) and encores < 4:
            day.encore(encores)
            encores += 1
        left = day.settle()
        found = spent.check(one)
        figures = {
            "kills": day.kills,
            "points": len(day.met),
            "waves": waves,
            "clock_jumps": day.jumps,
            **found.figures,
        }
        assert found.violations == [], (left, figures, story(one))
        assert left == [], story(one)
        assert not LONG or sorted(day.met) == sorted([*POINTS, *INSTANTS])
        record("faults", "spending_kills", figures | {"slowest_s": round(found.slowest, 1)})


@scenarios(paused_work)
def test_spending(scenario: Scenario, played: Played) -> None:
    """Two replicas, the shipped rules, workers with the gate, SIGKILLs and a DynamoDB that goes away: every piece is accounted for."""
    played(scenario)
