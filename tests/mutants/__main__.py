"""Owns the command `python -m tests.mutants`: what the harness catches, and by what; the one rule: each mutant in its own copy."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import ROOT, Mutant
from tests.support import figures

_MOST = 900.0
"""Seconds that the look for one mutant may take."""
_COPIED = ("leh_guardian", "tests", "rules", "docs", "pyproject.toml")


def caught(mutant: Mutant, seeds: int) -> str:
    """Return by what a mutant was caught, or nothing."""
    with tempfile.TemporaryDirectory(prefix="guardian-mutant-") as folder:
        root = Path(folder)
        for name in _COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, root / name)
        for edit in mutant.edits:
            edit.apply(root)
        return _by_tests(mutant, root) if mutant.tests else _by_simulation(root, seeds)


def _by_simulation(root: Path, seeds: int) -> str:
    arguments = ["tests.sim", "--seeds", str(seeds), "--jobs", "1", "--stop"]
    found = _run(root, ["-m", *arguments])
    runs = re.match(r"(\d+) runs", found.stdout)
    if found.returncode == 0 or runs is None:
        return ""
    promises = sorted(set(re.findall(r"^  (\w+) at [0-9.]+ s: ", found.stdout, re.MULTILINE)))
    return f"seed {int(runs[1]) - 1}: {', '.join(promises)}"


def _by_tests(mutant: Mutant, root: Path) -> str:
    found = _run(root, ["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *mutant.tests])
    failed = re.search(r"^FAILED (\S+)", found.stdout, re.MULTILINE)
    return failed[1] if found.returncode == 1 and failed else ""


def _run(root: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    # Contracts in their long form, as `make faults` plays them: the short one stands still in fewer places.
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1", "FAULTS_LONG": "1"}
    environment.pop("GUARDIAN_FIGURES", None)
    try:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_MOST,
            check=False,
        )
    except subprocess.TimeoutExpired:
        # What does not end has found nothing, and the others want their turn.
        return subprocess.CompletedProcess(arguments, 0, "", "")


def main() -> int:
    """Try all mutants, or those named; returns 1 when one was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    wanted = [mutant for mutant in MUTANTS if not asked.names or mutant.name in asked.names]
    missed = 0

    def attempt(mutant: Mutant) -> tuple[Mutant, str, float]:
        began = time.monotonic()
        return mutant, caught(mutant, asked.seeds), time.monotonic() - began

    with ThreadPoolExecutor(asked.jobs) as pool:
        for mutant, by, seconds in pool.map(attempt, wanted):
            missed += not by
            print(f"{mutant.name:<45} {by or 'MISSED':<50} {seconds:6.1f} s", flush=True)
            figures.record("mutants", mutant.name, by or "MISSED")
    print(f"{len(wanted) - missed} of {len(wanted)} mutants caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
