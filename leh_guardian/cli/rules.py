"""Owns `leh-guardian rules`; the one rule: it loads no client library, so it is quick enough for an editor and a commit hook."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

import leh_guardian.handlers
from leh_guardian.cli.output import out, print_json, tell
from leh_guardian.registry import discover
from leh_guardian.rules.loader import check_rules
from leh_guardian.rules.schema import json_schema


@click.group()
def rules() -> None:
    """Check rule files."""


@rules.command()
@click.argument("directory", required=False, type=click.Path(path_type=Path))
@click.option("--json", "json_", is_flag=True, help="One diagnostic per line.")
def check(directory: Path | None, json_: bool) -> None:
    """Find every mistake in the rule files of DIRECTORY (LEH_RULES__DIR, else ./rules); exit 1 if there is one."""
    folder = directory or Path(os.environ.get("LEH_RULES__DIR") or "rules")
    try:
        next(folder.iterdir(), None)
    except OSError as error:
        raise click.UsageError(f"cannot read {folder}: {error.strerror}") from None
    found, diagnostics = check_rules(folder, discover(leh_guardian.handlers))
    for diagnostic in diagnostics:
        if json_:
            print_json(diagnostic.to_json())
        else:
            out(diagnostic.render())
    if not json_:
        errors = sum(d.severity == "error" for d in diagnostics)
        verdict = f"{errors} errors, {len(diagnostics) - errors} warnings" if diagnostics else "no findings"
        counted = f"{len(found.rules)} rules: " if found else ""
        tell(f"{folder}: {counted}{verdict}")
    sys.exit(1 if diagnostics else 0)


@rules.command()
def schema() -> None:
    """Print the JSON Schema of a rule file, for editors."""
    print_json(json_schema(discover(leh_guardian.handlers)), indent=2)
