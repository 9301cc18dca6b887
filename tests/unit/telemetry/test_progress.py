"""Liveness is progress, and nothing else."""

from __future__ import annotations

from leh_guardian.telemetry.progress import Progress


def test_a_loop_that_stops_stamping_is_stuck() -> None:
    """Within its limit a loop lives; past it, it is named with its age; a loop that ended on purpose is forgotten."""
    now = 0.0
    progress = Progress(lambda: now)
    stamp = progress.watch("loop", 10)
    progress.watch("other", 100)
    now = 9.0
    assert progress.stuck() == {}
    stamp("blocked: PostgreSQL is away")
    now = 18.0
    assert progress.stuck() == {}
    assert progress.notes()["loop"].startswith("blocked")
    now = 20.0
    assert progress.stuck() == {"loop": 11.0}
    progress.forget("loop")
    assert progress.stuck() == {}
