"""Owns `leh-guardian oncall override`: changes of duty without a change of the file; the one rule: what fits not is refused with why."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from leh_guardian.cli.language import said
from leh_guardian.cli.oncall import load_file
from leh_guardian.cli.output import as_json, local_time, print_json, print_json_lines, print_table, tell
from leh_guardian.cli.store_access import find_id, who, with_store
from leh_guardian.engine import overriding
from leh_guardian.engine.overriding import Asked, NoOverride, Said
from leh_guardian.language import Text
from leh_guardian.model.oncall.by_hand import laid_over
from leh_guardian.model.text import shown
from leh_guardian.store import duty_overrides
from leh_guardian.store.transaction import Transaction

_MOST = 1000
_HOLDS = Text(ko="유효", en="holds")
_OVER = Text(ko="끝남", en="over")

_of_folder = click.option(
    "--rules", "folder", type=click.Path(path_type=Path), help="The rules folder (LEH_RULES__DIR, else ./rules)."
)
_by = click.option("--by", default="", help="Who says it, by id in oncall.yaml; who is logged in unless given.")


@click.group()
def override() -> None:
    """Change who is on call for a time, on every replica within seconds; the file stays as it is."""


@override.command()
@click.option("--schedule", required=True, metavar="ID")
@click.option("--from", "begin", required=True, metavar="TIME", help="Without a zone by the schedule's clocks.")
@click.option("--to", "end", required=True, metavar="TIME", help="Likewise; not included.")
@click.option("--replace", "replaced", multiple=True, metavar="A=B", help="B in place of A, where A is on call.")
@click.option("--add", "added", multiple=True, metavar="PERSON", help="Somebody beside who is on call.")
@click.option("--remove", "removed", multiple=True, metavar="PERSON", help="Not this person.")
@click.option("--reason", required=True, help="Why; told to whoever asks who is on call.")
@_by
@_of_folder
@as_json
def add(
    schedule: str,
    begin: str,
    end: str,
    replaced: tuple[str, ...],
    added: tuple[str, ...],
    removed: tuple[str, ...],
    reason: str,
    by: str,
    folder: Path | None,
    json_: bool,
) -> None:
    """Change a schedule for a time. People by id or name. The same again changes nothing."""
    oncall = load_file(folder)
    pairs = [one.partition("=") for one in replaced]
    if wrong := [one for one, pair in zip(replaced, pairs, strict=True) if not pair[0].strip() or not pair[2].strip()]:
        raise click.UsageError(said(_no_pair(shown(wrong[0], 60))))
    asked = Asked(
        schedule,
        _time(begin, "--from"),
        _time(end, "--to"),
        reason,
        shown(by or who(), 100),
        {old.strip(): new.strip() for old, _, new in pairs},
        added,
        removed,
    )

    async def work(tx: Transaction) -> Said:
        now = await tx.time()
        return await overriding.add(tx, oncall, overriding.wanted(oncall, asked, now), now)

    _say(work, json_)


@override.command("list")
@click.option("--all", "all_", is_flag=True, help="Those that are over, too.")
@_of_folder
@as_json
def list_(all_: bool, folder: Path | None, json_: bool) -> None:
    """List changes of duty that hold or are to come, or all, and those that do not fit the file any more."""
    oncall = load_file(folder)

    async def work(tx: Transaction) -> list[tuple[dict[str, Any], Text]]:
        now = await tx.time()
        standing = await duty_overrides.standing(tx, now)
        found = await duty_overrides.listed(tx, _MOST) if all_ else standing
        misfits = {one.override.id: said(one.reason) for one in laid_over(oncall, standing)[1]}
        described = [(one, overriding.report(one, now, misfits.get(one.id))) for one in found]
        return [(row, overriding.described(one, oncall)) for one, row in described if all_ or row["stands"]]

    rows = with_store(work)
    if json_:
        print_json_lines([row for row, _ in rows])
        return
    print_table(
        (
            "ID",
            Text(ko="상태", en="State"),
            Text(ko="내용", en="Change"),
            Text(ko="만든 사람", en="By"),
            Text(ko="만든 시각(KST)", en="Made (KST)"),
        ),
        [
            (
                row["id"][:8],
                _state(row),
                described,
                row["by"],
                local_time(row["made_at"]),
            )
            for row, described in rows
        ],
        empty=Text(ko="명령으로 만든 당직 변경이 없습니다.", en="No change of duty was made by command."),
    )


@override.command()
@click.argument("id_", metavar="ID")
@_by
@as_json
def end(id_: str, by: str, json_: bool) -> None:
    """Take a change of duty back, from now on."""

    async def work(tx: Transaction) -> Said:
        found = await find_id(tx, "duty_overrides", id_)
        return await overriding.end(tx, found, shown(by or who(), 100), await tx.time())

    _say(work, json_)


def _state(row: Mapping[str, Any]) -> Text:
    if misfit := row["misfit"]:
        return Text(ko=f"적용 안 됨: {misfit}", en=f"not applied: {misfit}")
    return _HOLDS if row["stands"] else _OVER


def _no_pair(given: str) -> Text:
    return Text(
        ko=f"--replace: A=B 로 쓰세요 (A 대신 B), '{given}'이(가) 아니라",
        en=f"--replace: write A=B (B in place of A), not '{given}'",
    )


def _time(written: str, option: str) -> datetime:
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        raise click.UsageError(f"{option}: write a time such as 2026-12-25T10:00, not {shown(written, 60)}") from None


def _say(work: Callable[[Transaction], Awaitable[Said]], json_: bool) -> None:
    try:
        came = with_store(work)
    except NoOverride as error:
        raise click.UsageError(said(error.text)) from None
    if json_:
        print_json({"done": came.done, "text": said(came.text), "id": str(came.override.id) if came.override else None})
    else:
        tell(came.text)
    sys.exit(0 if came.done else 1)
