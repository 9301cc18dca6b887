"""Scalars in the one form in which pattern and event are compared.

Rule kept: two scalars are equal here exactly if EventBridge holds them equal. Python alone would say ``True == 1``,
and would compare integers that EventBridge does not take for numbers.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import NamedTuple

# Every integer up to here is the shortest text of a double, so that most need no closer look.
_SURELY_COMPARABLE = 2**53


class Constant(Enum):
    """JSON's three constants, equal to nothing but themselves."""

    TRUE = True
    FALSE = False
    NULL = None


class BigInteger(NamedTuple):
    """An integer that is not the shortest text of a double: equal to its own digits, never compared as a number."""

    value: int


Value = str | int | float | Constant | BigInteger


def canonical(raw: object) -> Value:
    """Turn a decoded JSON scalar into its comparable form."""
    if isinstance(raw, str | float):
        return raw
    if raw is None or isinstance(raw, bool):
        return Constant(raw)
    if isinstance(raw, int):
        return _canonical_integer(raw)
    raise TypeError(f"not a JSON value: {type(raw).__name__}")


def plain(value: Value) -> str | int | float | bool | None:
    """Turn a comparable form back into what a JSON decoder gives."""
    return value.value if isinstance(value, Constant | BigInteger) else value


def _canonical_integer(number: int) -> int | float | BigInteger:
    # event-ruler (ComparableNumber) compares a number only if its text is the shortest form of a double:
    # 10**23 is one although float(10**23) != 10**23, and 2**53 + 1 is none.
    if -_SURELY_COMPARABLE <= number <= _SURELY_COMPARABLE:
        return number
    try:
        nearest = float(number)
    except OverflowError:
        return BigInteger(number)
    return nearest if int(Decimal(repr(nearest))) == number else BigInteger(number)
