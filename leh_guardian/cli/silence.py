"""Owns `leh-guardian silence`: calls withheld for a while by somebody's word; the one rule: a reason, and an end within a week."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import click

from leh_guardian.cli.instant import given_instant
from leh_guardian.cli.language import said
from leh_guardian.cli.output import SEOUL, as_json, local_time, print_json, print_json_lines, print_table, tell
from leh_guardian.cli.store_access import find_id, who, with_store
from leh_guardian.engine import silencing
from leh_guardian.engine.silencing import NoSilence, Said
from leh_guardian.fields import parse_duration
from leh_guardian.language import Text
from leh_guardian.model.text import shown
from leh_guardian.store import silences
from leh_guardian.store.transaction import Transaction

_MOST = 1000
_HOLDS = Text(ko="무음", en="silent")
_OVER = Text(ko="끝남", en="over")

_by = click.option("--by", default="", help="Who says it, by id in oncall.yaml; who is logged in unless given.")


@click.group()
def silence() -> None:
    """Withhold calls of some incidents for a while; they are recorded, and their clocks run on."""


@silence.command()
@click.option(
    "--match",
    "given",
    required=True,
    multiple=True,
    metavar="NAME=VALUE,…",
    help="Of rule, severity, class, level, dedup_key; * stands for anything. Or JSON as `match` of a maintenance window.",
)
@click.option("--for", "length", metavar="DURATION", help="2h, 30m; a week at most.")
@click.option("--until", metavar="TIME", help="In place of --for; without a zone by Korea's clocks.")
@click.option("--reason", required=True, help="Why; kept in the journal.")
@_by
@as_json
def add(given: tuple[str, ...], length: str | None, until: str | None, reason: str, by: str, json_: bool) -> None:
    """Withhold calls of what matches until then. The same again prolongs it. Security is never silenced."""

    async def work(tx: Transaction) -> Said:
        now = await tx.time()
        asked = silencing.wanted(
            silencing.written(given), _until(length, until, now), reason, shown(by or who(), 100), now
        )
        return await silencing.add(tx, asked, now)

    _say(work, json_)


@silence.command("list")
@click.option("--all", "all_", is_flag=True, help="Those that are over, too.")
@as_json
def list_(all_: bool, json_: bool) -> None:
    """List silences that hold now, or all, newest first."""

    async def work(tx: Transaction) -> list[dict[str, Any]]:
        now = await tx.time()
        found = await silences.listed(tx, _MOST) if all_ else (await silences.holding(tx, now))[::-1]
        return [silencing.report(one, now) for one in found]

    rows = with_store(work)
    if json_:
        print_json_lines(rows)
        return
    print_table(
        (
            "ID",
            Text(ko="상태", en="State"),
            Text(ko="까지(KST)", en="Until (KST)"),
            Text(ko="대상", en="Of what"),
            Text(ko="이유", en="Reason"),
            Text(ko="설정한 사람", en="By"),
            Text(ko="설정(KST)", en="Made (KST)"),
        ),
        [
            (
                row["id"][:8],
                _HOLDS if row["holds"] else _OVER,
                local_time(min(row["until"], row["ended_at"] or row["until"])),
                silencing.described(row["match"]),
                row["reason"],
                row["by"],
                local_time(row["made_at"]),
            )
            for row in rows
        ],
        empty=Text(ko="무음이 없습니다.", en="There are no silences."),
    )


@silence.command()
@click.argument("id_", metavar="ID")
@_by
@as_json
def end(id_: str, by: str, json_: bool) -> None:
    """End a silence before its time: what it withheld goes out within seconds, unless somebody has answered."""

    async def work(tx: Transaction) -> Said:
        found = await find_id(tx, "silences", id_)
        return await silencing.end(tx, found, shown(by or who(), 100), await tx.time())

    _say(work, json_)


def _until(length: str | None, until: str | None, now: datetime) -> datetime:
    if (length is None) == (until is None):
        one = Text(ko="--for 2h 또는 --until 시각 중 하나를 적으세요.", en="give one of --for 2h and --until TIME")
        raise click.UsageError(said(one))
    if length is None:
        return given_instant(until, SEOUL, "--until")
    try:
        return now + parse_duration(length)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(str(error), param_hint="--for") from None


def _say(work: Callable[[Transaction], Awaitable[Said]], json_: bool) -> None:
    try:
        came = with_store(work)
    except NoSilence as error:
        raise click.UsageError(said(error.text)) from None
    if json_:
        print_json({"done": came.done, "text": said(came.text), "id": str(came.silence.id) if came.silence else None})
    else:
        tell(came.text)
    sys.exit(0 if came.done else 1)
