"""Owns the question which event types a pattern selects; the one rule: where it may select one that is not known, nothing follows.

A pattern selects by `source` and `detail-type`. Only if every type that it can select is known, what these types look like says
something about its other fields.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from leh_guardian.patterns import Alternative, Field
from leh_guardian.rules.diagnostics import did_you_mean
from leh_guardian.rules.shapes.catalogue import BY_NAME, WHOLE, is_unmistakable, of_source
from leh_guardian.rules.shapes.event_type import EventType

SOURCE: Final = "source"
NAME: Final = "detail-type"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A value of `source` or `detail-type` that no event has together with the other."""

    field: str
    index: int
    """In the field's list."""
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Selection:
    """What an alternative selects."""

    types: tuple[EventType, ...] = ()
    """All types that it can select, empty where others are possible."""
    doubts: tuple[Doubt, ...] = ()


def select(alternative: Alternative) -> Selection:
    """Return the event types that an alternative selects."""
    source = next((field for field in alternative.fields if field.path == SOURCE), None)
    name = next((field for field in alternative.fields if field.path == NAME), None)
    return _select(source, name)


@lru_cache(maxsize=1024)  # the rules of a folder select the same few types
def _select(source: Field | None, name: Field | None) -> Selection:
    sources = _texts(source)
    if name is None or name.exact_keys is None:
        return _by_source(sources, name)
    names = _texts(name)
    types: list[EventType] = []
    doubts: list[Doubt] = []
    whole = names is not None
    for text in names or ():
        found = _types(text, sources)
        types += found
        doubt = None if found else _doubt(text, name, sources)
        doubts += [doubt] if doubt else []
        whole = whole and bool(found)
    return Selection(tuple(types) if whole else (), tuple(doubts))


def _by_source(sources: Sequence[str] | None, name: Field | None) -> Selection:
    if not sources or not WHOLE.issuperset(sources):
        return Selection()
    types = [event_type for source in sources for event_type in of_source(source)]
    matches: Callable[[str], bool] = name.matches if name else lambda _: True
    found = tuple(event_type for event_type in types if matches(event_type.name))
    if found or name is None or name.may_be_absent:
        return Selection(found)
    message = f"{_listed(sources)} sends no event with such a `{NAME}`"
    return Selection((), (Doubt(NAME, 0, message, f"it sends: {_some(types)}"),))


def _types(name: str, sources: Sequence[str] | None) -> list[EventType]:
    known = BY_NAME.get(name, ())
    if sources is None:  # left out, a prefix or the like: it may be anybody's, unless only one sender can be meant
        return [event_type for event_type in known if is_unmistakable(name)]
    return [event_type for event_type in known if any(map(event_type.comes_from, sources))]


def _doubt(name: str, field: Field, sources: Sequence[str] | None) -> Doubt | None:
    """Return why no event of these sources has this `detail-type`, None where that is not known."""
    if not sources:
        return None
    index = next((at for at, written in enumerate(field.expected) if written == f'"{name}"'), 0)
    known = BY_NAME.get(name, ())
    if known and (is_unmistakable(name) or WHOLE.issuperset(sources)):
        senders = sorted({sender for event_type in known for sender in event_type.sources})
        message = f"`{name}` comes from {_listed(senders)}, not from {_listed(sources)}"
        return Doubt(NAME, index, message, f"write source: [{senders[0]}]")
    if not WHOLE.issuperset(sources):
        return None
    types = [event_type for source in sources for event_type in of_source(source)]
    hint = _case_or_close(name, [event_type.name for event_type in types]) or f"it sends: {_some(types)}"
    return Doubt(NAME, index, f"{_listed(sources)} sends no event with the `{NAME}` `{name}`", hint)


def _case_or_close(name: str, candidates: Sequence[str]) -> str:
    same = next((candidate for candidate in candidates if candidate.lower() == name.lower()), None)
    return f"did you mean `{same}`?" if same else did_you_mean(name, candidates)


def _texts(field: Field | None) -> list[str] | None:
    """Return the texts that a field lists, None if it takes others, too."""
    if field is None or field.exact_keys is None:
        return None
    keys = field.exact_keys
    return sorted(key for key in keys if isinstance(key, str)) if all(isinstance(key, str) for key in keys) else None


def _listed(names: Sequence[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)


def _some(types: Sequence[EventType]) -> str:
    names = [event_type.name for event_type in types]
    return ", ".join(names[:4]) + (", …" if len(names) > 4 else "")
