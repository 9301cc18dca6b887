"""Owns what is sent into the alert queue, and what must come of it; the one rule: each alarm has a name that is sent for it alone.

A name is therefore a subject: one incident, one remedy, one effect, however often and in whatever order its alerts come.
Every body carries a secret and a resident number that must not be seen again anywhere but in the store.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.support.builders import alarm_event

SECRET = "hunter2-canary-f3a9"
RESIDENT = "900101-1234567"
CANARIES = (SECRET, RESIDENT, RESIDENT.replace("-", ""))
BUDGET = 3
"""Runs that the rule `capped` may start in an hour, over all replicas."""

RULES = f"""
version: 1
rules:
  - id: redrive
    mode: act
    pattern: {{detail: {{alarmName: [{{prefix: redrive-}}], state: {{value: [ALARM]}}}}}}
    resolve_on: {{detail: {{state: {{value: [OK]}}}}}}
    dedup: detail.alarmName
    guards: {{budget: [{{max: 1000, per: 1h}}]}}
    actions:
      - uses: dlq_redrive
        with: {{queue: "${{event.detail.configuration.metrics[0].metricStat.metric.dimensions.QueueName}}", rate: 500}}
        retry: {{attempts: 50, backoff: 1s}}
  - id: charge
    mode: act
    pattern: {{detail: {{alarmName: [{{prefix: charge-}}], state: {{value: [ALARM]}}}}}}
    resolve_on: {{detail: {{state: {{value: [OK]}}}}}}
    dedup: detail.alarmName
    guards: {{budget: [{{max: 100000, per: 1h}}]}}
    actions:
      - uses: charge
        with: {{subject: "${{event.detail.alarmName}}"}}
        retry: {{attempts: 50, backoff: 1s}}
  - id: capped
    mode: act
    pattern: {{detail: {{alarmName: [{{prefix: capped-}}], state: {{value: [ALARM]}}}}}}
    dedup: detail.alarmName
    guards: {{budget: [{{max: {BUDGET}, per: 1h}}]}}
    actions:
      - uses: charge
        with: {{subject: "${{event.detail.alarmName}}"}}
        retry: {{attempts: 50, backoff: 1s}}
  - id: once
    mode: act
    pattern: {{detail: {{alarmName: [{{prefix: once-}}], state: {{value: [ALARM]}}}}}}
    dedup: detail.alarmName
    guards: {{budget: [{{max: 100000, per: 1h}}]}}
    actions:
      - uses: call_once
        with: {{subject: "${{event.detail.alarmName}}"}}
  - id: tell
    mode: act
    pattern: {{detail: {{alarmName: [{{prefix: tell-}}], state: {{value: [ALARM]}}}}}}
    dedup: detail.alarmName
    guards: {{budget: [{{max: 100000, per: 1h}}]}}
    actions:
      - uses: notify
        with: {{channel: hook, text: "${{event.detail.alarmName}} ${{event.detail.state.reason}}"}}
        retry: {{attempts: 50, backoff: 1s}}
  - id: people
    mode: act
    pattern: {{detail: {{alarmName: [{{prefix: people-}}], state: {{value: [ALARM]}}}}}}
    dedup: detail.alarmName
    guards: {{budget: [{{max: 100000, per: 1h}}]}}
    actions: []
  - id: missed
    mode: act
    expect:
      after:
        source: [aws.s3]
        detail-type: [Object Created]
        detail: {{object: {{key: [{{prefix: missed-}}, {{prefix: followed-}}]}}}}
      then: {{source: [leh.ai-worker], detail-type: [EvidenceProcessed]}}
      by: {{after: detail.object.key, then: detail.s3_key}}
      within: 500ms
      unless: {{uses: finished, with: {{subject: "${{event.detail.object.key}}"}}}}
    guards: {{budget: [{{max: 100000, per: 1h}}]}}
    actions:
      - uses: charge
        with: {{subject: "${{incident.dedup_key}}"}}
        retry: {{attempts: 50, backoff: 1s}}
"""
KINDS = ("charge", "once", "tell", "people")


@dataclass(frozen=True, slots=True)
class Redrive:
    """A dead-letter queue that was filled, and where its messages belong."""

    queue: str
    dlq: str
    bodies: tuple[str, ...]


@dataclass
class Sent:
    """The truth about what was sent."""

    alarms: dict[str, list[str]] = field(default_factory=dict)
    """{kind: names}, the order of sending kept."""
    resolved: set[str] = field(default_factory=set)
    """Names whose OK was sent, too."""
    redrives: dict[str, Redrive] = field(default_factory=dict)
    """{alarm's name: what is to be moved}."""
    events: set[str] = field(default_factory=set)
    """Every body that is an event."""
    missed: list[str] = field(default_factory=list)
    """Uploads on which nothing follows."""
    followed: list[str] = field(default_factory=list)
    """Uploads that are finished: an event says so, or the last look finds it."""
    malformed: set[str] = field(default_factory=set)
    puts: int = 0
    """Messages sent, repeated ones included."""

    def names(self, *kinds: str) -> list[str]:
        """Return the names of some kinds."""
        return [name for kind in kinds for name in self.alarms.get(kind, ())]


class Load:
    """Makes portions of bodies; seeded, so that two runs send the same."""

    def __init__(self, seed: int, *, repeated: float = 0.1) -> None:
        self.sent = Sent()
        self._random = random.Random(seed)
        self._repeated = repeated
        self._made: Counter[str] = Counter()
        self._old: list[str] = []

    def portion(self, *, oks: bool = True, **counts: int) -> list[str]:
        """Return bodies for `counts` alarms of each kind, with unmatched, malformed and repeated ones among them."""
        bodies: list[str] = []
        for kind, count in counts.items():
            for _ in range(count):
                bodies += self._alarm(kind, oks=oks)
        return self._mixed(bodies)

    def uploads(self, *, missed: int = 0, followed: int = 0) -> list[str]:
        """Return bodies for uploads, some of them doubled, and for the ends of half of those that are followed."""
        bodies: list[str] = []
        for kind, count, names in (("missed", missed, self.sent.missed), ("followed", followed, self.sent.followed)):
            for _ in range(count):
                name = f"{kind}-{len(names) + 1}"
                names.append(name)
                bodies += self._upload(name, ended=kind == "followed" and self._random.random() < 0.5)
        self._random.shuffle(bodies)
        return bodies

    def _upload(self, name: str, *, ended: bool) -> list[str]:
        thing = {"key": name, "sequencer": f"{self._random.getrandbits(64):016X}"}
        told = [("aws.s3", "Object Created", {"bucket": {"name": "evidence"}, "object": thing})] * self._random.choice(
            [1, 2]
        )
        told += [("leh.ai-worker", "EvidenceProcessed", {"s3_key": name})] if ended else []
        bodies = []
        for source, kind, detail in told:
            event = {
                "source": source,
                "detail-type": kind,
                "id": f"{self._random.getrandbits(64):016x}",
                "detail": detail,
            }
            bodies.append(
                json.dumps(event | {"note": f"password={SECRET} 주민번호{RESIDENT}입니다"}, ensure_ascii=False)
            )
        self.sent.events.update(bodies)
        return bodies

    def one(self, kind: str, *, filler: int = 0) -> str:
        """Return the alert of one alarm alone, with so many bytes more of it."""
        return self._body(self._name(kind), "ALARM", "2026-11-22T17:59:00Z", filler=filler)

    def redrive(self, redrive: Redrive) -> list[str]:
        """Return the alarm of a dead-letter queue."""
        name = self._name("redrive")
        self.sent.redrives[name] = redrive
        return [self._body(name, "ALARM", "2026-11-22T17:59:00Z", redrive.dlq)]

    def drained(self, empty: Callable[[str], bool]) -> list[str]:
        """Return the OKs of the dead-letter queues that are `empty` and whose OK was not sent yet."""
        all_ = self.sent.redrives
        names = [name for name in all_ if name not in self.sent.resolved and empty(all_[name].dlq)]
        self.sent.resolved.update(names)
        return [self._body(name, "OK", "2026-11-22T17:59:30Z", all_[name].dlq) for name in names]

    def storm(self, name: str, count: int) -> Iterator[str]:
        """Yield the same alarm `count` times, each an event of its own."""
        self.sent.alarms.setdefault(name.rpartition("-")[0], []).append(name)
        for _ in range(count):
            yield self._body(name, "ALARM", "2026-11-22T17:59:00Z")

    def _alarm(self, kind: str, *, oks: bool) -> list[str]:
        name = self._name(kind)
        bodies = [self._body(name, "ALARM", "2026-11-22T17:59:00Z")]
        if oks and kind == "charge" and self._random.random() < 0.7:
            self.sent.resolved.add(name)
            bodies.append(self._body(name, "OK", "2026-11-22T17:59:30Z"))
        return bodies

    def _name(self, kind: str) -> str:
        self._made[kind] += 1
        name = f"{kind}-{self._made[kind]}"
        if kind != "unknown":
            self.sent.alarms.setdefault(kind, []).append(name)
        return name

    def _body(self, name: str, state: str, time: str, queue: str | None = None, *, filler: int = 0) -> str:
        event_id = f"{self._random.getrandbits(64):016x}"
        event = alarm_event(name, state, event_id=event_id, time=time, queue=queue)
        event["detail"]["state"]["reason"] = f"password={SECRET} 주민번호{RESIDENT}입니다"
        if filler:
            event["detail"]["filler"] = "x" * filler
        body = json.dumps(event, ensure_ascii=False)
        self.sent.events.add(body)
        return body

    def _mixed(self, bodies: list[str]) -> list[str]:
        """Add what must do no harm: unmatched events, bodies that are none, and repeated ones; in a random order."""
        unmatched = [self._body(self._name("unknown"), "ALARM", "2026-11-22T17:59:00Z") for _ in range(2)]
        nonsense = f'{{"token": "{SECRET}", "주민번호": "{RESIDENT}", "n": {self._random.getrandbits(32)}'
        self.sent.malformed.add(nonsense)
        again = [body for body in bodies + self._old[-20:] if self._random.random() < self._repeated]
        self._old += bodies
        mixed = [*bodies, *unmatched, nonsense, *again]
        self._random.shuffle(mixed)
        return mixed
