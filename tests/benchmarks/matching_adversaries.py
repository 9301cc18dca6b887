"""Owns the hostile sets of the matching benchmark: patterns and events made to defeat an index.

The one rule: each is one event against one set, printed with what it cost to build, so that a bound that breaks shows.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from leh_guardian.patterns import PatternIndex, compile_pattern
from tests.benchmarks.report import table

_MANY = 10_000


class _Set(NamedTuple):
    name: str
    patterns: list[dict[str, Any]]
    event: dict[str, Any]


def measure_adversaries() -> None:
    """Print what each hostile set costs to build, and its event to match."""
    print("\nHostile sets: CPU seconds to compile and index, milliseconds for one event")
    rows = []
    for name, written, event in _sets():
        began = time.process_time()
        patterns = {number: compile_pattern(pattern) for number, pattern in enumerate(written)}
        compiled = time.process_time()
        index = PatternIndex(patterns)
        indexed = time.process_time()
        hits = len(index.match(event))
        spent = time.process_time() - indexed
        rows.append([name, f"{compiled - began:.2f}", f"{indexed - compiled:.2f}", f"{hits}", f"{spent * 1000:.2f}"])
    table(["", "compile s", "index s", "hits", "match ms"], rows)


def _sets() -> Iterator[_Set]:
    yield from _texts()
    yield from _numbers_and_negations()
    yield from _alternatives()
    yield from _big_events()


def _texts() -> Iterator[_Set]:
    alike = {"source": ["a"], "detail": {"name": [{"prefix": "y"}]}}
    yield _Set("all alike", [alike] * _MANY, {"source": "a", "detail": {"name": "yes"}})
    prefixes = [{"a": [{"prefix": f"p{n:05d}"}]} for n in range(_MANY)]
    yield _Set("10,000 prefixes", prefixes, {"a": "p01234567"})
    nested = [{"a": [{"prefix": "a" * (n % 2000 + 1)}]} for n in range(_MANY)]
    yield _Set("each a prefix of the next", nested, {"a": "a" * 1000 + "b"})
    suffixes = [{"a": [{"suffix": f"{n:05d}-shared.png"}]} for n in range(_MANY)]
    yield _Set("10,000 suffixes with one end", suffixes, {"a": "x01234-shared.png"})
    wildcards = [{"a": [{"wildcard": f"*shared-text*{n:05d}*"}]} for n in range(_MANY)]
    yield _Set("10,000 wildcards with one text", wildcards, {"a": "shared-text" * 50 + "01234"})
    stars = [{"a": [{"wildcard": f"a*b*c*a*{n}"}]} for n in range(_MANY)]
    yield _Set("wildcards of stars", stars, {"a": "abc" * 5000 + "a77"})


def _numbers_and_negations() -> Iterator[_Set]:
    ranges = [{"a": [{"numeric": [">", n, "<", n + 20_000]}]} for n in range(_MANY)]
    yield _Set("10,000 overlapping ranges", ranges, {"a": 15_000})
    refusals = [{"a": [{"anything-but": [f"v{n}"]}]} for n in range(_MANY)]
    yield _Set("10,000 anything-but", refusals, {"a": "v5"})
    negated = [{"a": [{"anything-but": {"prefix": f"v{n}"}}]} for n in range(_MANY)]
    yield _Set("10,000 anything-but prefix", negated, {"a": "v5"})
    blocks = [{"a": [{"cidr": f"10.{n % 250}.{n // 250}.0/{8 + n % 24}"}]} for n in range(_MANY)]
    yield _Set("10,000 blocks of all masks", blocks, {"a": "10.1.2.3"})


def _alternatives() -> Iterator[_Set]:
    wide = [
        {"s": ["same"], "$or": [{f"k{n % 50}": [f"v{n * 100 + rule}"]} for n in range(1000)]} for rule in range(150)
    ]
    yield _Set("150 rules of 1000 alternatives", wide, {"s": "same", "k3": "v305"})
    deep = [{name: {"$or": [{f"a{n}": [rule]} for n in range(10)]} for name in ("x", "y", "z")} for rule in range(50)]
    yield _Set("50 rules of 10 x 10 x 10", deep, {name: {"a1": 5} for name in ("x", "y", "z")})


def _big_events() -> Iterator[_Set]:
    items = [{"sku": f"s{n}", "quantity": n % 50, "parts": [{"k": n % 7}, {"v": n}]} for n in range(_MANY)]
    crossed = [{"items": {"sku": [f"s{n}"], "quantity": [(n + 1) % 50]}} for n in range(_MANY)]
    yield _Set("10,000 objects, 10,000 rules", crossed, {"items": items})
    nested = [{"items": {"sku": [f"s{n}"], "parts": {"k": [n % 7], "v": [n]}}} for n in range(1000)]
    yield _Set("the same, nested arrays", nested, {"items": items})
    absent = [{"items": {"parts": {"k": [1], "z": [{"exists": False}]}, "sku": [f"s{n}"]}} for n in range(10)]
    yield _Set("the same, an absence, 10 rules", absent, {"items": items})
    wildcards = [{"text": [{"wildcard": f"*abc{n:05d}*"}]} for n in range(_MANY)]
    yield _Set("256 KB of text", wildcards, {"text": "abc" * 85_000})
    paths = [{"many": {f"k{n}": ["v"]}} for n in range(_MANY)]
    yield _Set("10,000 paths", paths, {"many": {f"k{n}": "v" for n in range(5000)}})
