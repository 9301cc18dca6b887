"""Owns the Document: a file's plain data and the place of every key and value; the one rule: reading a file never raises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from leh_guardian.rules.diagnostics import TOP, Diagnostic, Path, Position, Problem, Source
from leh_guardian.rules.reader import Mark, Reader, Stopped, decode, position_of


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read as far as it could be."""

    source: Source
    complete: bool
    """Whether it could be read to its end; if not, there is no `data`."""
    data: Any
    values: Mapping[Path, Mark]
    """Where each value stands, as the parser told it: see `place`."""
    keys: Mapping[Path, Mark]
    """Where each key stands."""
    diagnostics: tuple[Diagnostic, ...]
    """What is wrong with it as YAML."""
    unclear: frozenset[Path]
    """Where `data` is not what was written; whatever else is wrong there only follows from that."""

    def place(self, path: Path, *, on_key: bool = False) -> Position:
        """Return where `path` stands; for what is not there, where the nearest thing around it does."""
        if on_key and path in self.keys:
            return position_of(self.keys[path])
        while path and path not in self.values:
            path = path[:-1]
        return position_of(self.values[path]) if path in self.values else TOP

    def locate(self, problem: Problem) -> Diagnostic | None:
        """Return `problem` with its place, or None where it only follows from `diagnostics`."""
        if any(problem.path[:length] in self.unclear for length in range(len(problem.path) + 1)):
            return None
        position = self.place(problem.path, on_key=problem.on_key)
        return self.source.diagnostic(position, problem.code, problem.message, problem.hint, problem.severity)


def read_document(content: bytes, file: str) -> Document:
    """Read the YAML text of `file`, whatever it holds."""
    text, source, refusal = decode(content, file)
    reader = Reader(source)
    data, complete = None, False
    try:
        if refusal is None:
            data, complete = reader.read(text), True
    except Stopped:
        pass
    except yaml.YAMLError as error:
        reader.syntax_error(error)
    return Document(
        source=source,
        complete=complete,
        data=data,
        values=reader.values,
        keys=reader.keys,
        diagnostics=(refusal,) if refusal else tuple(reader.diagnostics),
        unclear=frozenset(reader.unclear),
    )
