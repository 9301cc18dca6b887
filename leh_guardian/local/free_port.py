"""Owns the choice of a port for a server that must be told one; the one rule: nobody else is given it meanwhile."""

from __future__ import annotations

import random
import socket

from leh_guardian.local.processes import LocalUnavailable


def free_port() -> int:
    """Return a free port of 127.0.0.1 below those that systems hand out by themselves: it is still free a moment, or a restart, later.

    Raises:
        LocalUnavailable: there is none.
    """
    for port in random.sample(range(20_000, 32_000), 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise LocalUnavailable("no free port on 127.0.0.1")
