"""Owns the rules of the matching benchmark: ten shapes, one for each kind of operator, in turn.

The one rule: a rule is as picky as a real one, so that an event meets a sixth of a rule among a thousand.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.benchmarks.matching_events import BUCKETS, CALLS, COUNTRIES, KINDS, METRICS, REGIONS, SERVICES, TIERS

Rule = dict[str, Any]


def make_rules(count: int, seed: int = 7) -> list[Rule]:
    """Return `count` patterns, the ten shapes in turn."""
    chance = random.Random(seed)
    return [_SHAPES[number % len(_SHAPES)](chance) for number in range(count)]


def _alarm(detail: Rule) -> Rule:
    return {"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"], "detail": detail}


def _order(detail: Rule) -> Rule:
    return {"source": ["shop.orders"], "detail": detail}


def _stored(detail: Rule) -> Rule:
    return {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": detail}


def _call(detail: Rule) -> Rule:
    return {"detail-type": ["AWS API Call via CloudTrail"], "detail": detail}


def _prefix(chance: random.Random) -> Rule:
    name = f"{chance.choice(SERVICES)}-{chance.choice(METRICS)}-{chance.randrange(20):02d}"
    return _alarm({"alarmName": [{"prefix": name}], "state": {"value": ["ALARM"]}})


def _suffix(chance: random.Random) -> Rule:
    return _stored({
        "bucket": {"name": [chance.choice(BUCKETS)]},
        "object": {"key": [{"suffix": f"-{chance.randrange(30):02d}.{chance.choice(KINDS)}"}]},
    })  # fmt: skip


def _wildcard(chance: random.Random) -> Rule:
    return _stored({"object": {"key": [{"wildcard": f"cases/*/raw/ev_{chance.randrange(256):02x}*.pdf"}]}})


def _anything_but(chance: random.Random) -> Rule:
    return _call({
        "userIdentity": {"accountId": [f"{111122223333 + chance.randrange(80)}"]},
        "eventName": [chance.choice(CALLS)],
        "awsRegion": [{"anything-but": chance.sample(REGIONS, 2)}],
    })  # fmt: skip


def _numeric(chance: random.Random) -> Rule:
    low = chance.randrange(10_000)
    customer = {"tier": [chance.choice(TIERS)], "country": [chance.choice(COUNTRIES)]}
    return _order({"customer": customer, "total": [{"numeric": [">=", low, "<", low + 200]}]})


def _cidr(chance: random.Random) -> Rule:
    return _call({"sourceIPAddress": [{"cidr": f"203.{chance.randrange(16)}.{chance.randrange(256)}.0/22"}]})


def _ignore_case(chance: random.Random) -> Rule:
    return _order({"customer": {"email": [{"equals-ignore-case": f"kim.{chance.randrange(2500)}@example.com"}]}})


def _exists(chance: random.Random) -> Rule:
    user = {"userName": [f"user-{chance.randrange(150):03d}"]}
    return _call({"userIdentity": user, "eventName": chance.sample(CALLS, 3), "errorCode": [{"exists": True}]})


def _either(chance: random.Random) -> Rule:
    choices = [
        {"coupon": [f"C{chance.randrange(200)}"]},
        {"orderId": [{"prefix": f"ORD-{chance.randrange(10_000):05d}"}]},
    ]
    return _order({"$or": choices, "customer": {"tier": [chance.choice(TIERS)]}})


def _items(chance: random.Random) -> Rule:
    item = {"sku": [f"SKU-{chance.randrange(3000):05d}"], "quantity": [{"numeric": [">", chance.randint(8, 18)]}]}
    return _order({"items": item})


_SHAPES: list[Callable[[random.Random], Rule]] = [
    _prefix, _suffix, _wildcard, _anything_but, _numeric, _cidr, _ignore_case, _exists, _either, _items,
]  # fmt: skip
