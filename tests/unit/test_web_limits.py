"""How often somebody may ask, and how much is remembered of it."""

from __future__ import annotations

from leh_guardian.web import limits
from leh_guardian.web.limits import Limits, party


class Seconds:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        """Return it."""
        return self.now


def test_so_many_in_a_window() -> None:
    """The window begins with the first, ends by itself, and asking in vain does not make it longer."""
    clock = Seconds()
    some = Limits(clock, 2, 10.0)
    assert [some.count("a"), some.count("a"), some.count("a"), some.count("b")] == [True, True, False, True]
    clock.now = 9.9
    assert some.spent("a")
    assert not some.count("a")
    clock.now = 10.0
    assert not some.spent("a")
    assert some.count("a")
    assert not some.spent("b")


def test_the_memory_is_bounded() -> None:
    """However many keys there are; the ones that began first are forgotten."""
    some = Limits(Seconds(), 1, 10.0)
    for number in range(limits._ROOM + 10):
        assert some.count(f"{number}")
    assert len(some._counts) == limits._ROOM
    assert not some.spent("0")
    assert some.spent(f"{limits._ROOM + 9}")


def test_whom_an_address_is_of() -> None:
    """All addresses of one IPv6 network are one party; what is no address is itself, cut."""
    assert party("2001:db8:0:1::5") == party("2001:db8:0:1:ffff::9%eth0") != party("2001:db8:0:2::5")
    assert party("203.0.113.9") == "203.0.113.9"
    assert party("x" * 100) == "x" * 64
