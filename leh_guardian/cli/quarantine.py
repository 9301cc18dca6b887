"""Owns `leh-guardian redrive quarantine`: letters that are kept out of their queue; the one rule: a person decides about each."""

from __future__ import annotations

import sys
from typing import Any
from uuid import UUID

import click

from leh_guardian.adapters.functions import LambdaFunctions
from leh_guardian.adapters.sqs import SqsQueues
from leh_guardian.cli.output import as_json, local_time, print_json_lines, print_table, tell
from leh_guardian.cli.queues_access import with_queues
from leh_guardian.cli.store_access import find_id, who, with_store
from leh_guardian.errors import Refused, Unavailable
from leh_guardian.fields import function_parts, queue_name
from leh_guardian.language import Text
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.letter import read_letter
from leh_guardian.redrive.goal import goal_of
from leh_guardian.store import journal, letters
from leh_guardian.store.transaction import Transaction


@click.group()
def quarantine() -> None:
    """List, release or discard letters that died again and again, or are kept for their age until the next redrive."""


@quarantine.command("list")
@click.option("--queue", help="Only of this dead-letter queue (its name).")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
@as_json
def list_(queue: str | None, limit: int, json_: bool) -> None:
    """List letters in quarantine, oldest first."""
    rows = with_store(lambda tx: letters.kept(tx, queue=queue, most=limit))
    if json_:
        print_json_lines([{**row, "queue": queue_name(row["queue"])} for row in rows])
        return
    print_table(
        (
            "ID",
            Text(ko="큐", en="Queue"),
            Text(ko="격리(KST)", en="Kept (KST)"),
            Text(ko="재처리", en="Redrives"),
            Text(ko="증거", en="Evidence"),
            Text(ko="사건", en="Cases"),
            Text(ko="오류", en="Error"),
            Text(ko="이유", en="Why"),
        ),
        [
            (
                str(row["id"])[:8],
                queue_name(row["queue"]),
                local_time(row["kept_at"]),
                Text(ko=f"{row['redrives']}회", en=f"{row['redrives']}"),
                ", ".join(row["evidence"]) or "-",
                ", ".join(row["cases"]) or "-",
                row["error"] or "-",
                row["reason"],
            )
            for row in rows
        ],
        empty=Text(ko="격리된 메시지가 없습니다.", en="Nothing is in quarantine."),
    )


@quarantine.command()
@click.argument("id_", metavar="ID")
@click.option("--destination", metavar="QUEUE", help="Where to; by default the queue that it died in.")
@click.option("--function", metavar="NAME", help="Invoke this Lambda function instead: for what Lambda put there.")
@click.option("--reason", default="", help="Why; kept in the journal.")
def release(id_: str, destination: str | None, function: str | None, reason: str) -> None:
    """Send a letter back. Should it die again, it comes back into quarantine at the next redrive."""
    if function is not None and (destination is not None or function_parts(function) is None):
        raise click.UsageError("--function: give a function's name or ARN, and no --destination")
    letter = _letter(id_)

    async def send(queues: SqsQueues, functions: LambdaFunctions | None) -> str:
        source = await queues.info(letter["queue"])
        goal = await goal_of(queues, functions, source, destination=destination, function=function)
        message = letters.message_of(letter)
        reading = read_letter(message.body, message.attributes)
        if why := goal.refusal(message, reading):
            raise Refused(f"{goal.name} is not where it goes: {why}")
        # Under the letter's own id: typed twice within five minutes, a FIFO queue takes it once.
        if refused := await goal.send(letter["id"], [(message, reading)]):
            raise Unavailable(f"{goal.name} does not take it: {next(iter(refused.values()))}")
        return goal.name

    goal = with_queues(send, functions=function is not None)
    _settle(letter["id"], "released", Kind.LETTER_RELEASED, reason)
    tell(Text(ko=f"{goal}(으)로 돌려보냈습니다.", en=f"Sent back to {goal}."))


@quarantine.command()
@click.argument("id_", metavar="ID")
@click.option("--reason", required=True, help="Why; kept in the journal.")
def discard(id_: str, reason: str) -> None:
    """Say that a letter is not to be sent back. It stays in the database, and is not listed any more."""
    _settle(_letter(id_)["id"], "discarded", Kind.LETTER_DISCARDED, reason)
    tell(
        Text(
            ko="폐기 처리했습니다. 내용은 데이터베이스에 남아 있습니다.",
            en="Discarded. What it holds stays in the database.",
        )
    )


def _letter(id_: str) -> Any:
    async def work(tx: Transaction) -> Any:
        return await letters.take(tx, await find_id(tx, "quarantine", id_))

    letter = with_store(work)
    if letter is None:
        tell(Text(ko="이미 처리된 메시지입니다.", en="This message has been dealt with already."))
        sys.exit(1)
    return letter


def _settle(letter: UUID, status: str, kind: Kind, reason: str) -> None:
    async def work(tx: Transaction) -> None:
        row, now = await letters.take(tx, letter), await tx.time()
        if row is not None:
            await letters.settle(tx, letter, status, who(), now)
            data = {"by": who(), "letter": str(letter), "queue": queue_name(row["queue"])}
            await journal.append(tx, who(), now, [Entry(kind, reason, row["incident_id"], data=data)])

    with_store(work)
