"""Owns the words in which event shapes are written; the one rule: what is not known of an event is OPEN, never guessed.

A shape is a leaf, an array of a shape (`Rows`), a mapping of field names to shapes, or OPEN: anything at all, such as the
dimensions of a metric, whose names their owners choose. In a mapping the name `MORE` says that there are other fields, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias


class Kind(Enum):
    """What a leaf holds, in the words of a diagnostic. Any field may hold null as well: senders do that."""

    TEXT = "a text"
    NUMBER = "a number"
    FLAG = "true or false"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar."""

    kind: Kind
    values: tuple[str, ...] = ()
    """All texts that it can be, where the sender documents them; empty: any."""
    form: re.Pattern[str] | None = None
    """What every text of it looks like."""
    example: str = ""
    """A text of that form."""


@dataclass(frozen=True, slots=True)
class Rows:
    """An array. Patterns look through it; an expression needs an index or `[]`."""

    of: Shape


class Anything(Enum):
    """A subtree whose content is free."""

    OPEN = "open"


OPEN: Final = Anything.OPEN
MORE: Final = "*"
Shape: TypeAlias = "Leaf | Rows | Mapping[str, Shape] | Anything"

TEXT: Final = Leaf(Kind.TEXT)
NUMBER: Final = Leaf(Kind.NUMBER)
FLAG: Final = Leaf(Kind.FLAG)


def one_of(*values: str) -> Leaf:
    """Return the leaf that is one of these texts, all of which its sender documents."""
    return Leaf(Kind.TEXT, values)


def like(form: str, example: str) -> Leaf:
    """Return the leaf whose texts all have this form, a regular expression."""
    return Leaf(Kind.TEXT, form=re.compile(form), example=example)


def texts(names: str) -> dict[str, Shape]:
    """Return a mapping of the names, which stand in one text, to text leaves."""
    return dict.fromkeys(names.split(), TEXT)
