"""Owns amounts in buckets of time; the one rule: one upsert for each key and bucket of a transaction, always in the same order.

A reader asks for a span of a series and gets only the keys that hold too much in the whole of it: what cannot exceed a bound in
a longer time does not in a shorter one, and most keys never come near theirs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from leh_guardian.model.window import Amount
from leh_guardian.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Counted:
    """What is added to a series."""

    series: str
    key: str
    amount: Amount
    keep_until: datetime


async def add(tx: Transaction, counted: Sequence[Counted]) -> None:
    """Add amounts to their buckets."""
    if not counted:
        return
    totals: defaultdict[tuple[str, str, datetime, str], Decimal] = defaultdict(Decimal)
    keep: dict[tuple[str, str, datetime, str], datetime] = {}
    for one in counted:
        place = (one.series, one.key, one.amount.at, one.amount.member)
        totals[place] += one.amount.amount
        keep[place] = max(one.keep_until, keep.get(place, one.keep_until))
    # Sorted, so that two replicas wait for each other instead of deadlocking.
    places = sorted(totals)
    await tx.execute(
        "insert into counters (series, key, at, member, amount, keep_until)"
        " select * from unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::numeric[], $6::timestamptz[])"
        " on conflict (series, key, at, member) do update set amount = counters.amount + excluded.amount,"
        " keep_until = greatest(counters.keep_until, excluded.keep_until)",
        [series for series, _, _, _ in places],
        [key for _, key, _, _ in places],
        [at for _, _, at, _ in places],
        [member for _, _, _, member in places],
        [totals[place] for place in places],
        [keep[place] for place in places],
    )


async def crowded(
    tx: Transaction,
    series: str,
    spans: Mapping[str, tuple[datetime, datetime]],
    bound: Decimal,
    *,
    distinct: bool,
) -> dict[str, list[Amount]]:
    """Return the amounts of the keys that hold `bound` or more in their span, both ends of it included.

    Args:
        tx: the transaction.
        series: whose.
        spans: {key: the beginnings of the first and the last bucket}.
        bound: what the amounts, or the different members, must come to.
        distinct: whether members are counted, not amounts summed.
    """
    rows = await tx.fetch(
        "with spans as (select * from unnest($2::text[], $3::timestamptz[], $4::timestamptz[]) as s(key, first, last)),"
        " held as (select c.key, c.at, c.member, c.amount from counters c join spans s on c.key = s.key"
        " where c.series = $1 and c.at between s.first and s.last)"
        " select key, at, member, amount from held where key in (select key from held group by key"
        " having case when $6 then count(distinct member) else sum(amount) end >= $5) order by key, at, member",
        series,
        list(spans),
        [first for first, _ in spans.values()],
        [last for _, last in spans.values()],
        bound,
        distinct,
    )
    found: defaultdict[str, list[Amount]] = defaultdict(list)
    for row in rows:
        found[row["key"]].append(Amount(row["at"], row["amount"], row["member"]))
    return dict(found)


async def forget(tx: Transaction, now: datetime, portion: int) -> int:
    """Drop what no window can be asked about any more, at most `portion`; returns how many."""
    return await tx.execute(
        "delete from counters where ctid = any(array(select ctid from counters where keep_until < $1 limit $2"
        " for update skip locked))",
        now,
        portion,
    )
