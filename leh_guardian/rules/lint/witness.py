"""Owns the making of an event that a pattern matches; the one rule: it is tried before it is given.

What a pattern implies matches the pattern's witness as well. So only patterns that may match it need to be asked, which keeps the
comparison of a thousand rules with each other cheap.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any, Final

from leh_guardian.patterns import Alternative, Field, Pattern
from leh_guardian.patterns.operators import (
    Cidr,
    EqualsIgnoreCase,
    Exact,
    ExactAddress,
    Numeric,
    Operator,
    Prefix,
    PrefixIgnoreCase,
    Suffix,
    SuffixIgnoreCase,
    Wildcard,
)
from leh_guardian.patterns.values import Value, canonical, plain

_ANYTHING: Final = ("x", "", 0, True, "\U0010fffd")


def witnesses(pattern: Pattern) -> list[dict[str, Value]] | None:
    """Return the values, by path, of an event for each alternative of a pattern; None if one of them could not be made."""
    found = [values for one in pattern.alternatives if (values := _event(one)) is not None]
    if len(found) < len(pattern.alternatives) or not all(pattern.matches(_nested(values)) for values in found):
        return None
    return [{path: canonical(value) for path, value in values.items()} for values in found]


def _event(alternative: Alternative) -> dict[str, Any] | None:
    values: dict[str, Any] = {}
    for field in alternative.fields:
        if not field.may_be_absent:
            value = next(_values(field), None)
            if value is None:
                return None
            values[field.path] = value[0]
    return values


def _nested(values: dict[str, Any]) -> dict[str, Any]:
    """Return an event with these values; where one stands below another, it has no place and is left out."""
    event: dict[str, Any] = {}
    for path, value in values.items():
        *steps, last = path.split(".")
        here: Any = event
        for step in steps:
            here = here.setdefault(step, {}) if isinstance(here, dict) else None
        if isinstance(here, dict):
            here[last] = value
    return event


def _values(field: Field) -> Iterator[tuple[Any]]:
    for operator in field.operators:
        for value in (*_of(operator), *_ANYTHING):
            if field.matches(canonical(value)):
                yield (value,)


def _of(operator: Operator) -> tuple[Any, ...]:
    match operator:
        case Exact():
            return tuple(plain(key) for key in operator.keys)
        case ExactAddress():
            return (_spelt(*operator.address),)
        case Cidr():
            block = operator.block
            return (_spelt(block.version, block.network << block.host_bits),)
        case Prefix() | Suffix():
            return (operator.text,)
        case PrefixIgnoreCase() | SuffixIgnoreCase() | EqualsIgnoreCase():
            return (operator.text.text, operator.text.text.lower(), operator.text.text.upper())
        case Wildcard():
            return ("".join(operator.pieces),)
        case Numeric():
            return (operator.low, operator.high, operator.low / 2 + operator.high / 2)
    return ()


def _spelt(version: int, number: int) -> str:
    return str(ipaddress.IPv4Address(number) if version == 4 else ipaddress.IPv6Address(number).exploded)
