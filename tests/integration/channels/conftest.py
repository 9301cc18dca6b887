"""What the tests of ways to people share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from leh_guardian.adapters.channels import http


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A client."""
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What hangs is given up soon."""
    monkeypatch.setattr(http, "DEADLINE", 0.2)
