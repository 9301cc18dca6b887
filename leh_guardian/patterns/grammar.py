"""What may stand in a field's list: plain values and match expressions, read into operators.

Rule kept: what EventBridge refuses is refused, at the first fault in reading order and in EventBridge's words (the
wording is event-ruler's JsonRuleCompiler, which AWS's own answers repeat).
"""

from __future__ import annotations

from collections.abc import Callable

from leh_guardian.patterns.address import parse_address, parse_block
from leh_guardian.patterns.document import Members, Node, Number
from leh_guardian.patterns.errors import PatternError, Where
from leh_guardian.patterns.ignore_case import AnyCase
from leh_guardian.patterns.numeric import comparable, read_numeric
from leh_guardian.patterns.operators import (
    Absent,
    AnythingBut,
    Cidr,
    EqualsIgnoreCase,
    Exact,
    ExactAddress,
    Exists,
    Operator,
    Prefix,
    PrefixIgnoreCase,
    Suffix,
    SuffixIgnoreCase,
    Wildcard,
)
from leh_guardian.patterns.values import Value, canonical
from leh_guardian.patterns.wildcard import parse_wildcard

_ONE_KEY = "Only one key allowed in match expression"
# EventBridge says "numeric" of anything-but too.
_TOO_MANY = "Too many elements in numeric expression"
_ANYTHING_BUT_VALUE = "Value of anything-but must be an array or single string/number value."
_ANYTHING_BUT_ITEM = "Inside anything but list, start|null|boolean is not supported."
_ANYTHING_BUT_MIXED = "Inside anything but list, either all values are number or string, mixed type is not supported"
_EMPTY_LIST = "Empty arrays are not allowed"
_AFFIX_TEXT = "prefix/suffix match pattern must be a string"


def read_operator(node: Node, where: Where) -> Operator:
    """Read one member of a field's list."""
    if isinstance(node, Members):
        return _read_expression(node, where)
    if isinstance(node, Number):
        return Exact(node.keys())
    if isinstance(node, list):
        raise PatternError("Match value must be String, number, true, false, or null", where)
    if isinstance(node, str):
        address = parse_address(node)
        if address is not None:
            return ExactAddress(address)
    return Exact(frozenset({canonical(node)}))


def _read_expression(expression: Members, where: Where) -> Operator:
    name, operand = _first_member(expression, "Match expression name not found", where)
    reader = _READERS.get(name)
    if reader is None:
        raise PatternError(f"Unrecognized match type {name}", (*where, name))
    operator = reader(operand, (*where, name))
    _refuse_second_member(expression, _TOO_MANY if name in {"numeric", "anything-but"} else _ONE_KEY, where)
    return operator


def _first_member(expression: Members, reason: str, where: Where) -> tuple[str, Node]:
    if not expression.pairs:
        raise PatternError(reason, where)
    return expression.pairs[0]


def _refuse_second_member(expression: Members, reason: str, where: Where) -> None:
    if len(expression.pairs) > 1:
        raise PatternError(reason, (*where, expression.pairs[1][0]))


def _text(node: Node, reason: str, where: Where) -> str:
    if not isinstance(node, str):
        raise PatternError(reason, where)
    return node


def _read_exactly(operand: Node, where: Where) -> Operator:
    return Exact(frozenset({_text(operand, "exact match pattern must be a string", where)}))


def _read_prefix(operand: Node, where: Where) -> Operator:
    if isinstance(operand, Members):
        return PrefixIgnoreCase(_nested_ignore_case(operand, "prefix", where))
    return Prefix(_text(operand, "prefix match pattern must be a string", where))


def _read_suffix(operand: Node, where: Where) -> Operator:
    if isinstance(operand, Members):
        return SuffixIgnoreCase(_nested_ignore_case(operand, "suffix", where))
    return Suffix(_text(operand, "suffix match pattern must be a string", where))


def _nested_ignore_case(expression: Members, outer: str, where: Where) -> AnyCase:
    name, operand = _first_member(expression, f"{outer.capitalize()} expression name not found", where)
    if name != "equals-ignore-case":
        raise PatternError(f"Unsupported {outer} pattern: {name}", (*where, name))
    text = _text(operand, "equals-ignore-case match pattern must be a string", (*where, name))
    _refuse_second_member(expression, _ONE_KEY, where)
    return AnyCase(text)


def _read_ignore_case(operand: Node, where: Where) -> Operator:
    return EqualsIgnoreCase(AnyCase(_text(operand, "equals-ignore-case match pattern must be a string", where)))


def _read_wildcard(operand: Node, where: Where) -> Operator:
    return Wildcard(parse_wildcard(_text(operand, "wildcard match pattern must be a string", where), where))


def _read_cidr(operand: Node, where: Where) -> Operator:
    # EventBridge does say "prefix" here.
    return Cidr(parse_block(_text(operand, "prefix match pattern must be a string", where), where))


def _read_exists(operand: Node, where: Where) -> Operator:
    if not isinstance(operand, bool):
        raise PatternError("exists match pattern must be either true or false.", where)
    return Exists() if operand else Absent()


def _read_anything_but(operand: Node, where: Where) -> Operator:
    if isinstance(operand, Members):
        return _read_anything_but_expression(operand, where)
    if isinstance(operand, str | Number):
        return AnythingBut((Exact(frozenset({_refused_value(operand, where)})),))
    if not isinstance(operand, list):
        raise PatternError(_ANYTHING_BUT_VALUE, where)
    refused = frozenset(_refused_value(item, (*where, position)) for position, item in enumerate(operand))
    if len({isinstance(item, str) for item in operand}) != 1:
        raise PatternError(_ANYTHING_BUT_MIXED, where)
    return AnythingBut((Exact(refused),))


def _refused_value(node: Node, where: Where) -> Value:
    if isinstance(node, Number):
        return comparable(node, where)
    return _text(node, _ANYTHING_BUT_ITEM, where)


def _read_anything_but_expression(expression: Members, where: Where) -> Operator:
    name, operand = _first_member(expression, "Anything-But expression name not found", where)
    where_inside = (*where, name)
    if name not in _REFUSABLE:
        raise PatternError(f"Unsupported anything-but pattern: {name}", where_inside)
    demand, make = _REFUSABLE[name]
    if not isinstance(operand, list | str | Number):
        raise PatternError(f"{_ANYTHING_BUT_VALUE} ({demand})", where_inside)
    if isinstance(operand, list):
        if not operand:  # event-ruler falls over its own feet on this one, so the wording is that of a field
            raise PatternError(_EMPTY_LIST, where_inside)
        refused = tuple(
            make(_text(item, demand, (*where_inside, position)), (*where_inside, position))
            for position, item in enumerate(operand)
        )
    else:
        refused = (make(_text(operand, demand, where_inside), where_inside),)
    _refuse_second_member(expression, _TOO_MANY, where)
    return AnythingBut(refused)


def _affix(text: str, where: Where) -> str:
    if not text:
        raise PatternError("Null prefix/suffix not allowed", where)
    return text


# Operators that anything-but may negate: what each demands of its operand, and how it is made.
_REFUSABLE: dict[str, tuple[str, Callable[[str, Where], Operator]]] = {
    "prefix": (_AFFIX_TEXT, lambda text, where: Prefix(_affix(text, where))),
    "suffix": (_AFFIX_TEXT, lambda text, where: Suffix(_affix(text, where))),
    "equals-ignore-case": (
        "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
        lambda text, _: EqualsIgnoreCase(AnyCase(text)),
    ),
    "wildcard": (
        "wildcard match pattern must be a string",
        lambda text, where: Wildcard(parse_wildcard(text, where)),
    ),
}

_READERS: dict[str, Callable[[Node, Where], Operator]] = {
    "exactly": _read_exactly,  # undocumented, and valid
    "prefix": _read_prefix,
    "suffix": _read_suffix,
    "equals-ignore-case": _read_ignore_case,
    "wildcard": _read_wildcard,
    "numeric": read_numeric,
    "cidr": _read_cidr,
    "exists": _read_exists,
    "anything-but": _read_anything_but,
}
