"""Owns a small installation with people in it: rules, `oncall.yaml`, and a house that calls them over toy channels."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from leh_guardian.context import Capabilities
from leh_guardian.engine.answer_links import AnswerLinks
from leh_guardian.store.pool import Pool
from tests.support.clock import FakeClock
from tests.support.house import House, World, rule_set

RULES = """
version: 1
rules:
  - id: down
    mode: act
    severity: sev2
    pattern: {detail: {alarmName: [{prefix: down-}], state: {value: [ALARM]}}}
    resolve_on: {detail: {state: {value: [OK]}}}
    dedup: detail.alarmName
    actions: []
  - id: leak
    mode: act
    severity: sev1
    escalate: security
    pattern: {detail: {alarmName: [{prefix: leak-}], state: {value: [ALARM]}}}
    resolve_on: {detail: {state: {value: [OK]}}}
    dedup: detail.alarmName
    actions: []
  - id: mended
    mode: act
    severity: sev2
    pattern: {detail: {alarmName: [{prefix: mend-}], state: {value: [ALARM]}}}
    resolve_on: {detail: {state: {value: [OK]}}}
    dedup: detail.alarmName
    actions: [{uses: fix, timeout: 30m, retry: {attempts: 2, backoff: 1s}}]
"""
ON_CALL = """
version: 1
contact_rules:
  duty:
    normal: [{after: 0m, via: [slack]}]
    urgent: [{after: 0m, via: [slack]}, {after: 5m, via: [sms]}, {after: 15m, via: [voice]}]
  executive:
    normal: [{after: 0m, via: [slack]}]
    urgent: [{after: 0m, via: [voice, sms]}]
people:
  minsu: {name: 김민수, slack: U1000000001, phone: "+821000000001", notify: duty}
  seoyeon: {name: 최서연, slack: U1000000002, phone: "+821000000002", notify: duty}
  cto: {name: 한지훈, slack: U1000000003, phone: "+821000000003", notify: executive}
teams: {executives: [cto]}
channels:
  ops: {provider: webhook}
  slack: {provider: slack, kind: dm}
  sms: {provider: solapi, kind: sms, from: "0200000000"}
  voice: {provider: solapi, kind: voice, from: "0200000000"}
failover: {slack: [sms], sms: [voice]}
{more}
schedules:
  lv1: {name: Lv1, layers: [{name: all, rotation: {phases: [{from: 2026-01-05, members: [minsu]}]}}]}
  lv2: {name: Lv2, layers: [{name: all, rotation: {phases: [{from: 2026-01-05, members: [seoyeon]}]}}]}
policies:
  default:
    steps:
      - {level: 1, notify: [schedule:lv1, channel:ops], ack_within: 30m, resolve_within: 60m}
      - {level: 2, notify: [schedule:lv2], ack_within: 60m, resolve_within: 4h}
      - {level: 3, notify: [team:executives]{keep}}
    {policy}
    after_last: {repeat_from: 3, every: 15m, backoff: 1.5, max_every: 60m, times: forever}
  security: {extends: default, start_level: 3, remediation_grace: 0m, suppressible: false, notify_also: [schedule:lv1]}
"""


def on_call_text(more: str = "", policy: str = "", keep: str = "") -> str:
    """Return an `oncall.yaml`; with `more` blocks, more of the policy `default`, and more of its last step."""
    text = ON_CALL.replace("{more}", more).replace("{policy}", policy)
    return text.replace("{keep}", f", {keep}" if keep else "")


class Called:
    """A house whose people keep what they are told, on a clock that goes on in steps."""

    def __init__(
        self,
        pool: Pool,
        folder: Path,
        more: str = "",
        rules: str = RULES,
        ways: Any = None,
        policy: str = "",
        keep: str = "",
        links: AnswerLinks | None = None,
        oncall: str = "",
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "oncall.yaml").write_text(oncall or on_call_text(more, policy, keep), encoding="utf-8")
        self.world, self.clock = World(), FakeClock()
        loaded = rule_set(folder, rules, self.world)
        can = Capabilities(queues=None, channels=ways or {}, letters=None)  # type: ignore[arg-type]
        self.house = House(
            pool,
            loaded,
            self.world,
            self.clock,
            channel="ops",
            channels=("slack", "sms", "voice"),
            hold="5m",
            links=links,
            registry=self.world.registry(),
            capabilities=can,
        )
        self.start = self.clock.now()

    async def until(self, minutes: float, step: float = 15.0) -> None:
        """Let the time go on in steps of `step` seconds, working at each."""
        end = self.start + timedelta(minutes=minutes)
        await self.house.work()
        while self.clock.now() < end:
            self.clock.advance(seconds=min(step, (end - self.clock.now()).total_seconds()))
            await self.house.work()

    def calls(self, kind: str = "page") -> list[tuple[float, int, str]]:
        """Return (minutes, level, channel) of each message of a kind that was taken."""
        found = [
            (round((at - self.start).total_seconds() / 60, 2), notice.level, channel)
            for at, channel, notice in self.world.sent
            if notice.kind.value == kind
        ]
        return sorted(found)
