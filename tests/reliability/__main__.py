"""Owns docs/reliability.md: promises, faults, figures; the one rule: every figure comes from a run of `make faults`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from leh_guardian.app import handlers
from tests.mutants.catalogue import MUTANTS
from tests.reliability.matrix import INVARIANTS, ROWS, Row

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "reliability.md"

_HEAD = """# Reliability

Written by `make faults`; do not edit. The figures are from one run of its commands: {sizes}. Each row's tests also run, in small,
by `make test ARGS=<file>`; `GUARDIAN_FIGURES=<folder>` writes down what they count, `python -m tests.reliability <folder>` this page.

**The promise.** No event that SQS has handed over is lost once it is acknowledged. An effect happens as its handler's class says:
exactly once, at least once (repetitions are counted here), or at most once. What is unknown is shown as unknown. Nothing else is
promised.

How it is looked for: the engine in [virtual time](../tests/sim), any number of seeds, each reproducible to the byte;
[real processes](../tests/faults) around a real PostgreSQL and an SQS server that keeps a ledger;
[contracts](../tests/contracts/handlers) that every handler must keep, generated from the register; [mutants](../tests/mutants)
that the whole must catch.
"""


def page(figures: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the page's lines."""
    yield _HEAD.format(sizes=_sizes(figures))
    yield "## What each handler promises\n"
    yield "| handler | effect | a crash, or a lost answer | its contract tests |\n|---|---|---|---|"
    for spec in handlers():
        via = f", by {spec.via.value}" if spec.via else ""
        risk = spec.residual or "nothing to repeat"
        yield f"| `{spec.name}` | {spec.effect.value}{via} | {risk} | {_contracts(figures, spec.name)} |"
    yield "\n## What always holds\n"
    yield "| | promise | held by |\n|---|---|---|"
    yield from (f"| {each.id} | {each.says} | {each.held} |" for each in INVARIANTS)
    yield "\n## In virtual time\n"
    yield from _table(figures.get("simulation", {}), "`python -m tests.sim --seeds N`")
    yield "\n## Faults\n"
    yield "| | fault | what happens | shown by | measured |\n|---|---|---|---|---|"
    yield from (_row(row, figures) for row in ROWS)
    yield "\n## Mutants\n"
    yield "Each is a defect put into a copy of the source; the harness must find it (`python -m tests.mutants`).\n"
    yield "| defect | found by |\n|---|---|"
    found = figures.get("mutants", {})
    yield from (f"| {mutant.name} | {found.get(mutant.name, 'not tried in this run')} |" for mutant in MUTANTS)


def _sizes(figures: Mapping[str, Mapping[str, Any]]) -> str:
    faults = figures.get("faults", {})
    kills = faults.get("random_kills", {}).get("kills", 0)
    return f"{figures.get('simulation', {}).get('runs', 0)} simulated runs, {kills} random kills"


def _contracts(figures: Mapping[str, Mapping[str, Any]], handler: str) -> str:
    """Say what a handler's contract tests counted."""
    found = [value for key, value in figures.get("handlers", {}).items() if key.startswith(f"{handler}/")]
    if not found:
        return "not run"
    runs, effects, again, lost = (sum(each[name] for each in found) for name in ("runs", "effects", "repeats", "lost"))
    most = max(each["most_repeats_in_a_run"] for each in found)
    places = sorted({place for each in found for place in each["repeated_at"]})
    where = f" (at most {most} in a run; at {', '.join(places)})" if again else ""
    return f"{runs} runs in trouble, {effects} effects, lost {lost}, repeated {again}{where}"


def _row(row: Row, figures: Mapping[str, Mapping[str, Any]]) -> str:
    shown = ", ".join(
        f"[{test.rpartition('/')[2].partition('.')[0]}](../{test.partition('::')[0]})" for test in row.tests
    )
    measured = "; ".join(filter(None, (_measured(figures, *key) for key in row.figures)))
    lacks = f"**Not shown:** {row.lacks}" if row.lacks else ""
    return f"| {row.id} | {row.fault} | {row.answer} | {shown} | {' '.join(filter(None, (measured, lacks)))} |"


def _measured(figures: Mapping[str, Mapping[str, Any]], section: str, key: str) -> str:
    value = figures.get(section, {}).get(key)
    if not isinstance(value, dict):
        return "" if value is None else f"{value}"
    return f"{key.replace('_', ' ')}: " + ", ".join(
        f"{name.replace('_', ' ')} {_said(each)}" for name, each in value.items()
    )


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{name} {each}" for name, each in value.items()) + ")"
    return ", ".join(map(str, value)) if isinstance(value, list) else f"{value}"


def _table(values: Mapping[str, Any], command: str) -> Iterator[str]:
    yield f"{command}\n"
    yield "| | |\n|---|---|"
    yield from (f"| {name.replace('_', ' ')} | {value:,} |" for name, value in sorted(values.items()))


def main() -> int:
    """Write the page from the figures of a folder."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability")
    parser.add_argument("figures", type=Path)
    folder: Path = parser.parse_args().figures
    figures = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))}
    PAGE.write_text("\n".join(page(figures)) + "\n", encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)} from {', '.join(figures) or 'no figures'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
