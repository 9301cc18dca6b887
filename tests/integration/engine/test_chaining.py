"""The record is what was written: linked behind the work, proved anew by anybody, and a changed, removed or inserted line is named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from leh_guardian.engine.chaining import Chaining
from leh_guardian.engine.record_check import Checked, check_record
from leh_guardian.engine.upkeep import Retention, Upkeep
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.builders import alarm_event
from tests.support.on_call import Called


class Record:
    """An installation with two incidents of which much was written down."""

    def __init__(self, pool: Pool, folder: Path) -> None:
        self.called = Called(pool, folder)
        self.pool, self.clock = pool, self.called.clock
        self.chaining = Chaining(pool, self.clock)

    async def begin(self) -> None:
        """Let people be called, and link it."""
        await self.called.house.take(alarm_event("down-a"), alarm_event("down-b"))
        await self.called.until(0)
        await self.chaining.run_once()

    async def check(self, only: UUID | None = None) -> Checked:
        """Check all of it."""
        return await check_record(self.pool, self.clock.now() - timedelta(days=900), self.clock.now(), only)

    async def faults(self) -> list[tuple[str, int | None]]:
        """What is wrong."""
        return [(one.fault.value, one.line) for one in (await self.check()).findings]

    async def break_by_hand(self, sql: str, *values: Any) -> None:
        """Change the database as its owner can, who takes the trigger away first."""
        async with transaction(self.pool) as tx:
            await tx.execute("set local session_replication_role = replica")
            await tx.execute(sql, *values)

    async def ask(self, sql: str) -> Any:
        """Look something up."""
        async with transaction(self.pool) as tx:
            return await tx.fetchval(sql)


@pytest.fixture
async def record(pool: Pool, tmp_path: Path) -> Record:
    """One whose lines are linked."""
    made = Record(pool, tmp_path / "rules")
    await made.begin()
    return made


SECOND = "select id from journal where incident_id is not null order by id limit 1 offset 4"


async def test_a_record_proves_itself(record: Record) -> None:
    """Every line of every incident is linked, what comes later as well; what is seconds old need not be linked yet."""
    checked = await record.check()
    assert (checked.findings, checked.incidents) == ([], 2)
    assert checked.lines == await record.ask("select count(*) from journal where incident_id is not null") > 10
    await record.called.until(5, step=300)
    assert await record.faults() == []
    await record.chaining.run_once()
    assert await record.ask("select count(*) from journal_chain") == (await record.check()).lines


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        ("update journal set reason = 'nothing happened' where id = $1", "changed"),
        ("update journal set data = '{}' where id = $1", "changed"),
        ("update journal set at = at - interval '1 minute' where id = $1", "changed"),
        ("update journal set author = 'kim' where id = $1", "changed"),
        ("update journal set rule_id = 'guardian.canary' where id = $1", "changed"),
        ("delete from journal where id = $1", "removed"),
        ("update journal_chain set hash = sha256(hash) where journal_id = $1", "changed"),
    ],
)
async def test_a_changed_or_removed_line_is_named(record: Record, sql: str, fault: str) -> None:
    """That line alone, whatever was changed about it; a changed hash shows at the line after it and in the day's root, too."""
    line = await record.ask(SECOND)
    await record.break_by_hand(sql, line)
    found = await record.faults()
    assert found[0] == (fault, line)
    assert len(found) == (3 if "journal_chain" in sql else 1)


async def test_an_incident_without_a_record_is_named(record: Record) -> None:
    """Whoever removes all that was written of it, hashes too, leaves the incident itself, and a day whose root does not fit."""
    one = await record.ask("select min(id::text)::uuid from incidents")
    await record.break_by_hand("delete from journal where incident_id = $1", one)
    await record.break_by_hand("delete from journal_chain where incident_id = $1", one)
    found = (await record.check()).findings
    assert [(each.fault.value, each.incident_id, each.line) for each in found] == [
        ("removed", one, None),
        ("root", None, None),
    ]


async def test_a_line_that_is_moved_to_another_incident_is_missed_and_found(record: Record) -> None:
    """It is gone from one chain, and was never in the other's."""
    line = await record.ask(SECOND)
    await record.break_by_hand(
        "update journal set incident_id = (select max(incident_id::text)::uuid from journal where incident_id <>"
        " (select incident_id from journal where id = $1)) where id = $1",
        line,
    )
    record.clock.advance(minutes=20)
    assert sorted(await record.faults()) == [("inserted", line), ("removed", line)]


_INSERT = (
    "insert into journal (id, at, author, kind, reason, incident_id, rule_id, data) overriding system value"
    " select {id}, {at}, 'kim', 'incident.acknowledged', 'by kim', incident_id, {rule}, '{{}}' from journal"
    " where incident_id is not null order by id limit 1"
)


@pytest.mark.parametrize(
    ("id_", "at", "rule", "links"),
    [
        ("-1", "at", "rule_id", False),
        ("-1", "timestamptz '2099-01-01'", "rule_id", False),
        ("-1", "at", "'guardian.canary'", False),
        ("nextval(pg_get_serial_sequence('journal', 'id'))", "at - interval '1 hour'", "rule_id", True),
    ],
    ids=["below", "dated-ahead", "as-a-canary", "backdated-and-linked"],
)
async def test_an_inserted_line_is_named(record: Record, id_: str, at: str, rule: str, links: bool) -> None:
    """One that no replica linked within minutes, and one that was linked after lines that it claims to be older than."""
    await record.break_by_hand(_INSERT.format(id=id_, at=at, rule=rule))
    record.clock.advance(hours=2)
    if links:
        await record.called.house.take(alarm_event("down-c"))
        await record.chaining.run_once()
        await record.chaining.run_once()
    assert [fault for fault, _ in await record.faults()] == ["inserted"]


async def test_who_rewrites_a_whole_chain_is_told_by_the_days_root(record: Record) -> None:
    """Links that were made anew fit their lines and not the root; without an outside copy of it, a new root would fit as well."""
    record.clock.advance(days=1)
    await record.chaining.run_once()
    root = record.chaining.report()["root"]
    assert (await record.check()).roots == 2
    await record.break_by_hand("update journal set reason = 'all was well'")
    await record.break_by_hand("delete from journal_chain")
    await record.break_by_hand("alter table journal_chain alter position restart")
    await Chaining(record.pool, record.clock).run_once()
    assert await record.faults() == [("root", None)]
    await record.break_by_hand("delete from journal_roots")
    await (rewritten := Chaining(record.pool, record.clock)).run_once()
    assert await record.faults() == []
    assert rewritten.report()["root"] != root


async def test_days_follow_each_other(record: Record) -> None:
    """One root a day, each over the one before, with or without lines; a later change of an old day's links shows at that day."""
    for _ in range(3):
        record.clock.advance(days=1)
        await record.called.house.take(alarm_event("down-d"))
        await record.chaining.run_once()
        await record.chaining.run_once()
    checked = await record.check()
    assert (checked.roots, checked.findings) == (4, [])
    assert (await record.check(await record.ask("select min(incident_id::text)::uuid from journal_chain"))).roots == 0
    await record.break_by_hand(
        "update journal_roots set root = sha256(root) where day = (select min(day) from journal_roots)"
    )
    assert await record.faults() == [("root", None), ("root", None)]


async def test_retention_keeps_what_is_left_provable(record: Record) -> None:
    """The oldest lines go, and the rest still hangs on the last hash of what went; days that lost links are said to be past proof."""
    record.clock.advance(days=1)
    await record.chaining.run_once()
    await record.called.until(24 * 60 + 62, step=60.0 * 60)
    await record.chaining.run_once()
    keep = Retention(timedelta(days=1), 10, timedelta(hours=12))
    upkeep = Upkeep(record.pool, record.clock, keep)
    while await upkeep.run_once():
        pass
    checked = await record.check()
    assert (checked.findings, checked.roots, checked.forgotten) == ([], 1, 1)
    assert 0 < checked.lines < await record.ask("select max(id) from journal")
    await record.break_by_hand(
        "update journal set reason = 'x' where id = (select min(id) from journal where incident_id is not null)"
    )
    assert [fault for fault, _ in await record.faults()] == ["changed"]


async def test_a_backlog_is_linked_in_portions(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written before there were chains, or while nobody linked, is caught up with; a second replica waits for nobody."""
    await record.break_by_hand("delete from journal_chain")
    await record.break_by_hand("delete from journal_roots")
    record.clock.advance(days=2)
    monkeypatch.setattr("leh_guardian.engine.chaining.PORTION", 7)
    rounds = 0
    while await record.chaining.run_once():
        rounds += 1
    assert rounds > 1
    assert await record.faults() == []


def test_the_words_of_a_line_cannot_be_shifted() -> None:
    """Two lines that differ only in where one word ends have different hashes; the same line has the same one anywhere."""
    from datetime import UTC, datetime

    from leh_guardian.model.chain import Line, follow, genesis

    at = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
    made: Callable[..., Line] = lambda author, kind: Line(1, at, author, kind, "", UUID(int=1), None, None, "{}")  # noqa: E731
    start = genesis(UUID(int=1))
    assert follow(start, made("a", "b.c")) != follow(start, made("a,b", ".c"))
    assert follow(start, made("a", "b")).hex() == follow(genesis(UUID(int=1)), made("a", "b")).hex()
    assert genesis(UUID(int=1)) != genesis(UUID(int=2))
