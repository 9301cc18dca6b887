"""Owns what many sessions of the AWS SDK may share; the one rule: nothing of it can differ between two.

A test run opens thousands of sessions and some hundred daemons: what each would read, name and look up is the same for all.
"""

from __future__ import annotations

from functools import cache
from types import FunctionType
from typing import Any

from aiobotocore.session import get_session
from botocore import hooks

from leh_guardian.adapters import aws

_LOADER = get_session().get_component("data_loader")
_NAMES: dict[str, str] = {}
"""Old names of the SDK's events, and what they are called by now."""


def share_loader() -> None:
    """Let all sessions that are opened from here on read the SDK's descriptions of AWS through one loader, which keeps them.

    They name events and look at handlers' parameters once, too: half of what it costs to open a session and a client.
    """
    open_session, begin, looked = aws.get_session, hooks.EventAliaser.__init__, hooks.accepts_kwargs
    of_function = cache(looked)

    def session() -> Any:
        made = open_session()
        made.register_component("data_loader", _LOADER)
        return made

    def begun(aliaser: hooks.EventAliaser, emitter: Any, aliases: Any = None) -> None:
        begin(aliaser, emitter, aliases)
        # Each client has a copy of its session's, which is made with a copy of the table.
        if aliases is None or aliases == hooks.EVENT_ALIASES:
            aliaser._alias_name_cache = _NAMES

    def accepts(handler: Any) -> Any:
        # A method is of a session, which would be kept with it; its function is of the class.
        function = getattr(handler, "__func__", handler)
        return of_function(function) if isinstance(function, FunctionType) else looked(handler)

    aws.get_session, hooks.EventAliaser.__init__, hooks.accepts_kwargs = session, begun, accepts
