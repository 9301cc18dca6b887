"""Owns the reading of YAML text; the one rule: a value is what the person wrote, never what YAML 1.1 makes of it.

Only true, false, null, ~, nothing, decimal integers without a leading zero and decimal fractions have a meaning of their
own. Account id 012345670123, 22:30, on and no are text. What a rule file has no use for is refused with its place: anchors
and aliases (nothing is ever expanded, so a bomb of them costs nothing), merge keys, tags, second documents, doubled keys,
keys that are no text.

It reads the parser's events, not its nodes: libyaml's composer recurses in C, where a deep file ends the process.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, NoReturn, TypeAlias

import yaml
from yaml import events

from leh_guardian.rules.diagnostics import MOST_MISTAKES, TOP, Diagnostic, Path, Position, Source

Mark: TypeAlias = Any
"""A place as the parser tells it, `line` and `column` from 0; libyaml and PyYAML have a class each."""

LARGEST: Final = 1 << 20
DEEPEST: Final = 64

# libyaml where PyYAML was built with it: five times faster, the same events.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LINE_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
"""What an escape in double quotes can still bring in."""
_ORDINARY_KEY: Final = re.compile("(?!(?:true|false|null)$)[a-z][a-zA-Z0-9._-]*", re.ASCII)
_WORDS: Final[Mapping[str, bool | None]] = {"true": True, "false": False, "null": None, "~": None, "": None}
_NUMBER_BEGINS: Final = frozenset("+-0123456789")
# The lengths keep a number within what int() and JSON readers take.
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,299})", re.ASCII)
_FRACTION: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,299})(\.[0-9]{1,299})?([eE][-+]?[0-9]{1,3})?", re.ASCII)

_SYNTAX_HINTS: Final = {
    "cannot start any token": "indent with spaces, never tabs; quote a text that begins with @, % or `",
    "mapping values are not allowed": "check the indentation; a text that holds a colon and a space needs quotes",
    "expected <document start>": "the line `...` ends a file; what follows belongs above it",
    "did not find expected": "check the indentation, and the quotes and brackets of the lines before",
    "unexpected end of stream": "a quote or bracket is not closed, or the file is cut off",
    "unknown escape character": "in double quotes a backslash begins an escape; use single quotes",
}


class Stopped(Exception):
    """Reading on makes no sense."""


def decode(content: bytes, file: str) -> tuple[str, Source, Diagnostic | None]:
    """Return the text of a file, its lines, and why it must not be read as YAML at all, if so."""
    if len(content) > LARGEST:
        source = Source(file)
        return "", source, source.diagnostic(TOP, "too-large", "the file is larger than 1 MiB", "split it into several")
    content = content.removeprefix(b"\xef\xbb\xbf")
    text = content.decode("utf-8", "replace")
    source = Source(file, tuple(_LINE_BREAK.split(text)))
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        place = _end_of(content[: error.start].decode("utf-8", "replace"))
        return "", source, source.diagnostic(place, "encoding", "the file is not UTF-8", "save it as UTF-8")
    if found := _UNPRINTABLE.search(text):
        message = f"the control character U+{ord(found[0]):04X} stands here"
        return "", source, source.diagnostic(_end_of(text[: found.start()]), "unprintable", message, "remove it")
    return text, source, None


def resolve_plain(text: str) -> Any:
    """Return what a plain, unquoted text means."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_BEGINS:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FRACTION.fullmatch(text) and math.isfinite(value := float(text)):
        return value
    return text


def position_of(mark: Mark) -> Position:
    """Return a place that the parser told, counted from 1."""
    return Position(mark.line + 1, mark.column + 1)


class Reader:
    """One pass over one file, gathering data, places and mistakes."""

    def __init__(self, source: Source) -> None:
        # The parser's own marks: of a hundred thousand places hardly one is ever asked for.
        self.values: dict[Path, Mark] = {}
        self.keys: dict[Path, Mark] = {}
        self.diagnostics: list[Diagnostic] = []
        self.unclear: set[Path] = set()
        self._source = source
        self._next: Callable[[], Any]

    def read(self, text: str) -> Any:
        """Return the data of `text`.

        Raises:
            Stopped: reading on makes no sense; the diagnostics say why.
            yaml.YAMLError: the text is not YAML.
        """
        # Asked directly: yaml.parse asks twice for each event.
        self._next = _LOADER(text).get_event
        self._next()  # the start of the stream; its documents come with a start and an end of their own
        if isinstance(self._next(), events.StreamEndEvent):
            self._stop(TOP, "empty", "the file is empty", "delete it, or restore what it held")
        data = self._node(self._next(), ())
        self._next()
        after = self._next()
        if isinstance(after, events.DocumentStartEvent):
            self._stop(
                position_of(after.start_mark),
                "several-documents",
                "a second document begins here",
                "give it a file of its own",
            )
        return data

    def syntax_error(self, error: yaml.YAMLError) -> None:
        """Note why the text is not YAML."""
        problem = str(getattr(error, "problem", None) or error)
        context, opened = getattr(error, "context", None), getattr(error, "context_mark", None)
        mark = getattr(error, "problem_mark", None) or opened
        position = position_of(mark) if mark else TOP
        since = ""
        if context and opened and opened.line + 1 < position.line:
            since = f" {context} that begins on line {opened.line + 1}"
        hint = next((hint for part, hint in _SYNTAX_HINTS.items() if part in problem), "")
        told = self._source.diagnostic(position, "yaml-syntax", f"not YAML: {problem}{since}", hint)
        if "${" in told.source and "expected ','" in problem:
            told = replace(told, hint='within { } and [ ] a reference needs quotes: "${…}"')
        self.diagnostics.append(told)

    def _node(self, event: Any, path: Path) -> Any:
        mark = self.values[path] = event.start_mark
        # Nearly every node is a plain scalar: it is asked for first, and by its very type, which costs least.
        if type(event) is events.ScalarEvent and event.anchor is None and event.tag is None:
            return self._scalar(event, mark)
        if event.anchor is not None:
            self._refuse_alias(event, path, mark)
        if isinstance(event, events.AliasEvent):
            return None
        if event.tag is not None:
            self.unclear.add(path)
            self._report(mark, "tag", f"tags such as `{event.tag}` are not taken", "remove it; quote what must be text")
        if isinstance(event, events.ScalarEvent):
            return self._scalar(event, mark)
        if len(path) >= DEEPEST:
            self._stop(position_of(mark), "too-deep", f"nested more than {DEEPEST} levels deep", "no rule needs that")
        return self._mapping(path) if isinstance(event, events.MappingStartEvent) else self._sequence(path)

    def _refuse_alias(self, event: Any, path: Path, mark: Mark) -> None:
        if isinstance(event, events.AliasEvent):
            self.unclear.add(path)
            message, hint = f"aliases such as `*{event.anchor}` are not taken", "write out what it stands for"
        else:
            message, hint = f"anchors such as `&{event.anchor}` are not taken", "write it out wherever it belongs"
        self._report(mark, "alias", message, hint)

    def _scalar(self, event: events.ScalarEvent, mark: Mark) -> Any:
        text: str = event.value
        if event.style == '"' and (found := _UNSTORABLE.search(text)):
            message = f"this text holds the control character U+{ord(found[0]):04X}"
            self._report(mark, "unprintable", message, "remove it")
        return resolve_plain(text) if event.implicit[0] else text

    def _sequence(self, path: Path) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := self._next(), events.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return items

    def _mapping(self, path: Path) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        following, keys = self._next, self.keys
        while (kind := type(event := following())) is not events.MappingEndEvent:
            simple = kind is events.ScalarEvent and event.anchor is None and event.tag is None and _is_word(event.value)
            key = event.value if simple else self._key(event, path)
            here = (*path, key)
            if key not in mapping:
                keys[here] = event.start_mark
                mapping[key] = self._node(following(), here)
            else:
                message = f"`{key}` stands here already, on line {position_of(self.keys[here]).line}"
                self._report(event.start_mark, "duplicate-key", message, "keep one of them")
                self._aside(self._next(), path)
        return mapping

    def _key(self, event: events.Event, path: Path) -> str:
        """Return a key that is no simple word: one in need of a closer look."""
        key = self._aside(event, path)
        plain = isinstance(event, events.ScalarEvent) and event.implicit[0]
        if isinstance(key, str) and not (key == "<<" and plain):
            return key
        if key == "<<":
            self.unclear.add(path)
            self._report(event.start_mark, "merge-key", "merge keys (`<<`) are not taken", "write the keys out")
            return "<<"
        written = str(event.value) if isinstance(event, events.ScalarEvent) else ""
        hint = f'quote it: "{written}"' if written else "write a text before the colon"
        self._report(event.start_mark, "key-not-text", "a key must be text", hint)
        return written

    def _aside(self, event: events.Event, path: Path) -> Any:
        """Read a node for its own mistakes only: its places are not kept."""
        kept = self.values, self.keys, self.unclear
        self.values, self.keys, self.unclear = {}, {}, set()
        try:
            return self._node(event, (*path, "?"))
        finally:
            self.values, self.keys, self.unclear = kept

    def _report(self, mark: Mark, code: str, message: str, hint: str) -> None:
        position = position_of(mark)
        self.diagnostics.append(self._source.diagnostic(position, code, message, hint))
        if len(self.diagnostics) >= MOST_MISTAKES:
            self._stop(position, "too-many", f"{MOST_MISTAKES} mistakes up to here; the rest was not read", "")

    def _stop(self, position: Position, code: str, message: str, hint: str) -> NoReturn:
        self.diagnostics.append(self._source.diagnostic(position, code, message, hint))
        raise Stopped


@lru_cache(maxsize=1024)  # the rules of a folder have the same few keys
def _is_word(text: str) -> bool:
    """Tell whether a key is a word and nothing else, as nearly all are: it then needs no closer look."""
    return _ORDINARY_KEY.fullmatch(text) is not None


def _end_of(text: str) -> Position:
    lines = _LINE_BREAK.split(text)
    return Position(len(lines), len(lines[-1]) + 1)
