"""Owns what is counted in one run: events of a window rule, and records of use; the one rule: each amount is known here once.

Copies are many: the same message again, and the same record in another message with another id. What must come of the sums is
known beforehand, since what happened within an hour is not far from one key's next, or hours away from it.
"""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.sim.world import EPOCH

SOLD = Decimal(10)
"""More than this within an hour sets `sold` off."""
PARK = 1000
"""More tokens than this of a case, within an hour, open its circuit."""
HARD = Decimal("0.002")
"""More USD than this of a user, within a day, are only a person's to accept."""
BLOCKS = 2
"""Blocks of one account in an hour, whichever incident wants them."""
RULES = f"""
  - id: sold
    mode: act
    pattern: {{source: [sim.shop], detail-type: [Sold]}}
    window: {{sum: detail.amount, by: detail.key, over: 1h, above: {SOLD}}}
    actions: []
  - id: spend
    mode: act
    pattern: {{source: [leh.guardian], detail-type: [Spend Limit Crossed]}}
    dedup: join('/', [detail.scope, detail.key])
    guards: {{budget: [{{max: 100, per: 1h}}]}}
    actions:
      - id: pause
        uses: circuit_breaker
        with:
          scope: ${{event.detail.scope}}
          key: ${{event.detail.key}}
          tier: ${{event.detail.tier}}
          reason: ${{event.detail.reason}}
        retry: {{attempts: 40, backoff: 1s}}
      - id: look
        uses: judge
        if: {{pause: {{state: [open]}}}}
        with: {{what: "${{event.detail.key}}"}}
        retry: {{attempts: 40, backoff: 1s}}
      - id: verdict
        uses: circuit_breaker
        if: {{look: {{verdict: [legitimate, suspicious, attack]}}}}
        with:
          scope: ${{event.detail.scope}}
          key: ${{event.detail.key}}
          verdict: ${{actions.look.verdict}}
          opened_at: ${{actions.pause.opened_at}}
        retry: {{attempts: 40, backoff: 1s}}
  - id: paused
    mode: act
    pattern: {{detail-type: [Circuit Changed], detail: {{$or: [{{verdict: [suspicious, attack]}}, {{hard: [true]}}]}}}}
    dedup: join('/', [detail.scope, detail.key])
    actions: []
"""
BUDGET = f"""
version: 1
prices:
  m: [{{from: 2024-01-01, prompt: 1, completion: 1}}]
limits:
  - {{tier: park, scope: case, over: 1h, tokens: {PARK}}}
  - {{tier: hard, scope: user, over: 24h, usd: {HARD}}}
per_target: {{block: [{{max: {BLOCKS}, per: 1h}}]}}
"""
_PRICE = Decimal("0.000001")
"""USD for a token."""
_VERDICTS = ("legitimate", "suspicious", "attack", "unknown")

Deliver = Callable[[float, dict[str, Any]], None]
"""Sends an event at a virtual second."""


@dataclass
class Amounts:
    """What is counted, without copies."""

    sold: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    """{key: its sum}."""
    crowded: set[str] = field(default_factory=set)
    """The keys whose sales lie within an hour."""
    tokens: Counter[tuple[str, str]] = field(default_factory=Counter)
    """{(scope, key): what it used}."""
    attempts: Counter[tuple[str, str]] = field(default_factory=Counter)
    verdicts: dict[str, str] = field(default_factory=dict)
    """{key: what a look at its uploads says}."""

    def too_much(self) -> set[tuple[str, str]]:
        """Return whose use is more than its limit."""
        most = {"case": Decimal(PARK), "user": HARD / _PRICE}
        return {of for of, tokens in self.tokens.items() if of[0] in most and tokens > most[of[0]]}

    def cost(self, scope: str, key: str) -> Decimal:
        """Return what somebody's use cost, in USD."""
        return self.tokens[scope, key] * _PRICE


def drawn(rng: random.Random, seconds: float, deliver: Deliver) -> Amounts:
    """Draw what is counted, and deliver it over the first `seconds`."""
    amounts = Amounts()
    for number in range(rng.choice([0, 0, 1, 2])):
        _sell(amounts, rng, seconds, deliver, f"thing-{number}")
    for number in range(rng.choice([0, 0, 0, 0, 1, 2])):
        _use(amounts, rng, seconds, deliver, f"case_{number}", rng.choice(["user_0", "user_1"]))
    return amounts


def _sell(amounts: Amounts, rng: random.Random, seconds: float, deliver: Deliver, key: str) -> None:
    """Sell something, nearly at once as far as arrival goes; it happened minutes apart, or hours."""
    together, arrives = rng.random() < 2 / 3, rng.uniform(0, seconds - 1)
    if together:
        amounts.crowded.add(key)
    for number in range(rng.randint(3, 6)):
        amount = Decimal(rng.randint(10, 39)) / 10
        amounts.sold[key] += amount
        at = EPOCH - timedelta(minutes=number * (8 if together else 70))
        detail = {"key": key, "amount": float(amount)}
        event = {"id": f"{key} {number}", "source": "sim.shop", "detail-type": "Sold", "time": at.isoformat()}
        _send(rng, deliver, {**event, "detail": detail}, arrives + rng.uniform(0, 0.3), seconds)


def _use(amounts: Amounts, rng: random.Random, seconds: float, deliver: Deliver, case: str, user: str) -> None:
    """Use something now and then."""
    for key in (case, user):
        amounts.verdicts.setdefault(key, rng.choice(_VERDICTS))
    for number in range(rng.randint(2, 6)):
        tokens, at = rng.randint(100, 700), rng.uniform(0, seconds)
        for of in (("case", case), ("user", user), ("fleet", "")):
            amounts.tokens[of] += tokens
            amounts.attempts[of] += 1
        detail = {"case_id": case, "user_id": user, "model": "m", "prompt_tokens": tokens}
        happened = EPOCH + timedelta(seconds=30 + at)
        event = {"id": f"{case} {number}", "source": "leh.ai-worker", "detail-type": "TokenUsage"}
        event = {**event, "time": happened.isoformat(), "detail": {**detail, "request_id": f"{case} {number}"}}
        _send(rng, deliver, event, at, seconds)
        if rng.random() < 0.3:
            # Told again after a lost answer: another event of the same request.
            deliver(rng.uniform(at, seconds), {**event, "id": f"{case} {number} again"})


def _send(rng: random.Random, deliver: Deliver, event: dict[str, Any], at: float, seconds: float) -> None:
    deliver(at, event)
    if rng.random() < 0.3:
        deliver(rng.uniform(0, seconds), event)


def body(event: dict[str, Any]) -> bytes:
    """Return an event as a message's body."""
    return json.dumps(event).encode()
