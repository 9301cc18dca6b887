"""Owns the question whether one pattern implies another; the one rule: yes is certain, and no means "not known".

Yes: every event that matches the first matches the second. An event may have arrays, of which any element may satisfy a field,
so a field implies another only if each single value that satisfies the one satisfies the other; all fields of the implied
alternative must be implied so, for then whatever choice of elements satisfied the first satisfies the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from leh_guardian.patterns import Alternative, Field, Pattern
from leh_guardian.patterns.operators import (
    Absent,
    AnythingBut,
    Cidr,
    EqualsIgnoreCase,
    Exact,
    ExactAddress,
    Exists,
    Numeric,
    Operator,
    Prefix,
    PrefixIgnoreCase,
    Suffix,
    SuffixIgnoreCase,
    Wildcard,
)

MOST_PAIRS: Final = 10_000
"""Of alternatives: beyond, a question is not worth its time."""

_ANY: Final = "\U0010fffd"
"""Stands for "any text" within a text: a private character, which no operand that holds it itself may be asked about."""


def implies(first: Pattern, second: Pattern) -> bool:
    """Tell whether it is certain that every event that matches `first` matches `second`."""
    if len(first.alternatives) * len(second.alternatives) > MOST_PAIRS:
        return False
    return all(any(alternative_implies(one, other) for other in second.alternatives) for one in first.alternatives)


def alternative_implies(first: Alternative, second: Alternative) -> bool:
    """Tell whether it is certain that whatever satisfies `first` satisfies `second`."""
    fields = {field.path: field for field in first.fields}
    if any(field.may_be_absent for field in second.fields):
        # What is absent beside the chosen elements of an array depends on what else is chosen, in the order of paths.
        same_paths = [field.path for field in first.fields] == [field.path for field in second.fields]
        return same_paths and all(_same_absence(fields[field.path], field) for field in second.fields)
    return all(field.path in fields and field_implies(fields[field.path], field) for field in second.fields)


def _same_absence(first: Field, second: Field) -> bool:
    if not first.may_be_absent and not second.may_be_absent:
        return field_implies(first, second)
    pairs = [(first.operators, second.operators), (second.operators, first.operators)]
    return all(any(_same(one, other) for other in others) for ones, others in pairs for one in ones)


def _same(first: Operator, second: Operator) -> bool:
    """Tell whether two operators are written alike; texts in any case are objects that do not compare."""
    match first, second:
        case (
            EqualsIgnoreCase() | PrefixIgnoreCase() | SuffixIgnoreCase(),
            EqualsIgnoreCase() | PrefixIgnoreCase() | SuffixIgnoreCase(),
        ):
            return type(first) is type(second) and first.text.text == second.text.text
        case AnythingBut(), AnythingBut():
            return len(first.refused) == len(second.refused) and all(map(_same, first.refused, second.refused))
    return first == second


def field_implies(first: Field, second: Field) -> bool:
    """Tell whether it is certain that each value that satisfies `first` satisfies `second`, and that there is one."""
    return not first.may_be_absent and all(operator_implies(operator, second.operators) for operator in first.operators)


def operator_implies(first: Operator, among: Sequence[Operator]) -> bool:
    """Tell whether it is certain that each value that satisfies `first` satisfies one of `among`."""
    if isinstance(first, Absent):
        return first in among
    if isinstance(first, Exact):
        return all(any(operator.matches(key) for operator in among) for key in first.keys)
    return any(_one_implies(first, operator) for operator in among)


def _one_implies(first: Operator, second: Operator) -> bool:
    if isinstance(second, Exists) or _same(first, second):
        return True
    match second:
        case AnythingBut():
            return _avoids(first, second.refused)
        case Numeric():
            return isinstance(first, Numeric) and _within(first, second)
        case Cidr():
            return _in_block(first, second)
    return _text_implies(first, second)


def _text_implies(first: Operator, second: Operator) -> bool:
    match first, second:
        case EqualsIgnoreCase() | PrefixIgnoreCase(), PrefixIgnoreCase():
            return _ascii_lower(first.text.text).startswith(_ascii_lower(second.text.text) or _ANY)
        case EqualsIgnoreCase() | SuffixIgnoreCase(), SuffixIgnoreCase():
            return _ascii_lower(first.text.text).endswith(_ascii_lower(second.text.text) or _ANY)
        case (
            Prefix() | Suffix() | Wildcard(),
            Prefix() | Suffix() | Wildcard() | PrefixIgnoreCase() | SuffixIgnoreCase(),
        ):
            # The stand-in for "any text" can only fall into what `second` leaves open, and whatever replaces it does so too.
            return _ANY not in _operand(second) and second.matches(_with_any(first))
    return False


def _in_block(first: Operator, second: Cidr) -> bool:
    outer = second.block
    match first:
        case ExactAddress():
            version, number = first.address
            return version == outer.version and number >> outer.host_bits == outer.network
        case Cidr():
            shift = outer.host_bits - first.block.host_bits
            return first.block.version == outer.version and shift >= 0 and first.block.network >> shift == outer.network
    return False


def _avoids(first: Operator, refused: Sequence[Operator]) -> bool:
    """Tell whether it is certain that no value satisfies `first` and one of `refused`."""
    if isinstance(first, AnythingBut):
        return all(operator_implies(operator, first.refused) for operator in refused)
    return all(_apart(first, operator) for operator in refused)


def _apart(first: Operator, refused: Operator) -> bool:
    """Tell whether it is certain that no value satisfies both."""
    if isinstance(refused, Exact):
        return not any(first.matches(key) for key in refused.keys)
    if isinstance(first, Numeric):
        return True  # the other operators that can be refused take texts only
    start, end = _fixed(first)
    match refused:
        case Prefix():
            return not start.startswith(refused.text[: len(start)]) if start else False
        case Suffix():
            return not end.endswith(refused.text[-len(end) :]) if end else False
    return False


def _fixed(operator: Operator) -> tuple[str, str]:
    """Return how every text that satisfies the operator begins and ends; empty where that is open."""
    match operator:
        case Prefix():
            return operator.text, ""
        case Suffix():
            return "", operator.text
        case Wildcard():
            return operator.pieces[0], operator.pieces[-1]
    return "", ""


def _with_any(operator: Prefix | Suffix | Wildcard) -> str:
    match operator:
        case Prefix():
            return operator.text + _ANY
        case Suffix():
            return _ANY + operator.text
        case Wildcard():
            return _ANY.join(operator.pieces)


def _operand(operator: Operator) -> str:
    match operator:
        case Prefix() | Suffix():
            return operator.text
        case Wildcard():
            return "".join(operator.pieces)
        case PrefixIgnoreCase() | SuffixIgnoreCase():
            return operator.text.text
    return ""


def _ascii_lower(text: str) -> str:
    """Return the text in small letters, empty if it has others than ASCII: their forms are not one for one."""
    return text.lower() if text.isascii() else ""


def _within(inner: Numeric, outer: Numeric) -> bool:
    low = inner.low > outer.low or (inner.low == outer.low and (inner.above or not outer.above))
    high = inner.high < outer.high or (inner.high == outer.high and (inner.below or not outer.below))
    return low and high
