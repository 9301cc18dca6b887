"""Owns the commands by which incidents are answered; the one rule: what happened is said, and where nothing did, why not."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import click

from leh_guardian.cli.language import said as in_words
from leh_guardian.cli.language import spoken
from leh_guardian.cli.output import as_json, print_json, tell
from leh_guardian.cli.store_access import find_incident, who, with_store
from leh_guardian.engine.answering import LONGEST_SNOOZE, Answered, Word, answer
from leh_guardian.fields import parse_duration
from leh_guardian.language import Text
from leh_guardian.model.text import shown
from leh_guardian.store.transaction import Transaction

_by = click.option("--by", default="", help="Who says it, by id in oncall.yaml; who is logged in unless given.")
_SNOOZES = Text(ko="1분부터 24시간까지입니다 (예: 30m).", en="from one minute to 24 hours (30m, say).")
_reason = click.option("--reason", default="", help="Why; kept in the journal.")


def add_to(group: click.Group) -> None:
    """Add the commands to `incidents`."""
    for command in (ack, unack, resolve, escalate, snooze):
        group.add_command(command)


@click.command()
@click.argument("id_", metavar="ID")
@_by
@as_json
def ack(id_: str, by: str, json_: bool) -> None:
    """Say that a person is looking at an incident: nobody is called any more for a while."""
    _say(id_, json_, lambda who_: Word("ack", who_), by)


@click.command()
@click.argument("id_", metavar="ID")
@_by
@as_json
def unack(id_: str, by: str, json_: bool) -> None:
    """Take an acknowledgement or a snooze back; people are called again."""
    _say(id_, json_, lambda who_: Word("unack", who_), by)


@click.command()
@click.argument("id_", metavar="ID")
@click.option("--reason", default="", help="What was done.")
@_by
@as_json
def resolve(id_: str, reason: str, by: str, json_: bool) -> None:
    """Close an incident by hand; actions that have not started are withdrawn."""
    _say(id_, json_, lambda who_: Word("resolve", who_, reason=reason), by)


@click.command()
@click.argument("id_", metavar="ID")
@click.option("--to", "level", type=click.IntRange(1, 9), help="The level to call; the next one unless given.")
@click.option(
    "--as-of", type=click.IntRange(0), help="`as_of` of what was seen: nothing is done if people were called since."
)
@_reason
@_by
@as_json
def escalate(id_: str, level: int | None, as_of: int | None, reason: str, by: str, json_: bool) -> None:
    """Have the next level called now, or the one that is named."""
    _say(id_, json_, lambda who_: Word("escalate", who_, reason=reason, level=level, as_of=as_of), by)


def _duration(_: click.Context, __: click.Parameter, value: str) -> timedelta:
    try:
        length = parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if not timedelta(minutes=1) <= length <= LONGEST_SNOOZE:
        raise click.BadParameter(in_words(_SNOOZES))
    return length


@click.command()
@click.argument("id_", metavar="ID")
@click.argument("length", metavar="DURATION", callback=_duration)
@_reason
@_by
@as_json
def snooze(id_: str, length: timedelta, reason: str, by: str, json_: bool) -> None:
    """Call nobody for a while, 30m say; not at level 3."""
    _say(id_, json_, lambda who_: Word("snooze", who_, reason=reason, length=length), by)


def _say(id_: str, json_: bool, word: Callable[[str], Word], by: str) -> None:
    async def work(tx: Transaction) -> Answered:
        said = spoken(word(shown(by or who(), 100)))
        return await answer(tx, await find_incident(tx, id_), said, await tx.time())

    answered = with_store(work)
    if json_:
        now: dict[str, Any] = answered.now or {}
        print_json({"done": answered.done, "text": answered.text, **now})
    else:
        tell(answered.text)
    sys.exit(0 if answered.done else 1)
