"""Owns `leh-guardian notify`: whether somebody can be reached, by really trying; the one rule: it says at once that it is a test.

The channels are made as the daemon makes them, so what passes here passes in the night.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, replace

import anyio
import click

from leh_guardian.adapters.aws import open_aws
from leh_guardian.app.people import channels
from leh_guardian.cli.language import said
from leh_guardian.cli.output import as_json, local_time, out, print_json_lines, tell
from leh_guardian.cli.store_access import checked_pool, who
from leh_guardian.clock import SystemClock
from leh_guardian.engine import trial
from leh_guardian.engine.directory import CHANNEL, PERSON, Directory
from leh_guardian.engine.trial import Tried, Way
from leh_guardian.language import NOTHING, Text
from leh_guardian.model.oncall import built_in
from leh_guardian.ports import Channel, Notice
from leh_guardian.rules.diagnostics import RulesRefused, did_you_mean
from leh_guardian.rules.folder import read_folder
from leh_guardian.rules.oncall.loading import check_oncall
from leh_guardian.settings import Settings, load_settings
from leh_guardian.settings.people import PagerDutySettings

_RECEIPTS = {
    "delivered": Text(ko="도착 확인", en="arrived"),
    "failed": Text(ko="도착하지 않음", en="did not arrive"),
    "pending": Text(ko="아직 도착 확인 없음", en="not known to have arrived yet"),
    "": NOTHING,
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """Whom to try, by what."""

    target: str
    only: str | None
    patience: float


@click.group()
def notify() -> None:
    """Try the ways to people."""


@notify.command()
@click.argument("target", metavar="PERSON|channel:NAME")
@click.option("--channel", "only", metavar="NAME", help="By this channel alone.")
@click.option(
    "--wait",
    "patience",
    type=click.FloatRange(0, 300),
    default=20,
    show_default=True,
    help="Seconds to wait for receipts.",
)
@as_json
def test(target: str, only: str | None, patience: float, json_: bool) -> None:
    """Really send a test to somebody, by id or name, or to a channel's own place, and tell what came of each channel.

    Exit 1 where a channel refused it, it did not arrive, or there is no channel; once a minute for each.
    """
    settings = load_settings(os.environ)
    directory = _directory(settings)
    asked = _Asked(_target(target, directory), only, patience)
    tried = anyio.run(_try, settings, directory, asked)
    if json_:
        print_json_lines([asdict(one) for one in tried])
    else:
        for one in tried:
            out(f"{one.channel}: {said(_result(one))}".rstrip())
    if not tried:
        tell(
            Text(
                ko="이 사람에게는 연락 수단이 없습니다: oncall.yaml의 notify를 확인하세요.",
                en="There is no way to this person: look at their notify in oncall.yaml.",
            )
        )
    sys.exit(0 if tried and all(one.accepted and one.receipt != "failed" for one in tried) else 1)


async def _try(settings: Settings, directory: Directory, asked: _Asked) -> list[Tried]:
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(checked_pool())
        aws = await stack.enter_async_context(open_aws(settings.region))
        made = await channels(settings, aws, clock, stack)
        found = trial.ways(directory, made, asked.target, asked.only)
        if not found:
            return []
        by = who()
        if (next_at := await trial.may_try(pool, asked.target, by, await pool.time())) is not None:
            then = local_time(next_at)
            again = Text(
                ko=f"1분에 한 번만 시험할 수 있습니다: {then} 이후에 다시 하세요.",
                en=f"This can be tested once a minute: again after {then}.",
            )
            raise click.ClickException(said(again))
        tried: list[Tried] = []
        async with anyio.create_task_group() as tasks:
            for way in found:
                notice = trial.trial_notice(way.to, directory.named(asked.target), by, directory.locale(asked.target))
                tasks.start_soon(_one, settings, made, way, notice, asked.patience, tried)
        order = {way.channel: number for number, way in enumerate(found)}
        tried.sort(key=lambda one: order[one.channel])
        await trial.write_down(pool, asked.target, by, await pool.time(), tried)
        return tried


def _result(one: Tried) -> Text:
    receipt = _RECEIPTS[one.receipt]
    if not one.accepted:
        return Text(ko=f"거부됨: {one.reason}", en=f"refused: {one.reason}")
    return Text(ko=f"접수됨 {one.reference} {receipt.ko}", en=f"accepted {one.reference} {receipt.en}")


async def _one(
    settings: Settings,
    made: Mapping[str, Channel],
    way: Way,
    notice: Notice,
    patience: float,
    into: list[Tried],
) -> None:
    tried = await trial.try_way(made, way, notice, patience)
    if tried.accepted and isinstance(settings.notify.channels.get(way.channel), PagerDutySettings):
        # It opened an incident there, which would call people until somebody closes it.
        await trial.try_way(made, way, replace(notice, status="resolved"), 0)
    into.append(tried)


def _directory(settings: Settings) -> Directory:
    file = read_folder(settings.rules.dir).oncall
    if file is None:
        return Directory(built_in(settings.notify.channel), settings.notify.channel)
    if refusal := file.refusal():
        raise RulesRefused([refusal])
    checked = check_oncall(file.content, str(file.path))
    if checked.oncall is None:
        raise RulesRefused(one for one in checked.diagnostics if one.severity == "error")
    return Directory(checked.oncall, settings.notify.channel)


def _target(written: str, directory: Directory) -> str:
    """Return `person:ID` or `channel:NAME` of what was typed: an id, or a name that one person has."""
    if written.startswith(CHANNEL):
        return written
    name, people = written.removeprefix(PERSON), directory.oncall.people
    found = [name] if name in people else [one for one, person in people.items() if person.name == name]
    if len(found) == 1:
        return PERSON + found[0]
    hint = did_you_mean(name, people) or f"there are: {', '.join(people)}"
    raise click.UsageError(f"{'several people are' if found else 'nobody is'} called {name!r} in oncall.yaml; {hint}")
