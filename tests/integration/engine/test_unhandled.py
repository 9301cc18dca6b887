"""A diagnosis that no step is for: people are told at once, and what did not happen is not verified."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from leh_guardian.model.mode import Mode
from leh_guardian.model.outcome import Done, NoOp, Outcome
from leh_guardian.store.pool import Pool
from tests.support.builders import alarm_event
from tests.support.clock import FakeClock
from tests.support.house import House, World, rule_set

RULE = """
version: 1
rules:
  - id: dlq
    mode: act
    pattern: {detail: {alarmName: [{prefix: leh-}], state: {value: [ALARM]}}}
    resolve_on: {detail: {state: {value: [OK]}}}
    dedup: detail.alarmName
    guards: {cooldown: 1s}
    actions:
%s
    verify: {uses: look, with: {what: proof}}
"""
CAUSE = "      - {id: cause, uses: look, with: {what: cause}}\n"
FIX = "      - {id: redrive, uses: fix, if: {cause: {verdict: [transient, throttled]}}, with: {what: redrive}}\n"
REPROCESS = "      - {id: reprocess, uses: fix, if: {cause: {verdict: [code_bug]}}, with: {what: reprocess}}\n"
ALWAYS = "      - {id: always, uses: fix, with: {what: always}}\n"
SAY = "      - {uses: notify, if: {cause: {verdict: [config]}}, with: {text: by its own step}}\n"


@pytest.fixture
def run(pool: Pool, tmp_path: Path) -> Callable[..., House]:
    """Make a house with a rule of these steps; what a step ends in is given in order."""

    def make(steps: str, *outcomes: Outcome, mode: Mode = Mode.ACT) -> House:
        world = World(outcomes=list(outcomes))
        return House(pool, rule_set(tmp_path / "rules", RULE % steps, world), world, FakeClock(), mode=mode)

    return make


def found(verdict: str) -> Done:
    """What a diagnosis ends in."""
    return Done(f"it is {verdict}", {"verdict": verdict, "lines": 9})


@pytest.mark.parametrize("steps", [CAUSE + FIX + REPROCESS, CAUSE + FIX, CAUSE + FIX + REPROCESS + SAY])
async def test_a_verdict_that_no_step_is_for_goes_to_people(run: Callable[..., House], steps: str) -> None:
    """At once, with what was found and what the steps are for; nothing is verified, and the incident stays open until its OK."""
    one = run(steps, found("bad_input"))
    await one.take(alarm_event("leh-a"))
    await one.work()
    [told] = one.world.told
    assert "진단 결과에 맞는 조치가 규칙에 없어" in told
    assert '{"cause":{"verdict":"bad_input"}}' in told
    assert "lines" not in told, "only what conditions look at"
    assert not one.world.effects["redrive"] + one.world.effects["reprocess"] + one.world.effects["proof"]
    assert [a["role"] for a in await one.actions() if a["role"] == "verify"] == []
    assert [i["status"] for i in await one.incidents()] == ["triggered"]
    journal = await one.journal()
    assert "plan.stopped" in journal
    assert "plan.done" not in journal
    await one.take(alarm_event("leh-a", "OK", time="2026-11-22T18:05:00Z"))
    one.clock.advance(minutes=10)
    await one.work()
    assert [i["status"] for i in await one.incidents()] == ["resolved"]
    assert len(one.world.told) == 1


@pytest.mark.parametrize(
    ("steps", "outcomes", "told"),
    [
        (CAUSE + FIX + REPROCESS, [found("transient")], []),
        (CAUSE + FIX + REPROCESS, [found("code_bug")], []),
        # The remedy had nothing to do: it was asked all the same.
        (CAUSE + FIX + REPROCESS, [found("transient"), NoOp("empty")], []),
        # The rule has a step of its own for it.
        (CAUSE + FIX + SAY, [found("config")], ["by its own step"]),
        # One remedy has no condition; the others are for what it leaves.
        (CAUSE + ALWAYS + FIX, [found("config")], []),
        # No remedy at all: it only looks, and tells.
        (CAUSE + SAY, [found("transient")], []),
    ],
)
async def test_a_plan_that_has_done_something_is_verified(
    run: Callable[..., House], steps: str, outcomes: list[Outcome], told: list[str]
) -> None:
    """A step with a condition has run, or a remedy without one, or the rule has none: nothing is missing."""
    one = run(steps, *outcomes)
    await one.take(alarm_event("leh-a"))
    await one.work()
    assert one.world.told == told
    assert one.world.effects["proof"] == 1
    assert "plan.stopped" not in await one.journal()


async def test_what_was_only_tried_out_is_no_verdict(run: Callable[..., House]) -> None:
    """A dry step's facts are not the real ones: nobody is called out for them."""
    one = run(CAUSE.replace("look", "fix") + FIX, mode=Mode.OBSERVE)
    await one.take(alarm_event("leh-a"))
    await one.work()
    assert one.world.told == []
