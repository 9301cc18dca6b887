"""A pattern as it was written, before it means anything.

Rule kept: nothing that decides a pattern's meaning is lost here. Doubled keys stay, in order, and a number stays
text; a plain ``json.loads`` would drop the first of two objects and round 30-digit decimals.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from leh_guardian.patterns import json_faults
from leh_guardian.patterns.errors import PatternError, Where
from leh_guardian.patterns.values import BigInteger, Value

MAX_DEPTH = 100
"""How deep a pattern may nest, and how many steps a path may have. EventBridge's own 2048 characters allow no more
of anything sensible; the bound keeps the compiler's recursion far from Python's."""

# Made once: json.dumps makes an encoder for each call that asks for other than its defaults.
_write_scalar = json.JSONEncoder(ensure_ascii=False).encode

# What every JSON decoder keeps as an integer. Beyond, orjson gives a float and json an int.
_SMALLEST_INT64, _BIGGEST_UINT64 = -(2**63), 2**64 - 1


@dataclass(frozen=True, slots=True)
class Members:
    """A JSON object: its members as written, doubled keys included."""

    pairs: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Number:
    """A JSON number as written."""

    text: str

    def comparable(self) -> float | None:
        """Give the double that this text is the shortest form of, or None: EventBridge compares no others."""
        nearest = float(self.text)
        if not math.isfinite(nearest):
            return None
        try:
            written = Decimal(self.text)
        except InvalidOperation:  # an exponent beyond all reason
            return None
        return nearest if Decimal(repr(nearest)) == written else None

    def keys(self) -> frozenset[Value]:
        """Give what this number equals in a decoded event.

        EventBridge compares a number that is not comparable by its literal text. A decoded event has lost that text,
        so the next best is used: whatever a decoder makes of the same text.
        """
        number = self.comparable()
        if number is not None:
            return frozenset({number})
        try:
            whole = int(self.text)
        except ValueError:  # a fraction, or more digits than Python converts
            return frozenset({float(self.text)})
        if _SMALLEST_INT64 <= whole <= _BIGGEST_UINT64:
            return frozenset({BigInteger(whole)})
        return frozenset({BigInteger(whole), float(self.text)})


Node = Members | list["Node"] | str | Number | bool | None


def read_document(pattern: str | bytes | Mapping[str, object]) -> Node:
    """Read a pattern from JSON text, or from the mapping that a YAML loader gives."""
    if isinstance(pattern, str | bytes):
        return _from_json(pattern)
    return _from_python(pattern, ())


def render(node: Node) -> str:
    """Write a node as JSON text again."""
    if isinstance(node, Members):
        return "{" + ", ".join(f"{render(key)}: {render(value)}" for key, value in node.pairs) + "}"
    if isinstance(node, list):
        return "[" + ", ".join(map(render, node)) + "]"
    if isinstance(node, Number):
        return node.text
    return _write_scalar(node)


def _from_json(text: str | bytes) -> Node:
    try:
        document: Node = json.loads(
            text,
            object_pairs_hook=lambda pairs: Members(tuple(pairs)),
            parse_int=Number,
            parse_float=Number,
            parse_constant=_refuse_constant,
        )
    except RecursionError:
        raise _too_deep(()) from None
    except PatternError:
        raise
    except json.JSONDecodeError as error:
        raise PatternError(json_faults.reason(error)) from error
    except ValueError as error:
        raise PatternError(f"Pattern is not valid JSON: {error}") from error
    return document


def _from_python(value: object, where: Where) -> Node:
    if len(where) > MAX_DEPTH:
        raise _too_deep(where)
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, list):
        return [
            item if type(item) is str else _from_python(item, (*where, position)) for position, item in enumerate(value)
        ]
    if isinstance(value, (dict, Mapping)):  # nearly always a dict, and to ask the abstract class takes its time
        return Members(
            tuple((_field_name(key, where), _from_python(item, (*where, key))) for key, item in value.items())
        )
    if isinstance(value, int | float):
        return _number(value, where)
    raise PatternError(f"{type(value).__name__} is not a JSON value", where)


def _number(value: float, where: Where) -> Number:
    if value != value:  # noqa: PLR0124  the one test for NaN that takes an int of any size
        return _refuse_constant("NaN", where)
    try:
        return Number(repr(value))
    except ValueError as error:  # an int of more digits than Python prints
        raise PatternError(f"Number is too long: {error}", where) from error


def _field_name(key: object, where: Where) -> str:
    if not isinstance(key, str):
        raise PatternError(f"Field name must be a string: {key!r}", where)
    return key


def _refuse_constant(name: str, where: Where = ()) -> Number:
    raise PatternError(json_faults.non_standard(name), where)


def _too_deep(where: Where) -> PatternError:
    return PatternError(f"Event pattern is nested more than {MAX_DEPTH} levels deep", where)
