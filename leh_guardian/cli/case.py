"""Owns `leh-guardian case`: look at a case, and have one that was closed by mistake opened again and made whole.

The one rule: a dry run changes nothing, and a restore goes through the daemon, so that switches, limits and the journal hold.
"""

from __future__ import annotations

import os
import sys
import uuid
from contextlib import AsyncExitStack
from typing import Any, Final
from uuid import UUID

import anyio
import click
import structlog

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.opensearch import OpenSearch
from leh_guardian.adapters.s3 import S3Objects
from leh_guardian.app import handlers
from leh_guardian.app.outside import evidence_tables, leh_cases
from leh_guardian.cli.following import follow
from leh_guardian.cli.language import locale, said
from leh_guardian.cli.output import as_json, out, print_json, tell
from leh_guardian.cli.store_access import who, with_store
from leh_guardian.clock import SystemClock
from leh_guardian.context import ActionContext, Capabilities
from leh_guardian.engine import by_hand, restoring
from leh_guardian.errors import GuardianError, Halted, SettingsError
from leh_guardian.evidence import wording as say
from leh_guardian.fields import is_case_id
from leh_guardian.handlers.case_state import CaseStateParams, case_state
from leh_guardian.language import Locale, Text
from leh_guardian.model.case import ACTIVE, CLOSED
from leh_guardian.model.outcome import Done
from leh_guardian.model.text import shown
from leh_guardian.settings import Settings, load_settings
from leh_guardian.store.transaction import Transaction

_NO_REASON: Final = Text(ko="--reason에 복구하는 이유를 입력하세요.", en="Say with --reason why it is to be restored.")


def _no_id(given: str) -> Text:
    word = shown(given, 60)
    return Text(
        ko=f"'{word}'은(는) 사건 ID가 아닙니다 (예: case_3f9c).", en=f"'{word}' is no id of a case (like case_3f9c)."
    )


def _under_way(incident: str) -> Text:
    return Text(
        ko=f"이 사건의 복구가 이미 진행 중입니다 (장애 {incident}).",
        en=f"This case is being restored already (incident {incident}).",
    )


def _begun(incident: str) -> Text:
    return Text(
        ko=f"복구를 등록했습니다 (장애 {incident}). 데몬이 실행하며, 이 명령을 중단해도 계속됩니다.",
        en=f"The restore is planned (incident {incident}). The daemon does it, also when this command is interrupted.",
    )


def _to_do(step: str) -> Text:
    return Text(ko=f"  실행할 일: {step}", en=f"  to be done: {step}")


def _missing(what: str, ids: str) -> Text:
    return Text(ko=f"  {what} 없음: {ids}", en=f"  no {what}: {ids}")


def _nothing_to_do(id_: str, status: str) -> Text:
    return Text(
        ko=f"사건 {id_}는 closed가 아니라 {status}이고, 빠진 것도 없습니다",
        en=f"case {id_} is {status}, not closed, and nothing is missing",
    )


@click.group()
def case() -> None:
    """Look after single cases."""


@case.command()
@click.argument("id_", metavar="ID")
@click.option("--reason", required=True, help="Why; kept in the journal.")
@click.option(
    "--dry-run", is_flag=True, help="Say who closed it, what is missing and what would be done; change nothing."
)
@click.option(
    "--limit", type=click.IntRange(1), help="Refuse when more pieces would be processed anew; by default 500."
)
@click.option(
    "--no-reprocess", is_flag=True, help="Build the index anew, and only tell what would have to be processed."
)
@click.option("--wait/--no-wait", default=True, show_default=True, help="Follow it to its end.")
@as_json
def restore(
    id_: str, reason: str, dry_run: bool, limit: int | None, no_reprocess: bool, wait: bool, json_: bool
) -> None:
    """Open the closed case ID again, and bring its evidence and its search index back. The daemon does it, also when this is interrupted."""
    if not is_case_id(id_):
        raise click.UsageError(said(_no_id(id_)))
    if not reason.strip():
        raise click.UsageError(said(_NO_REASON))
    if dry_run:
        _show(id_, json_=json_)
        return

    async def begin(tx: Transaction) -> tuple[UUID, bool]:
        return await restoring.begin(
            tx,
            handlers(),
            id_,
            now=await tx.time(),
            who=who(),
            reason=reason,
            limit=limit,
            reprocess=not no_reprocess,
        )

    incident, new = with_store(begin)
    if not new:
        tell(_under_way(str(incident)[:8]))
        sys.exit(1)
    tell(_begun(str(incident)[:8]))
    if not wait:
        if json_:
            print_json({"case": id_, "incident": str(incident), "status": "scheduled"})
        return
    actions = anyio.run(follow, incident, restoring.STEPS)
    good = len(actions) > 1 and all(each["status"] in {"succeeded", "skipped"} for each in actions)
    if json_:
        print_json({"case": id_, "incident": str(incident), "restored": good, "actions": actions})
    else:
        for each in actions:
            out(f"{each['status']}: {shown((each['outcome'] or {}).get('summary', ''), 1000)}")
    sys.exit(0 if good else 1)


def _show(id_: str, *, json_: bool) -> None:
    """Print what a restore would find and do; exit 1 where it would be refused."""
    found = anyio.run(_look, id_)
    if json_:
        print_json(found)
    else:
        out(found["summary"])
        if found["refused"] and found["refused"] not in found["summary"]:
            out(found["refused"])
        for step in found["would"]:
            out(_to_do(step))
        for what, ids in found.get("missing_ids", {}).items():
            out(_missing(what, ", ".join(ids)))
        for command in found.get("pitr", {}).get("commands", ()):
            out(f"  PITR: {command}")
    if found["refused"]:
        sys.exit(1)


async def _look(id_: str) -> dict[str, Any]:
    settings = load_settings(os.environ)
    if settings.product_database_url is None:
        raise SettingsError("LEH_PRODUCT_DATABASE_URL: missing; set it to the URL of LEH's own PostgreSQL")
    async with AsyncExitStack() as stack:
        ctx = _context(await _outside(settings, stack))
        outcome = await case_state(ctx, CaseStateParams(case=id_))
    if not isinstance(outcome, Done):
        raise GuardianError(f"{outcome}")
    found = dict(outcome.facts)
    closed = found["status"] == CLOSED
    found.setdefault("refused", None)
    if found["status"] not in {CLOSED, ACTIVE}:
        found["refused"] = said(say.is_neither(id_, found["status"]))
    elif not closed and not found["would"]:
        found["refused"] = said(_nothing_to_do(id_, found["status"]))
    would = ["case_restore: closed → active"] if closed else []
    # What stays as it is is not made whole either.
    return {"summary": outcome.summary, **found, "would": [] if found["refused"] else [*would, *found["would"]]}


async def _outside(settings: Settings, stack: AsyncExitStack) -> Capabilities:
    aws = await stack.enter_async_context(open_aws(settings.region))
    search = OpenSearch(settings.opensearch.url) if settings.opensearch.url else None
    if search is not None:
        stack.push_async_callback(search.close)
    # A look asks neither queues nor guardian's own database.
    return Capabilities(
        queues=None,  # type: ignore[arg-type]
        channels={},
        letters=None,  # type: ignore[arg-type]
        tables=await evidence_tables(settings, aws),
        search=search,
        evidence_table=settings.evidence.table,
        evidence_bucket=settings.evidence.bucket,
        objects=S3Objects(aws, await aws.client("s3")),
        cases=leh_cases(settings),
        languages=_Spoken(),
    )


def _context(can: Capabilities) -> ActionContext:
    clock = SystemClock()
    return ActionContext(
        action_id=uuid.uuid4(),
        incident_id=uuid.uuid4(),
        rule_id=by_hand.RULE,
        attempt=1,
        dry_run=True,
        incident={"severity": "sev4", "dedup_key": "", "began_at": clock.now().isoformat()},
        clock=clock,
        log=structlog.get_logger("case"),
        can=can,
        limits={},
        remembered={},
        checkpoints=_Nothing(),
    )


class _Spoken:
    """Whoever types is the only reader."""

    def locale(self, target: str = "") -> Locale:
        return locale()


class _Nothing:
    """Remembers nothing: a look has nothing to remember."""

    async def save(self, name: str, value: Any) -> None:
        raise Halted(f"a look wanted to remember {name}")
