"""guardian's own messages: an effect is a notice that reaches people, by its id where the channel has ids."""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, ClassVar

from leh_guardian.adapters.channels.console import ConsoleChannel
from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from leh_guardian.engine.directory import People
from leh_guardian.engine.outgoing import OutgoingMessages
from tests.contracts.handlers.worlds import notify
from tests.support.webhook_receiver import HOOK

_TITLE = notify._TITLE


class Webhook(notify.Webhook):
    """A receiver of signed notices that does not deduplicate."""

    handler, name = "page", "webhook"
    # Once it is known to have been taken it is not sent again, even where the attempt ends before it is settled.
    windows: ClassVar = {HOOK: 1, "page.sent": 1}

    def params(self) -> Mapping[str, Any]:
        """Tell it something."""
        return {"target": "channel:hook", "channel": "hook", "kind": "update", "text": f"{_TITLE}\n둘째 줄"}

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open the channel, and what the store knows of messages."""
        can = await super().capabilities(stack, clock)
        pool = await self.pools.of("world")
        quiet = ConsoleChannel(io.StringIO())
        ways = {**can.channels, "console": quiet}
        return replace(can, channels=ways, messages=OutgoingMessages(pool, People("console"), ways, clock))


WORLDS = (Webhook,)
