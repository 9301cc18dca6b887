"""Owns an open transaction's view and writes; the one rule: READ COMMITTED, and what waited looks again before it writes.

A transaction sees what is committed and, over it, what it has written itself. A statement's code takes what it reads before
its first wait: that is its snapshot. Rows that it has waited for are read anew (PostgreSQL's EvalPlanQual).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from leh_guardian.errors import StoreError
from tests.sim.store.locks import Mode
from tests.sim.store.tables import INCIDENTS, Index, Key, Row, Table, stored

if TYPE_CHECKING:
    from tests.sim.store.database import SimDatabase

Wanted = Callable[[Row], bool]


class UniqueViolation(StoreError):
    """Another row has this key."""


class Work:
    """An open transaction."""

    def __init__(self, database: SimDatabase, end: Callable[[], None]) -> None:
        self.database = database
        self.end_connection = end
        """Ends the connection that it belongs to."""
        self.open = True
        self.failed = False
        """Whether a statement failed: it can only be rolled back then."""
        self.alone = False
        """Whether it is one statement's own."""
        self.idle_since: datetime | None = database.now()
        """Since when it does nothing; None while a statement runs."""
        self.changes: defaultdict[str, dict[Key, Row | None]] = defaultdict(dict)
        """What it has written, by table and primary key; None is a deleted row."""

    def rows(self, table: Table) -> list[Row]:
        """Return the rows that it sees, in the order in which they were inserted."""
        mine, committed = self.changes[table.name], self.database.rows[table.name]
        if not mine:
            return list(committed.values())
        seen = [mine.get(key, row) for key, row in committed.items()]
        return [row for row in (*seen, *(mine[key] for key in mine if key not in committed)) if row is not None]

    def find(self, table: Table, *key: Any) -> list[Row]:
        """Return the row of a primary key, if there is one."""
        mine, committed = self.changes[table.name], self.database.rows[table.name]
        row = mine[key] if key in mine else committed.get(key)
        return [] if row is None else [row]

    async def lock(self, table: Table, row: Row, mode: Mode = Mode.UPDATE, *, skip: bool = False) -> Row | None:
        """Lock a row and return it as it is now; None when it is gone, or locked by others and to be skipped."""
        key = table.key(row)
        if not await self.database.locks.acquire(self, (table.name, *key), mode, skip=skip):
            return None
        return next(iter(self.find(table, *key)), None)

    async def locked(
        self,
        table: Table,
        among: Iterable[Row],
        wanted: Wanted = lambda _: True,
        *,
        mode: Mode = Mode.UPDATE,
        skip: bool = False,
        limit: int | None = None,
    ) -> list[Row]:
        """Lock the wanted rows in order, at most `limit`, and return those that are wanted still once they are locked."""
        rows: list[Row] = []
        for seen in [row for row in among if wanted(row)]:
            if limit is not None and len(rows) >= limit:
                break
            row = await self.lock(table, seen, mode, skip=skip)
            if row is not None and wanted(row):
                rows.append(row)
        return rows

    async def update(self, table: Table, row: Row, **changed: Any) -> Row:
        """Write another version of a row that it has locked."""
        new = stored({**row, **changed})
        rival = await self._rival(table, new, row)
        if rival is not None:
            raise _violation(rival[0])
        self.changes[table.name][table.key(row)] = new
        return new

    async def delete(self, table: Table, among: Iterable[Row], wanted: Wanted = lambda _: True) -> int:
        """Delete the wanted rows; returns how many."""
        rows = await self.locked(table, among, wanted)
        for row in rows:
            self.changes[table.name][table.key(row)] = None
        return len(rows)

    async def insert(
        self,
        table: Table,
        values: Sequence[Row],
        *,
        spare: Index | None = None,
        merge: Callable[[Row, Row], Row] | None = None,
    ) -> list[Row]:
        """Insert rows; returns those that are new.

        A row whose key in the index `spare` is taken is left alone, or updated by what `merge` makes of it and the new one.

        Raises:
            StoreError: another key is taken, or the incident that a row belongs to does not exist.
        """
        rows: list[Row] = []
        for given in values:
            row = stored({**table.defaults, **given})
            if table.numbered:
                row[table.numbered] = self.database.number(table)
            if await self._inserted(table, row, spare, merge):
                rows.append(row)
        if table.of_incident:
            for new in rows:
                await self._refer(new["incident_id"])
        return rows

    async def _inserted(
        self, table: Table, row: Row, spare: Index | None, merge: Callable[[Row, Row], Row] | None
    ) -> bool:
        while (rival := await self._rival(table, row)) is not None:
            index, taken = rival
            if index is not spare:
                raise _violation(index)
            if merge is None:
                return False
            there = await self.lock(table, taken, Mode.NO_KEY_UPDATE)
            if there is not None:
                await self.update(table, there, **merge(there, row))
                return False
        self.changes[table.name][table.key(row)] = row
        return True

    async def _refer(self, incident_id: Any) -> None:
        among = self.find(INCIDENTS, incident_id)
        if not await self.locked(INCIDENTS, among, mode=Mode.KEY_SHARE):
            raise StoreError("PostgreSQL refused a statement: insert violates a foreign key constraint")

    async def _rival(self, table: Table, row: Row, old: Row | None = None) -> tuple[Index, Row] | None:
        """Return the index and the row that keep `row` from being written; waits for other transactions to decide.

        An entry that the version before, `old`, had already is its own.
        """
        keys = [(index, index.key(row)) for index in (table.primary, *table.unique)]
        new = [(index, key) for index, key in keys if key is not None and (old is None or not index.has(old, key))]
        while True:
            for index, key in new:
                found = self._taken(table, index, key)
                if found is not None:
                    break
            else:
                return None
            taken, writer = found
            if writer is None:
                return index, taken
            # As in PostgreSQL, one waits for a transaction by a lock that it holds until it ends.
            await self.database.locks.acquire(self, writer, Mode.KEY_SHARE)

    def _taken(self, table: Table, index: Index, key: Key) -> tuple[Row, Work | None] | None:
        """Return the row that has a key, with the other transaction, if one has it in hand."""
        committed = self.database.rows[table.name]
        there = [(key, committed[key])] if key in committed else []
        for place, row in there if index is table.primary else committed.items():
            if index.has(row, key) and place not in self.changes[table.name]:
                return row, next((work for work in self.database.works if place in work.changes[table.name]), None)
        for work in self.database.works:
            for mine in work.changes[table.name].values():
                if mine is not None and index.has(mine, key):
                    return mine, None if work is self else work
        return None


def _violation(index: Index) -> UniqueViolation:
    return UniqueViolation(
        f'PostgreSQL refused a statement: duplicate key value violates unique constraint "{index.name}"'
    )
