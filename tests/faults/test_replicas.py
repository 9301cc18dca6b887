"""Two replicas are as one: the same effects, one budget, one kill switch."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.faults.checker import check
from tests.faults.load import BUDGET
from tests.faults.stage import Played, Scenario, Stage, scenarios
from tests.faults.world import World, world
from tests.support.figures import record
from tests.support.process import run_cli, wait_for


def two_do_what_one_does(stage: Stage) -> None:
    """The same alerts have the same exactly-once effects with one replica and with two, every alert being delivered twice."""
    effects: list[Counter[str]] = []
    for count in (1, 2):
        with world(Path(stage.folder / str(count)), stage.durable, stage.forks, seed=18) as made:
            made.sqs.tune(duplicates=1.0, shuffle=True)
            for _ in range(count):
                made.replica()
            for _ in range(4):
                made.portion(charge=6, once=2, tell=2, capped=4)
            left = made.settle()
            found = check(made)
            assert found.violations == [], left
            capped = {name for name in found.charged if name.startswith("capped")}
            assert len(capped) == BUDGET
            # Which of the capped ones are served depends on the order of arrival, and that is not kept.
            effects.append(Counter({name: n for name, n in found.charged.items() if name not in capped}))
            record("faults", f"replicas_{count}", found.figures())
    # A remedy whose OK came first is not needed any more: of those, either may or may not have been in time.
    needed = {name for name in effects[0] | effects[1] if name not in made.load.sent.resolved}
    assert {name: effects[0][name] for name in needed} == {name: effects[1][name] for name in needed}
    assert set(effects[0].values()) == set(effects[1].values()) == {1}
    assert len(needed) > 3


def the_switch_stops_both(stage: Stage) -> None:
    """After `mode set off` has returned, no replica starts what it holds back; when it is lifted, everything is done."""
    with stage.world(seed=19) as made:
        for _ in range(2):
            made.replica().url()
        with made.busy(0.2, charge=3, tell=1):
            wait_for(lambda: len(made.outside.effects("charge")) > 5)
            _mode(made, "off")
            at = made.truth.value("select clock_timestamp()")
            more = len(made.load.sent.names("charge")) + 15
            wait_for(lambda: len(made.load.sent.names("charge")) > more)
        late = made.truth.value(
            "select count(*) from journal j join actions a on a.id = j.action_id"
            " where j.kind = 'attempt.started' and a.handler = 'charge' and j.at > $1",
            at,
        )
        assert late == 0
        waiting = made.truth.value("select count(*) from actions where handler = 'charge' and status = 'scheduled'")
        assert waiting > 0
        _mode(made, "act")
        left = made.settle()
        found = check(made)
        assert found.violations == [], left
        record("faults", "kill_switch", found.figures() | {"late_starts": late, "held": waiting})


def _mode(made: World, mode: str) -> None:
    told = {"LEH_DATABASE_URL": made.postgres.dsn(made.database)}
    assert run_cli("mode", "set", mode, "--reason", "시험", **told).returncode == 0


@scenarios(two_do_what_one_does, the_switch_stops_both)
def test_replicas(scenario: Scenario, played: Played) -> None:
    """Effects, budgets and the kill switch know no replicas."""
    played(scenario)
