"""Owns samples of what is said of silences, changes of duty, handovers, probes and circuits; the one rule: as in `samples.py`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from leh_guardian.cli import account, breaker, by_hand, following, overrides, probe, usage
from leh_guardian.engine import broken_channels, handovers, overriding, silencing_wording
from leh_guardian.engine import overriding_wording as of_duty
from leh_guardian.engine.directory import Directory
from leh_guardian.language import NOTHING, Text, lines_of
from leh_guardian.model import probe_wording
from leh_guardian.model.channel_outage import ChannelOutage
from leh_guardian.model.oncall import OnCall
from leh_guardian.model.oncall import wording as oncall_wording
from leh_guardian.model.oncall.by_hand import Misfit, StoredOverride
from leh_guardian.model.oncall.duty import Duty
from leh_guardian.model.oncall.turns import Turn
from leh_guardian.model.probe import StepLook
from leh_guardian.model.spend.circuit import Circuit, State, Verdict
from leh_guardian.model.spend.limits import Scope, Tier
from leh_guardian.rules.oncall.loading import load_oncall
from tests.support.on_call import on_call_text

_NOW: Final = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
_HOUR: Final = timedelta(hours=1)
_SEOUL: Final = ZoneInfo("Asia/Seoul")
_ID: Final = UUID(int=7 << 96)


def messages() -> dict[str, Text]:
    """Return what each function says, by module, name and what it is said of."""
    found = load_oncall(on_call_text().encode(), "oncall.yaml")
    return {**_of_silences(), **_of_duty(found), **_of_handovers(found), **_of_probes(), **_of_use()}


def _of_silences() -> dict[str, Text]:
    def begun(covered: int) -> Text:
        return silencing_wording.begun("0199f7c3", _NOW + 2 * _HOUR, _NOW, '{"rule":["down"]}', covered)

    made = {
        "no_json": silencing_wording.no_json("{"),
        "no_pair": silencing_wording.no_pair("down"),
        "no_pattern": silencing_wording.no_pattern("not a list"),
        "no_field": silencing_wording.no_field("rules", "did you mean `rule`?"),
        "grave": silencing_wording.grave("data_leak, security"),
        "begun/1": begun(1),
        "begun/2": begun(2),
        "over_already": silencing_wording.over_already("0199f7c3", _NOW - 5 * _HOUR, _NOW, ""),
        "over_already/by": silencing_wording.over_already("0199f7c3", _NOW, _NOW, "minsu"),
        "ended": silencing_wording.ended("0199f7c3"),
    }
    return {f"engine.silencing_wording.{name}": text for name, text in made.items()}


def _of_duty(found: OnCall) -> dict[str, Text]:
    override = StoredOverride(_ID, "lv1", _NOW, _NOW + 24 * _HOUR, "minsu", "감기", _NOW, {"minsu": "seoyeon"})
    more = replace(override, add=("cto",), remove=("minsu",))
    made = {
        "no_schedule": of_duty.no_schedule("lv3", "did you mean `lv1`?"),
        "too_long": of_duty.too_long(366),
        "twice": of_duty.twice("from"),
        "too_many": of_duty.too_many(50),
        "all_wrong": of_duty.all_wrong([of_duty.NO_REASON, of_duty.PAST]),
        "there_already": of_duty.there_already(override.named),
        "made": of_duty.made(override.named, overriding.described(override, found)),
        "over_already": of_duty.over_already(override.named),
        "ended": of_duty.ended(override.named),
        "described": of_duty.described(override, _SEOUL, str),
        "_instead": of_duty._instead("minsu", "seoyeon"),
        "_added": of_duty._added("minsu"),
        "_removed": of_duty._removed("minsu"),
    }
    misfit = Misfit(override, oncall_wording.no_person("seoyeon"))
    return {
        **{f"engine.overriding_wording.{name}": text for name, text in made.items()},
        "engine.overriding.described": overriding.described(more, found),
        "model.oncall.wording.no_schedule": oncall_wording.no_schedule("lv1"),
        "model.oncall.wording.no_person": oncall_wording.no_person("seoyeon"),
        "model.oncall.wording.replaced_already": oncall_wording.replaced_already("minsu", "0199f7c3"),
        "cli.by_hand._misfit": by_hand._misfit(misfit, found),
        "cli.by_hand._without": by_hand._without("connection refused"),
        "cli.overrides._state": overrides._state({"misfit": None, "stands": True}),
        "cli.overrides._state/over": overrides._state({"misfit": None, "stands": False}),
        "cli.overrides._state/misfit": overrides._state({"misfit": "lv1", "stands": True}),
        "cli.overrides._no_pair": overrides._no_pair("minsu"),
    }


def _of_handovers(found: OnCall) -> dict[str, Text]:
    directory, schedule = Directory(found, "ops"), found.schedules["lv1"]
    until = _NOW + 24 * _HOUR
    row = {"number": 42, "severity": "sev2", "level": 1, "rule": "down", "dedup_key": "db-1", "status": "triggered"}
    nobody = Duty((), Text(ko="당직자가 없습니다", en="nobody is on call"), fallback=True)
    turn = Turn(schedule, _NOW + _HOUR / 2, Duty(("minsu",), NOTHING), Duty(("seoyeon",), NOTHING), until)
    empty = Turn(schedule, _NOW - _HOUR, Duty(("minsu",), NOTHING), nobody, None)
    return {
        "engine.handovers._text": handovers._text(turn, directory, [row], _NOW),
        "engine.handovers._text/late": handovers._text(empty, directory, [], _NOW),
        "engine.handovers._text/many": handovers._text(turn, directory, [row] * 22, _NOW),
        "engine.handovers._brief/1": handovers._brief(turn, 1),
        "engine.handovers._brief/2": handovers._brief(turn, 2),
        "engine.handovers._line": handovers._line({**row, "level": 0, "dedup_key": ""}),
        "engine.handovers._who": handovers._who(nobody, directory),
    }


def _of_probes() -> dict[str, Text]:
    failed = StepLook("", False, probe_wording.status((200, 204)), Text.same("HTTP 503"), seconds=0.25)
    made = {
        "step": probe_wording.step("log-in"),
        "step/nameless": probe_wording.step(""),
        "within": probe_wording.within(10.0),
        "not_reached": probe_wording.not_reached("ClientConnectorError"),
        "led_on/1": probe_wording.led_on(1),
        "led_on/2": probe_wording.led_on(2),
        "status": probe_wording.status((401, 204)),
        "status/any": probe_wording.status(()),
        "in_body": probe_wording.in_body("ok"),
        "not_in_body": probe_wording.not_in_body(7, ": <html>"),
        "taken": probe_wording.taken("file", "files[0].id"),
        "no_value": probe_wording.no_value(None),
        "no_value/list": probe_wording.no_value("list"),
        "short_json": probe_wording.short_json(256),
        "no_json": probe_wording.no_json(1),
        "compared": probe_wording.compared(probe_wording.JSON, probe_wording.no_json(2)),
        "failing": probe_wording.failing("web", failed.named, failed.compared, 3, _NOW - 5 * _HOUR, _NOW, _SEOUL),
        "failing/1": probe_wording.failing("web", failed.named, failed.compared, 1, _NOW, _NOW, _SEOUL),
    }
    return {
        **{f"model.probe_wording.{name}": text for name, text in made.items()},
        "model.probe.named": failed.named,
        "model.probe.compared": failed.compared,
        "cli.probe._line": lines_of(probe._line(StepLook("log-in", True, seconds=0.25)), probe._line(failed)),
    }


def _of_use() -> dict[str, Text]:
    plain = Circuit(Scope.FLEET, "")
    stopped = replace(
        plain,
        scope=Scope.CASE,
        key="case_1",
        state=State.OPEN,
        reason="too much",
        since=_NOW,
        until=_NOW + _HOUR,
        tier=Tier.HARD,
        verdict=Verdict.SUSPICIOUS,
        opens=2,
        opened_at=_NOW,
    )
    return {
        "cli.breaker._at": breaker._at(None),
        "cli.breaker._about": breaker._about(plain),
        "cli.breaker._about/open": breaker._about(stopped),
        "cli.breaker._changed": breaker._changed("case", "case_1", breaker._STATES[State.SHADOW]),
        "cli.account._no_account": account._no_account("../x"),
        "cli.account._already": account._already("0a1b2c3d"),
        "cli.account._planned": account._planned("0a1b2c3d"),
        "cli.following._approve": following._approve("0a1b2c3d"),
        "cli.usage._head": usage._head(Scope.CASE, "case_1", "closed"),
        "engine.broken_channels._back": broken_channels._back(ChannelOutage("slack")),
    }
