"""When a lease is renewed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from leh_guardian.engine.lease import Lease, trusted_until
from tests.support.clock import FakeClock


class Seconds(FakeClock):
    """Seconds in a test's hands."""

    passed = 1000.0

    def monotonic(self) -> float:
        """Return them."""
        return self.passed


@pytest.mark.parametrize(
    ("lease", "late", "pause"),
    [(None, 0.0, 10.0), (None, 4.0, 6.0), (None, 10.0, 0.0), (None, 20.0, 0.0), (60.0, 0.0, 20.0), (60.0, 5.0, 15.0)],
)
def test_an_answer_that_is_late_puts_no_renewal_off(lease: float | None, late: float, pause: float) -> None:
    """A third of a lease after it was asked for it is renewed; at once, when the answer has taken longer."""
    clock, nobody = Seconds(), Any
    action: Any = SimpleNamespace(lease=lease)
    trusted = trusted_until(clock, lease)
    clock.passed += late
    assert Lease(nobody, action, clock, trusted)._pause() == pytest.approx(pause)
