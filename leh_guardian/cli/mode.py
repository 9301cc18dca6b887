"""Owns `leh-guardian mode`: the kill switch; the one rule: it is a row that every replica reads in its next claim."""

from __future__ import annotations

import os

import click

import leh_guardian.handlers
from leh_guardian.cli.output import as_json, local_time, print_json_lines, print_table, tell
from leh_guardian.cli.store_access import who, with_store
from leh_guardian.engine import verbs
from leh_guardian.language import Text
from leh_guardian.model.mode import Mode
from leh_guardian.registry import discover
from leh_guardian.rules.diagnostics import did_you_mean
from leh_guardian.store import control
from leh_guardian.store.transaction import Transaction

_ALL = Text(ko="전체", en="everything")


@click.group()
def mode() -> None:
    """Hold everything, or one handler, at a mode: the kill switch."""


@mode.command()
@as_json
def show(json_: bool) -> None:
    """Show what is held back, by whom and why. The lowest of rule, process (LEH_MODE) and switches applies."""
    rows = [
        {
            "scope": row["scope"],
            "mode": list(Mode)[row["mode_rank"]].value,
            "reason": row["reason"],
            "by": row["set_by"],
            "at": row["set_at"],
        }
        for row in with_store(control.modes)
    ]
    if json_:
        print_json_lines(rows)
        return
    print_table(
        (
            Text(ko="범위", en="What"),
            Text(ko="모드", en="Mode"),
            Text(ko="설정한 사람", en="Set by"),
            Text(ko="시각(KST)", en="Time (KST)"),
            Text(ko="이유", en="Why"),
        ),
        [
            (_ALL if r["scope"] == "*" else r["scope"], r["mode"], r["by"], local_time(r["at"]), r["reason"])
            for r in rows
        ],
        empty=Text(ko="제한이 없습니다.", en="Nothing is held back."),
    )
    here = Text.same(os.environ["LEH_MODE"]) if "LEH_MODE" in os.environ else Text(ko="(없음: act)", en="(none: act)")
    tell(Text(ko=f"이 셸의 LEH_MODE: {here.ko}", en=f"LEH_MODE of this shell: {here.en}"))


@mode.command("set")
@click.argument("mode_", metavar="MODE", type=click.Choice([m.value for m in Mode]))
@click.option("--handler", "handler_", help="Only this handler; everything that changes things if left out.")
@click.option("--reason", required=True, help="Why; kept in the journal.")
def set_(mode_: str, handler_: str | None, reason: str) -> None:
    """Hold everything that changes things (or one handler) at MODE or below: off, observe, propose, act."""
    known = discover(leh_guardian.handlers).names()
    if handler_ is not None and handler_ not in known:
        raise click.UsageError(f"no handler is named {handler_!r}; {did_you_mean(handler_, known) or ', '.join(known)}")
    scope = handler_ or control.EVERYTHING

    async def work(tx: Transaction) -> None:
        await verbs.set_mode(tx, scope, Mode(mode_), await tx.time(), who(), reason)

    with_store(work)
    what = _ALL if handler_ is None else Text.same(handler_)
    tell(
        Text(
            ko=f"{what.ko}: {mode_}. 모든 서버에 다음 실행부터 적용됩니다.",
            en=f"{what.en}: {mode_}. It holds on every server for whatever starts from now on.",
        )
    )
