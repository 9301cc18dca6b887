"""A test's own figures, printed past pytest's capture: counts that a reader of the run should see."""

from __future__ import annotations

import pytest


def show(capsys: pytest.CaptureFixture[str], line: str) -> None:
    """Print `line` whatever is captured."""
    with capsys.disabled():
        print(f"\n{line}")  # noqa: T201 - that is what it is for
