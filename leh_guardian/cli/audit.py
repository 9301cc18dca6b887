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
from leh_guardian.language import Text, count
from leh_guardian.model.chain import Fault, Finding, Root
from leh_guardian.store import journal_chain
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction

_SAID = {
    Fault.CHANGED: Text(
        ko="내용이 바뀌었거나, 바로 앞의 체인이 지워졌습니다",
        en="its content was changed, or the chain just before it removed",
    ),
    Fault.REMOVED: Text(ko="지워졌습니다", en="was removed"),
    Fault.INSERTED: Text(ko="나중에 끼워 넣은 줄입니다", en="is a line that was put in later"),
    Fault.ROOT: Text(ko="그날의 체인이 루트와 다릅니다", en="that day's chain does not fit its root"),
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
        tell(_summary(checked))
        if checked.newest:
            newest = f"{checked.newest.day}: {checked.newest.root.hex()}"
            tell(
                Text(
                    ko=f"최신 루트 {newest} (밖에 보관한 값과 비교하세요)",
                    en=f"Newest root {newest} (compare it with what is kept outside)",
                )
            )
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
        titles = (Text(ko="날짜", en="Day"), Text(ko="루트", en="Root"))
        none_yet = Text(ko="아직 루트가 없습니다.", en="There is no root yet.")
        print_table(titles, [(root.day, root.root.hex()) for root in found], empty=none_yet)


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


def _summary(checked: Checked) -> Text:
    found, incidents, lines, roots_ = len(checked.findings), checked.incidents, checked.lines, checked.roots
    verdict = Text(ko="이상이 없습니다.", en="nothing is wrong.")
    if found:
        verdict = Text(ko=f"{found}건이 다릅니다.", en=f"{count(found, 'thing')} wrong.")
    return Text(
        ko=f"장애 {incidents}건, 기록 {lines}줄, 일별 루트 {roots_}개 확인: {verdict.ko}",
        en=f"{count(incidents, 'incident')}, {count(lines, 'line')} and {count(roots_, 'daily root')} checked: {verdict.en}",
    )


def _told(one: Finding) -> Text:
    what, fault = _SAID[one.fault], one.fault.value
    if one.fault is Fault.ROOT:
        return Text(ko=f"{one.day}: {what.ko} [{fault}]", en=f"{one.day}: {what.en} [{fault}]")
    if one.line is None:
        return Text(
            ko=f"장애 {one.incident_id}: 기록이 모두 {what.ko} [{fault}]",
            en=f"incident {one.incident_id}: its whole journal {what.en} [{fault}]",
        )
    at = local_time(one.at)
    return Text(
        ko=f"장애 {one.incident_id} 기록 {one.line} ({at}): {what.ko} [{fault}]",
        en=f"incident {one.incident_id}, line {one.line} ({at}): {what.en} [{fault}]",
    )
