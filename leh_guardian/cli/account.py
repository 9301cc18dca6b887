"""Owns `leh-guardian account`: block an account of the service, and take a block back.

The one rule: it goes through the daemon as any remedy does, waits for an approval as the handlers declare, and is bounded like it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any
from uuid import UUID

import anyio
import click

from leh_guardian.app import handlers
from leh_guardian.cli.following import actions_of, follow
from leh_guardian.cli.language import said
from leh_guardian.cli.output import as_json, out, print_json, tell
from leh_guardian.cli.rules_folder import target_budgets
from leh_guardian.cli.store_access import who, with_store
from leh_guardian.engine import by_hand
from leh_guardian.engine.budget_wording import refused
from leh_guardian.engine.target_budgets import look
from leh_guardian.fields import is_case_id
from leh_guardian.language import Text
from leh_guardian.model.guards import Overdrawn
from leh_guardian.model.text import shown, storable
from leh_guardian.store.transaction import Transaction


def _asked(command: Callable[..., None]) -> Callable[..., None]:
    """Add what both commands are told."""
    command = as_json(command)
    command = click.option(
        "--over-budget",
        is_flag=True,
        help="Also where this account's budget in budget.yaml is spent; kept with the reason.",
    )(command)
    command = click.option("--wait/--no-wait", default=True, show_default=True, help="Follow it to its end.")(command)
    command = click.option("--by", metavar="NAME", help="Who asks; by default the user who types.")(command)
    command = click.option("--reason", required=True, help="Why; kept in the journal.")(command)
    return click.argument("user", metavar="USER")(command)


@click.group()
def account() -> None:
    """Block accounts of the service, and let them in again."""


@account.command()
@_asked
def block(user: str, json_: bool, **asked: Any) -> None:
    """Block the account USER. The daemon does it once somebody approves, also when this is interrupted."""
    _start("account_block", user, {"reason": storable(asked["reason"])[:500]}, **asked, json_=json_)


@account.command()
@click.option(
    "--before", metavar="STATUS", help="Its status of before, as stored; by default the one that means active."
)
@_asked
def unblock(user: str, before: str | None, json_: bool, **asked: Any) -> None:
    """Let the account USER in again that guardian has blocked. The daemon does it once somebody approves."""
    params = {"before": storable(before)[:100]} if before else {}
    _start("account_unblock", user, params, **asked, json_=json_)


def _start(
    handler: str,
    user: str,
    params: dict[str, Any],
    *,
    reason: str,
    by: str | None,
    over_budget: bool,
    wait: bool,
    json_: bool,
) -> None:
    if not is_case_id(user):
        raise click.UsageError(said(_no_account(shown(user, 60))))
    if not reason.strip():
        raise click.UsageError(said(Text(ko="--reason에 이유를 입력하세요.", en="Say why in --reason.")))
    asks, registry = storable(by) if by else who(), handlers()
    budgets = () if over_budget else target_budgets(handler, registry)

    async def begin(tx: Transaction) -> tuple[UUID, bool] | Overdrawn:
        now = await tx.time()
        # The daemon counts; nobody needs to be asked for what it would refuse.
        if overdrawn := await look(tx, handler, user, budgets, now):
            return overdrawn
        return await by_hand.start(
            tx,
            registry,
            handler,
            {"user": user, **params},
            about=user,
            limits={},
            now=now,
            who=asks,
            reason=storable(reason)[:1000],
            over_budget=over_budget,
        )

    begun = with_store(begin)
    if isinstance(begun, Overdrawn):
        tell(refused(begun))
        sys.exit(1)
    incident, new = begun
    if not new:
        tell(_already(str(incident)[:8]))
        sys.exit(1)
    tell(_planned(str(incident)[:8]))
    [action] = anyio.run(follow, incident, [handler]) if wait else actions_of(incident, [handler])
    if json_:
        print_json({"user": user, "incident": str(incident), **action})
    elif wait:
        out(f"{action['status']}: {shown((action['outcome'] or {}).get('summary', ''), 1000)}")
    sys.exit(1 if wait and action["status"] not in {"succeeded", "skipped"} else 0)


def _no_account(given: str) -> Text:
    return Text(
        ko=f"'{given}'은(는) 계정 ID가 아닙니다 (예: user_1a2b).", en=f"'{given}' is no id of an account (user_1a2b)."
    )


def _already(incident: str) -> Text:
    return Text(
        ko=f"이 계정에 대한 같은 요청이 이미 진행 중입니다 (장애 {incident}).",
        en=f"The same is asked for this account already (incident {incident}).",
    )


def _planned(incident: str) -> Text:
    return Text(
        ko=f"등록했습니다 (장애 {incident}). 승인되면 데몬이 실행하며, 이 명령을 중단해도 계속됩니다.",
        en=f"It is planned (incident {incident}). Once approved, the daemon carries it out, also if this command is stopped.",
    )
