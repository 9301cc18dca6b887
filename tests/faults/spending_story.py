"""Owns what is told of a service that does not come to its end; the one rule: it only reads, and tells what it can.

Where each piece of work is that is not done, what became of its case's circuit, what guardian still has to do, and how the logs end.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from leh_guardian.clock import SystemClock
from tests.faults.spending import Service, named
from tests.faults.spent import unearned
from tests.faults.truth import Away

_LINES: Final = 12
"""Of the end of each log."""
_MOST: Final = 20
"""Of what there may be much of."""


def story(service: Service) -> str:
    """Return what has not come to its end, and all that may say why."""
    parts = (_work, _circuits, _guardian, _logs)
    return "\n".join(line for part in parts for line in _told(part, service))


def _told(part: Callable[[Service], Iterator[str]], service: Service) -> Iterator[str]:
    try:
        yield from part(service)
    except Away as error:
        yield f"guardian's record is away: {error}"


def _work(service: Service) -> Iterator[str]:
    """Yield where each piece is that is not done, by case."""
    done, parked = service.done(), {str(item["evidence_id"]): item for item in service.tables.items()}
    letters: dict[str, list[dict[str, Any]]] = {}
    for entry in service.world.sqs.ledger(service.queue):
        letters.setdefault(named(entry["body"]), []).append(entry)
    paid = Counter(one.evidence for one in service.provider.paid)
    for case, own in sorted(service.sent.items()):
        left = [one for one in own if one not in done]
        yield f"{case}: {len(own)} sent, {len(left)} not done"
        for one in left[:_MOST]:
            queued = [f"{entry['state']} after {len(entry['received'])}" for entry in letters.get(one, [])]
            item = parked.get(one)
            aside = f"parked at {item['parked_at']} ({item['reason']})" if item else "not parked"
            yield f"  {one}: messages {queued}, {aside}, calls paid {paid[one]}"


def _circuits(service: Service) -> Iterator[str]:
    """Yield the circuits that workers read, and how they came to it."""
    yield from unearned(service)
    now = time.monotonic()
    away = ", ".join(f"{now - began:.1f} to {now - ended:.1f} s ago" for began, ended in service.front.away)
    yield f"it is {SystemClock().now().isoformat()}; DynamoDB was away {away or 'never'}"
    for key, item in sorted(service.circuits().items()):
        yield f"{key}: {json.dumps(item, default=str)}"
        for one in service.front.written:
            if one.key == key:
                yield f"  {now - one.at:.1f} s ago {one.state} {one.version} by {one.actor}: {one.reason[:160]}"


def _guardian(service: Service) -> Iterator[str]:
    """Yield what guardian has still to do, and what came of the releases."""
    ask = service.world.truth.rows
    paid = Counter[str]()
    for one in service.provider.paid:
        paid[one.case] += one.tokens
    told = {row["key"]: int(row["tokens"]) for row in ask(_TOLD)}
    yield f"tokens: {[(case, paid[case], told.get(case, 0)) for case in sorted(paid)]} (paid, told of)"
    for sql in (_BUSY, _RELEASES, _BEHIND):
        yield from (" ".join(map(str, row.values())) for row in ask(sql))


def _logs(service: Service) -> Iterator[str]:
    """Yield how the logs of all end."""
    for one in (*service.world.replicas, *service.workers):
        yield f"{one.name}: {one.starts} starts, {one.kills} kills, {'runs' if one.pid is not None else 'is down'}"
        if one.log.exists():
            yield from (f"  {line[:400]}" for line in one.log.read_text("utf-8", "replace").splitlines()[-_LINES:])


_TOLD: Final = "select key, sum(amount) as tokens from counters where series = 'usage/case/tokens' group by key"
_BUSY: Final = (
    "select 'busy:', a.id, i.rule_id, i.dedup_key, a.handler, a.status, a.attempt, a.due_at::text, a.lease_until::text,"
    " a.serialize_key, left(a.outcome::text, 300)"
    " from actions a join incidents i on i.id = a.incident_id where a.status in ('scheduled', 'running', 'waiting')"
)
_RELEASES: Final = (
    "select 'release:', i.rule_id, i.dedup_key, a.status, a.attempt, a.created_at::text, a.updated_at::text,"
    " a.checkpoints::text, left(a.outcome::text, 400) from actions a join incidents i on i.id = a.incident_id"
    " where a.handler = 'release_parked' order by a.created_at"
)
_BEHIND: Final = (
    "select 'behind:', scope, key, version, published, told from circuits where published < version or told < version"
)
