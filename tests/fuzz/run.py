"""The loop of a fuzz run: inputs by a seed, outcomes counted, and each finding cut down to a literal that repeats it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.fuzz.mutate import mutated

Check = Callable[[bytes], str]
_TRIES = 400
"""Looks at smaller inputs for one finding."""


@dataclass
class Findings:
    """What a run came to."""

    tried: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    found: dict[str, bytes] = field(default_factory=dict)
    """One input for each kind of failure."""

    def report(self, target: str, seed: int) -> str:
        """Return the run in words; a finding's literal can be given to `python -m tests.fuzz --target … --input …`."""
        counts = ", ".join(f"{number} {outcome}" for outcome, number in self.outcomes.most_common())
        lines = [f"fuzz {target}: {self.tried} inputs from seed {seed} ({counts}), {len(self.found)} findings"]
        lines += [f"  {kind}\n    {data!r}" for kind, data in self.found.items()]
        return "\n".join(lines)


def fuzz(check: Check, seeds: Sequence[bytes], seed: int, going_on: Iterator[object]) -> Findings:
    """Try every seed as it is, then mutated ones for as long as `going_on` yields."""
    rng, findings = random.Random(seed), Findings()
    for data in seeds:
        _try(check, data, findings)
    for _ in going_on:
        _try(check, mutated(rng, seeds), findings)
    return findings


def _try(check: Check, data: bytes, findings: Findings) -> None:
    findings.tried += 1
    kind = failure(check, data)
    if not kind:
        findings.outcomes[check(data)] += 1
    elif kind not in findings.found:
        findings.found[kind] = smaller(check, data, kind)


def failure(check: Check, data: bytes) -> str:
    """Return what `check` fails with on `data`, by its type and the line that raised it; nothing if it holds."""
    try:
        check(data)
    except Exception as error:
        trace = error.__traceback__
        while trace and trace.tb_next:
            trace = trace.tb_next
        where = f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}" if trace else "?"
        return f"{type(error).__name__} at {where}: {str(error)[:100]}"
    return ""


def smaller(check: Check, data: bytes, kind: str) -> bytes:
    """Return a part of `data` that fails in the same place, found by leaving out halves, quarters and so on."""
    place = kind.partition(": ")[0]
    portion, tries = len(data) // 2, 0
    while portion and tries < _TRIES:
        at = 0
        while at < len(data) and tries < _TRIES:
            tries += 1
            less = data[:at] + data[at + portion :]
            if failure(check, less).startswith(place):
                data = less
            else:
                at += portion
        portion //= 2
    return data
