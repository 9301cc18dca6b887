"""Owns what must hold after trouble, derived from what a handler declares; the one rule: the declaration decides, not the test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leh_guardian.registry import Effect, HandlerSpec
from tests.contracts.handlers.world import World


@dataclass(frozen=True)
class Run:
    """What one run ended in."""

    where: str
    """What trouble struck, and where."""
    place: str
    """The operation or failpoint at which it struck, empty for none."""
    action: Mapping[str, Any]
    effects: Counter[str]
    expected: frozenset[str]
    lost: frozenset[str]

    @classmethod
    def of(cls, world: World, action: Mapping[str, Any], where: str, place: str = "") -> Run:
        """Look at a world after a run."""
        return cls(where, place, action, world.effects(), frozenset(world.expected()), frozenset(world.lost()))

    @property
    def repeats(self) -> int:
        """Effects beyond the first of each."""
        return sum(self.effects.values()) - len(self.effects)

    def __str__(self) -> str:
        return f"{self.where}: {self.action}, {sum(self.effects.values())} effects ({self.repeats} repeated)"


def hold(spec: HandlerSpec, world: World, run: Run) -> None:
    """Check everything that the handler's effect class promises.

    Raises:
        AssertionError: a promise is broken; it names the run.
    """
    succeeded = run.action["status"] == "succeeded"
    assert set(run.effects) <= run.expected, f"{run}: effects that nobody asked for: {set(run.effects) - run.expected}"
    assert not run.lost, f"{run}: lost {sorted(run.lost)}"
    if succeeded:
        missing = run.expected - set(run.effects)
        assert not missing, f"{run}: said to be done, and {len(missing)} effects are missing"
    match world.promised or spec.effect:
        case Effect.READS:
            assert not run.effects, f"{run}: it only reads, and changed something"
            assert succeeded, f"{run}: a question may be asked again until it is answered"
        case Effect.EXACTLY_ONCE:
            assert not run.repeats, f"{run}: exactly once, via {spec.via}, and repeated"
            assert succeeded, f"{run}: what is safe to repeat is repeated until it is done"
        case Effect.AT_LEAST_ONCE:
            allowed = world.windows.get(run.place, 0)
            assert run.repeats <= allowed, f"{run}: {allowed} may be repeated there: {spec.residual}"
            assert succeeded, f"{run}: what may be repeated is repeated until it is done"
        case Effect.AT_MOST_ONCE:
            assert not run.repeats, f"{run}: at most once, and repeated"
            assert succeeded or run.action["status"] in {"needs_human", "failed"}, f"{run}"
            if not succeeded and run.effects:
                # Failed would mean that it did not happen.
                assert run.action["status"] == "needs_human", f"{run}: it took place, and nobody is asked to look"


def honest(spec: HandlerSpec, world: World) -> None:
    """Check that a world counts what its handler declares.

    Raises:
        AssertionError: it counts nothing, or allows repeats that the handler does not declare.
    """
    if spec.effect is Effect.READS:
        assert not world.expected(), f"{spec.name} only reads: there is no effect to expect"
        assert not world.writes, f"{spec.name} only reads: it writes nothing"
    else:
        assert world.expected(), (
            f"the world {world.name} of {spec.name} does not count effects: name them in `expected`"
        )
        assert world.writes, f"the world {world.name} of {spec.name} does not say which operations carry an effect"
    if spec.effect is not Effect.AT_LEAST_ONCE:
        assert not world.windows, f"{spec.name} is {spec.effect}: nothing may be repeated, so there are no windows"
