"""The engine in virtual time: whatever a seed does to two replicas, every promise is kept, and a seed can be played again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import ROOT, Edit
from tests.sim import many
from tests.sim.__main__ import told
from tests.sim.many import play
from tests.sim.simulate import Result, Run
from tests.sim.world import Weather

SEEDS = int(os.environ.get("SEEDS") or 500)
"""As many as each mutant is given to be caught in (`python -m tests.mutants`); `make faults` plays thousands."""
_FOREVER = 1800 + SEEDS
"""Seconds after which the players are taken to hang."""


def test_every_promise_is_kept_for_every_seed() -> None:
    """Kills, freezes past the lease, lost answers, throttling, clock jumps, duplicates, restarts: nothing lost, nothing twice."""
    found = subprocess.run(
        [sys.executable, "-m", "tests.sim", "--seeds", str(SEEDS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=_FOREVER,
    )
    assert found.returncode == 0, found.stdout[-20_000:] + found.stderr[-5_000:]


def test_players_are_replaced_and_every_seed_is_played(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each generation plays its portions, and the next goes on where it has ended."""
    monkeypatch.setattr(many, "_PORTION", 2)
    monkeypatch.setattr(many, "_LIFE", 1)
    assert sorted(result.seed for result in many.play_all(range(7, 12), 1)) == [7, 8, 9, 10, 11]


def test_a_seed_reproduces_to_the_byte() -> None:
    """The trace and the rows that are left are the same, whatever was played before and however this process hashes text."""
    seeds = (3, 7, 22)
    here = [play(seed).digest for seed in seeds]
    program = "from tests.sim.many import play; print(*[play(seed).digest for seed in (22, 7, 3)])"
    for hashing in ("0", "999"):
        found = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hashing},
            capture_output=True,
            text=True,
            check=True,
        )
        assert found.stdout.split() == here[::-1]


def test_two_replicas_do_what_one_does() -> None:
    """I15: the exactly-once effects of two replicas are those of one."""
    for seed in range(5):
        alone, together = (Run(seed, Weather(), replicas=count) for count in (1, 2))
        assert not alone.play().violations
        assert not together.play().violations
        assert alone.done("fix") == together.done("fix") != []


def test_a_violation_is_told_so_that_it_can_be_played_again() -> None:
    """The seed, the promise, the end of the trace and the command."""
    result = Result(17, "abc", ["I4 at 3.000 s: twice"], tail=["the last line"])
    text = "\n".join(told(result))
    for part in ("seed 17", "I4 at 3.000 s: twice", "the last line", "python -m tests.sim --first 17 --seeds 1"):
        assert part in text


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_mutant_still_applies(mutant: object, tmp_path: Path) -> None:
    """A mutant whose place in the source has changed would be a mutant no longer; `make faults` lets them be caught."""
    for edit in mutant.edits:  # type: ignore[attr-defined]
        assert isinstance(edit, Edit)
        target = tmp_path / edit.file
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text((ROOT / edit.file).read_text(encoding="utf-8"), encoding="utf-8")
        edit.apply(tmp_path)
