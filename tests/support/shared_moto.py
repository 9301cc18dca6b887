"""One moto server for tests that set their stage hundreds of times, and clients of it; both end with the interpreter."""

from __future__ import annotations

import atexit
from contextlib import ExitStack
from functools import cache
from typing import Any

from leh_guardian.local.aws import EmbeddedAws
from tests.support.installation import client


@cache
def shared_moto() -> EmbeddedAws:
    """The server: each stage uses names of its own."""
    server = EmbeddedAws.start()
    atexit.register(server.stop)
    return server


@cache
def shared_client(service: str) -> Any:
    """A client of it."""
    kept = ExitStack()
    atexit.register(kept.close)
    return kept.enter_context(client(service, shared_moto().environment()))
