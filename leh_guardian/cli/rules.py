"""Owns `leh-guardian rules`; the one rule: it loads no client library, so it is quick enough for an editor and a commit hook."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leh_guardian.cli.lazy import LazyGroup
from leh_guardian.cli.output import out, print_json, tell
from leh_guardian.cli.rules_folder import registry, rules_folder
from leh_guardian.rules.folder import read_folder
from leh_guardian.rules.loader import Checked, check_folder
from leh_guardian.rules.ruleset import RuleSet

if TYPE_CHECKING:
    from leh_guardian.rules.cases import Result


@click.group(
    cls=LazyGroup,
    elsewhere={
        "explain": "leh_guardian.cli.explain:explain",
        "schedule": "leh_guardian.cli.schedule:schedule",
    },
)
def rules() -> None:
    """Check, test and explain rule files."""
    # At its end the interpreter would search all that is left for cycles; the system takes the memory back anyway.
    atexit.register(gc.freeze)


@rules.command()
@click.argument("directory", required=False, type=click.Path(path_type=Path))
@click.option("--json", "json_", is_flag=True, help="One diagnostic per line.")
def check(directory: Path | None, json_: bool) -> None:
    """Find every mistake in the rule files of DIRECTORY (LEH_RULES__DIR, else ./rules); exit 1 if there is one."""
    folder = rules_folder(directory)
    checked = check_folder(read_folder(folder), registry())
    for diagnostic in checked.diagnostics:
        if json_:
            print_json(diagnostic.to_json())
        else:
            out(diagnostic.render())
    if not json_:
        tell(f"{folder}: {_verdict(checked)}")
    sys.exit(1 if checked.diagnostics else 0)


@rules.command()
@click.argument("directory", required=False, type=click.Path(path_type=Path))
@click.option("--json", "json_", is_flag=True, help="One case per line.")
def test(directory: Path | None, json_: bool) -> None:
    """Run the cases in DIRECTORY/cases: given events and the plans that must follow; exit 1 if one fails."""
    checked = check_folder(read_folder(rules_folder(directory)), registry())
    of_cases = {failure for result in checked.results for failure in result.failures}
    # What is wrong with the files themselves; the failures follow with their cases.
    of_files = [one for one in checked.diagnostics if one.severity == "error" and one not in of_cases]
    for diagnostic in of_files:
        tell(diagnostic.render())
    for result in checked.results:
        if json_:
            print_json(result.to_json())
        else:
            out(_told(result))
    if not json_ and checked.rules is not None:
        _summary(checked.rules, checked.results, len(of_files))
    sys.exit(1 if checked.refused else 0)


@rules.command()
@click.option("--cases", "of", flag_value="cases", help="Of files of rule cases.")
@click.option("--signatures", "of", flag_value="signatures", help="Of signatures.yaml.")
@click.option("--oncall", "of", flag_value="oncall", help="Of oncall.yaml.")
@click.option("--budget", "of", flag_value="budget", help="Of budget.yaml.")
@click.option("--uploads", "of", flag_value="uploads", help="Of signals for `uploads analyse`.")
def schema(of: str | None) -> None:
    """Print the JSON Schema of a rule file, for editors."""
    from leh_guardian.rules import schema as of_files

    schemas = {
        "cases": of_files.case_schema,
        "signatures": of_files.signature_schema,
        "oncall": of_files.oncall_schema,
        "budget": of_files.budget_schema,
        "uploads": of_files.upload_signal_schema,
    }
    print_json(schemas[of]() if of else of_files.json_schema(registry()), indent=2)


def _verdict(checked: Checked) -> str:
    counted = f"{len(checked.rules.rules)} rules, {len(checked.results)} cases: " if checked.rules else ""
    errors = sum(d.severity == "error" for d in checked.diagnostics)
    warnings = len(checked.diagnostics) - errors
    return counted + (f"{errors} errors, {warnings} warnings" if checked.diagnostics else "no findings")


def _told(result: Result) -> str:
    head = f"{'ok  ' if result.passed else 'FAIL'}  {result.file}:{result.line}  {result.name}"
    return "\n".join([head, *(failure.render() for failure in result.failures)])


def _summary(found: RuleSet, results: Sequence[Result], mistakes: int) -> None:
    failed = sum(not result.passed for result in results)
    beside = f"; {mistakes} mistakes in the files" if mistakes else ""
    tell(f"{len(results)} cases: {len(results) - failed} passed, {failed} failed{beside}")
    without = sorted({rule.id for rule in found.rules} - {rule for result in results for rule in result.rules})
    if without:
        tell(f"rules without a case: {', '.join(without)}")
