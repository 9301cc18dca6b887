"""Mutations of bytes and of JSON, by a seeded generator: the same seed makes the same inputs on every machine."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any, Final

_SIGNS: Final = [
    b'"',
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b" ",
    b"\n",
    b"\x00",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xa8",
]
_WORDS: Final = """
    \\u0000 \\ud800 \\udc00 1e400 -0 1E5 NaN 0.1 null true [] {} "" ${event.detail} %2e%2e%2f 900101-1234567 password=x
    "detail" "source" "detail-type" "id" "time" "Records" "Type":"Notification" "Message" "AlarmName" "$or"
    {"prefix":"a"} {"anything-but":["a",1]} {"numeric":[">",0,"<=",5]} {"wildcard":"*a*b*"} {"cidr":"10.0.0.0/8"}
    {"exists":false} {"suffix":{"equals-ignore-case":"x"}}
"""
TOKENS: Final = [*_SIGNS, *map(str.encode, _WORDS.split()), b"9" * 400, b"[" * 200]
VALUES: Final[list[Any]] = [
    *(None, True, False, 0, -1, 1.5, 1e300, 2**63, 10**40),
    *("", "a", "\x00", "\ud800", "\u202e", "1", "*", "${x}", "x" * 300, "2026-11-22T18:00:00Z"),
    *([], {}, [[]], [{}], {"": []}),
    *({"prefix": "a"}, {"exists": True}, {"numeric": ["=", 1]}, {"anything-but": "a"}, {"wildcard": "a*"}),
]


def mutated(rng: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Return a seed after one to four mutations of its bytes or of what its JSON says."""
    data = rng.choice(seeds)
    for _ in range(rng.choice([1, 1, 2, 3, 4])):
        data = rng.choice(_BYTES)(rng, data, seeds) if rng.random() < 0.2 else _in_json(rng, data)
    return data[:20_000]


def _flip(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    broken = bytearray(data or b"\0")
    for _bit in range(rng.randint(1, 4)):
        broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
    return bytes(broken)


def _insert(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + rng.choice(TOKENS) + data[at:]


def _overwrite(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    at, token = rng.randint(0, len(data)), rng.choice(TOKENS)
    return data[:at] + token + data[at + len(token) :]


def _remove(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + data[at + rng.randint(1, 40) :]


def _repeat(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    at, length = rng.randint(0, len(data)), rng.randint(1, 40)
    return data[:at] + data[at : at + length] * rng.randint(2, 30) + data[at + length :]


def _splice(rng: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    other = rng.choice(seeds)
    return data[: rng.randint(0, len(data))] + other[rng.randint(0, len(other)) :]


_BYTES: Final[Sequence[Callable[[random.Random, bytes, Sequence[bytes]], bytes]]] = (
    _flip,
    _insert,
    _overwrite,
    _remove,
    _repeat,
    _splice,
)


def _in_json(rng: random.Random, data: bytes) -> bytes:
    """Exchange, remove, double or wrap a value somewhere in the JSON of one of the first two lines; what is none stays as it is."""
    lines = data.split(b"\n")
    at = rng.randrange(min(2, len(lines)))
    try:
        lines[at] = json.dumps(_changed(rng, json.loads(lines[at]), 12)).encode()
    except (ValueError, RecursionError):
        return data
    return b"\n".join(lines)


def _changed(rng: random.Random, value: Any, levels: int) -> Any:
    if isinstance(value, dict | list) and value and levels and rng.random() < 0.8:
        if isinstance(value, list):
            at = rng.randrange(len(value))
            inner = _changed(rng, value[at], levels - 1)
            return [*value[:at], *([inner] * rng.choice([0, 1, 1, 1, 2])), *value[at + 1 :]]
        name = rng.choice(list(value))
        inner = _changed(rng, value[name], levels - 1)
        rest = {key: item for key, item in value.items() if key != name}
        renamed = rng.choice([name, name, name, name.upper(), f"{name}.{name}", "$or", "", "id", "x"])
        return {**rest, renamed: inner} if rng.random() < 0.9 else rest
    return rng.choice([*VALUES, [value], {"x": value}, [value, value], str(value)[:50]])
