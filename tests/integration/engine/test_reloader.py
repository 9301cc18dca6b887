"""The reload of rules at run time: all fallible work first, then one swap."""

from __future__ import annotations

from pathlib import Path

import pytest

from leh_guardian.engine.escalator import at_console
from leh_guardian.engine.progression import Progression
from leh_guardian.engine.reloader import RULES_RULE, Reloader
from leh_guardian.rules.loader import load_rules
from leh_guardian.store.pool import Pool
from leh_guardian.telemetry.metrics import Metrics
from tests.support.builders import alarm_event
from tests.support.clock import FakeClock
from tests.support.house import House, World

RULES = """
version: 1
rules:
  - id: dlq
    mode: act
    description: {description}
    pattern: {{detail: {{alarmName: [{{prefix: {prefix}}}], state: {{value: [ALARM]}}}}}}
    dedup: detail.alarmName
    guards: {{cooldown: 10m, budget: [{{max: 1, per: 1h}}]}}
    actions: [{{uses: fix}}]
"""
ONCALL = "version: 1\npolicies:\n  {name}: {{steps: [{{level: 1, notify: [channel:default]}}]}}\n"
CASE = """
version: 1
cases:
  - name: the alarm of the queue is ours
    event: {{source: s, detail-type: t, detail: {{alarmName: {name}, state: {{value: ALARM}}}}}}
    expect: [{{rule: dlq}}]
"""


class Folder:
    """A rules folder with one rule and one case, and a replica that follows it."""

    def __init__(self, path: Path, pool: Pool) -> None:
        self.path = path
        (path / "cases").mkdir(parents=True)
        self.write("leh-", "first")
        self.case("leh-a")
        world, clock = World(), FakeClock()
        registry = world.registry()
        rules = load_rules(path, registry)
        self.house = House(pool, rules, world, clock)
        self.metrics = Metrics()
        self.reloader = Reloader(
            path, registry, pool, Progression(registry, at_console()), clock, self.metrics, rules, replica="one"
        )

    def write(self, prefix: str, description: str) -> None:
        """Write the rule."""
        text = RULES.format(prefix=prefix, description=description)
        (self.path / "rules.yaml").write_text(text, encoding="utf-8")

    def case(self, name: str) -> None:
        """Write the case: an alarm of this name is the rule's."""
        (self.path / "cases" / "dlq.yaml").write_text(CASE.format(name=name), encoding="utf-8")

    async def look(self, rounds: int = 2) -> None:
        """Let the reloader look: a change is taken once it has stood still for a round."""
        for _ in range(rounds):
            await self.reloader.run_once()
        self.house.rules = self.reloader.current()

    @property
    def description(self) -> str:
        """The description in use."""
        return self.reloader.current().rules[0].description

    async def refused(self) -> list[str]:
        """The states of the incidents about refused rule files."""
        return [i["status"] for i in await self.house.incidents() if i["rule"] == RULES_RULE]


@pytest.fixture
def folder(pool: Pool, tmp_path: Path) -> Folder:
    """A folder and a replica."""
    return Folder(tmp_path / "rules", pool)


async def test_a_change_is_taken_once_it_has_stood_still(folder: Folder) -> None:
    """What is still being written when it is first seen is not tried."""
    folder.write("leh-", "second")
    await folder.look(rounds=1)
    assert folder.description == "first"
    folder.write("leh-", "third")
    await folder.look(rounds=1)
    assert folder.description == "first"
    await folder.look(rounds=1)
    assert folder.description == "third"


async def test_rules_whose_cases_fail_are_not_taken(folder: Folder) -> None:
    """The last good rules go on matching, an incident says why, and it closes when rule or case is mended."""
    folder.write("other-", "second")
    await folder.look()
    assert folder.description == "first"
    assert "case-failed" in (folder.reloader.in_use.refused or "")
    assert await folder.refused() == ["triggered"]
    await folder.house.take(alarm_event("leh-a"))
    assert {i["rule"] for i in await folder.house.incidents("triggered")} == {RULES_RULE, "dlq"}
    folder.case("other-a")
    await folder.look()
    assert (folder.description, folder.reloader.in_use.refused) == ("second", None)
    assert await folder.refused() == ["resolved"]
    assert "rules.refused" in await folder.house.journal()
    loads = {outcome: folder.metrics.rules_loads.labels(outcome)._value.get() for outcome in ("loaded", "refused")}
    assert loads == {"loaded": 1, "refused": 1}


async def test_who_is_called_is_reloaded_with_the_rules(folder: Folder) -> None:
    """A broken `oncall.yaml` is refused as broken rules are, and the policies in use stay those they were."""
    (folder.path / "oncall.yaml").write_text(ONCALL.format(name="default"), encoding="utf-8")
    await folder.look()
    oncall = folder.reloader.current().oncall
    assert oncall is not None
    (folder.path / "oncall.yaml").write_text(ONCALL.format(name="defualt"), encoding="utf-8")
    await folder.look()
    assert folder.reloader.current().oncall is oncall
    assert "there is no policy `default`" in (folder.reloader.in_use.refused or "")
    assert await folder.refused() == ["triggered"]


async def test_a_case_that_breaks_is_told_although_the_rules_are_the_same(folder: Folder) -> None:
    """The folder on disk would be refused at the next start: that is said now."""
    folder.case("other-a")
    await folder.look()
    assert folder.reloader.in_use.refused
    folder.case("leh-b")
    await folder.look()
    assert folder.reloader.in_use.refused is None


async def test_what_guards_remember_survives_a_reload(folder: Folder) -> None:
    """Budgets and cooldowns belong to the rule's id, not to a version of it."""
    await folder.house.take(alarm_event("leh-a"))
    await folder.house.work()
    folder.write("leh-", "second")
    await folder.look()
    await folder.house.take(alarm_event("leh-b"))
    await folder.house.work()
    assert "suppressed.budget" in await folder.house.journal()
    assert folder.house.world.effects.total() == 1


async def test_a_folder_that_vanishes_changes_nothing(folder: Folder) -> None:
    """An unmounted volume is a refused reload, not a daemon without rules."""
    (folder.path / "cases" / "dlq.yaml").unlink()
    (folder.path / "cases").rmdir()
    (folder.path / "rules.yaml").unlink()
    folder.path.rmdir()
    await folder.look()
    assert folder.description == "first"
    assert await folder.refused() == ["triggered"]


@pytest.mark.parametrize(
    "removal", ["no file", "another name", "emptied", "an empty list", "all comments", "only cases"]
)
@pytest.mark.parametrize("asked", [False, True], ids=["by itself", "SIGHUP"])
async def test_running_without_rules_is_never_taken_for_meant(folder: Folder, removal: str, asked: bool) -> None:
    """However all rules went, and whoever asks: refused with what to do instead, and the last good ones go on matching."""
    file = folder.path / "rules.yaml"
    match removal:
        case "no file" | "only cases":
            file.unlink()
        case "another name":
            file.rename(folder.path / "rules.yaml.bak")
        case "emptied":
            file.write_bytes(b"")
        case "an empty list":
            file.write_text("version: 1\nrules: []\n", encoding="utf-8")
        case "all comments":
            file.write_text("# nothing\n", encoding="utf-8")
    if removal != "only cases":
        (folder.path / "cases" / "dlq.yaml").unlink()
    if asked:
        assert not await folder.reloader.reload()
    await folder.look(rounds=20)
    assert folder.description == "first"
    assert "[empty]" in (folder.reloader.in_use.refused or "")
    if removal in {"no file", "another name", "an empty list", "only cases"}:
        assert "set the daemon's mode to off" in (folder.reloader.in_use.refused or "")
    assert folder.metrics.rules_ok._value.get() == 0
    assert await folder.refused() == ["triggered"]
    await folder.house.take(alarm_event("leh-a"))
    assert "dlq" in {i["rule"] for i in await folder.house.incidents("triggered")}


async def test_an_open_incident_whose_rule_is_gone_is_told_once(folder: Folder) -> None:
    """Its OK will be recognised by nobody, so a person must close it; one that waits for no OK is left alone."""
    waiting = RULES.format(prefix="leh-", description="first").replace(
        "    dedup:", "    resolve_on: {detail: {state: {value: [OK]}}}\n    dedup:"
    )
    other = "  - {id: other, pattern: {detail: {alarmName: [never]}}}\n"
    people = "  - {id: people, mode: act, pattern: {detail: {alarmName: [leh-a]}}}\n"
    case = folder.path / "cases" / "dlq.yaml"
    case.write_text(case.read_text().replace("[{rule: dlq}]", "[{rule: dlq}, {rule: people}]"), encoding="utf-8")
    (folder.path / "rules.yaml").write_text(waiting + people + other, encoding="utf-8")
    await folder.look()
    await folder.house.take(alarm_event("leh-a"))
    await folder.house.work()
    (folder.path / "cases" / "dlq.yaml").unlink()
    for text in (waiting.replace("id: dlq", "id: renamed") + other, "\nversion: 1\nrules:\n" + other):
        (folder.path / "rules.yaml").write_text(text, encoding="utf-8")
        await folder.look()
        await folder.house.work()
    assert [line for line in await folder.house.journal() if line == "incident.orphaned"] == ["incident.orphaned"]
    told = [text.splitlines()[0] for text in folder.house.world.told if "직접 해결 처리하세요" in text]
    assert told == ["[SEV3·Lv1] dlq (leh-a) · 30분 내 응답"]
    assert {i["rule"]: i["status"] for i in await folder.house.incidents()} == {
        "dlq": "triggered",
        "people": "triggered",
    }
