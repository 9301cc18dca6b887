"""Owns how often somebody may ask; the one rule: its memory is bounded, whoever asks and however often."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable

_ROOM = 4096
"""Keys that are remembered; the ones that began first make way."""


class Limits:
    """Counts by key, in windows that begin with a key's first count."""

    def __init__(self, monotonic: Callable[[], float], most: int, seconds: float) -> None:
        self._monotonic = monotonic
        self._most = most
        self._seconds = seconds
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def spent(self, key: str) -> bool:
        """Tell whether `key` has none left."""
        began, count = self._counts.get(key, (0.0, 0))
        return count >= self._most and self._monotonic() - began < self._seconds

    def count(self, key: str) -> bool:
        """Count one; False where there was none left, which is counted no further."""
        if self.spent(key):
            return False
        now = self._monotonic()
        began, count = self._counts.get(key, (now, 0))
        if now - began >= self._seconds:
            began, count = now, 0
            self._counts.pop(key, None)
        self._counts[key] = (began, count + 1)
        while len(self._counts) > _ROOM:
            self._counts.popitem(last=False)
        return True


def party(address: str) -> str:
    """Return whom an address is of: an IPv6 network of 64 bits is one party."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)
