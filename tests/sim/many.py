"""Owns the playing of many seeds on every core; the one rule: no worker lives long enough to be full of the dead."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from tests.sim.simulate import Result, Run

_PORTION = 10
"""Seeds that a worker plays at once."""
_LIFE = 2
"""Portions after which the workers are replaced: what killed processes leave unfinished is not wholly given back.

All at once, with a pool of their own: an executor that replaces them one by one (`max_tasks_per_child`) may wait for ever for
workers that it has not started (CPython issue 115634).
"""


def play(seed: int) -> Result:
    """Play one seed."""
    return Run(seed).play()


def _portion(seeds: range) -> list[Result]:
    return [play(seed) for seed in seeds]


def play_all(seeds: range, jobs: int) -> Iterator[Result]:
    """Play many seeds side by side."""
    life = _LIFE * _PORTION * jobs
    for begin in range(0, len(seeds), life):
        generation = seeds[begin : begin + life]
        portions = [generation[start : start + _PORTION] for start in range(0, len(generation), _PORTION)]
        # Forked: what each of them would import costs as much as it takes to play some seeds.
        with ProcessPoolExecutor(jobs, get_context("fork")) as pool:
            for done in as_completed([pool.submit(_portion, portion) for portion in portions]):
                yield from done.result()
