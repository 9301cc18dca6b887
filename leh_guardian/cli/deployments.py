"""Owns `leh-guardian deployments`: an operator's word that a function was deployed; the one rule: the word is journalled."""

from __future__ import annotations

import uuid
from dataclasses import asdict

import click

from leh_guardian.cli.language import said
from leh_guardian.cli.output import as_json, local_time, print_json_lines, print_table, tell
from leh_guardian.cli.store_access import who, with_store
from leh_guardian.language import Text
from leh_guardian.model.deployment import Deployment, function_name
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.text import shown, storable
from leh_guardian.store import deployments as store
from leh_guardian.store import journal
from leh_guardian.store.transaction import Transaction


@click.group()
def deployments() -> None:
    """Tell of deployments of the worker, for what waits for one."""


@deployments.command("tell")
@click.argument("function")
@click.option("--by", metavar="NAME", help="Who says so; by default the user who types.")
@click.option("--reason", default="", help="Which fix; kept in the journal.")
def tell_(function: str, by: str | None, reason: str) -> None:
    """Say that FUNCTION (a name or ARN, with :alias if only that was moved) was deployed just now."""
    name, alias = _named(function)
    said = storable(by) if by else who()

    async def work(tx: Transaction) -> None:
        now = await tx.time()
        await store.note(tx, uuid.uuid4(), Deployment(name, now, "told", said, alias, by_person=True), now)
        data = {"by": said, "function": name, "alias": alias}
        await journal.append(tx, said, now, [Entry(Kind.DEPLOYED, storable(reason), data=data)])

    with_store(work)
    tell(
        Text(
            ko=f"{name} 배포를 기록했습니다. 이 배포를 기다리는 재처리가 1분 안에 다시 확인합니다.",
            en=f"The deployment of {name} is noted. What waits for it to reprocess looks again within a minute.",
        )
    )


@deployments.command("list")
@click.argument("function", required=False)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@as_json
def list_(function: str | None, limit: int, json_: bool) -> None:
    """List deployments that guardian was told of, the newest first."""
    name = _named(function)[0] if function else None
    rows = with_store(lambda tx: store.newest(tx, name, limit))
    if json_:
        print_json_lines([asdict(row) for row in rows])
        return
    print_table(
        (
            Text(ko="함수", en="Function"),
            Text(ko="별칭", en="Alias"),
            Text(ko="시각(KST)", en="Time (KST)"),
            Text(ko="무엇", en="What"),
            Text(ko="출처", en="Source"),
        ),
        [
            (
                row.function,
                row.alias or "-",
                local_time(row.at),
                row.what,
                row.source if row.by_person else "CloudTrail",
            )
            for row in rows
        ],
        empty=Text(ko="알려진 배포가 없습니다.", en="No deployment is known."),
    )


def _named(function: str) -> tuple[str, str | None]:
    named = function_name(function)
    if named is None:
        given = shown(function, 60)
        no_function = Text(
            ko=f"'{given}'은(는) Lambda 함수의 이름이나 ARN이 아닙니다.",
            en=f"'{given}' is not the name or the ARN of a Lambda function.",
        )
        raise click.UsageError(said(no_function))
    return named
