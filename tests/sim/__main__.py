"""Owns the command `python -m tests.sim`: many seeds on every core; the one rule: a failing seed can be played again."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator

from tests.sim.many import play, play_all
from tests.sim.simulate import Result
from tests.support import figures


class Totals:
    """What many runs add up to."""

    def __init__(self) -> None:
        self.failed: list[Result] = []
        self.hits: Counter[str] = Counter()
        self.sums: Counter[str] = Counter()

    def add(self, result: Result) -> None:
        """Add a run."""
        self.hits += result.hits
        for name in ("steps", "effects", "asked", "told", "told_again", "letters", "letters_again"):
            self.sums[name] += getattr(result, name)
        self.sums["virtual seconds"] += round(result.seconds)
        self.sums["runs"] += 1
        if result.violations:
            self.failed.append(result)

    def lines(self, seconds: float) -> Iterator[str]:
        """Say it."""
        s = self.sums
        hours = s["virtual seconds"] / 3600
        yield f"{s['runs']} runs of two replicas in {seconds:.1f} s: {hours:.1f} virtual hours, {s['steps']} steps"
        yield f"runs with violations: {len(self.failed)}"
        yield f"exactly-once effects: {s['effects']}, asked for {s['asked']} times"
        yield f"messages to people: {s['told']}, repeated: {s['told_again']}"
        yield f"dead letters moved: {s['letters']}, twice: {s['letters_again']}"
        faults = [f"{name} {count}" for name, count in sorted(self.hits.items()) if not name.startswith("point ")]
        yield f"faults: {', '.join(faults)}"
        points = [f"{name[6:]} {count}" for name, count in sorted(self.hits.items()) if name.startswith("point ")]
        yield f"points passed: {', '.join(points)}"


def told(result: Result) -> Iterator[str]:
    """Describe a failed run so that it can be played again."""
    yield f"seed {result.seed} (digest {result.digest}):"
    yield from (f"  {violation}" for violation in result.violations[:10])
    yield "  the end of its trace:"
    yield from (f"    {line[:200]}" for line in result.tail)
    yield f"  again: python -m tests.sim --first {result.seed} --seeds 1"


def main() -> int:
    """Play the seeds; returns 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim")
    parser.add_argument("--seeds", type=int, default=500)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--stop", action="store_true", help="at the first violation")
    asked = parser.parse_args()
    began, totals = time.monotonic(), Totals()
    seeds = range(asked.first, asked.first + asked.seeds)
    for result in map(play, seeds) if asked.stop or asked.seeds == 1 else play_all(seeds, asked.jobs):
        totals.add(result)
        if asked.stop and totals.failed:
            break
    failures = (line for failed in totals.failed[:3] for line in told(failed))
    print(*totals.lines(time.monotonic() - began), *failures, sep="\n")
    for name, value in totals.sums.items():
        figures.record("simulation", name, value)
    figures.record("simulation", "violations", len(totals.failed))
    return 1 if totals.failed else 0


if __name__ == "__main__":
    sys.exit(main())
