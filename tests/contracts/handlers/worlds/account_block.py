"""Blocking an account: an effect is a line in LEH's own audit log, by PostgreSQL's own count."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from leh_guardian.adapters.admin_api import HttpAdminApi, admin_session
from leh_guardian.adapters.channels.console import ConsoleChannel
from leh_guardian.adapters.leh_database.accounts import LehAccounts
from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from leh_guardian.model.account import Account, AccountChange
from tests.contracts.handlers.leh_world import LehWorld, now, watched
from tests.support.leh_product import Product
from tests.support.sessions_outside import PATH, REVOKE, SessionsOutside

_LOOK, _CHANGE = "look", "change"
_STATUS = "alter table users add column status varchar(20) not null default 'ACTIVE'"


class Blocking(LehWorld):
    """LEH's database, which goes away before or after it has written, or hangs."""

    handler = "account_block"
    writes = frozenset({_CHANGE})
    line: ClassVar = "ACCOUNT_BLOCKED"
    becomes: ClassVar = "BLOCKED"

    def params(self) -> Mapping[str, Any]:
        """Whose."""
        return {"user": "user_1"}

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Make the account, once, and open the adapter."""
        if self.product is None:
            self.product = await _fresh(self.dsn)
            await self.set_out(self.product, clock)
        console = {"console": ConsoleChannel(io.StringIO())}
        return Capabilities(None, console, None, accounts=_Faulty(self, self.product))  # type: ignore[arg-type]

    async def set_out(self, product: Product, clock: Clock) -> None:
        """It is active."""

    def expected(self) -> set[str]:
        """One line."""
        return {self.line}

    def effects(self) -> Counter[str]:
        """The lines of the log."""
        assert self.product is not None
        lines = [line["action"] for line in now(self.product.log)]
        return Counter(action for action in lines if action == self.line)

    def lost(self) -> set[str]:
        """A line without the status, or the status without a line."""
        assert self.product is not None
        there = now(lambda: self.product.do("select status from users where id = 'user_1'"))[0]["status"]  # type: ignore[union-attr]
        return set() if (there == self.becomes) == bool(self.effects()) else {"status and log differ"}


_made: dict[str, Product] = {}
"""By URL: tables are made once, and emptied for each run."""


async def _fresh(dsn: str) -> Product:
    if dsn not in _made:
        _made[dsn] = await watched(dsn)
        await _made[dsn].do(_STATUS)
    product = _made[dsn]
    await product.do("truncate audit_logs")
    await product.do("update users set status = 'ACTIVE'")
    return product


class _Faulty(LehAccounts):
    """The real adapter, whose answers get lost."""

    def __init__(self, world: Blocking, product: Product) -> None:
        super().__init__(product.dsn, product.names)
        self._world = world

    async def look(self, user: str) -> Account:
        """Look, or not."""
        return await self._world.do(_LOOK, lambda: super(_Faulty, self).look(user))

    async def block(self, user: str, key: UUID, at: datetime) -> AccountChange:
        """Block, or not."""
        return await self._world.do(_CHANGE, lambda: super(_Faulty, self).block(user, key, at))

    async def unblock(self, user: str, key: UUID, at: datetime, label: str | None = None) -> AccountChange:
        """Unblock, or not."""
        return await self._world.do(_CHANGE, lambda: super(_Faulty, self).unblock(user, key, at, label))


class BlockingAndRevoking(Blocking):
    """The same, and the service's own way to end sessions, which goes wrong as well; an effect is a session that has ended."""

    name = "sessions"
    writes = frozenset({_CHANGE, REVOKE})
    ended: ClassVar = "session ended"

    def open(self) -> None:
        """Two sessions are open."""
        super().open()
        self.api = SessionsOutside({"user_1": ["session"], "user_2": ["another"]})
        self.api.faults = self.faults
        self.api.__enter__()

    def close(self) -> None:
        """End the server as well."""
        super().close()
        self.api.__exit__(None, None, None)

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open the admin API as well."""
        session = await stack.enter_async_context(admin_session(5.0))
        sessions = HttpAdminApi(session, self.api.url, None, deadline=5.0, revoke_path=PATH)
        return replace(await super().capabilities(stack, clock), sessions=sessions)

    def expected(self) -> set[str]:
        """One line, and an end."""
        return {self.line, self.ended}

    def effects(self) -> Counter[str]:
        """The lines of the log, and what has ended."""
        return super().effects() + Counter([self.ended] * len(self.api.ended))

    @property
    def hung(self) -> int:
        """Calls that hang."""
        return super().hung + self.api.hung

    def let_go(self) -> None:
        """Let them go on."""
        super().let_go()
        self.api.let_go()


WORLDS = (BlockingAndRevoking,)
