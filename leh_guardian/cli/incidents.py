"""Owns `leh-guardian incidents`: what the on-call reads first; the one rule: what happened, what was done, what is next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from leh_guardian.cli.incident_verbs import add_to
from leh_guardian.cli.journal_lines import folded
from leh_guardian.cli.output import as_json, local_time, out, print_json, print_json_lines, print_table
from leh_guardian.cli.rules_folder import rules_folder
from leh_guardian.cli.store_access import find_incident, with_store
from leh_guardian.engine.silencing import report
from leh_guardian.engine.suppression import silence_of
from leh_guardian.errors import GuardianError
from leh_guardian.model.text import dump_json, shown
from leh_guardian.store import incidents as incidents_store
from leh_guardian.store import overview, silences
from leh_guardian.store.transaction import Transaction

_OPEN = ("triggered", "acknowledged", "snoozed")
_STATUSES = (*_OPEN, "resolved")
_KOREAN = {"triggered": "발생", "acknowledged": "확인됨", "snoozed": "보류", "resolved": "해결됨"}


@click.group()
def incidents() -> None:
    """Look at incidents and answer them."""


@incidents.command("list")
@click.option("--status", "statuses", multiple=True, type=click.Choice(_STATUSES), help="Only these.")
@click.option("--rule", help="Only this rule's.")
@click.option("--all", "all_", is_flag=True, help="Resolved ones too.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
@as_json
def list_(statuses: tuple[str, ...], rule: str | None, all_: bool, limit: int, json_: bool) -> None:
    """List incidents, newest first; the open ones unless told otherwise."""
    wanted = statuses or (() if all_ else _OPEN)
    rows = with_store(lambda tx: overview.list_incidents(tx, statuses=wanted, rule=rule, limit=limit))
    if json_:
        print_json_lines(rows)
        return
    print_table(
        (
            "ID",
            "번호",
            "상태",
            "심각도",
            "등급",
            "확인한 사람",
            "다음 호출(KST)",
            "규칙",
            "대상",
            "이벤트",
            "발생(KST)",
        ),
        [
            (
                row["id"][:8],
                f"INC-{row['number']}",
                _KOREAN[row["status"]],
                row["severity"],
                f"Lv{row['level']}" if row["level"] else "-",
                ", ".join(row["acknowledged_by"]) or "-",
                _next(row),
                row["rule"],
                row["dedup_key"] or "-",
                row["events"],
                local_time(row["opened_at"]),
            )
            for row in rows
        ],
        empty="열린 장애가 없습니다.",
    )


@incidents.command()
@click.argument("id_", metavar="ID")
@as_json
def show(id_: str, json_: bool) -> None:
    """Show one incident whole: its event, its actions, its journal."""

    async def work(tx: Transaction) -> dict[str, Any] | None:
        incident_id = await find_incident(tx, id_)
        found, row, now = (
            await overview.incident(tx, incident_id),
            await incidents_store.get(tx, incident_id),
            await tx.time(),
        )
        if found is None or row is None:
            return None
        level = found["next_call"]["level"] if found["next_call"] else row.level
        silence = silence_of(await silences.holding(tx, now), row, level) if found["status"] in _OPEN else None
        return {**found, "silenced": report(silence, now) if silence else None}

    incident = with_store(work)
    if json_:
        print_json(incident)
    elif incident:
        _print_incident(incident)


def _print_incident(incident: dict[str, Any]) -> None:
    out(
        f"장애 INC-{incident['number']}  {incident['id']}  [{incident['severity'].upper()}] {_KOREAN[incident['status']]}"
    )
    out(
        f"규칙 {incident['rule']}  대상 {shown(incident['dedup_key'] or '-')}  이벤트 {incident['events']}건  실행 {incident['run']}회"
    )
    out(f"발생 {local_time(incident['opened_at'])}  해결 {local_time(incident['resolved_at'])}  (한국 시간)")
    level = f"Lv{incident['level']}" if incident["level"] else "호출 전"
    acked = shown(", ".join(incident["acknowledged_by"]) or "-", 200)
    out(f"등급 {level}  확인한 사람 {acked}  다음 호출 {_next(incident)}")
    if (silence := incident["silenced"]) is not None:
        until = local_time(silence["until"])
        out(f"무음 {until}까지 호출을 보류합니다 ({shown(silence['by'], 60)}: {shown(silence['reason'], 200)})")
    out(f"이벤트 {shown(incident['event_id'])}")
    out("\n조치")
    for action in incident["actions"]:
        summary = (action["outcome"] or {}).get("summary", "")
        dry = " (모의 실행)" if action["dry_run"] else ""
        out(
            f"  {action['id'][:8]}  {action['step']} = {action['handler']}: {action['status']}{dry}  {shown(summary, 200)}".rstrip()
        )
        if action["status"] == "proposed":
            out(f"            승인: leh-guardian actions approve {action['id']}")
    if not incident["actions"]:
        out("  없음: 사람이 대응해야 합니다.")
    out("\n기록 (한국 시간)")
    for line in folded(incident["journal"]):
        if isinstance(line, int):
            out(f"  … 같은 확인 기록 {line}줄 생략 (--json에는 모두 있습니다)")
            continue
        handler = line["data"].get("handler", "")
        count = f"×{line['data']['events']}" if "events" in line["data"] else ""
        out(
            f"  {local_time(line['at'])}  {line['kind']:<24} {' '.join(filter(None, (handler, count, shown(line['reason'], 200))))}".rstrip()
        )
    out(f"\n원본 이벤트: {shown(dump_json(incident['event']), 600)}")


def _next(incident: dict[str, Any]) -> str:
    """Return the next call, if nobody answers."""
    coming = incident["next_call"]
    return f"Lv{coming['level']} {local_time(coming['at'])}" if coming else "-"


@incidents.command()
@click.argument("id_", metavar="ID")
@click.option("--format", "format_", type=click.Choice(["markdown", "json"]), default="markdown", show_default=True)
@click.option(
    "--rules",
    "folder",
    type=click.Path(path_type=Path),
    help="The rules folder, for people's names (LEH_RULES__DIR, else ./rules).",
)
def export(id_: str, format_: str, folder: Path | None) -> None:
    """Print the draft of a post-mortem, in Korean: times, who was called, what was tried; secrets and numbers are masked."""
    from leh_guardian.cli.report.history import history
    from leh_guardian.cli.report.writing import written

    async def work(tx: Transaction) -> dict[str, Any]:
        return await history(tx, await find_incident(tx, id_))

    found = with_store(work)
    if format_ == "json":
        print_json(found)
    else:
        out(written(found, _names(folder)))


def _names(folder: Path | None) -> Callable[[str], str]:
    """Return what gives people's names; ids where there is no `oncall.yaml` that can be read: a report does not fail for that."""
    from leh_guardian.engine.directory import Directory
    from leh_guardian.rules.folder import read_folder
    from leh_guardian.rules.oncall.loading import check_oncall

    try:
        file = read_folder(rules_folder(folder)).oncall
    except (GuardianError, click.ClickException):
        file = None
    found = check_oncall(file.content, str(file.path)).oncall if file and not file.refusal() else None
    return Directory(found, "console").named if found else lambda target: target.partition(":")[2] or target


add_to(incidents)
