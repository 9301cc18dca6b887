"""`python -m tests.fuzz [--target event|pattern] [--seconds N] [--seed N] [--input LITERAL]`: exit 1 where something was found."""

from __future__ import annotations

import argparse
import ast
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.fuzz.run import Check, fuzz
from tests.fuzz.targets import check_event, check_pattern, event_seeds, pattern_seeds


def _for(seconds: float) -> Iterator[None]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield


def main() -> int:
    """Run the targets one after the other, each for its share of the time."""
    given = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    given.add_argument("--target", choices=["event", "pattern"], help="this one alone")
    given.add_argument("--seconds", type=float, default=300)
    given.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    given.add_argument("--input", help="try this literal alone, as a finding was printed")
    options = given.parse_args()
    found = 0
    with tempfile.TemporaryDirectory() as folder:
        targets: dict[str, tuple[Check, list[bytes]]] = {
            "event": (check_event(Path(folder)), event_seeds()),
            "pattern": (check_pattern, pattern_seeds()),
        }
        for name in [options.target] if options.target else list(targets):
            check, seeds = targets[name]
            if options.input:
                print(f"{name}: {check(ast.literal_eval(options.input))}")
                continue
            findings = fuzz(check, seeds, options.seed, _for(options.seconds / (1 if options.target else len(targets))))
            print(findings.report(name, options.seed), flush=True)
            found += len(findings.found)
    return 1 if found else 0


sys.exit(main())
