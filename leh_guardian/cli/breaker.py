"""Owns `leh-guardian breaker`: circuits, looked at and forced by people; the one rule: who, why and until when, or nothing happens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import click

from leh_guardian.cli.output import SEOUL, as_json, local_time, out, print_json, print_json_lines, print_table, tell
from leh_guardian.cli.store_access import who, with_store
from leh_guardian.engine.circuits import LOCK
from leh_guardian.fields import parse_duration
from leh_guardian.language import Text, count, day_and_time, lines_of
from leh_guardian.model.journal import Entry, Kind
from leh_guardian.model.spend import circuit as machine
from leh_guardian.model.spend.circuit import Circuit, NotNow, State
from leh_guardian.model.spend.limits import Scope
from leh_guardian.model.text import shown, storable
from leh_guardian.store import circuits, incidents, journal
from leh_guardian.store.transaction import Transaction

_STATES: Final = {
    State.CLOSED: Text(ko="정상", en="works"),
    State.OPEN: Text(ko="정지", en="paused"),
    State.HALF_OPEN: Text(ko="일부 재개", en="begins again"),
    State.FORCED_OPEN: Text(ko="정지(사람)", en="paused (by somebody)"),
    State.FORCED_CLOSED: Text(ko="허용(사람)", en="allowed (by somebody)"),
    State.SHADOW: Text(ko="모의", en="only observed"),
}
_LONGEST: Final = timedelta(days=31)


def _length(_: click.Context, __: click.Parameter, value: str) -> timedelta:
    try:
        length = parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if not timedelta(minutes=1) <= length <= _LONGEST:
        raise click.BadParameter(f"write 1m at least and {_LONGEST.days}d at most")
    return length


def _whose(command: Callable[..., None]) -> Callable[..., None]:
    """Add the argument and the option that say whose circuit is meant."""
    command = click.option(
        "--scope", type=click.Choice([scope.value for scope in Scope]), default="case", show_default=True
    )(command)
    return click.argument("key", default="")(command)


def _word(command: Callable[..., None]) -> Callable[..., None]:
    """Add what a person says with it."""
    command = click.option("--by", metavar="NAME", help="Who says so; by default the user who types.")(command)
    return click.option("--reason", required=True, help="Why; kept in the journal, and told to the worker.")(command)


_for = click.option(
    "--for",
    "length",
    metavar="DURATION",
    required=True,
    callback=_length,
    help="For how long, such as 2h; then guardian asks.",
)


@click.group()
def breaker() -> None:
    """Look at the circuits of cases and accounts, and force them."""


@breaker.command("list")
@click.option("--all", "all_", is_flag=True, help="Closed ones too.")
@as_json
def list_(all_: bool, json_: bool) -> None:
    """List circuits that are not closed, the newest change first."""
    rows = with_store(lambda tx: circuits.listed(tx, closed=all_))
    if json_:
        print_json_lines([_json(row) for row in rows])
        return
    print_table(
        (
            Text(ko="범위", en="Scope"),
            Text(ko="대상", en="Whose"),
            Text(ko="상태", en="State"),
            Text(ko="부터(KST)", en="From (KST)"),
            Text(ko="까지(KST)", en="Until (KST)"),
            Text(ko="누가", en="By"),
            Text(ko="이유", en="Reason"),
        ),
        [
            (
                row.scope.value,
                shown(row.key, 60) or "-",
                _STATES[row.state],
                local_time(row.since),
                local_time(row.until),
                shown(row.actor, 40),
                shown(row.reason, 80),
            )
            for row in rows
        ],
        empty=Text(ko="멈춰 있는 사건이나 계정이 없습니다.", en="No case and no account is paused."),
    )


@breaker.command()
@_whose
@as_json
def show(key: str, scope: str, json_: bool) -> None:
    """Show the circuit of KEY: its state, why, until when, and how fast it had an effect."""
    one = with_store(lambda tx: circuits.get(tx, Scope(scope), storable(key)))
    if json_:
        print_json(_json(one))
        return
    out(_about(one))


@breaker.command("open")
@_whose
@_word
@_for
def open_(key: str, scope: str, reason: str, by: str | None, length: timedelta) -> None:
    """Pause the AI work of KEY, whatever it uses. No machine lifts this; when its time is over, guardian asks."""
    _force(State.FORCED_OPEN, scope, key, reason, by, length)


@breaker.command()
@_whose
@_word
@click.option(
    "--allow-for",
    "length",
    metavar="DURATION",
    callback=lambda c, p, v: v and _length(c, p, v),
    help="And let it go on for so long, whatever it uses.",
)
def close(key: str, scope: str, reason: str, by: str | None, length: timedelta | None) -> None:
    """Let the AI work of KEY go on: what it has used is accepted."""
    if length is not None:
        _force(State.FORCED_CLOSED, scope, key, reason, by, length)
        return
    said, why = _said(by), _why(reason)
    _change(scope, key, said, lambda one, now: machine.closed(one, said, why, now))


@breaker.command()
@_whose
@_word
@_for
def shadow(key: str, scope: str, reason: str, by: str | None, length: timedelta) -> None:
    """Only say what would be done about KEY, and do nothing."""
    _force(State.SHADOW, scope, key, reason, by, length)


def _force(state: State, scope: str, key: str, reason: str, by: str | None, length: timedelta) -> None:
    said, why = _said(by), _why(reason)
    _change(scope, key, said, lambda one, now: machine.forced(one, state, said, why, now, now + length))


def _change(scope: str, key: str, said: str, move: Callable[[Circuit, datetime], Circuit]) -> None:
    wanted = Scope(scope)
    if (wanted is Scope.FLEET) == bool(key):
        raise click.UsageError("give the id of the case or the user; --scope fleet has none")

    async def work(tx: Transaction) -> Circuit:
        now = await tx.time()
        await incidents.lock_rules(tx, [LOCK])
        before = await circuits.get(tx, wanted, storable(key), lock=True)
        try:
            after = move(before, now)
        except NotNow as error:
            raise click.UsageError(str(error)) from None
        await circuits.follow(tx, after)
        data = {"scope": scope, "key": after.key, "version": after.version, "actor": said}
        reason = f"{before.state} -> {after.state}: {after.reason}"
        await journal.append(tx, said, now, [Entry(Kind.CIRCUIT, reason, data=data)])
        return after

    after = with_store(work)
    tell(_changed(scope, shown(after.key) or "-", _STATES[after.state]))


def _changed(scope: str, key: str, state: Text) -> Text:
    return Text(
        ko=f"{scope} {key}: {state.ko}. 몇 초 안에 worker에 전달됩니다.",
        en=f"{scope} {key}: {state.en}. The workers know it within seconds.",
    )


def _about(one: Circuit) -> Text:
    state, opens, key = _STATES[one.state], one.opens, shown(one.key) or "-"
    reason, by = shown(one.reason, 300) or "-", shown(one.actor, 60)
    since, until, verdict, tier = _at(one.since), _at(one.until), one.verdict or "-", one.tier or "-"
    version, published = one.version, one.published
    lines = [
        Text(ko=f"{one.scope} {key}  {state.ko} ({one.state})", en=f"{one.scope} {key}  {state.en} ({one.state})"),
        Text(
            ko=f"이유 {reason}  누가 {by}  부터 {since.ko}  까지 {until.ko}",
            en=f"reason {reason}  by {by}  from {since.en}  until {until.en}",
        ),
        Text(
            ko=f"판정 {verdict}  한도 {tier}  연속 정지 {opens}회  판 {version} (worker {published})",
            en=f"verdict {verdict}  limit {tier}  paused {count(opens, 'time')} in a row  version {version} (worker {published})",
        ),
    ]
    if one.open_to_effect is not None:
        seconds = f"{one.open_to_effect.total_seconds():.1f}"
        lines.append(Text(ko=f"정지 뒤 마지막 사용까지 {seconds}초", en=f"from the pause to the last use: {seconds} s"))
    return lines_of(*lines)


def _at(instant: datetime | None) -> Text:
    return day_and_time(instant, SEOUL, seconds=True) if instant else Text.same("-")


def _said(by: str | None) -> str:
    return storable(by) if by else who()


def _why(reason: str) -> str:
    if not reason.strip():
        raise click.UsageError("--reason is empty: say why, the next person will ask")
    return storable(reason)[:1000]


def _json(one: Circuit) -> dict[str, Any]:
    effect = one.open_to_effect
    return {
        "scope": one.scope.value,
        "key": one.key,
        "state": one.state.value,
        "version": one.version,
        "published": one.published,
        "tier": one.tier and one.tier.value,
        "verdict": one.verdict and one.verdict.value,
        "reason": one.reason,
        "actor": one.actor,
        "since": one.since,
        "until": one.until,
        "opened_at": one.opened_at,
        "opens": one.opens,
        "allowance": one.allowance,
        "asks": one.asks,
        "open_to_effect_s": effect.total_seconds() if effect is not None else None,
    }
