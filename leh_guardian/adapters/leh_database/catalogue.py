"""Owns what LEH's tables really are, read from PostgreSQL's catalogue; the one rule: nothing is supposed of a column that is not seen.

The status may be text, or an enum whose labels an ORM has made; ids may be text, uuid or integers; times may have a zone or none.
Names of types come from the server's own `format_type`, which quotes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Any, Final, Protocol

from leh_guardian.errors import NotFound, Refused

_TABLE = """
select c.oid::bigint as oid, n.nspname::text as schema, c.relname::text as name, c.relkind::text as kind
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.oid = to_regclass($1::text)
"""
_COLUMNS = """
select a.attname::text as name, a.attnotnull as required,
  (a.atthasdef or a.attidentity <> '' or a.attgenerated <> '' or t.typdefault is not null) as filled,
  format_type(b.oid, null) as type, format_type(a.atttypid, a.atttypmod) as whole,
  b.typtype::text as form, b.typcategory::text as category,
  array(select e.enumlabel::text from pg_catalog.pg_enum e where e.enumtypid = b.oid order by e.enumsortorder) as labels,
  exists (select 1 from pg_catalog.pg_constraint f
    where f.conrelid = a.attrelid and f.contype = 'f' and a.attnum = any(f.conkey)) as refers
from pg_catalog.pg_attribute a
join pg_catalog.pg_type t on t.oid = a.atttypid
join pg_catalog.pg_type b on b.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
where a.attrelid = $1::bigint::oid and a.attnum > 0 and not a.attisdropped
order by a.attnum
"""
_REAL: Final = frozenset({"r", "p"})


class Asks(Protocol):
    """An open transaction."""

    async def fetch(self, sql: str, *args: Any) -> Sequence[Mapping[str, Any]]:
        """Run a statement; returns its rows."""


class Form(StrEnum):
    """What a column can hold, as far as it matters here."""

    TEXT = "text"
    ENUM = "enum"
    UUID = "uuid"
    INTEGER = "integer"
    ZONED = "timestamp with time zone"
    ZONELESS = "timestamp without time zone"
    JSON = "json"
    OTHER = "other"


IDS: Final = frozenset({Form.TEXT, Form.UUID, Form.INTEGER})
TIMES: Final = frozenset({Form.ZONED, Form.ZONELESS})
WORDS: Final = frozenset({Form.TEXT, Form.ENUM})


def quoted(name: str) -> str:
    """Return an identifier as SQL takes it, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Column:
    """A column."""

    table: str
    """For messages."""
    name: str
    form: Form
    type: str
    """Its type as SQL takes it."""
    labels: tuple[str, ...] = ()
    """Of an enum, in their order."""
    required: bool = False
    filled: bool = False
    """Whether the server gives a value where none is given."""
    refers: bool = False
    """Whether a foreign key begins here."""

    @property
    def sql(self) -> str:
        """Its name as SQL takes it."""
        return quoted(self.name)

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return f"{self.table}.{self.name}"

    def value(self, number: int) -> str:
        """Return the SQL for parameter `number`, which is bound as text.

        Never cast to a text type with a length: such a cast cuts off what is too long, and another id would be meant.
        """
        return f"${number}::text" if self.form is Form.TEXT else f"${number}::text::{self.type}"

    def instant(self, at: datetime, zone: tzinfo) -> str:
        """Return an instant as the text that `value` takes; `zone` is that of times without one."""
        return at.isoformat() if self.form is Form.ZONED else at.astimezone(zone).replace(tzinfo=None).isoformat()

    def read(self, stored: datetime | None, zone: tzinfo) -> datetime | None:
        """Return a stored time as an instant; None where it is none, or no instant that can be compared (infinity)."""
        if stored is None or stored.year in {1, 9999}:
            return None
        return (stored if stored.tzinfo else stored.replace(tzinfo=zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Table:
    """A table."""

    sql: str
    """Its name as SQL takes it, with its schema."""
    name: str
    columns: Mapping[str, Column]

    def column(self, name: str, forms: frozenset[Form]) -> Column:
        """Return a column that can hold what it must.

        Raises:
            NotFound: there is no such column.
            Refused: it is of another type.
        """
        found = self.columns.get(name)
        if found is None:
            there = ", ".join(self.columns)
            raise NotFound(f"{self.name} has no column {name}: it has {there}; check the section product_database")
        if found.form not in forms:
            raise Refused(f"{found.place} is of type {found.type}: that can be no {' or '.join(sorted(forms))}")
        return found

    def open(self, known: Sequence[Column]) -> list[Column]:
        """Return the columns beside `known` that must be given a value, since the server gives none."""
        names = {column.name for column in known}
        return [c for c in self.columns.values() if c.required and not c.filled and c.name not in names]


async def table(tx: Asks, name: str) -> Table:
    """Read a table from the catalogue; `name` may have its schema before it.

    Raises:
        NotFound: there is no such table on the search path.
        Refused: it is no table.
    """
    wanted = ".".join(quoted(part) for part in name.split("."))
    rows = await tx.fetch(_TABLE, wanted)
    if not rows:
        raise NotFound(f"LEH's database has no table {name}: check LEH_PRODUCT_DATABASE_URL and product_database")
    row = rows[0]
    if row["kind"] not in _REAL:
        raise Refused(f"{name} in LEH's database is no table: name the table itself in product_database")
    columns = [_column(row["name"], each) for each in await tx.fetch(_COLUMNS, row["oid"])]
    return Table(f"{quoted(row['schema'])}.{quoted(row['name'])}", row["name"], {one.name: one for one in columns})


def _column(of: str, row: Mapping[str, Any]) -> Column:
    form = _form(row)
    # With its precision: what is compared must be rounded as what was stored.
    type_ = row["whole"] if form in TIMES else row["type"]
    labels = tuple(row["labels"])
    return Column(of, row["name"], form, type_, labels, row["required"], row["filled"], row["refers"])


def _form(row: Mapping[str, Any]) -> Form:
    if row["form"] == "e":
        return Form.ENUM
    match row["type"]:
        case "uuid":
            return Form.UUID
        case "integer" | "bigint" | "smallint":
            return Form.INTEGER
        case "timestamp with time zone":
            return Form.ZONED
        case "timestamp without time zone":
            return Form.ZONELESS
        case "json" | "jsonb":
            return Form.JSON
    return Form.TEXT if row["category"] == "S" else Form.OTHER
