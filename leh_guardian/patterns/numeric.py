"""The small grammar of ``numeric``: one comparison, or a lower bound and then an upper bound.

Rule kept: a bound is a number whose text is the shortest form of a double (event-ruler, ComparableNumber); there is no
other limit. The 5e9 of older documentation is not enforced by EventBridge.
"""

from __future__ import annotations

from leh_guardian.patterns.document import Members, Node, Number
from leh_guardian.patterns.errors import PatternError, Where
from leh_guardian.patterns.operators import Numeric

_COMPARISONS = frozenset({"=", "<", "<=", ">", ">="})
_LOWER_BOUNDS = frozenset({">", ">="})


def comparable(number: Number, where: Where) -> float:
    """Give the double for a number in a pattern, or refuse it."""
    value = number.comparable()
    if value is None:
        raise PatternError(f"Cannot compare number : {number.text}", where)
    return value


def read_numeric(operand: Node, where: Where) -> Numeric:
    """Read the operand of ``numeric``."""
    if not isinstance(operand, list):
        raise PatternError("Value of numeric must be an array.", where)
    comparison = _comparison(operand, 0, "Invalid member in numeric match: ", where)
    if comparison not in _COMPARISONS:
        raise PatternError(f"Unrecognized numeric range operator: {comparison}", (*where, 0))
    bound = _bound(operand, 1, "equals" if comparison == "=" else comparison, where)
    if len(operand) > 2 and comparison in _LOWER_BOUNDS:
        return _read_range(operand, bound, where)
    if len(operand) > 2:
        raise PatternError("Too many elements in numeric expression", (*where, 2))
    return _single(comparison, comparable(bound, (*where, 1)))


def _single(comparison: str, value: float) -> Numeric:
    if comparison == "=":
        return Numeric(low=value, high=value)
    if comparison in _LOWER_BOUNDS:
        return Numeric(low=value, above=comparison == ">")
    return Numeric(high=value, below=comparison == "<")


def _read_range(operand: list[Node], bottom: Number, where: Where) -> Numeric:
    comparison = _comparison(operand, 2, "Bad value in numeric range: ", where)
    if comparison not in {"<", "<="}:
        raise PatternError(f"Bad numeric range operator: {comparison}", (*where, 2))
    top = _bound(operand, 3, comparison, where)
    if len(operand) > 4:
        raise PatternError("Too many terms in numeric range expression", (*where, 4))
    low, high = comparable(bottom, (*where, 1)), comparable(top, (*where, 3))
    if low >= high:
        raise PatternError("Bottom must be less than top", where)
    return Numeric(low, high, above=operand[0] == ">", below=comparison == "<")


def _comparison(operand: list[Node], position: int, reason: str, where: Where) -> str:
    node = _member(operand, position)
    if not isinstance(node, str):
        raise PatternError(reason + _token(operand, position), _place(operand, position, where))
    return node


def _bound(operand: list[Node], position: int, comparison: str, where: Where) -> Number:
    node = _member(operand, position)
    if not isinstance(node, Number):
        raise PatternError(f"Value of {comparison} must be numeric", _place(operand, position, where))
    return node


def _member(operand: list[Node], position: int) -> Node:
    return operand[position] if position < len(operand) else None


def _place(operand: list[Node], position: int, where: Where) -> Where:
    return (*where, position) if position < len(operand) else where


def _token(operand: list[Node], position: int) -> str:
    """Name a member as EventBridge's streaming parser sees it: by its first token."""
    if position >= len(operand):
        return "]"
    node = operand[position]
    if isinstance(node, Number):
        return node.text
    if isinstance(node, Members):
        return "{"
    if isinstance(node, list):
        return "["
    return "null" if node is None else str(node).lower()
