"""Owns `leh-guardian pattern`: AWS's pattern language by hand; the one rule: the exit code is the answer."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
import orjson

from leh_guardian.cli.given_file import read_given
from leh_guardian.cli.output import out, print_json
from leh_guardian.patterns import PatternError, compile_pattern


@click.group()
def pattern() -> None:
    """Try event patterns."""


@pattern.command()
@click.option(
    "--pattern", "pattern_file", required=True, type=click.Path(path_type=Path), help="File with the pattern."
)
@click.option("--event", "event_file", required=True, type=click.Path(path_type=Path), help="File with the event.")
@click.option("--json", "json_", is_flag=True, help='Print {"matched": …}.')
def match(pattern_file: Path, event_file: Path, json_: bool) -> None:
    """Exit 0 if the event matches, 1 if not, 2 if the pattern is invalid (with EventBridge's reason)."""
    text = read_given(pattern_file)
    event = _event(event_file)
    try:
        compiled = compile_pattern(text)
    except PatternError as error:
        raise click.UsageError(f"{pattern_file}: {error}") from None
    matched = compiled.matches(event)
    if json_:
        print_json({"matched": matched})
    else:
        out("match" if matched else str(compiled.explain(event)))
    sys.exit(0 if matched else 1)


def _event(file: Path) -> dict[str, Any]:
    content = read_given(file)
    try:
        event = orjson.loads(content)
    except orjson.JSONDecodeError:
        try:
            event = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise click.UsageError(f"{file}: not JSON: {error}") from None
    if not isinstance(event, dict):
        raise click.UsageError(f"{file}: an event is a JSON object")
    return event
