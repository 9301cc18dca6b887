"""Owns `leh-guardian audit`: whether the record is what was written; the one rule: it reads, and says which line is not."""

from __future__ import annotations

import re
import sys
from datetime import datetime, timedelta
from typing import Any

import click

from leh_guardian.cli.output import as_json, local_time, out, print_json, print_table, tell
from leh_guardian.cli.store_access import find_incident, with_pool, with_store
from leh_guardian.engine.record_check import Checked, check_record
from leh_guardian.model.chain import Fault, Finding, Root
from leh_guardian.store import journal_chain
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction

_SAID = {
    Fault.CHANGED: "내용이 바뀌었거나, 바로 앞의 체인이 지워졌습니다",
    Fault.REMOVED: "지워졌습니다",
    Fault.INSERTED: "나중에 끼워 넣은 줄입니다",
    Fault.ROOT: "그날의 체인이 루트와 다릅니다",
}
_DAYS = re.compile(r"([0-9]{1,5})d")


def _since(_: click.Context, __: click.Parameter, written: str) -> timedelta:
    found = _DAYS.fullmatch(written)
    if found is None:
        raise click.BadParameter("write days, such as 30d")
    return timedelta(days=int(found[1]))


_of_days = click.option(
    "--since", "days", default="30d", show_default=True, callback=_since, metavar="DAYS", help="How far back."
)


@click.group()
def audit() -> None:
    """Tell whether the journal is what was written."""


@audit.command()
@click.option("--incident", "incident_id", metavar="ID", help="This incident alone.")
@_of_days
@as_json
def verify(incident_id: str | None, days: timedelta, json_: bool) -> None:
    """Compute the hash chains of incidents and the daily roots anew; exit 1 where a line was changed, removed or inserted."""

    async def work(pool: Pool) -> Checked:
        async with transaction(pool) as tx:
            now = await tx.time()
            only = await find_incident(tx, incident_id) if incident_id else None
        return await check_record(pool, _from(now, days), now, only)

    checked = with_pool(work)
    if json_:
        print_json(
            {
                "incidents": checked.incidents,
                "lines": checked.lines,
                "roots": checked.roots,
                "roots_forgotten": checked.forgotten,
                "root": _shown(checked.newest) if checked.newest else None,
                "findings": [_finding(one) for one in checked.findings],
            }
        )
    else:
        for one in checked.findings:
            out(_told(one))
        tell(
            f"장애 {checked.incidents}건, 기록 {checked.lines}줄, 일별 루트 {checked.roots}개 확인: "
            + (f"{len(checked.findings)}건이 다릅니다." if checked.findings else "이상이 없습니다.")
        )
        if checked.newest:
            tell(f"최신 루트 {checked.newest.day}: {checked.newest.root.hex()} (밖에 보관한 값과 비교하세요)")
    sys.exit(1 if checked.findings else 0)


@audit.command()
@_of_days
@as_json
def roots(days: timedelta, json_: bool) -> None:
    """List the daily roots, to be compared with those that are kept outside."""

    async def work(tx: Transaction) -> list[Root]:
        return await journal_chain.roots(tx, _from(await tx.time(), days).date())

    found = with_store(work)
    if json_:
        for root in found:
            print_json(_shown(root))
    else:
        print_table(("날짜", "루트"), [(root.day, root.root.hex()) for root in found], empty="아직 루트가 없습니다.")


def _from(now: datetime, days: timedelta) -> datetime:
    try:
        return now - days
    except OverflowError:
        raise click.UsageError("--since: that is before all time") from None


def _shown(root: Root) -> dict[str, Any]:
    return {"day": root.day.isoformat(), "root": root.root.hex()}


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "fault": one.fault.value,
        "incident": str(one.incident_id) if one.incident_id else None,
        "line": one.line,
        "at": one.at,
        "day": one.day.isoformat() if one.day else None,
    }


def _told(one: Finding) -> str:
    if one.fault is Fault.ROOT:
        return f"{one.day}: {_SAID[one.fault]} [{one.fault.value}]"
    return f"장애 {one.incident_id} 기록 {one.line} ({local_time(one.at)}): {_SAID[one.fault]} [{one.fault.value}]"
