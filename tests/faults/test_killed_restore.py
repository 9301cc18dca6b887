"""kill -9 at each step of a restore, on the real parts: another replica completes it, and LEH was asked for nothing twice.

Only where a request's fate is in doubt does it matter whether the API honours keys; everywhere else it does not honour them here, so
that a request that went out twice would be counted twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.faults.emptied_case import CASE, CLEARED, EVIDENCE, SHAPE, TOKEN, EmptiedCase
from tests.faults.replicas import Replica
from tests.faults.sizes import LONG
from tests.faults.stage import Played, Scenario, Stage, scenarios
from tests.faults.truth import Away, Truth
from tests.support.figures import record
from tests.support.installation import alert_queue, install
from tests.support.process import wait_for

_RULE = """
version: 1
rules:
  - id: restore
    mode: act
    pattern: {source: [leh.backend], detail-type: [CaseRestoreRequested]}
    dedup: detail.case_id
    guards: {cooldown: 1s}
    actions:
      - uses: case_state
        with: {case: "${event.detail.case_id}"}
        retry: {attempts: 5, backoff: 1s}
      - uses: case_restore
        with: {case: "${event.detail.case_id}"}
        retry: {attempts: 5, backoff: 1s}
      - uses: reconcile_case
        with: {case: "${event.detail.case_id}", rate: 100, finish_within: 10s, reindex_within: 6s, poll: 500ms}
        retry: {attempts: 20, backoff: 1s}
    verify:
      uses: case_state
      with: {case: "${event.detail.case_id}", complete: true}
      within: 1m
"""
_EVENT = {
    "id": "e-1",
    "source": "leh.backend",
    "detail-type": "CaseRestoreRequested",
    "time": "2026-11-27T19:00:00Z",
    "region": "ap-northeast-2",
    "account": "123456789012",
    "resources": [],
    "detail": {"case_id": CASE},
}
STEPS = {
    # Between the three inventories: of the look, of the plan, of the waits, of the last count, and of the verification.
    "inventory.objects": range(1, 8),
    "inventory.records": range(1, 8),
    # Just before and just after the index is asked for, which may be done twice.
    "reconcile.reindexing": (1,),
    "reconcile.reindexed": (1,),
    # Before and after the status is committed.
    "restore.before_commit": (1,),
    "restore.committed": (1,),
    # With each checkpoint written, and before and after each attempt's end: waits, the steps' ends, the verification's.
    "executor.checkpointed": range(1, 9),
    "executor.claimed": range(1, 7),
    "executor.before_settle": range(1, 7),
    "executor.before_settle_commit": range(1, 7),
    "executor.settled": range(1, 6),
}
"""Points, and at which of their hits a replica is killed; one that is not reached fails."""
DOUBT = {
    "reprocess.asking": (1, 2, 3),
    "reprocess.asked": (1, 2, 3),
}
"""... just before and just after a request for a piece, which costs tokens each time."""
_FOUND: dict[str, dict[str, int]] = {}


@dataclass(frozen=True)
class _Played:
    """A restore that is asked for."""

    leh: EmptiedCase
    replica: Replica
    truth: Truth

    def ended(self) -> bool:
        """Tell whether nothing more follows."""
        try:
            [[left]] = self.truth.rows(
                "select count(*) from actions where status in ('scheduled', 'running', 'waiting') and role <> 'tell'"
            )
            return left == 0 and bool(self.truth.rows("select 1 from actions where handler = 'reconcile_case'"))
        except Away:
            return False

    def told(self) -> tuple[str, str]:
        """Return the state of the incident, and what the repair ended in."""
        [[state]] = self.truth.rows("select status from incidents")
        [[said]] = self.truth.rows("select outcome::text from actions where handler = 'reconcile_case'")
        return str(state), str(said)


@contextmanager
def _restore(stage: Stage, *, honours: bool, later: float | None) -> Iterator[_Played]:
    settings = install(stage.durable, stage.aws, stage.folder)
    (Path(settings["LEH_RULES__DIR"]) / "restore.yaml").write_text(_RULE, encoding="utf-8")
    (stage.folder / "token").write_text(TOKEN)
    with (
        alert_queue(settings) as send,
        EmptiedCase(settings, honours=honours, later=later) as leh,
        Truth(settings["LEH_DATABASE_URL"]) as truth,
    ):
        settings |= leh.settings() | {"LEH_ADMIN_API__TOKEN_FILE": str(stage.folder / "token")}
        replica = Replica(stage.forks, "replica", stage.folder, lambda _: settings)
        send(_EVENT)
        try:
            yield _Played(leh, replica, truth)
        finally:
            replica.kill()


def killed(point: str, hit: int, keys: str, stage: Stage) -> None:
    """Killed there, the next process opens the case and makes it whole; without keys, what never went out goes to a person."""
    # The worker is at work when the next process comes, where that has to wonder.
    later = 4.0 if point == "reprocess.asked" else None
    with _restore(stage, honours=keys == "honoured", later=later) as played:
        leh, replica = played.leh, played.replica
        replica.start(GUARDIAN_TEST_KILL=f"{point}:{hit}")
        wait_for(replica.died_by_itself, 90)
        replica.start()
        wait_for(played.ended, 90, pause=0.3)
        effects, (state, said) = leh.desk.effects, played.told()
        _FOUND[f"{point}:{hit} {keys}"] = {"asked": sum(effects.values()), "worked": sum(leh.worked.values())}
        # LEH's own tables and its API say how often, and not guardian's.
        assert max(effects.values(), default=1) == max(leh.worked.values(), default=1) == 1, effects
        assert set(effects) <= {CASE, *CLEARED}
        assert leh.status() == SHAPE.active
        [line] = leh.lines()
        assert (line["action"], line["object"]) == ("CASE_RESTORED", CASE)
        missing = set(EVIDENCE) - leh.searchable()
        if keys == "ignored" and point == "reprocess.asking":
            # It never went out, which nobody can know: a person is told of that one piece, and what to do.
            [lost] = missing
            assert '"result":"unknown"' in said
            assert f"알 수 없는 증거 1건: {lost} -" in said
            assert f"leh-guardian case restore {CASE}" in said
            assert set(effects) == {CASE, *CLEARED} - {lost}
            assert state != "resolved"
        else:
            assert not missing, said
            assert set(effects) == {CASE, *CLEARED}
            assert state == "resolved", said


# In small: once the status is committed, between two inventories of the repair, before a request to LEH, and after one.
_FEW = {("restore.committed", 1), ("inventory.records", 3), ("reprocess.asking", 1), ("reprocess.asked", 2)}
CHOSEN = [
    (point, hit, keys)
    for points, ways in ((STEPS, ("ignored",)), (DOUBT, ("honoured", "ignored")))
    for point, numbers in points.items()
    for hit in numbers
    for keys in ways
    if LONG or ((point, hit) in _FEW and keys == "ignored")
]


@scenarios(*(partial(killed, *each) for each in CHOSEN))
def test_killed_restore(scenario: Scenario, played: Played) -> None:
    """Counted in LEH's database, at its admin API and in its index."""
    played(scenario)
    sums = {name: sum(found[name] for found in _FOUND.values()) for name in ("asked", "worked")}
    record("faults", "restore_kills", {"kills": len(_FOUND), **sums})
