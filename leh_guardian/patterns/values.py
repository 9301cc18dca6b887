"""Scalars in the one form in which pattern and event are compared.

Rule kept: two scalars are equal here exactly if EventBridge holds them equal. Python alone would say ``True == 1``,
and would compare integers that EventBridge does not take for numbers.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

# Every integer up to here is the shortest text of a double, so that most need no closer look.
_SURELY_COMPARABLE = 2**53


class Constant:
    """One of JSON's three constants, or that there is no value at all: equal to nothing but itself.

    No Enum: this is hashed for every such leaf of every event, and an Enum hashes in Python.
    """

    __slots__ = ("plain", "text")

    def __init__(self, text: str, *, plain: bool | None) -> None:
        self.text = text
        self.plain = plain

    def __repr__(self) -> str:
        return self.text


TRUE: Final = Constant("true", plain=True)
FALSE: Final = Constant("false", plain=False)
NULL: Final = Constant("null", plain=None)
MISSING: Final = Constant("missing", plain=None)
"""What stands at a path where the event has no leaf; ``exists: false`` matches it and nothing else does."""


class BigInteger(NamedTuple):
    """An integer that is not the shortest text of a double: equal to its own digits, never compared as a number."""

    value: int


Value = str | int | float | Constant | BigInteger


def canonical(raw: object) -> Value:
    """Turn a decoded JSON scalar into its comparable form."""
    if isinstance(raw, (str, float)):
        return raw
    if raw is None:
        return NULL
    if isinstance(raw, bool):
        return TRUE if raw else FALSE
    if isinstance(raw, int):
        return raw if -_SURELY_COMPARABLE <= raw <= _SURELY_COMPARABLE else _canonical_integer(raw)
    raise TypeError(f"not a JSON value: {type(raw).__name__}")


def plain(value: Value) -> str | int | float | bool | None:
    """Turn a comparable form back into what a JSON decoder gives."""
    if isinstance(value, Constant):
        return value.plain
    return value.value if isinstance(value, BigInteger) else value


def _canonical_integer(number: int) -> float | BigInteger:
    # event-ruler (ComparableNumber) compares a number only if its text is the shortest form of a double:
    # 10**23 is one although float(10**23) != 10**23, and 2**53 + 1 is none.
    try:
        nearest = float(number)
    except OverflowError:
        return BigInteger(number)
    return nearest if int(Decimal(repr(nearest))) == number else BigInteger(number)
