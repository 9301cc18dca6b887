"""Owns `leh-guardian actions`: what is done, and what waits for a person's word; the one rule: an answer counts once."""

from __future__ import annotations

import sys

import click

from leh_guardian.cli.language import said, spoken
from leh_guardian.cli.output import as_json, local_time, print_json_lines, print_table, tell
from leh_guardian.cli.store_access import find_id, who, with_store
from leh_guardian.engine.answering import Answered, Word, decide
from leh_guardian.language import Text
from leh_guardian.model.action import ActionStatus
from leh_guardian.model.text import shown
from leh_guardian.store import overview
from leh_guardian.store.transaction import Transaction

_STATES = {
    "proposed": Text(ko="승인 대기", en="waits for approval"),
    "scheduled": Text(ko="예정", en="scheduled"),
    "running": Text(ko="실행 중", en="running"),
    "waiting": Text(ko="대기", en="waiting"),
    "succeeded": Text(ko="성공", en="succeeded"),
    "skipped": Text(ko="건너뜀", en="skipped"),
    "failed": Text(ko="실패", en="failed"),
    "needs_human": Text(ko="사람 필요", en="needs a person"),
    "rejected": Text(ko="거절됨", en="rejected"),
}
_HELD = Text(ko=" (정지됨)", en=" (held)")


@click.group()
def actions() -> None:
    """Look at actions, and approve or reject proposed ones."""


@actions.command("list")
@click.option(
    "--status", "statuses", multiple=True, type=click.Choice([s.value for s in ActionStatus]), help="Only these."
)
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
@as_json
def list_(statuses: tuple[str, ...], limit: int, json_: bool) -> None:
    """List actions, newest first."""
    rows = with_store(lambda tx: overview.list_actions(tx, statuses=statuses, limit=limit))
    if json_:
        print_json_lines(rows)
        return
    print_table(
        (
            "ID",
            Text(ko="상태", en="State"),
            Text(ko="처리", en="Handler"),
            Text(ko="장애", en="Incident"),
            Text(ko="시도", en="Tries"),
            Text(ko="예정(KST)", en="Due (KST)"),
            Text(ko="결과", en="Outcome"),
        ),
        [
            (
                row["id"][:8],
                said(_STATES[row["status"]]) + (said(_HELD) if row["held"] else ""),
                row["handler"],
                row["incident"][:8],
                row["attempt"],
                local_time(row["due_at"]),
                (row["outcome"] or {}).get("summary", ""),
            )
            for row in rows
        ],
        empty=Text(ko="조치가 없습니다.", en="There are no actions."),
    )


@actions.command()
@click.argument("id_", metavar="ID")
@click.option("--reason", default="", help="Why; kept in the journal.")
@click.option("--by", default="", help="Who says it, by id or name; who is logged in unless given.")
def approve(id_: str, reason: str, by: str) -> None:
    """Let a proposed action run."""
    _decide(id_, reason, by, approve=True)


@actions.command()
@click.argument("id_", metavar="ID")
@click.option("--reason", default="", help="Why; kept in the journal.")
@click.option("--by", default="", help="Who says it, by id or name; who is logged in unless given.")
def reject(id_: str, reason: str, by: str) -> None:
    """Refuse a proposed action for good."""
    _decide(id_, reason, by, approve=False)


def _decide(id_: str, reason: str, by: str, *, approve: bool) -> None:
    async def work(tx: Transaction) -> Answered:
        word = Word("approve" if approve else "reject", shown(by or who(), 100), reason=reason)
        return await decide(tx, await find_id(tx, "actions", id_), spoken(word), await tx.time())

    answered = with_store(work)
    tell(answered.text)
    sys.exit(0 if answered.done else 1)
