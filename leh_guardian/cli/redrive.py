"""Owns `leh-guardian redrive`: look at a dead-letter queue, start a redrive, decide about quarantined letters.

The one rule: a plan changes nothing, and a run goes through the daemon, so that switches, limits and the journal hold.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any
from uuid import UUID

import anyio
import click
from pydantic import ValidationError

from leh_guardian.adapters.functions import LambdaFunctions
from leh_guardian.adapters.sqs import SqsQueues
from leh_guardian.app import handlers
from leh_guardian.cli.following import actions_of, follow
from leh_guardian.cli.output import as_json, out, print_json, tell
from leh_guardian.cli.quarantine import quarantine
from leh_guardian.cli.queues_access import with_queues
from leh_guardian.cli.store_access import who, with_store
from leh_guardian.clock import SystemClock
from leh_guardian.engine import by_hand
from leh_guardian.handlers.dlq_redrive import DlqRedriveParams
from leh_guardian.language import NOTHING, Text, count
from leh_guardian.model.text import shown
from leh_guardian.redrive.goal import goal_of
from leh_guardian.redrive.selection import Selection
from leh_guardian.redrive.survey import survey
from leh_guardian.store.transaction import Transaction

Command = Callable[..., Any]

_TITLES = {
    "skipped": Text(ko="제외", en="left out"),
    "errors": Text(ko="오류", en="error"),
    "cases": Text(ko="사건", en="case"),
    "ages": Text(ko="경과", en="age"),
}


@click.group()
def redrive() -> None:
    """Bring the messages of a dead-letter queue back."""


redrive.add_command(quarantine)


def _choosing(command: Command) -> Command:
    for option in (
        click.option("--where", metavar="JMESPATH", help="Only letters that this holds for (body, error, cases, …)."),
        click.option("--case", "cases", multiple=True, metavar="ID", help="Only of this case; may be repeated."),
        click.option(
            "--error", "errors", multiple=True, metavar="TEXT", help="Only with this in their error; or `unknown`."
        ),
        click.option("--newer-than", metavar="AGE", help="Only letters at most so old, like 2d."),
        click.option("--older-than", metavar="AGE", help="Only letters at least so old, like 10m."),
        click.option(
            "--function", metavar="NAME", help="Invoke this Lambda function instead: for what Lambda put there."
        ),
        click.option("--destination", metavar="QUEUE", help="Where to; by default the queue that they died in."),
    ):
        command = option(command)
    return command


@redrive.command()
@click.argument("queue")
@_choosing
@as_json
def plan(queue: str, destination: str | None, function: str | None, json_: bool, **selected: Any) -> None:
    """Look at a dead-letter queue: what lies there, what of it would go back, what not and why. Moves nothing."""
    params = _params(queue, selected, destination=destination, function=function)

    async def look(queues: SqsQueues, functions: LambdaFunctions | None) -> dict[str, Any]:
        source = await queues.info(params.queue)
        goal = await goal_of(queues, functions, source, destination=params.destination, function=params.function)
        seen = await survey(queues, source, params.select, SystemClock().now(), goal=goal)
        return {
            "source": source.name,
            "destination": goal.name,
            "messages": source.depth.visible,
            "in_flight": source.depth.in_flight,
            "looked_at": seen.seen,
            "whole": seen.whole,
            "selected": seen.selected,
            "skipped": dict(seen.skipped),
            "errors": dict(seen.errors.most_common(50)),
            "cases": dict(seen.cases.most_common(50)),
            "ages": dict(seen.ages),
        }

    found = with_queues(look, functions=params.function is not None)
    if json_:
        print_json(found)
        return
    way, waiting, flying = f"{found['source']} → {found['destination']}", found["messages"], found["in_flight"]
    out(
        Text(
            ko=f"{way}: 메시지 {waiting}건 (처리 중 {flying}건)",
            en=f"{way}: {count(waiting, 'message')} ({flying} in flight)",
        )
    )
    seen, chosen = found["looked_at"], found["selected"]
    partly = NOTHING if found["whole"] else Text(ko=" (일부만 살펴봄)", en=" (not all were looked at)")
    out(
        Text(
            ko=f"  살펴본 {seen}건 중 {chosen}건이 이동 대상입니다.{partly.ko}",
            en=f"  Of {seen} looked at, {chosen} would be moved.{partly.en}",
        )
    )
    for name, title in _TITLES.items():
        for what, number in found[name].items():
            text = shown(what, 80)
            out(Text(ko=f"  {title.ko}: {text} {number}건", en=f"  {title.en}: {text}: {number}"))


@redrive.command()
@click.argument("queue")
@_choosing
@click.option(
    "--canary", default=5, show_default=True, type=click.IntRange(0, 1000), help="So many first; 0 for all at once."
)
@click.option("--rate", default=20.0, show_default=True, type=float, help="Messages a second.")
@click.option(
    "--provider", metavar="NAME", help="Wait while this AI provider is away; by default for any, `none` for nobody."
)
@click.option("--max-messages", type=click.IntRange(1), help="At most so many.")
@click.option("--limit", type=click.IntRange(1), help="Refuse when more are meant; by default 1000.")
@click.option("--reason", default="", help="Why; kept in the journal.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Follow it to its end.")
@as_json
def run(
    queue: str,
    destination: str | None,
    function: str | None,
    canary: int,
    rate: float,
    provider: str | None,
    max_messages: int | None,
    limit: int | None,
    reason: str,
    wait: bool,
    json_: bool,
    **selected: Any,
) -> None:
    """Start a redrive. The daemon runs it, to its end also when this command is interrupted."""
    params = _params(
        queue,
        selected,
        destination=destination,
        function=function,
        canary=canary,
        rate=rate,
        provider=provider,
        max_messages=max_messages,
    )
    written = params.model_dump(mode="json", exclude_defaults=True)

    async def begin(tx: Transaction) -> tuple[UUID, bool]:
        return await by_hand.start(
            tx,
            handlers(),
            "dlq_redrive",
            written,
            about=params.queue,
            limits={"messages": limit} if limit else {},
            now=await tx.time(),
            who=who(),
            reason=reason,
        )

    incident, new = with_store(begin)
    short = str(incident)[:8]
    if not new:
        tell(
            Text(
                ko=f"이 큐의 재처리가 이미 진행 중입니다 (장애 {short}).",
                en=f"A redrive of this queue is at work already (incident {short}).",
            )
        )
        sys.exit(1)
    tell(
        Text(
            ko=f"재처리를 등록했습니다 (장애 {short}). 데몬이 실행하며, 이 명령을 중단해도 계속됩니다.",
            en=f"The redrive is planned (incident {short}). The daemon carries it out, also if this command is stopped.",
        )
    )
    followed = ["dlq_redrive"]
    [action] = anyio.run(follow, incident, followed) if wait else actions_of(incident, followed)
    if json_:
        print_json(action)
    elif wait:
        out(f"{action['status']}: {shown((action['outcome'] or {}).get('summary', ''), 500)}")
    sys.exit(1 if wait and action["status"] != "succeeded" else 0)


def _params(queue: str, selected: dict[str, Any], **more: Any) -> DlqRedriveParams:
    select = {name: value for name, value in selected.items() if value}
    written = {"queue": queue, "select": Selection(), **more}
    try:
        if select:
            written["select"] = Selection.model_validate(select)
        return DlqRedriveParams.model_validate({name: value for name, value in written.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        raise click.UsageError(f"{'.'.join(map(str, first['loc'])) or queue}: {first['msg']}") from error
