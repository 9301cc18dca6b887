"""Owns an account's status in LEH's PostgreSQL; the one rule: from active to blocked and back, under locks, with its line in the log.

As a case's (`cases`): status and line are one transaction, and the line is found again by its exact time. All administrators are
locked with the account, in one order, so that two blocks at the same time cannot take the last two of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from leh_guardian.adapters.leh_database import spelling
from leh_guardian.adapters.leh_database.audit_log import examples, is_written, newest, write
from leh_guardian.adapters.leh_database.catalogue import IDS, TIMES, WORDS, Column, Form, Table, table
from leh_guardian.adapters.leh_database.connection import LehTransaction, transaction
from leh_guardian.adapters.leh_database.names import Names
from leh_guardian.adapters.leh_database.schema import Schema, schema
from leh_guardian.errors import NotFound, Refused
from leh_guardian.fields import is_case_id
from leh_guardian.model.account import ACTIVE, BLOCKED, Account, AccountChange
from leh_guardian.model.text import shown
from leh_guardian.telemetry.failpoints import failpoint

_LINES = 200


@dataclass(frozen=True, slots=True)
class _Users:
    """The table of accounts, as it is here."""

    table: Table
    id: Column
    status: Column
    role: Column
    updated_at: Column | None


class LehAccounts:
    """The port `Accounts`."""

    def __init__(self, dsn: str, names: Names) -> None:
        self._dsn = dsn
        self._names = names

    async def look(self, user: str) -> Account:
        """Return what is known of an account."""
        _check(user)
        async with transaction(self._dsn) as tx:
            return await self._account(tx, await self._users(tx), user)

    async def block(self, user: str, key: UUID, at: datetime) -> AccountChange:
        """Block an active account and write that into LEH's log, under `key`; `at` must be the same for every attempt."""
        _check(user)
        async with transaction(self._dsn) as tx:
            found, users = await schema(tx, self._names), await self._users(tx)
            action = found.called(self._names.blocked_action, "blocked_action")
            before = await self._account(tx, users, user, lock=True)
            label = await self._blocked(tx, users, before)
            if await is_written(tx, found, user, found.restorer, action, at):
                return AccountChange(before, changed=True, label=label)
            if before.status != ACTIVE:
                return AccountChange(before, changed=False)
            if before.refusal:
                raise Refused(f"the account {user} is not blocked: {before.refusal.en}")
            await self._set(tx, found, users, before, label, at)
            await self._log(tx, found, user, action, key, at)
            failpoint("account.before_commit")
        failpoint("account.committed")
        return AccountChange(before, changed=True, label=label)

    async def unblock(self, user: str, key: UUID, at: datetime, label: str | None = None) -> AccountChange:
        """Make an account that guardian has blocked active again, spelt as `label` if that is given; otherwise as `block`."""
        _check(user)
        async with transaction(self._dsn) as tx:
            found, users = await schema(tx, self._names), await self._users(tx)
            action = found.called(self._names.unblocked_action, "unblocked_action")
            before = await self._account(tx, users, user, lock=True)
            label = self._active(users, before, label)
            if await is_written(tx, found, user, found.restorer, action, at):
                return AccountChange(before, changed=True, label=label)
            if before.status != BLOCKED:
                return AccountChange(before, changed=False)
            if not await self._is_ours(tx, found, user):
                raise Refused(f"the account {user} was not blocked by guardian: whoever did it decides")
            await self._set(tx, found, users, before, label, at)
            await self._log(tx, found, user, action, key, at)
            failpoint("account.before_commit")
        failpoint("account.committed")
        return AccountChange(before, changed=True, label=label)

    async def _users(self, tx: LehTransaction) -> _Users:
        names, users = self._names, await table(tx, self._names.users)
        changed = users.column(names.updated_at, TIMES) if names.updated_at in users.columns else None
        return _Users(
            users,
            users.column(names.user_id, IDS),
            users.column(names.user_status, WORDS),
            users.column(names.user_role, WORDS),
            changed,
        )

    async def _account(self, tx: LehTransaction, users: _Users, user: str, *, lock: bool = False) -> Account:
        names = self._names
        roles = [role.lower() for role in names.admin_roles]
        sql = (
            f"select {users.id.sql} = {users.id.value(1)} as own, {users.status.sql}::text as status,"
            f" lower({users.role.sql}::text) as role"
            f" from {users.table.sql} where {users.id.sql} = {users.id.value(1)}"
            f" or lower({users.role.sql}::text) = any($2::text[]) order by {users.id.sql}{' for update' if lock else ''}"
        )
        rows = await tx.fetch(sql, user, roles)
        row = next((row for row in rows if row["own"]), None)
        if row is None:
            raise NotFound(f"{users.table.name} has no account {user}")
        others = [one for one in rows if one["role"] in roles and one is not row]
        return Account(
            user,
            self._plain(row["status"]),
            row["status"],
            row["role"] in roles,
            sum(self._plain(one["status"]) == ACTIVE for one in others),
            user in {names.service_user, *names.never_block},
        )

    def _plain(self, stored: str | None) -> str:
        if stored is None:
            return "null"
        if spelling.means(stored, ACTIVE, self._names.user_active):
            return ACTIVE
        words = {spelling.fold(word) for word in self._names.user_blocked}
        return BLOCKED if spelling.fold(stored) in words else shown(stored, 60)

    async def _blocked(self, tx: LehTransaction, users: _Users, account: Account) -> str:
        """Return how `blocked` is spelt: by the labels, else by what stands there already, else as the account's own status."""
        words, status = self._names.user_blocked, users.status
        if status.form is Form.ENUM:
            return spelling.blocked_label(words, status.labels, status.place)
        rows = await tx.fetch(f"select distinct {status.sql}::text as status from {users.table.sql} limit 100")
        used = [row["status"] for row in rows if row["status"] is not None]
        for word in words:
            if fitting := [one for one in used if spelling.fold(one) == spelling.fold(word)]:
                return str(min(fitting))
        return spelling.spelt_like(spelling.fold(words[0]), account.stored, None)

    def _active(self, users: _Users, account: Account, given: str | None) -> str:
        status = users.status
        if given is not None:
            if not spelling.means(given, ACTIVE, self._names.user_active):
                raise Refused(f"{shown(given, 40)!r} is no status of an active account")
            return given
        if status.form is Form.ENUM:
            return spelling.label_of(ACTIVE, status.labels, self._names.user_active, status.place)
        return spelling.spelt_like(ACTIVE, account.stored, self._names.user_active)

    async def _is_ours(self, tx: LehTransaction, found: Schema, user: str) -> bool:
        """Tell whether the newest line about blocks of this account is guardian's own block."""
        names = self._names
        lines = await newest(tx, found, user, _LINES)
        return _newest_block_is(lines, names.blocked_action, names.unblocked_action, found.restorer)

    async def _set(
        self, tx: LehTransaction, found: Schema, users: _Users, before: Account, label: str, at: datetime
    ) -> None:
        """Compare and set."""
        status, sets, values = users.status, [f"{users.status.sql} = {users.status.value(1)}"], [label, before.id]
        values.append(before.stored)
        if users.updated_at is not None:
            sets.append(f"{users.updated_at.sql} = {users.updated_at.value(4)}")
            values.append(users.updated_at.instant(at, found.names.zone))
        sql = (
            f"update {users.table.sql} set {', '.join(sets)} where {users.id.sql} = {users.id.value(2)}"
            f" and {status.sql} = {status.value(3)} returning {status.sql}::text as status"
        )
        done = await tx.fetch(sql, *values)
        if len(done) != 1 or done[0]["status"] != label:
            raise Refused(
                f"{users.table.name} did not take the new status of {before.id}: does a rule or a trigger hold it?"
            )

    async def _log(self, tx: LehTransaction, found: Schema, user: str, action: str, key: UUID, at: datetime) -> None:
        ids = await examples(tx, found, await newest(tx, found, user, _LINES))
        await write(tx, found, user, found.restorer, action, at, found.line(key, ids, at))


def _newest_block_is(lines: Sequence[Mapping[str, Any]], blocked: str, unblocked: str, who: str | None) -> bool:
    for line in lines:
        if spelling.same_words(line["action"], unblocked):
            return False
        if spelling.same_words(line["action"], blocked):
            return bool(line["user"] == who)
    return False


def _check(user: str) -> None:
    if not is_case_id(user):
        raise Refused(f"{shown(user, 80)!r} is no id of an account: nothing was asked for")
