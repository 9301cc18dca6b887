"""Owns what survives a process: the committed rows and the transactions under way; the one rule: a commit is one step.

It does what the store's statements rely on, as tests/integration/store/contract holds it to: READ COMMITTED, row locks and
`skip locked`, unique indexes and foreign keys that wait for who is undecided, advisory locks, deadlocks, deadlines. Left out:
a statement's own steps are never interleaved with others' but where it waits. Nothing depends on hashes or on chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from tests.sim.store.locks import Locks
from tests.sim.store.tables import TABLES, Key, Row, Table
from tests.sim.store.work import Work

IDLE_TIMEOUT = timedelta(seconds=15)
"""After which a transaction that does nothing is ended: `idle_in_transaction_session_timeout` of store/pool.py."""


class Connection(Protocol):
    """What the server knows of a connection."""

    def end(self) -> None:
        """End it: its transaction is rolled back."""


class SimDatabase:
    """A small PostgreSQL in memory, shared by the replicas; `now` is its own clock, which leases compare."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.rows: dict[str, dict[Key, Row]] = {table.name: {} for table in TABLES}
        """What is committed, by table and primary key."""
        self.works: list[Work] = []
        self.locks = Locks(self.end_idle)
        self.connections: list[Connection] = []
        self.on_commit: Callable[[Mapping[str, Mapping[Key, Row | None]]], None] = lambda changes: None
        """Told what a commit changes, by table, before it is there for all."""
        self._none_before = now()
        """Until when no transaction has done nothing for too long: what falls idle from now on is looked at later."""
        self._numbers = dict.fromkeys(self.rows, 0)

    def table(self, name: str) -> list[Row]:
        """Return the committed rows of a table: what a check of invariants looks at."""
        return list(self.rows[name].values())

    def begin(self, end: Callable[[], None]) -> Work:
        """Open a transaction of the connection that `end` ends."""
        work = Work(self, end)
        self.works.append(work)
        self.locks.take(work, work)
        return work

    def finish(self, work: Work, *, commit: bool) -> None:
        """End a transaction: its rows are there for all at once, or never were."""
        if commit and not work.failed:
            self.on_commit(work.changes)
            for name, changes in work.changes.items():
                for key, row in changes.items():
                    if row is None:
                        self.rows[name].pop(key, None)
                    else:
                        self.rows[name][key] = row
        work.open = False
        self.works.remove(work)
        self.locks.release(work)

    def number(self, table: Table) -> int:
        """Return the next generated id; a rollback does not give it back."""
        self._numbers[table.name] += 1
        return self._numbers[table.name]

    def kill(self, connections: Iterable[Connection]) -> None:
        """Notice that the process at the other end of `connections` died: roll back, free its locks."""
        for connection in list(connections):
            connection.end()

    def restart(self) -> None:
        """End every connection, as a restart of the server does; what is committed stays."""
        self.kill(self.connections)

    def end_idle(self) -> None:
        """End the connections whose transaction has done nothing for too long."""
        now = self.now()
        if now <= self._none_before:
            return
        for work in list(self.works):
            if work.idle_since is not None and now - work.idle_since > IDLE_TIMEOUT:
                work.end_connection()
        idle = [work.idle_since for work in self.works if work.idle_since is not None]
        self._none_before = min([now, *idle]) + IDLE_TIMEOUT
