"""Owns the benchmark of the scan: recall of each kind, clean lines reported, speed; the one rule: peers see the same lines.

`dev` families are those that the detectors were made with, `held out` those that they were not. Peers are looked at where they are
installed (`pip install detect-secrets presidio-analyzer`, large, so in no lock file).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from random import Random

from leh_guardian.disclosure import Scanner
from tests.benchmarks.disclosure_peers import PEERS
from tests.benchmarks.report import table
from tests.support.leaks.clean import clean_lines
from tests.support.leaks.held_out import held_out_lines
from tests.support.leaks.planted import KINDS, Planted, planted_lines
from tests.support.leaks.values import TODAY

Finder = Callable[[str], Iterable[str]]
"""Names the kinds that it finds in a line."""


def measure_disclosure(count: int, clean: int) -> None:
    """Print recall of each kind over `count` lines, how many of `clean` lines are reported, and MB/s of CPU time."""
    scanner = Scanner(TODAY)
    finders: dict[str, Finder] = {"ours": lambda line: {found.kind.value for found in scanner.scan_line(line)}}
    for name, (module, make) in PEERS.items():
        if find_spec(module) is None:
            print(f"{name} is not installed here: its columns are missing")
        else:
            finders[name] = make()
    sets = {"dev": planted_lines, "held out": held_out_lines}
    lines = {
        (which, kind): list(make(Random(f"bench {which} {kind}"), kind, count))
        for which, make in sets.items()
        for kind in KINDS
    }
    print(f"\nScan: recall of each kind, {count} lines each")
    heads = [f"{name} {which}" for name in finders for which in sets]
    rows = [
        [kind, *(f"{_recall(find, kind, lines[which, kind]):.3f}" for find in finders.values() for which in sets)]
        for kind in KINDS
    ]
    table(["", *heads], rows)
    harsh = list(clean_lines(Random("bench clean"), clean))
    size = sum(len(line.encode()) + 1 for line in harsh) / 1e6
    print(f"{clean} harsh clean lines, {size:.1f} MB, CPU time of one core:")
    for name, find in finders.items():
        some = harsh if name == "ours" else harsh[: clean // 20]
        began = time.process_time()
        reported = sum(bool(find(line)) for line in some)
        spent = time.process_time() - began
        speed = sum(len(line.encode()) + 1 for line in some) / 1e6 / spent
        print(f"  {name}: {reported / len(some) * 1000:.2f} of 1,000 reported, {speed:.1f} MB/s")


def _recall(find: Finder, kind: str, lines: list[Planted]) -> float:
    return sum(kind in find(planted.line) for planted in lines) / len(lines)
