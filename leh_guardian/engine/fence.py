"""Owns the fence between an attempt and the outside; the one rule: no call starts once its lease cannot be trusted any more.

An attempt that cannot renew is cancelled, but a cancellation takes until its timer is due; a process or machine that
stood still would start effects before that, while another attempt is at work. So each call looks first.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from leh_guardian.context import Capabilities
from leh_guardian.engine.lease import Lease
from leh_guardian.errors import LeaseLost


def fenced(can: Capabilities, lease: Lease) -> Capabilities:
    """Return `can`, every port of it closed as soon as `lease` is over."""
    return replace(can, **{field.name: _closed(getattr(can, field.name), lease) for field in fields(can)})


def _closed(port: Any, lease: Lease) -> Any:
    if port is None or isinstance(port, str):
        return port
    if isinstance(port, Mapping):
        return {name: _Port(each, lease) for name, each in port.items()}
    return _Port(port, lease)


class _Port:
    """A port whose calls look at the lease first."""

    def __init__(self, port: Any, lease: Lease) -> None:
        self._port = port
        self._lease = lease

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def call(*arguments: Any, **named: Any) -> Any:
            if self._lease.over:
                raise LeaseLost
            return await found(*arguments, **named)

        return call
