"""Owns `make bench`: everything in one run on this machine; the one rule: it prints, and asserts no time.

What is asserted is that the work was done: counts in the database and confirmations of the server.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from pathlib import Path

import anyio

from leh_guardian.local.postgres import EmbeddedPostgres
from tests.benchmarks.absence import measure_absence
from tests.benchmarks.detectors import measure_detectors
from tests.benchmarks.disclosure import measure_disclosure
from tests.benchmarks.elasticmq import compare_on_elasticmq
from tests.benchmarks.intake import compare
from tests.benchmarks.listing import measure_listing
from tests.benchmarks.loading import measure_loading
from tests.benchmarks.matching import measure_matching
from tests.benchmarks.planning import measure_planning
from tests.benchmarks.processes import end_on_sigterm
from tests.benchmarks.redrive import compare_redrive
from tests.benchmarks.report import machine
from tests.benchmarks.spending import measure_spending
from tests.benchmarks.start import measure_start
from tests.benchmarks.uploads import measure_uploads

_SECTIONS = (
    "intake",
    "elasticmq",
    "planning",
    "redrive",
    "absence",
    "spending",
    "start",
    "matching",
    "loading",
    "detectors",
    "uploads",
    "scan",
    "listing",
)
_INTAKE_SECONDS = 165.0
"""No further round is begun that would end later than this."""


def main() -> None:
    """Run every benchmark, or those asked for."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=…")
    parser.add_argument("--quick", action="store_true", help="smaller and fewer runs, about a minute")
    parser.add_argument("--only", choices=_SECTIONS, nargs="+", default=_SECTIONS, help="these sections only")
    parser.add_argument("--letters", type=int, default=0, help="how many the redrive moves")
    given = parser.parse_args()
    end_on_sigterm()
    with contextlib.suppress(KeyboardInterrupt):
        _run_all(set(given.only), quick=given.quick, letters=given.letters)
        return
    raise SystemExit("interrupted")


def _run_all(only: set[str], *, quick: bool, letters: int) -> None:
    began = time.monotonic()
    print(f"{machine()}; PostgreSQL 18 with fsync; loopback HTTP without TLS", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        postgres = EmbeddedPostgres.start(folder / "postgres")
        try:
            _run(postgres, folder, only, quick=quick, letters=letters)
            _run_alone(folder, only, quick=quick)
        finally:
            postgres.stop(remove=True)
    print(f"\nAll of it took {time.monotonic() - began:.0f} s; at the end: {machine()}")


def _run(postgres: EmbeddedPostgres, folder: Path, only: set[str], *, quick: bool, letters: int) -> None:
    if "intake" in only:
        if quick:
            compare(postgres, folder, count=3_000, distinct=3_000, rounds=1, long_rounds=1, seconds=_INTAKE_SECONDS)
        else:
            compare(postgres, folder, count=20_000, distinct=10_000, rounds=3, long_rounds=2, seconds=_INTAKE_SECONDS)
    if "elasticmq" in only:
        compare_on_elasticmq(postgres, folder, count=2_000 if quick else 4_000, rounds=1 if quick else 2)
    if "planning" in only:
        postgres.create_database("planning")
        anyio.run(measure_planning, postgres.dsn("planning"), folder, 2_000 if quick else 10_000)
    if "redrive" in only:
        compare_redrive(postgres, letters or (2_000 if quick else 10_000), 1 if quick else 3)
    if "absence" in only:
        postgres.create_database("absence")
        anyio.run(measure_absence, postgres.dsn("absence"), folder, 2_000 if quick else 10_000)
    if "spending" in only:
        measure_spending(postgres, folder, quick=quick)
    if "start" in only:
        measure_start(postgres, folder, 1 if quick else 3)


def _run_alone(folder: Path, only: set[str], *, quick: bool) -> None:
    """Run what needs no database."""
    if "matching" in only:
        measure_matching(0.2 if quick else 0.5)
    _run_pure(folder, only, quick=quick)


def _run_pure(folder: Path, only: set[str], *, quick: bool) -> None:
    """Run what needs no database."""
    if "loading" in only:
        measure_loading(folder, 2 if quick else 5)
    if "detectors" in only:
        measure_detectors(3, 100 if quick else 300, 20)
    if "uploads" in only:
        measure_uploads(4 if quick else 40)
    if "scan" in only:
        measure_disclosure(folder, 70 if quick else 700, 4_000 if quick else 40_000)
    if "listing" in only:
        anyio.run(measure_listing, 50_000 if quick else 1_000_000)


if __name__ == "__main__":
    main()
