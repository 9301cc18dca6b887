"""Owns JMESPath; the one rule: what can be known to be wrong with an expression is said when the rules are loaded.

The library looks up functions and their arguments only when an expression runs, and then raises whatever Python raised.
Here both are checked up front, and evaluation has one error.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import jmespath
from jmespath.exceptions import EmptyExpressionError, IncompleteExpressionError, LexerError, ParseError
from jmespath.functions import Functions

from leh_guardian.rules.diagnostics import did_you_mean
from leh_guardian.rules.expression_paths import INDEX, find_paths

_FUNCTIONS: Final[dict[str, Any]] = Functions.FUNCTION_TABLE
_LONGEST: Final = 1000


class ExpressionError(ValueError):
    """An expression cannot be read, or not be evaluated on what it was given."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A JMESPath expression that has been read."""

    text: str
    reads: frozenset[tuple[str, ...]]
    """The first two names of the paths that it looks at, such as ("actions", "cause"); () for everything there is."""
    paths: frozenset[tuple[str, ...]] = field(repr=False, compare=False)
    """The whole paths, as far as they can be told, with INDEX where an array is gone into."""
    _parsed: Any = field(repr=False, compare=False)
    _names: tuple[str, ...] = field(default=(), repr=False, compare=False)
    """The names of a plain path such as detail.alarmName, which needs no interpreter; () for anything else."""

    def search(self, data: Any) -> Any:
        """Return what the expression finds in `data`, None for nothing.

        Raises:
            ExpressionError: a function was given what it does not take.
        """
        if self._names:
            return _follow(self._names, data)
        try:
            return self._parsed.search(data)
        except Exception as error:  # hostile values bring out TypeError, OverflowError and others from its depths
            raise ExpressionError(f"`{self.text}` cannot be evaluated: {error}") from error


@lru_cache(maxsize=2048)  # the rules of a folder name their incidents by the same few fields
def compile_expression(text: str) -> Expression:
    """Read a JMESPath expression.

    Raises:
        ExpressionError: it is not one, or it calls a function that does not exist; the text says what and where.
    """
    if len(text) > _LONGEST:
        raise ExpressionError(f"an expression of more than {_LONGEST} characters")
    try:
        parsed = jmespath.compile(text)
        tree: Any = parsed.parsed
        _check_functions({"type": "root", "children": [tree]})
        paths = find_paths(tree)
        reads = frozenset(tuple(name for name in path if name != INDEX)[:2] for path in paths)
        return Expression(text, reads, paths, parsed, _plain_path(tree))
    except ExpressionError:
        raise
    except Exception as error:  # besides its own errors: RecursionError, and ValueError of enormous numbers
        raise ExpressionError(f"not a JMESPath expression: {_reason(error)}") from error


def _plain_path(node: dict[str, Any]) -> tuple[str, ...]:
    if node["type"] == "field":
        return (node["value"],)
    parts = [_plain_path(child) for child in node["children"]] if node["type"] == "subexpression" else []
    return sum(parts, ()) if all(parts) else ()


def _follow(names: tuple[str, ...], data: Any) -> Any:
    """Return what JMESPath finds at a plain path: nothing where there is no object (specification, "Identifiers")."""
    for name in names:
        if not isinstance(data, dict):
            return None
        data = data.get(name)
    return data


def _reason(error: Exception) -> str:
    match error:
        case EmptyExpressionError():
            return "it is empty"
        case IncompleteExpressionError():
            return "it ends too early"
        case LexerError(token_value="-"):
            return (
                f'unexpected `-` as character {error.lex_position + 1}; names with hyphens need quotes: "detail-type"'
            )
        case ParseError(token_type="EOF"):
            return "it ends too early"
        case ParseError():
            return f"unexpected `{error.token_value}` as character {error.lex_position + 1}"
        case _:
            return str(error)


def _check_functions(node: dict[str, Any]) -> None:
    for child in node["children"] if node["type"] != "slice" else ():  # a slice has numbers for children
        if child["type"] == "expref" and node["type"] != "function_expression":
            raise ExpressionError("`&` is only for the arguments of functions such as sort_by")
        if child["type"] == "function_expression":
            _check_call(child["value"], len(child["children"]))
        _check_functions(child)


def _check_call(name: str, given: int) -> None:
    if name not in _FUNCTIONS:
        raise ExpressionError(
            f"there is no function `{name}` in JMESPath; {did_you_mean(name, _FUNCTIONS)}".rstrip("; ")
        )
    signature = _FUNCTIONS[name]["signature"]
    variadic = bool(signature and signature[-1].get("variadic"))
    if given < len(signature) or (given > len(signature) and not variadic):
        least = "at least " if variadic else ""
        raise ExpressionError(f"`{name}` takes {least}{len(signature)} arguments, not {given}")
