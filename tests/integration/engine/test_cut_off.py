"""The reload of rule files: what is taken at once, what is held back, what is refused, and how people learn of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from leh_guardian.engine.escalator import at_console
from leh_guardian.engine.progression import Progression
from leh_guardian.engine.reloader import Reloader
from leh_guardian.rules.loader import load_rules
from leh_guardian.store import overview
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from leh_guardian.telemetry.metrics import Metrics
from tests.support.clock import FakeClock
from tests.support.house import World

RULE = "  - id: {id}\n    pattern: {{source: [my.own], detail: {{name: [{id}]}}}}\n    severity: sev2\n"
TWO = "version: 1\nrules:\n" + RULE.format(id="a") + RULE.format(id="b")


@pytest.fixture
def clock() -> FakeClock:
    """A clock for the reloader."""
    return FakeClock()


@pytest.fixture
def rules_file(tmp_path: Path) -> Path:
    """The one rule file, with two rules."""
    file = tmp_path / "rules" / "a.yaml"
    file.parent.mkdir()
    file.write_text(TWO, encoding="utf-8")
    return file


@pytest.fixture
def reloader(pool: Pool, clock: FakeClock, rules_file: Path) -> Reloader:
    """A reloader that runs on the two rules."""
    registry = World().registry()
    rules = load_rules(rules_file.parent, registry)
    progression = Progression(registry, at_console())
    return Reloader(rules_file.parent, registry, pool, progression, clock, Metrics(), rules, replica="one")


def write(file: Path, text: str) -> None:
    """Save a text as an editor does."""
    file.write_text(text, encoding="utf-8")


def ids(reloader: Reloader) -> list[str]:
    """Return the ids of the rules in use."""
    return [rule.id for rule in reloader.current().rules]


async def rounds(reloader: Reloader, clock: FakeClock, seconds: int) -> None:
    """Look at the folder every two seconds for a while."""
    for _ in range(seconds // 2):
        clock.advance(seconds=2)
        await reloader.run_once()


async def incidents(pool: Pool) -> list[str]:
    """Return the status of the incidents about rule files."""
    async with transaction(pool) as tx:
        return [
            row["status"] for row in await overview.list_incidents(tx, statuses=()) if row["rule"] == "guardian.rules"
        ]


async def test_an_edit_is_taken_once_it_has_stood_still(reloader: Reloader, clock: FakeClock, rules_file: Path) -> None:
    """One round sees it, the next one loads it."""
    write(rules_file, TWO + RULE.format(id="c"))
    await rounds(reloader, clock, 2)
    assert ids(reloader) == ["a", "b"]
    await rounds(reloader, clock, 2)
    assert ids(reloader) == ["a", "b", "c"]


async def test_a_shortened_file_is_taken_only_if_it_stays_so(
    reloader: Reloader, clock: FakeClock, rules_file: Path, pool: Pool
) -> None:
    """A write that goes on is never seen half; a rule deleted at the end is gone half a minute later, without an incident."""
    write(rules_file, TWO[: TWO.index("  - id: b")])
    await rounds(reloader, clock, 20)
    assert ids(reloader) == ["a", "b"]
    write(rules_file, TWO[: TWO.index("    severity: sev2\n", 90)])
    await rounds(reloader, clock, 20)
    assert ids(reloader) == ["a", "b"]
    write(rules_file, TWO.replace("sev2", "sev1"))
    await rounds(reloader, clock, 4)
    assert {rule.severity for rule in reloader.current().rules} == {"sev1"}
    write(rules_file, TWO.replace("sev2", "sev1")[: TWO.index("  - id: b")])
    await rounds(reloader, clock, 34)
    assert ids(reloader) == ["a"]
    assert await incidents(pool) == []


async def test_standing_still_counts_from_the_last_change(
    reloader: Reloader, clock: FakeClock, rules_file: Path
) -> None:
    """Away and back again is another half minute."""
    shorter = TWO[: TWO.index("  - id: b")]
    for _ in range(3):
        write(rules_file, shorter)
        await rounds(reloader, clock, 20)
        write(rules_file, TWO)
        await rounds(reloader, clock, 2)
    assert ids(reloader) == ["a", "b"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TWO, TWO[:-4]),
        (TWO, TWO.replace("id: a", "id: c")[:-4]),
        (f"{TWO}...\n", TWO),
        (f"{TWO}...\n", TWO[: TWO.index("  - id: b")] + RULE.format(id="c")),
    ],
    ids=["mid-line", "other-mid-line", "mark-gone", "other-mark-gone"],
)
async def test_a_file_that_was_cut_off_is_refused(
    reloader: Reloader, clock: FakeClock, rules_file: Path, pool: Pool, before: str, after: str
) -> None:
    """The last good rules stay, people are told what to do about it, and the whole file heals it."""
    write(rules_file, before)
    await reloader.reload()
    write(rules_file, after)
    await rounds(reloader, clock, 60)
    assert ids(reloader) == ["a", "b"]
    assert "looks cut off" in (reloader.in_use.refused or "")
    assert await incidents(pool) == ["triggered"]
    write(rules_file, before)
    await rounds(reloader, clock, 4)
    assert reloader.in_use.refused is None
    assert await incidents(pool) == ["resolved"]


async def test_sighup_takes_a_file_as_it_is(reloader: Reloader, rules_file: Path) -> None:
    """An operator's word is enough, held back or refused."""
    write(rules_file, TWO[: TWO.index("  - id: b")])
    assert await reloader.reload()
    assert ids(reloader) == ["a"]
    write(rules_file, TWO[: TWO.index("    severity")] + "    severity: sev1")
    assert await reloader.reload()
    assert [rule.severity for rule in reloader.current().rules] == ["sev1"]


async def test_a_change_between_start_and_the_first_look_is_seen(
    pool: Pool, clock: FakeClock, rules_file: Path
) -> None:
    """The reloader compares with the rules in use, not with what the folder held when it was made."""
    registry = World().registry()
    rules = load_rules(rules_file.parent, registry)
    write(rules_file, TWO.replace("sev2", "sev1"))
    late = Reloader(
        rules_file.parent, registry, pool, Progression(registry, at_console()), clock, Metrics(), rules, replica="one"
    )
    await rounds(late, clock, 4)
    assert {rule.severity for rule in late.current().rules} == {"sev1"}
