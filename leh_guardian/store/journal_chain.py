"""Owns the links of the journal's chains; the one rule: the order of linking counts, not that of ids, which commits do not keep.

Links are made over committed lines, by one replica at a time and later than the lines, so that taking in alerts waits for no hash.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from leh_guardian.model.canary import CANARY
from leh_guardian.model.chain import Line, Link, Root
from leh_guardian.store.transaction import Transaction

_LOCK = "leh_guardian/journal-chain"
_LINE = "j.id, j.at, j.author, j.kind, j.reason, j.incident_id, j.action_id, j.rule_id, j.data::text"
_LINK = "position, journal_id, incident_id, at, hash"


async def lock(tx: Transaction) -> bool:
    """Take the right to make links until the transaction ends; False while another replica has it."""
    free: bool = await tx.fetchval("select pg_try_advisory_xact_lock(hashtextextended($1, 0))", _LOCK)
    return free


async def unlinked(tx: Transaction, settled: datetime, portion: int) -> list[Line]:
    """Return committed lines of incidents that have no link yet, by id, at most `portion`; canaries' have none.

    Below the newest link of a line that is older than `settled` there is none: transactions last seconds.
    """
    rows = await tx.fetch(
        f"select {_LINE} from journal j where j.incident_id is not null and j.rule_id is distinct from $3 and j.id > coalesce("
        "  (select c.journal_id from journal_chain c where c.at < $1 order by c.journal_id desc limit 1), 0)"
        " and not exists (select 1 from journal_chain c where c.journal_id = j.id) order by j.id limit $2",
        settled,
        portion,
        CANARY,
    )
    return [Line(**row) for row in rows]


async def heads(tx: Transaction, incident_ids: Collection[UUID]) -> dict[UUID, bytes]:
    """Return the hash that the next link of each chain follows; of those that have none, nothing."""
    rows = await tx.fetch(
        "select i as id, coalesce("
        "  (select c.hash from journal_chain c where c.incident_id = i order by c.position desc limit 1),"
        "  (select e.hash from journal_chain_ends e where e.incident_id = i)) as hash from unnest($1::uuid[]) i",
        list(incident_ids),
    )
    return {row["id"]: row["hash"] for row in rows if row["hash"] is not None}


async def append(tx: Transaction, links: Sequence[tuple[Line, bytes]]) -> None:
    """Append links in order."""
    if links:
        await tx.copy_rows(
            "journal_chain",
            ["journal_id", "incident_id", "at", "hash"],
            [(line.id, line.incident_id, line.at, hash_) for line, hash_ in links],
        )


async def last_root(tx: Transaction) -> Root | None:
    """Return the newest root."""
    rows = await tx.fetch("select day, position, root from journal_roots order by day desc limit 1")
    return Root(**rows[0]) if rows else None


async def roots(tx: Transaction, since: date) -> list[Root]:
    """Return the roots of the days from `since` on, with the one before them, oldest first."""
    rows = await tx.fetch(
        "select day, position, root from journal_roots where day >= coalesce("
        "(select max(day) from journal_roots where day < $1), '-infinity') order by day",
        since,
    )
    return [Root(**row) for row in rows]


async def add_root(tx: Transaction, root: Root, now: datetime) -> None:
    """Keep a day's root; one that is there stays."""
    await tx.execute(
        "insert into journal_roots (day, position, root, made_at) values ($1, $2, $3, $4) on conflict (day) do nothing",
        root.day,
        root.position,
        root.root,
        now,
    )


async def links(tx: Transaction, after: int, upto: int | None, portion: int) -> list[Link]:
    """Return links of all chains after a position, up to another one if given, in order, at most `portion`."""
    rows = await tx.fetch(
        f"select {_LINK} from journal_chain where position > $1 and ($2::bigint is null or position <= $2)"
        " order by position limit $3",
        after,
        upto,
        portion,
    )
    return [_link(row) for row in rows]


async def forgotten(tx: Transaction) -> int:
    """Return the position up to which retention has dropped links; 0 for none."""
    return int(await tx.fetchval("select coalesce(max(position), 0) from journal_chain_ends"))


async def concerned(tx: Transaction, since: datetime) -> list[UUID]:
    """Return the incidents that opened, or that something was written down of, since then."""
    rows = await tx.fetch(
        "select distinct incident_id from (select incident_id from journal_chain where at >= $1 union all"
        " select incident_id from journal where at >= $1 and incident_id is not null and rule_id is distinct from $2 union all"
        " select id from incidents where opened_at >= $1 and rule_id <> $2) x"
        " order by incident_id",
        since,
        CANARY,
    )
    return [row["incident_id"] for row in rows]


async def of_incident(tx: Transaction, incident_id: UUID) -> tuple[bytes | None, list[Link], Mapping[int, Line]]:
    """Return an incident's chain: the last hash of what was dropped, its links in order, its lines by id."""
    end = await tx.fetchval("select hash from journal_chain_ends where incident_id = $1", incident_id)
    # One statement, so that no line is linked between two looks.
    rows = await tx.fetch(
        f"select {_LINE}, c.position, c.journal_id, c.incident_id as chain, c.at as linked, c.hash from"
        " (select * from journal where incident_id = $1) j"
        " full join (select * from journal_chain where incident_id = $1) c on c.journal_id = j.id order by c.position",
        incident_id,
    )
    found = [Link(r["position"], r["journal_id"], r["chain"], r["linked"], r["hash"]) for r in rows if r["hash"]]
    names = Line.__dataclass_fields__
    return end, found, {row["id"]: Line(**{name: row[name] for name in names}) for row in rows if row["id"]}


async def forget(tx: Transaction, before: datetime, portion: int) -> int:
    """Drop the oldest links whose lines are older than the retention, with the lines; returns how many. The last hash stays."""
    return int(await tx.fetchval(_FORGET, before, portion))


# Always the beginning of all chains together, so that what is left of each hangs together.
_FORGET = f"""
with first as (select {_LINK} from journal_chain order by position limit $2),
old as (select * from first where position < coalesce((select min(position) from first where at >= $1), 9223372036854775807)),
ends as (
    insert into journal_chain_ends (incident_id, position, hash)
    select distinct on (incident_id) incident_id, position, hash from old order by incident_id, position desc
    on conflict (incident_id) do update set position = excluded.position, hash = excluded.hash
        where journal_chain_ends.position < excluded.position),
lines as (delete from journal j using old where j.id = old.journal_id),
gone as (delete from journal_chain c using old where c.position = old.position returning 1)
select count(*) from gone
"""


def _link(row: Any) -> Link:
    return Link(row["position"], row["journal_id"], row["incident_id"], row["at"], row["hash"])
