"""Replicas of two versions on one database: an upgrade under load, and the way back."""

from __future__ import annotations

import pytest

from leh_guardian.store.migrate import migrations
from tests.faults.checker import check
from tests.faults.replicas import Replica
from tests.faults.stage import Played, Scenario, Stage, scenarios
from tests.faults.world import World
from tests.support.earlier import earlier_version
from tests.support.figures import record
from tests.support.forks import Spawner
from tests.support.process import wait_for

_SHARE = 4
"""Effects that a replica must have begun before the next change: both really work, side by side."""


def one_version_after_the_other(stage: Stage) -> None:
    """The version before goes on under a schema newer than itself: while the new one migrates, started anew, and alone again."""
    found = earlier_version(stage.folder)
    if found is None:
        pytest.skip("there is no git history here: the version before this one cannot be had")
    _, sources = found
    newest = migrations()[-1][0]
    with stage.world(seed=35) as made:
        old = made.replica(Spawner(folder=sources))
        with made.busy(0.3, charge=2, once=1, tell=1, capped=1):
            _works(old)
            known = _schema(made)
            assert known < newest
            new = made.replica()
            _works(new)
            assert _schema(made) == newest
            _works(old)
            # It crashes, and comes up under a schema that it does not know.
            old.kill()
            old.start()
            _works(old)
            # The upgrade is taken back: the old one is alone.
            assert new.stop() == 0
            _works(old)
            new.start()
            _works(new)
            assert old.stop() == 0
            _works(new)
        left = made.settle()
        made.look()
        seen = check(made)
        assert seen.violations == [], left
        shares = {"by_the_older": _begun(old), "by_the_newer": _begun(new)}
        record("faults", "versions", seen.figures() | {"schemas": [known, newest], **shares})


def _begun(replica: Replica) -> int:
    return replica.hits()["executor.before_effect"]


def _works(replica: Replica) -> None:
    """Wait until a replica has done its share from now on."""
    before = _begun(replica)
    wait_for(lambda: _begun(replica) >= before + _SHARE)


def _schema(made: World) -> int:
    return int(made.truth.value("select max(version) from schema_version"))


@scenarios(one_version_after_the_other)
def test_versions(scenario: Scenario, played: Played) -> None:
    """An upgrade can be rolled out one replica at a time, and be taken back."""
    played(scenario)
