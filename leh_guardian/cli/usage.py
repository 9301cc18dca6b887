"""Owns `leh-guardian usage`: who uses how much; the one rule: the numbers are those that limits are compared with."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import click

from leh_guardian.cli.output import as_json, out, print_json, print_json_lines, print_table
from leh_guardian.cli.store_access import with_store
from leh_guardian.fields import parse_duration
from leh_guardian.language import Text
from leh_guardian.model.spend.limits import Scope, Unit
from leh_guardian.model.text import shown, storable
from leh_guardian.store import circuits, spending
from leh_guardian.store.transaction import Transaction

_SPANS: Final = {"1h": timedelta(hours=1), "24h": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30)}
_UNITS: Final = (Text.same("USD"), Text(ko="토큰", en="Tokens"), Text(ko="시도", en="Attempts"))


def _span(_: click.Context, __: click.Parameter, value: str) -> timedelta:
    try:
        return min(parse_duration(value), timedelta(days=31))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.group()
def usage() -> None:
    """Look at what cases and accounts have used."""


@usage.command()
@click.option("--scope", type=click.Choice(["case", "user"]), default="case", show_default=True)
@click.option("--over", default="24h", show_default=True, callback=_span, help="How far back.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@as_json
def top(scope: str, over: timedelta, limit: int, json_: bool) -> None:
    """List who has used most, by cost."""

    async def work(tx: Transaction) -> list[dict[str, Any]]:
        return await spending.top(tx, Scope(scope), await tx.time() - over, limit)

    rows = with_store(work)
    if json_:
        print_json_lines([{scope: row["key"], **_numbers(row)} for row in rows])
        return
    print_table(
        (Text(ko="대상", en="Who"), *_UNITS),
        [
            (shown(row["key"], 60), f"{row['usd']:.4f}", f"{row['tokens']:,.0f}", f"{row['attempts']:,.0f}")
            for row in rows
        ],
        empty=Text(ko="기록된 사용량이 없습니다.", en="Nothing that was used is recorded."),
    )


@usage.command("case")
@click.argument("id_", metavar="CASE_ID")
@as_json
def case_(id_: str, json_: bool) -> None:
    """Show what a case has used over an hour, a day, a week and a month, and its circuit."""
    _show(Scope.CASE, id_, json_=json_)


@usage.command()
@click.argument("id_", metavar="USER_ID")
@as_json
def user(id_: str, json_: bool) -> None:
    """Show what an account has used, and its circuit."""
    _show(Scope.USER, id_, json_=json_)


def _show(scope: Scope, id_: str, *, json_: bool) -> None:
    key = storable(id_)

    async def work(tx: Transaction) -> tuple[dict[str, dict[str, Any]], str]:
        now = await tx.time()
        spans = {name: _numbers(await spending.used_since(tx, scope, key, now - span)) for name, span in _SPANS.items()}
        return spans, (await circuits.get(tx, scope, key)).state.value

    spans, state = with_store(work)
    if json_:
        print_json({scope.value: key, "circuit": state, "used": spans})
        return
    out(_head(scope, shown(key), state))
    print_table(
        (Text(ko="기간", en="Over"), *_UNITS),
        [(name, f"{one['usd']:.4f}", f"{one['tokens']:,}", f"{one['attempts']:,}") for name, one in spans.items()],
        empty="",
    )


def _head(scope: Scope, key: str, state: str) -> Text:
    return Text(ko=f"{scope} {key}  회로 {state}", en=f"{scope} {key}  circuit {state}")


def _numbers(row: Any) -> dict[str, Any]:
    return {
        Unit.USD.value: float(row.get("usd", Decimal(0))),
        Unit.TOKENS.value: int(row.get("tokens", 0)),
        Unit.ATTEMPTS.value: int(row.get("attempts", 0)),
    }
