"""Owns the benchmark of the scan: recall of each kind, clean lines reported, speed; the one rule: peers see the same lines.

`dev` families are those that the detectors were made with, `held out` those that they were not, `filtered` these without
Hangul. Peers are installed for the run and thrown away after it; where that cannot be, their columns are missing.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from leh_guardian.disclosure import Scanner
from leh_guardian.disclosure.stream import scan_stream
from tests.benchmarks.disclosure_venv import peers_in
from tests.benchmarks.report import table
from tests.support.leaks.clean import SHAPES, clean_lines
from tests.support.leaks.held_out import held_out_lines
from tests.support.leaks.planted import KINDS, Planted, planted_lines
from tests.support.leaks.values import TODAY

Ask = Callable[[Sequence[str]], tuple[list[set[str]], float]]
"""Returns the kinds found in each line, and the CPU seconds that all of them take."""


def _filtered_lines(random: Random, kind: str, count: int) -> Iterator[Planted]:
    """Yield held-out lines as the worker's log filter leaves them."""
    return (replace(one, line=re.sub("[가-힣]+", "***", one.line)) for one in held_out_lines(random, kind, count))


_SETS = {"dev": planted_lines, "held out": held_out_lines, "filtered": _filtered_lines}
_ROUNDS = 5
_CALM = ("audit", "tokens", "access", "trace", "korean")
_SHARE = 20
"""Peers are asked for one clean line in so many: they are slow."""


def measure_disclosure(folder: Path, count: int, clean: int) -> None:
    """Print recall of each kind over `count` lines, how many of `clean` lines are reported, and MB/s of CPU time."""
    scanner = Scanner(TODAY)
    asked: dict[str, Ask] = {"ours": lambda lines: _ours(scanner, lines)}
    asked |= {peer.name: peer.ask for peer in peers_in(folder)}
    planted = [
        (which, kind, one)
        for which, make in _SETS.items()
        for kind in KINDS
        for one in make(Random(f"bench {which} {kind}"), kind, count)
    ]
    recalls = {name: _recalls(ask, planted) for name, ask in asked.items()}
    print(f"\nScan: recall of each kind, {count} lines each")
    heads = [f"{name} {which}" for name in asked for which in _SETS]
    rows = [
        [kind, *(f"{recalls[name][which, kind] / count:.3f}" for name in asked for which in _SETS)] for kind in KINDS
    ]
    table(["", *heads], rows)
    harsh = list(clean_lines(Random("bench clean"), clean))
    print(f"{clean} harsh clean lines, {_size(harsh):.1f} MB, CPU time of one core:")
    asked["ours"] = lambda lines: _as_file(scanner, lines)
    for name, ask in asked.items():
        some = harsh if name == "ours" else harsh[: clean // _SHARE]
        found, spent = min((ask(some) for _ in range(_ROUNDS if name == "ours" else 1)), key=lambda told: told[1])
        print(
            f"  {name}: {sum(map(bool, found)) / len(some) * 1000:.2f} of 1,000 reported, {_size(some) / spent:.1f} MB/s"
        )
    print("  ours by sort of line (best of so many rounds, as above):")
    calm = (line for shape in _CALM for line in _lines_of(shape, clean // len(_CALM)))
    sorts = {
        "those of them that are JSON records, field-aware": [line for line in harsh if line.startswith("{")],
        "those of them that are text": [line for line in harsh if not line.startswith("{")],
        f"lines as most logs have them ({', '.join(_CALM)})": list(calm),
    }
    for name, lines in sorts.items():
        _, spent = min((_as_file(scanner, lines) for _ in range(_ROUNDS)), key=lambda told: told[1])
        print(f"    {name}: {_size(lines) / spent:.1f} MB/s, {_size(lines) / len(lines) * 1e6:.0f} bytes each")


def _lines_of(shape: str, count: int) -> Iterator[str]:
    """Yield clean lines of one shape."""
    random = Random(f"bench {shape}")
    return (SHAPES[shape](random) for _ in range(count))


def _as_file(scanner: Scanner, lines: Sequence[str]) -> tuple[list[set[str]], float]:
    """Return the kinds found in each line of a file, and the CPU seconds from its bytes to them."""
    data = io.BytesIO("".join(f"{line}\n" for line in lines).encode())
    kinds: list[set[str]] = [set() for _ in lines]
    began = time.process_time()
    for number, found in scan_stream(data, scanner):
        kinds[number - 1].add(found.kind.value)
    return kinds, time.process_time() - began


def _ours(scanner: Scanner, lines: Sequence[str]) -> tuple[list[set[str]], float]:
    began = time.process_time()
    found = [scanner.scan_line(line) for line in lines]
    spent = time.process_time() - began
    return [{one.kind.value for one in founds} for founds in found], spent


def _recalls(ask: Ask, planted: Sequence[tuple[str, str, Planted]]) -> dict[tuple[str, str], int]:
    """Return in how many lines the planted kind was found, by set and kind."""
    found, _ = ask([one.line for _, _, one in planted])
    counts = {(which, kind): 0 for which in _SETS for kind in KINDS}
    for (which, kind, _), kinds in zip(planted, found, strict=True):
        counts[which, kind] += kind in kinds
    return counts


def _size(lines: Sequence[str]) -> float:
    """Return the megabytes of lines, their ends included."""
    return sum(len(line.encode()) + 1 for line in lines) / 1e6
