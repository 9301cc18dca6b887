"""Owns `${jmespath}` in parameters; the one rule: only what the rule's author wrote is read as a reference, once.

A text that is one reference takes on the value with its type; references inside a longer text are put in as text; `$${`
stands for `${`. What comes in from an event is data: if it looks like a reference, it stays that text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from leh_guardian.errors import RuleError
from leh_guardian.model.text import DEEPEST, TOO_DEEP, dump_json, encodable
from leh_guardian.rules.diagnostics import Path
from leh_guardian.rules.expressions import Expression, ExpressionError, compile_expression

ROOTS: Final = ("actions", "event", "incident")
"""What references may look at: facts of earlier steps by step id, the event's envelope, the incident."""

_OPENING: Final = re.compile(r"\$\$\{|\$\{")
_MOST: Final = 100
"""References in one text: more is a mistake, or a way to make much of little."""
_LONGEST: Final = 1 << 20
"""Characters of a text with what its references find."""
_QUOTES: Final = frozenset("'\"`")


class MissingReference(RuleError):
    """A reference finds nothing."""


@dataclass(frozen=True, slots=True)
class Template:
    """A text of a rule, cut into plain parts and references."""

    parts: tuple[str | Expression, ...]

    @property
    def references(self) -> tuple[Expression, ...]:
        """The references in it."""
        return tuple(part for part in self.parts if isinstance(part, Expression))

    @property
    def is_one_reference(self) -> bool:
        """Whether it is a reference and nothing else, and so keeps the type of what is found."""
        return len(self.parts) == 1 and isinstance(self.parts[0], Expression)

    def fill(self, scope: Mapping[str, Any]) -> Any:
        """Return the text, or the value of its one reference, with what is found in `scope`.

        Raises:
            MissingReference: a reference finds nothing there.
            RuleError: what is found there is too much for one text.
        """
        found = [part if isinstance(part, str) else _find(part, scope) for part in self.parts]
        if self.is_one_reference:
            return found[0]
        parts: list[str] = []
        room = _LONGEST
        for text in map(_as_text, found):
            room -= len(text)
            if room < 0:
                raise RuleError(f"a text with what its references find is longer than {_LONGEST} characters")
            parts.append(text)
        return "".join(parts)


def resolve(params: Mapping[str, Any], scope: Mapping[str, Any]) -> dict[str, Any]:
    """Return `params` with every reference replaced by what it finds in `scope` ({event, incident, actions}).

    Do it once only: in its result, texts that look like references came from outside. Every text of the result can be
    written as UTF-8.

    Raises:
        MissingReference: a reference finds nothing; the text names it.
    """
    resolved: dict[str, Any] = _map_texts(params, lambda text: _map_texts(parse_template(text).fill(scope), encodable))
    return resolved


def without_escapes(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return `params` as a handler gets them, references left as they are written."""

    def plain(text: str) -> str:
        try:
            template = parse_template(text)
        except ExpressionError:
            return text
        return text if template.references else "".join(map(str, template.parts))

    unescaped: dict[str, Any] = _map_texts(params, plain)
    return unescaped


def texts(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield every text in `value` that may hold references, with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from texts(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(item, (*path, index))


@lru_cache(maxsize=2048)
def parse_template(text: str) -> Template:
    """Cut `text` into plain parts and references.

    Raises:
        ExpressionError: a reference is not closed, or is not JMESPath.
    """
    parts: list[str | Expression] = []
    plain, at, references = "", 0, 0
    while opening := _OPENING.search(text, at):
        plain += text[at : opening.start()]
        at = opening.end()
        if opening[0] == "$${":
            plain += "${"
            continue
        end = _closing(text, at)
        parts += [plain] if plain else []
        parts.append(compile_expression(text[at:end].strip()))
        references += 1
        if references > _MOST:
            raise ExpressionError(f"more than {_MOST} references in one text")
        plain, at = "", end + 1
    plain += text[at:]
    return Template((*parts, plain) if plain or not parts else tuple(parts))


def _closing(text: str, start: int) -> int:
    """Return where the brace stands that closes the reference whose text begins at `start`."""
    depth, quote, at = 0, "", start
    while at < len(text):
        character = text[at]
        if quote:
            at += character == "\\"
            quote = "" if character == quote else quote
        elif character in _QUOTES:
            quote = character
        elif character == "{":
            depth += 1
        elif character == "}" and depth == 0:
            return at
        elif character == "}":
            depth -= 1
        at += 1
    raise ExpressionError("`${` without the `}` that closes it; write `$${` for the two characters themselves")


def _find(reference: Expression, scope: Mapping[str, Any]) -> Any:
    try:
        value = reference.search(scope)
    except ExpressionError as error:
        raise MissingReference(f"the reference ${{{reference.text}}} finds nothing: {error}") from error
    if value is None:
        raise MissingReference(f"the reference ${{{reference.text}}} finds nothing")
    return value


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else dump_json(value)


def _map_texts(value: Any, change: Callable[[str], Any], levels: int = DEEPEST) -> Any:
    """Return `value` with every text changed; what lies deeper than `levels`, as only hostile events do, is cut off with a note."""
    if isinstance(value, str):
        return change(value)
    if levels == 0 and isinstance(value, Mapping | list | tuple):
        return TOO_DEEP
    if isinstance(value, Mapping):
        return {name: _map_texts(item, change, levels - 1) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_map_texts(item, change, levels - 1) for item in value]
    return value
