"""`make bench`: everything in one run on this machine; it prints and asserts no time."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import anyio

from leh_guardian.local.postgres import EmbeddedPostgres
from tests.benchmarks.elasticmq import compare_on_elasticmq
from tests.benchmarks.intake import compare
from tests.benchmarks.matching import measure_matching
from tests.benchmarks.planning import plan
from tests.benchmarks.start import measure_start


def main() -> None:
    """Run every benchmark."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=…")
    parser.add_argument("--quick", action="store_true", help="Smaller and fewer runs.")
    quick = parser.parse_args().quick
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; PostgreSQL 18 with fsync; loopback HTTP without TLS")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        postgres = EmbeddedPostgres.start(folder / "postgres")
        try:
            compare(postgres, folder, count=5_000 if quick else 20_000, rounds=1 if quick else 3)
            compare_on_elasticmq(postgres, folder, count=2_000 if quick else 8_000)
            postgres.create_database("planning")
            anyio.run(plan, postgres.dsn("planning"), folder, 2_000 if quick else 10_000)
            measure_start(postgres, 1 if quick else 3)
            measure_matching(0.3 if quick else 1.0)
        finally:
            postgres.stop(remove=True)


if __name__ == "__main__":
    main()
