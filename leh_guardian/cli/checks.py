"""Owns `leh-guardian checks`: the runbook's periodic checks by hand; the one rule: what was not seen is UNKNOWN and never exit 0."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import anyio
import click

from leh_guardian.adapters.aws import open_aws
from leh_guardian.app.checking import checking
from leh_guardian.checks.audit.look import NAME as AUDIT_LOG
from leh_guardian.checks.catalogue import CHECKS, Check, drawn_again
from leh_guardian.checks.result import CheckResult, not_named
from leh_guardian.checks.weekly import markdown, page
from leh_guardian.checks.weekly.document import document
from leh_guardian.checks.weekly.report import WEEKS, Report, compose, reach, week_end
from leh_guardian.cli.instant import given_instant
from leh_guardian.cli.language import locale, said
from leh_guardian.cli.output import SEOUL, as_json, out, print_json, print_json_lines
from leh_guardian.cli.store_access import with_store
from leh_guardian.clock import SystemClock
from leh_guardian.errors import GuardianError
from leh_guardian.language import Locale, Text
from leh_guardian.model.text import shown, told, without_passwords
from leh_guardian.rules.diagnostics import did_you_mean
from leh_guardian.settings import Settings, load_settings
from leh_guardian.store import check_results
from leh_guardian.store.transaction import Transaction

_LONGEST: Final = 600.0
"""Seconds that one check may take."""
_UNUSED: Final = {"LEH_DATABASE_URL": "postgresql://unused", "LEH_QUEUE__ALERTS": "unused"}
"""What the settings ask for and no check needs."""
_PREFIX: Final = "check_"
_FORMS: Final[Mapping[str, Callable[[Report, Locale], str]]] = {
    "markdown": markdown.written,
    "html": page.written,
    "json": lambda made, _: json.dumps(document(made), indent=2, ensure_ascii=False),
}
_SEED: Final = re.compile(r"[0-9a-f]{8,64}")


@click.group()
def checks() -> None:
    """The periodic checks of the runbook."""


@checks.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--seed", help="Of audit_log: the seed of an earlier result, so that the same is drawn again.")
@click.option("--until", help="Of audit_log: up to when lines are looked at (ISO 8601), as that result says.")
@as_json
def run(names: Sequence[str], seed: str | None, until: str | None, json_: bool) -> None:
    """Run the checks NAME… (all of them without one) once, by the settings and without a database.

    Exit 0 if each is OK or WARN, 1 if any is FAIL or UNKNOWN, 2 if there is no such check.
    """
    wanted = list(dict.fromkeys(_named(name) for name in names)) or list(CHECKS)
    known = dict(CHECKS)
    if seed is not None or until is not None:
        if wanted != [AUDIT_LOG]:
            raise click.UsageError("--seed and --until belong to audit_log alone")
        known[AUDIT_LOG] = drawn_again(_seed(seed), given_instant(until, UTC, "--until"))
    results = anyio.run(_run, load_settings(_UNUSED | dict(os.environ)), wanted, known)
    if json_:
        print_json_lines([_row(result) for result in results])
    else:
        for result in results:
            _print(result)
    sys.exit(1 if any(result.status.bad for result in results) else 0)


def _week(_: click.Context, __: click.Parameter, value: str | None) -> datetime | None:
    try:
        return week_end(value, SEOUL) if value else None
    except ValueError:
        raise click.BadParameter("write a week like 2026-W49") from None


@checks.command()
@click.option(
    "--format", "form", type=click.Choice([*_FORMS]), default="markdown", show_default=True, help="How it is written."
)
@click.option("--week", "until", callback=_week, metavar="WEEK", help="Another week than this one, like 2026-W49.")
@click.option(
    "--weeks", type=click.IntRange(2, 52), default=WEEKS, show_default=True, help="How far back its trend goes."
)
@as_json
def report(form: str, until: datetime | None, weeks: int, json_: bool) -> None:
    """Print the weekly report of what the rules' checks came to; it runs none.

    Exit 0 if all is OK or WARN, 1 if anything is FAIL or UNKNOWN, which is what did not run.
    """
    made = with_store(partial(report_at, until=until, weeks=weeks))
    if json_:
        print_json(document(made))
    else:
        out(_FORMS[form](made, locale()).removesuffix("\n"))
    sys.exit(1 if made.overall.bad else 0)


async def report_at(
    tx: Transaction, *, until: datetime | None = None, weeks: int = WEEKS, names: Sequence[str] = tuple(CHECKS)
) -> Report:
    """Return the report of the week that ends at `until`, or of this one so far."""
    now = await tx.time()
    at = now if until is None else min(now, until - timedelta(seconds=1))
    return compose(await check_results.weekly(tx, reach(at, weeks), at, str(SEOUL)), names, at, SEOUL, weeks=weeks)


def _named(name: str) -> str:
    full = name if name.startswith(_PREFIX) else _PREFIX + name
    if full not in CHECKS:
        known = did_you_mean(full, CHECKS) or f"there are {', '.join(CHECKS)}"
        raise click.BadParameter(f"there is no check named {name!r}; {known}", param_hint="NAME")
    return full


def _seed(seed: str | None) -> str | None:
    if seed is not None and not _SEED.fullmatch(seed):
        raise click.BadParameter("a seed is 8 to 64 hexadecimal digits", param_hint="--seed")
    return seed


async def _run(settings: Settings, names: Sequence[str], known: Mapping[str, Check]) -> list[CheckResult]:
    """Run checks side by side; returns their results in the order of `names`."""
    results: dict[str, CheckResult] = {}
    async with open_aws(settings.region) as aws:
        given = checking(settings, aws)

        async def one(name: str) -> None:
            try:
                with anyio.fail_after(_LONGEST):
                    results[name] = await known[name](given, SystemClock())
            except (GuardianError, TimeoutError) as error:
                results[name] = _not_run(name, error)

        async with anyio.create_task_group() as tasks:
            for name in names:
                tasks.start_soon(one, name)
    return [results[name] for name in names]


def _not_run(name: str, error: Exception) -> CheckResult:
    why = told(without_passwords(str(error) or f"no end within {_LONGEST:g} s"), 400)
    return not_named(
        name,
        Text(ko=f"확인하지 못함: {why}", en=f"not looked at: {why}"),
        Text(
            ko="연결과 권한을 확인하고 다시 실행하세요.", en="Look at the connection and the rights, and run it again."
        ),
    )


def _row(result: CheckResult) -> Mapping[str, Any]:
    reasons, to_do = [said(one) for one in result.reasons], [said(one) for one in result.what_to_do]
    return result.facts() | {"reasons": reasons, "what_to_do": to_do}


def _print(result: CheckResult) -> None:
    first = said(result.reasons[0]) if result.reasons else ""
    more = len(result.reasons) - 1
    beside = said(Text(ko=f" (외 {more}건)", en=f" (and {more} more)")) if more > 0 else ""
    do = result.what_to_do[0] if result.what_to_do else None
    then = said(Text(ko=f" - 조치: {do.ko}", en=f" - to do: {do.en}")) if do else ""
    out(f"{result.status:<7}  {result.check}: {shown(first, 1000)}{beside}{then}")
