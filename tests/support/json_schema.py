"""What our own JSON Schemas use of the language, and no more; a keyword that is not known here is an error, not ignored."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_SAYS_NOTHING = {"$schema", "title", "description", "$defs"}
_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "null": (type(None),),
    "number": (int, float),
}


def faults(schema: Mapping[str, Any], value: Any) -> list[str]:
    """Return what keeps `value` from fitting `schema`, by place."""
    return _faults(schema, schema, value, "$")


def _faults(root: Mapping[str, Any], schema: Mapping[str, Any], value: Any, place: str) -> list[str]:
    found: list[str] = []
    for keyword, said in schema.items():
        if keyword in _INNER:
            found += _INNER[keyword](root, said, value, place)
        elif keyword in _PLAIN:
            found += [] if _PLAIN[keyword](said, value) else [f"{place}: not {keyword} {said}"]
        elif keyword not in _SAYS_NOTHING:
            raise ValueError(f"{keyword} is not known here")
    return found


def _has_all(names: Any, value: Any) -> bool:
    return isinstance(value, dict) and set(names) <= value.keys()


def _reference(root: Mapping[str, Any], said: Any, value: Any, place: str) -> list[str]:
    return _faults(root, root["$defs"][said.removeprefix("#/$defs/")], value, place)


def _properties(root: Mapping[str, Any], said: Any, value: Any, place: str) -> list[str]:
    there = value if isinstance(value, dict) else {}
    return [
        fault
        for name in said.keys() & there.keys()
        for fault in _faults(root, said[name], there[name], f"{place}.{name}")
    ]


def _items(root: Mapping[str, Any], said: Any, value: Any, place: str) -> list[str]:
    items = value if isinstance(value, list) else []
    return [fault for number, item in enumerate(items) for fault in _faults(root, said, item, f"{place}[{number}]")]


def _any_of(root: Mapping[str, Any], said: Any, value: Any, place: str) -> list[str]:
    return [] if any(not _faults(root, one, value, place) for one in said) else [f"{place}: fits none"]


_PLAIN: Mapping[str, Callable[[Any, Any], bool]] = {
    "type": lambda said, value: isinstance(value, _TYPES[said]),
    "const": lambda said, value: bool(value == said),
    "enum": lambda said, value: value in said,
    "pattern": lambda said, value: isinstance(value, str) and re.search(said, value) is not None,
    "required": _has_all,
}
_INNER: Mapping[str, Callable[[Mapping[str, Any], Any, Any, str], list[str]]] = {
    "$ref": _reference,
    "properties": _properties,
    "items": _items,
    "anyOf": _any_of,
}
