"""One thing that many sessions of the AWS SDK may share, since each would spend a fifth of a second on it."""

from __future__ import annotations

from typing import Any

import pytest
from aiobotocore.session import get_session

from leh_guardian.adapters import aws

_LOADER = get_session().get_component("data_loader")


def share_loader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all sessions that are opened from here on read the SDK's descriptions of AWS through one loader, which keeps them."""

    def session() -> Any:
        made = get_session()
        made.register_component("data_loader", _LOADER)
        return made

    monkeypatch.setattr(aws, "get_session", session)
