"""Owns what happens to the service in one run: rules, alerts, dead letters; the one rule: what must come of it is known here.

Every alert of `fix` has a key of its own, so that its effects do not depend on the order of arrival; the keys of `flap` go up
and down, and only the newest by its own time counts.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.sim import amounts
from tests.sim.amounts import Amounts
from tests.sim.world import EPOCH
from tests.support.builders import alarm_event

RULES = """
version: 1
rules:
  - id: fix
    mode: act
    pattern: {detail: {alarmName: [{prefix: fix-}], state: {value: [ALARM]}}}
    dedup: detail.alarmName
    actions:
      - uses: switch
        id: first
        with: {what: "${event.detail.alarmName}/first"}
        retry: {attempts: 40, backoff: 1s}
      - uses: pull
        id: lever
        with: {what: "${event.detail.alarmName}/lever"}
      - uses: switch
        id: second
        with: {what: "${event.detail.alarmName}/second"}
        retry: {attempts: 40, backoff: 1s}
    on_failure: escalate
  - id: flap
    mode: act
    pattern: {detail: {alarmName: [{prefix: flap-}], state: {value: [ALARM]}}}
    resolve_on: {detail: {state: {value: [OK]}}}
    dedup: detail.alarmName
    actions: []
  - id: limited
    mode: act
    pattern: {detail: {alarmName: [{prefix: limited-}], state: {value: [ALARM]}}}
    dedup: detail.alarmName
    serialize: "limited"
    guards: {budget: [{max: 3, per: 1h}]}
    actions:
      - uses: switch
        id: only
        with: {what: "${event.detail.alarmName}"}
        retry: {attempts: 40, backoff: 1s}
  - id: block
    mode: act
    pattern: {detail: {alarmName: [{prefix: block-}], state: {value: [ALARM]}}}
    dedup: detail.alarmName
    guards: {budget: [{max: 100, per: 1h}]}
    actions:
      - uses: block
        with: {what: somebody}
        retry: {attempts: 40, backoff: 1s}
  - id: missed
    mode: act
    expect:
      after: {source: [aws.s3], detail-type: [Object Created], detail: {object: {key: [{prefix: upload-}]}}}
      then: {source: [leh.ai-worker], detail-type: [EvidenceProcessed]}
      by: {after: detail.object.key, then: detail.s3_key}
      within: 10s
      unless: {uses: seek, with: {what: "${event.detail.object.key}"}}
    guards: {budget: [{max: 100, per: 1h}]}
    actions:
      - uses: switch
        id: reprocess
        with: {what: "${incident.dedup_key}"}
        retry: {attempts: 40, backoff: 1s}
  - id: redrive
    mode: act
    pattern: {detail: {alarmName: [redrive], state: {value: [ALARM]}}}
    resolve_on: {detail: {state: {value: [OK]}}}
    dedup: detail.alarmName
    actions:
      - uses: dlq_redrive
        with: {queue: worker-dlq, rate: 2}
        retry: {attempts: 40, backoff: 1s}
  - id: tick
    mode: act
    schedule: {cron: "*/2 3 * * *"}
    actions:
      - uses: switch
        with: {what: "${event.detail.at}"}
        retry: {attempts: 40, backoff: 1s}
  - id: prompt
    mode: act
    schedule: {cron: "*/5 3 * * *", catch_up: 1m}
    actions:
      - uses: switch
        with: {what: "${event.detail.at}"}
        retry: {attempts: 40, backoff: 1s}
"""
RULES += amounts.RULES
ON_CALL = """
version: 1
channels:
  people: {provider: webhook}
  other: {provider: webhook}
failover: {people: [other]}
policies:
  default:
    steps:
      - {level: 1, notify: [channel:people], ack_within: 30m}
      - {level: 2, notify: [channel:people], ack_within: 60m, keep: [1]}
    after_last: {repeat_from: 2, every: 15m, times: forever}
"""
PERIODS = {"tick": timedelta(minutes=2), "prompt": timedelta(minutes=5)}
"""How often the schedule rules tick, in the hour in Seoul that begins soon after a run does."""
TORN = b'{"torn": '
"""What is no event."""
BUDGET = 3
"""Runs of `limited` in an hour."""


@dataclass
class Workload:
    """One run's alerts, by the virtual second at which each is sent."""

    alerts: list[tuple[float, bytes]] = field(default_factory=list)
    fixes: list[str] = field(default_factory=list)
    limited: list[str] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    """Alarms that want the same account blocked."""
    flaps: dict[str, bool] = field(default_factory=dict)
    """{alarm: whether its newest state is trouble}."""
    uploads: dict[str, str] = field(default_factory=dict)
    """{upload: what becomes of it}: `missed`; `told`, an event says that it is finished, sooner or later; `found`, nobody says so."""
    malformed: int = 0
    letters: int = 0
    """Dead letters of the worker."""
    mute: tuple[float, float] = (0.0, 0.0)
    """From when to when the channel `people` takes nothing."""
    amounts: Amounts = field(default_factory=Amounts)
    """What is counted."""
    away: float = 0.0
    """Seconds for which its provider is away from the beginning on: nothing goes back meanwhile, and what would expire is kept."""


def drawn(rng: random.Random, seconds: float) -> Workload:
    """Draw a run's alerts over its first `seconds`."""
    load = Workload(letters=rng.choice([0, 7, 23]))
    for number in range(rng.randint(1, 4)):
        load.fixes.append(f"fix-{number}")
        _send(load, rng, seconds, f"fix-{number}", "ALARM", rng.uniform(-60, 0))
    load.limited = _at_once(load, rng, seconds, "limited", [0, 5])
    for number in range(rng.randint(0, 3)):
        _flap(load, rng, seconds, f"flap-{number}")
    if load.letters:
        _send(load, rng, seconds / 2, "redrive", "ALARM", -20)
        _send(load, rng, seconds, "redrive", "OK", -10)
    for number in range(rng.randint(0, 3)):
        _send(load, rng, seconds, f"nobody-{number}", "ALARM", 0)
    for number in range(rng.randint(0, 4)):
        _upload(load, rng, seconds, f"upload-{number}")
    for _ in range(rng.randint(0, 2)):
        load.malformed += 1
        load.alerts.append((rng.uniform(0, seconds), TORN))
    if load.letters:
        load.away = rng.choice([0.0, rng.uniform(seconds / 3, seconds)])
    load.amounts = amounts.drawn(rng, seconds, lambda at, event: load.alerts.append((at, amounts.body(event))))
    if rng.random() < 1 / 3:
        began = rng.uniform(0, seconds / 2)
        load.mute = began, began + rng.uniform(seconds / 3, seconds)
    load.blocks = _at_once(load, rng, seconds, "block", [0, 0, 0, 4])
    load.alerts.sort(key=lambda alert: alert[0])
    return load


def _at_once(load: Workload, rng: random.Random, seconds: float, kind: str, counts: list[int]) -> list[str]:
    """Send some alarms nearly at once, so that several replicas plan and run them side by side."""
    together = rng.uniform(0, seconds - 1)
    names = [f"{kind}-{number}" for number in range(rng.choice(counts))]
    for name in names:
        _send(load, rng, 0.2, name, "ALARM", 0, after=together)
    return names


def _flap(load: Workload, rng: random.Random, seconds: float, name: str) -> None:
    """Go up and down; what arrives when has nothing to do with what happened when."""
    states = ["ALARM", "OK"] * 3
    count = rng.randint(1, len(states))
    for number, state in enumerate(states[:count]):
        _send(load, rng, seconds, name, state, -60 + number * 5)
    load.flaps[name] = states[count - 1] == "ALARM"


def _upload(load: Workload, rng: random.Random, seconds: float, name: str) -> None:
    """Upload a file; that it is finished may be heard of before that it is there."""
    load.uploads[name] = fate = rng.choice(["missed", "told", "found"])
    thing = {"key": name, "sequencer": f"{rng.getrandbits(32):08X}"}
    _deliver(load, rng, seconds, "aws.s3", "Object Created", {"bucket": {"name": "evidence"}, "object": thing}, 0)
    if fate == "told":
        _deliver(load, rng, seconds, "leh.ai-worker", "EvidenceProcessed", {"s3_key": name}, 1)


def _deliver(
    load: Workload, rng: random.Random, seconds: float, source: str, kind: str, detail: dict[str, Any], happened: int
) -> None:
    at = (EPOCH - timedelta(seconds=60 - happened)).isoformat().replace("+00:00", "Z")
    for copy in range(1 + (rng.random() < 0.3)):
        # A copy in another spelling has an id of its own.
        event = {"source": source, "detail-type": kind, "id": f"{detail} {copy}", "time": at, "detail": detail}
        load.alerts.append((rng.uniform(0, seconds), json.dumps(event).encode()))


def _send(
    load: Workload, rng: random.Random, seconds: float, name: str, state: str, happened: float, *, after: float = 0.0
) -> None:
    at = (EPOCH + timedelta(seconds=happened)).isoformat().replace("+00:00", "Z")
    event: dict[str, Any] = alarm_event(name, state, time=at, event_id=f"{name}-{state}-{happened:.3f}")
    raw = json.dumps(event).encode()
    load.alerts.append((after + rng.uniform(0, seconds), raw))
    if rng.random() < 0.2:
        # EventBridge delivers at least once, and the copy is another message.
        load.alerts.append((rng.uniform(0, seconds), raw))
