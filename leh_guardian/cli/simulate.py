"""Owns `leh-guardian simulate`: whom an incident would call, and when; the one rule: it asks the engine, over the files.

Of the database only what people have changed by hand is asked (duty, silences), and nothing is sent. What only a running installation knows is said, not guessed: throttles, storms, other incidents.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from leh_guardian.cli import by_hand
from leh_guardian.cli.instant import given_instant
from leh_guardian.cli.language import locale, said
from leh_guardian.cli.output import SEOUL, as_json, out, print_json, tell
from leh_guardian.cli.rules_folder import registry, rules_folder
from leh_guardian.clock import SystemClock
from leh_guardian.engine.directory import CHANNEL, PERSON, Directory
from leh_guardian.engine.foresight import Foreseen, imagined, unanswered
from leh_guardian.engine.suppression import facts_of, in_window, silence_of
from leh_guardian.engine.wording import because
from leh_guardian.errors import SettingsError
from leh_guardian.language import Text, count, length
from leh_guardian.model.mode import Mode
from leh_guardian.model.oncall import built_in
from leh_guardian.model.silence import Silence
from leh_guardian.ports import Later, Moot
from leh_guardian.rules.diagnostics import did_you_mean
from leh_guardian.rules.loader import load_rules
from leh_guardian.rules.ruleset import Rule, RuleSet
from leh_guardian.settings import load_settings


@click.command()
@click.option("--rule", "rule_id", required=True, metavar="RULE", help="The rule whose incident it is.")
@click.option("--at", metavar="ISO", help="When it opens; without a zone by the file's clocks. Now if left out.")
@click.option(
    "--no-ack", is_flag=True, expose_value=False, help="That nobody answers, which is what is simulated in any case."
)
@click.option("--hours", type=click.IntRange(1, 24 * 30), default=12, show_default=True, help="How far ahead.")
@click.option("--rules", "folder", type=click.Path(path_type=Path), help="The folder (LEH_RULES__DIR, else ./rules).")
@as_json
def simulate(rule_id: str, at: str | None, hours: int, folder: Path | None, json_: bool) -> None:
    """Tell the whole future of an incident that nobody answers: when, at which level, whom, by which channels, and why.

    Exit 1 where nobody would be called.
    """
    rules = load_rules(rules_folder(folder), registry())
    rule, channel = _rule(rules, rule_id), _own_channel()
    now = SystemClock().now()
    oncall, misfits, quiet = by_hand.changed_and_silent(rules.oncall or built_in(channel), now)
    by_hand.tell_misfits(misfits, oncall)
    # Why somebody cannot be called is read by whoever types, and written down nowhere.
    directory = Directory(oncall, channel, spoken=replace(oncall, locale=locale()))
    opens = given_instant(at, directory.oncall.timezone).astimezone(UTC)
    calls = list(_calls(rule, directory, opens, opens + timedelta(hours=hours)))
    if json_:
        for one in calls:
            print_json(_json(one, directory, quiet))
    else:
        _print(rule, calls, directory, quiet, opens, hours)
    sys.exit(0 if calls else 1)


_BEGUN = Text(ko="발생하여 호출", en="called because it began")


def _calls(rule: Rule, directory: Directory, opens: datetime, until: datetime) -> Iterator[Foreseen]:
    # What is only observed, or off, calls nobody; an observed rule without actions is for people all the same.
    silent = rule.mode is Mode.OFF or (rule.mode is Mode.OBSERVE and rule.plan.steps)
    return iter(()) if silent else unanswered(imagined(rule, directory, opens), directory, until)


def _rule(rules: RuleSet, rule_id: str) -> Rule:
    if (rule := rules.get(rule_id)) is None:
        hint = did_you_mean(rule_id, [one.id for one in rules.rules])
        raise click.UsageError(f"there is no rule {rule_id!r}; {hint}".rstrip("; "))
    return rule


def _own_channel() -> str:
    """Return the setting `notify.channel`; the console where the settings are not at hand."""
    try:
        return load_settings(os.environ).notify.channel
    except SettingsError:
        return "console"


def _print(
    rule: Rule, calls: list[Foreseen], directory: Directory, quiet: Sequence[Silence], opens: datetime, hours: int
) -> None:
    tell(
        Text(
            ko=f"규칙 {rule.id}, 발생 {_at(opens)} (한국 시간), 아무도 응답하지 않을 때 {hours}시간 동안",
            en=f"rule {rule.id}, beginning {_at(opens)} KST, if nobody answers for {count(hours, 'hour')}",
        )
    )
    if rule.plan.steps and calls and calls[0].at > opens:
        busy = length(calls[0].at - opens)
        tell(
            Text(
                ko=f"자동 조치가 {busy.ko} 동안 진행 중인 것으로 봅니다. 먼저 실패하면 그때 바로 호출합니다.",
                en=f"Its remedy is taken to be at work for {busy.en}. If it fails before, people are called at once.",
            )
        )
    for one in calls:
        out(f"{_at(one.at)}  Lv{one.call.level}  {said(because(one.call, '') or _BEGUN)}")
        for target in one.targets:
            ways = [f"{way.channel} {_after(way.due_at, one.at)}" for at, way in one.ways if at == target]
            out(f"    {_named(target, directory)}: {', '.join(ways)}")
        for gap in one.gaps:
            out(Text(ko=f"    주의: {gap}", en=f"    note: {gap}"))
        if held := _held(one, directory, quiet):
            out(f"    {held}")
    if not calls:
        out(
            Text(
                ko=f"아무도 호출하지 않습니다: 규칙의 모드가 {rule.mode.value}입니다.",
                en=f"Nobody is called: the rule's mode is {rule.mode.value}.",
            )
        )
    elif calls[-1].follows is None:
        out(
            Text(
                ko="이후에는 더 호출하지 않습니다: 정책이 끝납니다.", en="Nobody is called afterwards: the policy ends."
            )
        )
    tell(
        Text(
            ko="한 사람에게 많이 가는 메시지의 묶음과 다른 장애에 의한 보류는 여기에 없습니다.",
            en="Not foreseen: what is bundled because one person gets too much, and what other incidents hold back.",
        )
    )


def _json(one: Foreseen, directory: Directory, quiet: Sequence[Silence]) -> dict[str, Any]:
    def ways(target: str) -> list[dict[str, Any]]:
        return [{"at": way.due_at, "channel": way.channel} for at, way in one.ways if at == target]

    people = [target for target in one.targets if target.startswith(PERSON)]
    return {
        "at": one.at,
        "level": one.call.level,
        "why": one.call.why.value,
        "because": said(because(one.call, "")),
        "people": [{"id": one.removeprefix(PERSON), "name": directory.named(one), "ways": ways(one)} for one in people],
        "channels": [target.removeprefix(CHANNEL) for target in one.targets if target.startswith(CHANNEL)],
        "passed": list(one.call.passed),
        "gaps": list(one.gaps),
        "held": _held(one, directory, quiet),
        "next": one.follows,
    }


def _held(one: Foreseen, directory: Directory, quiet: Sequence[Silence]) -> str | None:
    """Say what a maintenance window or a silence would do to a call."""
    escalation = one.incident.escalation
    if escalation is None or not escalation.policy.suppressible:
        return None
    match in_window(directory.oncall, facts_of(one.incident, one.call.level), one.at):
        case Later(until, reason):
            return said(
                Text(
                    ko=f"점검 시간이라 {_at(until)}까지 보류합니다 ({reason})",
                    en=f"held back until {_at(until)} by maintenance ({reason})",
                )
            )
        case Moot(reason):
            return said(
                Text(ko=f"점검 시간이라 보내지 않습니다 ({reason})", en=f"not sent because of maintenance ({reason})")
            )
    silence = silence_of([s for s in quiet if s.holds(one.at)], one.incident, one.call.level)
    if silence is None:
        return None
    ends, why = _at(silence.ends), f"{silence.by}: {silence.reason}"
    return said(Text(ko=f"무음이라 {ends}까지 보류합니다 ({why})", en=f"silenced, withheld until {ends} ({why})"))


def _named(target: str, directory: Directory) -> str:
    if target.startswith(PERSON):
        return directory.named(target)
    channel = target.removeprefix(CHANNEL)
    return said(Text(ko=f"채널 {channel}", en=f"channel {channel}"))


def _after(due_at: datetime, at: datetime) -> str:
    return said(Text(ko="즉시", en="at once")) if due_at <= at else f"+{said(length(due_at - at))}"


def _at(at: datetime) -> str:
    return at.astimezone(SEOUL).strftime("%Y-%m-%d %H:%M")
