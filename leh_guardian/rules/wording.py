"""Owns the sentences for what does not fit the shape; the one rule: the reader edits YAML and never heard of pydantic."""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from leh_guardian.model.text import dump_json, shown
from leh_guardian.rules.diagnostics import MOST_MISTAKES, Path, Problem, did_you_mean, dotted

_KINDS: Final = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "finite": "a number",
    "bool": "true or false",
    "dict": "a mapping",
    "model": "a mapping",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "frozen": "a list",
    "none": "left out",
}
"""By the first word of pydantic's error type."""

_DEMANDS: Final = {
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than": "less than {lt}",
    "less_than_equal": "{le} or less",
    "multiple_of": "a multiple of {multiple_of}",
    "string_too_short": "{min_length} characters or longer",
    "string_too_long": "{max_length} characters or shorter",
    "string_pattern_mismatch": "of the form {pattern}",
    "too_short": "a list of {min_length} or more",
    "too_long": "a list of {max_length} or fewer",
    "literal_error": "{expected}",
    "enum": "{expected}",
}


def validate(model: type[BaseModel], data: Any) -> tuple[BaseModel | None, list[ErrorDetails]]:
    """Return `data`, as YAML gives it, as a `model`, or what is wrong with it.

    By way of JSON: strict models take the texts of an enumeration or a set's list from JSON and refuse them from Python.
    """
    try:
        return model.model_validate_json(dump_json(data)), []
    except ValidationError as error:
        return None, error.errors(include_url=False)[:MOST_MISTAKES]


def problems(errors: list[ErrorDetails], model: type[BaseModel], data: Any, base: Path) -> Iterator[Problem]:
    """Yield what is wrong with `data`, which stands at `base`, one problem for each place."""
    said: dict[Path, Problem] = {}
    misspelt: set[Path] = set()
    for error in errors:
        path = real_path(error, data)
        problem = _problem(error, path, fields_at(model, path[:-1]), base)
        if problem.code == "unknown-key" and (meant := re.search("`(.+)`", problem.hint)):
            misspelt.add((*path[:-1], meant[1]))
        said.setdefault(path, problem)  # the branches of a union all complain of the same value
    yield from (problem for path, problem in said.items() if problem.code != "missing-key" or path not in misspelt)


def real_path(error: ErrorDetails, data: Any) -> Path:
    """Return where in `data` the error is: pydantic also names the branches of unions that it tried."""
    path: list[str | int] = []
    for part in error["loc"]:
        here = data if isinstance(data, Mapping) else dict(enumerate(data)) if isinstance(data, list) else {}
        if part in here:
            data = here[part]
            path.append(part)
    return (*path, error["loc"][-1]) if error["type"] == "missing" else tuple(path)


def fields_at(model: type[BaseModel], path: Path) -> dict[str, str]:
    """Return the keys that belong at `path` below `model`, each with its description."""
    here: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, str):
            field = (
                next((f for name, f in here.model_fields.items() if (f.alias or name) == part), None) if here else None
            )
            here = next(_models_in(field.annotation), None) if field else None
    fields = here.model_fields.items() if here else ()
    return {field.alias or name: field.description or "" for name, field in fields}


def described(value: Any) -> str:
    """Return a value for a sentence."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return f'"{shown(value, 60)}"'
        case Mapping():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case _:
            return shown(value, 60)


def _problem(error: ErrorDetails, path: Path, fields: Mapping[str, str], base: Path) -> Problem:
    kind, given, full = error["type"], error["input"], (*base, *path)
    name = dotted(full[2:]) or dotted(full)
    last = str(full[-1]) if full else ""
    if kind == "missing":
        return Problem(full, "missing-key", f"`{name}` is missing", fields.get(last, ""))
    if kind == "extra_forbidden":
        hint = did_you_mean(last, fields) or (f"known here: {', '.join(sorted(fields))}" if fields else "")
        return Problem(full, "unknown-key", f"unknown key `{last}`", hint, on_key=True)
    context = error.get("ctx", {})
    if reason := context.get("error"):
        # Of a mapping what stands in it is wrong, not that it is one.
        what = f"`{name}`" if isinstance(given, Mapping) else f"`{name}` cannot be {described(given)}"
        return Problem(full, "bad-value", f"{what}: {reason}")
    if given in ("", [], ()) and kind.endswith("too_short"):
        return Problem(full, "bad-value", f"`{name}` is empty")
    if kind in _DEMANDS:
        demand = _DEMANDS[kind].format(**{key: _whole(value) for key, value in context.items()})
        return Problem(full, "bad-value", f"`{name}` must be {demand}, not {described(given)}")
    if wanted := _KINDS.get(kind.partition("_")[0]):
        return Problem(full, "bad-value", f"`{name}` must be {wanted}, not {described(given)}", _quoting(wanted, given))
    reason = error["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return Problem(full, "bad-value", f"`{name}` cannot be {described(given)}; wanted: {reason}")


def _whole(value: Any) -> Any:
    """Return an element of an error's context for a sentence: no 3000.0, no quotes around words."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value.replace("'", "") if isinstance(value, str) else value


def _quoting(wanted: str, given: Any) -> str:
    """Return what to do about quotes, where they are what is wrong."""
    if wanted == "text" and isinstance(given, bool | int | float):
        return f'quote it: "{json.dumps(given)}"'
    if wanted in {"a whole number", "a number"} and isinstance(given, str) and re.fullmatch(r"-?\d+(\.\d+)?", given):
        return "write it without quotes and without leading zeros"
    return "begin it with a hyphen, or put it in [ ]" if wanted == "a list" and given is not None else ""


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _models_in(argument)
