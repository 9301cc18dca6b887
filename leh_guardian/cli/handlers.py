"""Owns `leh-guardian handlers`: the handlers' documentation, generated; the one rule: what is printed is what the code declares."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

import leh_guardian.handlers
from leh_guardian.cli.output import raw, tell
from leh_guardian.files import read_file
from leh_guardian.registry import HandlerSpec, discover

_LARGEST = 4 << 20
_HEAD = """# Handlers

Generated from the code by `make docs`; do not edit. A rule uses a handler by its name, with parameters under `with:`.

**Effect** is the promise about how often the outside sees it: *reads* changes nothing; *exactly_once* is effective once, through the
mechanism named; *at_least_once* may repeat after a crash at the wrong instant; *at_most_once* may be missing after one, and is
then shown to a person, never repeated.
"""


@click.group()
def handlers() -> None:
    """Look at what rules can use."""


@handlers.command()
@click.option("--write", type=click.Path(path_type=Path), help="Write the file.")
@click.option("--check", type=click.Path(path_type=Path), help="Exit 1 if the file differs.")
def docs(write: Path | None, check: Path | None) -> None:
    """Print the handlers' documentation."""
    text = documentation()
    if write is not None:
        _write(write, text)
    elif check is not None:
        if _read(check) != text.encode():
            tell(f"{check} is not what the code declares: run `make docs`")
            sys.exit(1)
    else:
        raw(text)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"cannot write {path}: {error.strerror}") from None


def _read(path: Path) -> bytes:
    """Return the file's content; that there is none is a difference like any other."""
    try:
        return read_file(path, _LARGEST)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise click.UsageError(f"cannot read {path}: {error.strerror}") from None


def documentation() -> str:
    """Return docs/handlers.md."""
    specs = sorted(discover(leh_guardian.handlers), key=lambda spec: spec.name)
    return _HEAD + "".join("\n" + "\n".join(_section(spec)) + "\n" for spec in specs)


def _section(spec: HandlerSpec) -> Iterator[str]:
    yield f"## {spec.name}\n"
    yield f"{spec.summary}\n"
    mechanism = f" ({spec.via.value})" if spec.via else ""
    yield f"* Effect: **{spec.effect.value}**{mechanism}. {spec.residual}".rstrip()
    held = "held back by modes and the kill switch" if spec.changes else "runs in every mode"
    yield f"* Changes the service: {'yes' if spec.changes else 'no'}; {held}."
    if spec.approval:
        yield "* Approval: it is for rules in mode `propose`; `rules check` warns of `act`."
    if spec.limits:
        limits = ", ".join(f"{name} {count}" for name, count in spec.limits.items())
        yield f"* Blast radius by default (`guards.limits`): {limits}."
    if spec.target:
        yield f"* Its target is `{spec.target}`: [`per_target`](rules.md#guards) of budget.yaml bounds how often it runs on one."
    yield f"* Timeout of an attempt by default: {spec.timeout}."
    if spec.permissions:
        yield f"* IAM: {', '.join(f'`{permission}`' for permission in spec.permissions)}."
    yield "\n| parameter | default | meaning |\n|---|---|---|"
    for name, field in spec.params.model_fields.items():
        yield f"| `{name}` | {_default(field)} | {(field.description or '').replace(chr(10), ' ')} |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.default
    if isinstance(default, BaseModel):
        default = ", ".join(f"{name}: {value}" for name, value in default.model_dump(exclude_none=True).items())
    return "-" if default is None else f"`{default}`"
