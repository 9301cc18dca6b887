"""Owns the look at rows of LEH's audit log for what they disclose; the one rule: PostgreSQL counts and draws, guardian asks little.

Rows come through a cursor of the server's: a hundred thousand at once would stop the event loop for as long as their decoding takes.
A row is drawn by `hashtextextended(id, seed)` (PostgreSQL 11 and newer): an even number of 64 bits, the same again for the same seed.
Beyond its columns' rights row-level security is looked at: it would show a part of the table as if that were all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from leh_guardian.adapters.leh_database.catalogue import IDS, TIMES, Column, Form, Table, quoted, table
from leh_guardian.adapters.leh_database.connection import LehTransaction, reading
from leh_guardian.adapters.leh_database.names import Names
from leh_guardian.checks.audit.sizes import OTHERS, kinds_apart
from leh_guardian.errors import AccessDenied
from leh_guardian.ports.audit import Drawn, Row, Stratum

LONGEST: Final = 65_536
"""Letters of a value that are looked at."""
_STRATA: Final = 300
_GROUPS: Final = 5000
"""Days and kinds that are counted apart; of more, only the days are."""
_PIECE: Final = 1000
"""Rows that a cursor gives at a time."""
_LOWEST: Final = -(1 << 63)
_RIGHTS: Final = """
select a.attname::text as name, has_column_privilege(a.attrelid, a.attnum, 'SELECT') as readable,
  row_security_active(a.attrelid) as filtered, current_user::text as role
from pg_catalog.pg_attribute a
where a.attrelid = to_regclass($1::text) and a.attnum > 0 and not a.attisdropped
"""


class LehAuditRows:
    """The port `AuditTable`."""

    def __init__(self, dsn: str, names: Names) -> None:
        self._dsn = dsn
        self._names = names

    @asynccontextmanager
    async def opened(self, since: datetime, until: datetime, seconds: float) -> AsyncIterator[_Rows]:
        """Look at the rows from `since` on and before `until`.

        Raises:
            AccessDenied: nothing of it may be read; names the statement that would allow it.
            NotFound, Refused: there is no such table, or it is none that can be looked at.
            Unavailable: the database is away.
        """
        async with reading(self._dsn, seconds) as tx:
            yield await _open(tx, self._names, since, until)

    async def examine(self, since: datetime, until: datetime, seconds: float) -> tuple[str, Sequence[str]]:
        """Return the table's name, and what of it may not be read; for the doctor."""
        async with self.opened(since, until, seconds) as rows:
            return rows.place, rows.unread


@dataclass(slots=True)
class _Rows:
    """The port `Rows`."""

    tx: LehTransaction
    table: Table
    names: Names
    id: Column
    time: Column
    kind: Column | None
    columns: Sequence[Column]
    """Those that may be read."""
    unread: Sequence[str]
    bounds: tuple[str, str]
    kinds: list[str] = field(default_factory=list)
    """Those that are told apart."""

    @property
    def place(self) -> str:
        """The table's name."""
        return self.table.name

    @property
    def _within(self) -> str:
        """The condition of the time, parameters 1 and 2; rows without a time belong to every week."""
        column = f"t.{self.time.sql}"
        dated = f"{column} >= {self.time.value(1)} and {column} < {self.time.value(2)}"
        return dated if self.time.required else f"(({dated}) or {column} is null)"

    @property
    def _day(self) -> str:
        at = f"t.{self.time.sql} at time zone 'UTC'" if self.time.form is Form.ZONED else f"t.{self.time.sql}"
        return f"coalesce(to_char({at}, 'YYYY-MM-DD'), '')"

    @property
    def _kind(self) -> str:
        """A kind by its hash: as a parameter its text could come to stand in the server's own log."""
        return "''::text" if self.kind is None else f"coalesce(hashtextextended(t.{self.kind.sql}::text, 0)::text, '')"

    async def count(self) -> Mapping[Stratum, int]:
        """Return how many rows each stratum has.

        Raises:
            HandlerError: it cannot be counted.
        """
        there = await self._counted(self._kind)
        if len(there) > _GROUPS:
            there = await self._counted("''::text")
        self.kinds = [kind for kind in kinds_apart(there, _STRATA) if kind != OTHERS]
        apart, merged = set(self.kinds), Counter[Stratum]()
        for (day, kind), number in there.items():
            merged[day, kind if kind in apart else OTHERS] += number
        return dict(merged)

    async def _counted(self, kind: str) -> dict[Stratum, int]:
        sql = (
            f"select {self._day} as day, {kind} as kind, count(*) as number from {self.table.sql} t where {self._within}"
            f" group by 1, 2 limit {_GROUPS + 1}"
        )
        return {(row["day"], row["kind"]): row["number"] for row in await self.tx.fetch(sql, *self.bounds)}

    async def draw(self, shares: Mapping[Stratum, float], seed: int) -> AsyncGenerator[Sequence[Drawn], None]:
        """Yield rows, each with the chance of its stratum, in the order in which they lie.

        Raises:
            HandlerError: they cannot be drawn.
        """
        kind = f"case when {self._kind} = any($3::text[]) then {self._kind} else '' end"
        key = f"coalesce(t.{self.id.sql}::text, t.ctid::text)"
        sql = (
            "declare drawn no scroll cursor for select t.tableoid::bigint as part, t.ctid::text as place, s.day, s.kind"
            f" from {self.table.sql} t join unnest($4::text[], $5::text[], $6::bigint[]) as s (day, kind, most)"
            f" on s.day = {self._day} and s.kind = {kind}"
            f" where {self._within} and hashtextextended({key}, $7::bigint) <= s.most"
        )
        strata = list(shares)
        most = [_threshold(shares[stratum]) for stratum in strata]
        days, kinds = [day for day, _ in strata], [kind for _, kind in strata]
        await self.tx.fetch(sql, *self.bounds, self.kinds, days, kinds, most, seed + _LOWEST)
        while rows := await self.tx.fetch(f"fetch {_PIECE} from drawn"):
            yield [Drawn((row["day"], row["kind"]), row["part"], row["place"]) for row in rows]

    async def read(self, drawn: Sequence[Drawn]) -> Sequence[Row]:
        """Return what rows hold that were drawn.

        Raises:
            HandlerError: they cannot be read.
        """
        parts: dict[int, dict[str, Drawn]] = {}
        for one in drawn:
            parts.setdefault(one.part, {})[one.place] = one
        found: list[Row] = []
        for part, places in parts.items():
            rows = await self.tx.fetch(self._reading, list(places), part)
            found += [self._row(row, places[row["place"]]) for row in rows]
        return found

    @property
    def _reading(self) -> str:
        values = [_text(column) for column in self.columns]
        kept = ", ".join(f"left({value}, {LONGEST})" for value in values)
        cut = " or ".join(f"length({value}) > {LONGEST}" for value in values)
        return (
            f"select t.ctid::text as place, t.{self.id.sql}::text as id, t.{self.time.sql} as time,"
            f" array[{kept}] as texts, coalesce({cut}, false) as cut from {self.table.sql} t"
            " where t.ctid = any($1::text[]::tid[]) and t.tableoid = $2::bigint::oid"
        )

    def _row(self, row: Mapping[str, Any], drawn: Drawn) -> Row:
        texts = {column.name: text for column, text in zip(self.columns, row["texts"], strict=True) if text is not None}
        return Row(drawn, row["id"] or "", self.time.read(row["time"], self.names.zone), texts, row["cut"])


async def _open(tx: LehTransaction, names: Names, since: datetime, until: datetime) -> _Rows:
    found = await table(tx, names.audit)
    id_, time = found.column(names.audit_id, IDS), found.column(names.audit_time, TIMES)
    rights = await tx.fetch(_RIGHTS, found.sql)
    may = {row["name"] for row in rights if row["readable"]}
    role = quoted(rights[0]["role"]) if rights else ""
    if lacking := [column.sql for column in (id_, time) if column.name not in may]:
        raise AccessDenied(
            f"{found.name} in LEH's database may not be read ({', '.join(lacking)}): grant select on {found.sql} to {role}"
        )
    hidden = [column.sql for column in found.columns.values() if column.name not in may]
    unread = [f"grant select ({', '.join(hidden)}) on {found.sql} to {role}"] if hidden else []
    if any(row["filtered"] for row in rights):
        unread.append(f"row-level security hides rows: alter role {role} bypassrls, or a policy that shows all to it")
    bounds = time.instant(since, names.zone), time.instant(until, names.zone)
    columns = [column for column in found.columns.values() if column.name in may]
    kind = found.columns.get(names.audit_action)
    kind = kind if kind is not None and kind.name in may else None
    return _Rows(tx, found, names, id_, time, kind, columns, unread, bounds)


def _text(column: Column) -> str:
    """Return the SQL of a value as text; of bytes, what in them is ASCII."""
    return f"encode(t.{column.sql}, 'escape')" if column.type == "bytea" else f"t.{column.sql}::text"


def _threshold(share: float) -> int:
    """Return up to which hash rows are drawn that have this chance."""
    return min((1 << 63) - 1, _LOWEST + int(share * (1 << 64))) if share < 1 else (1 << 63) - 1
