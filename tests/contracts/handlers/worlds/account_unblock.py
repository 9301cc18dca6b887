"""The end of a block: an effect is a line in LEH's own audit log."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import ClassVar

from leh_guardian.adapters.leh_database.accounts import LehAccounts
from leh_guardian.clock import Clock
from tests.contracts.handlers.worlds.account_block import Blocking
from tests.support.leh_product import Product


class Unblocking(Blocking):
    """The same; guardian has blocked it an hour ago."""

    handler = "account_unblock"
    line: ClassVar = "ACCOUNT_UNBLOCKED"
    becomes: ClassVar = "ACTIVE"

    async def set_out(self, product: Product, clock: Clock) -> None:
        """It is blocked."""
        accounts = LehAccounts(product.dsn, product.names)
        await accounts.block("user_1", uuid.uuid4(), clock.now() - timedelta(hours=1))


WORLDS = (Unblocking,)
