"""Owns `leh-guardian incidents`: what the on-call reads first; the one rule: what happened, what was done, what is next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from leh_guardian.cli.incident_verbs import add_to
from leh_guardian.cli.journal_lines import folded
from leh_guardian.cli.language import locale, said
from leh_guardian.cli.output import as_json, local_time, out, print_json, print_json_lines, print_table
from leh_guardian.cli.report.words import STATUS
from leh_guardian.cli.rules_folder import rules_folder
from leh_guardian.cli.store_access import find_incident, with_store
from leh_guardian.engine.silencing import report
from leh_guardian.engine.suppression import silence_of
from leh_guardian.errors import GuardianError
from leh_guardian.language import Text, count
from leh_guardian.model.text import dump_json, shown
from leh_guardian.store import incidents as incidents_store
from leh_guardian.store import overview, silences
from leh_guardian.store.transaction import Transaction

_OPEN = ("triggered", "acknowledged", "snoozed")
_STATUSES = (*_OPEN, "resolved")
_AT_KST = Text(ko="(한국 시간)", en="(KST)")


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
            Text(ko="번호", en="Number"),
            Text(ko="상태", en="State"),
            Text(ko="심각도", en="Severity"),
            Text(ko="등급", en="Level"),
            Text(ko="확인한 사람", en="Acknowledged by"),
            Text(ko="다음 호출(KST)", en="Next call (KST)"),
            Text(ko="규칙", en="Rule"),
            Text(ko="대상", en="About"),
            Text(ko="이벤트", en="Events"),
            Text(ko="발생(KST)", en="Began (KST)"),
        ),
        [
            (
                row["id"][:8],
                f"INC-{row['number']}",
                STATUS[row["status"]],
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
        empty=Text(ko="열린 장애가 없습니다.", en="There are no open incidents."),
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
    for fact in _head(incident):
        out(fact)
    out(Text(ko="\n조치", en="\nActions"))
    for action in incident["actions"]:
        summary = (action["outcome"] or {}).get("summary", "")
        dry = said(Text(ko=" (모의 실행)", en=" (dry run)")) if action["dry_run"] else ""
        out(
            f"  {action['id'][:8]}  {action['step']} = {action['handler']}: {action['status']}{dry}  {shown(summary, 200)}".rstrip()
        )
        if action["status"] == "proposed":
            command = f"leh-guardian actions approve {action['id']}"
            out(Text(ko=f"            승인: {command}", en=f"            approve: {command}"))
    if not incident["actions"]:
        out(Text(ko="  없음: 사람이 대응해야 합니다.", en="  none: a person has to deal with it."))
    out(Text(ko=f"\n기록 {_AT_KST.ko}", en=f"\nJournal {_AT_KST.en}"))
    for line in folded(incident["journal"]):
        if isinstance(line, int):
            out(
                Text(
                    ko=f"  … 같은 확인 기록 {line}줄 생략 (--json에는 모두 있습니다)",
                    en=f"  … {count(line, 'more line')} of the same kind left out (--json has all)",
                )
            )
            continue
        handler = line["data"].get("handler", "")
        times = f"×{line['data']['events']}" if "events" in line["data"] else ""
        out(
            f"  {local_time(line['at'])}  {line['kind']:<24} {' '.join(filter(None, (handler, times, shown(line['reason'], 200))))}".rstrip()
        )
    event = shown(dump_json(incident["event"]), 600)
    out(Text(ko=f"\n원본 이벤트: {event}", en=f"\nThe event itself: {event}"))


def _head(incident: dict[str, Any]) -> list[Text]:
    name, state = f"INC-{incident['number']}  {incident['id']}", STATUS[incident["status"]]
    severity, key = incident["severity"].upper(), shown(incident["dedup_key"] or "-")
    rule, events, runs = incident["rule"], incident["events"], incident["run"]
    opened, resolved = local_time(incident["opened_at"]), local_time(incident["resolved_at"])
    acked, following = shown(", ".join(incident["acknowledged_by"]) or "-", 200), _next(incident)
    level = Text.same(f"Lv{incident['level']}") if incident["level"] else Text(ko="호출 전", en="not called yet")
    event = shown(incident["event_id"])
    facts = [
        Text(ko=f"장애 {name}  [{severity}] {state.ko}", en=f"Incident {name}  [{severity}] {state.en}"),
        Text(
            ko=f"규칙 {rule}  대상 {key}  이벤트 {events}건  실행 {runs}회",
            en=f"rule {rule}  about {key}  {count(events, 'event')}  {count(runs, 'run')}",
        ),
        Text(
            ko=f"발생 {opened}  해결 {resolved}  {_AT_KST.ko}", en=f"began {opened}  resolved {resolved}  {_AT_KST.en}"
        ),
        Text(
            ko=f"등급 {level.ko}  확인한 사람 {acked}  다음 호출 {following}",
            en=f"level {level.en}  acknowledged by {acked}  next call {following}",
        ),
        Text(ko=f"이벤트 {event}", en=f"event {event}"),
    ]
    if (silence := incident["silenced"]) is not None:
        until, why = local_time(silence["until"]), f"{shown(silence['by'], 60)}: {shown(silence['reason'], 200)}"
        facts.append(
            Text(ko=f"무음 {until}까지 호출을 보류합니다 ({why})", en=f"silenced, calls withheld until {until} ({why})")
        )
    return facts


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
    """Print the draft of a post-mortem: times, who was called, what was tried; secrets and numbers are masked."""
    from leh_guardian.cli.report.history import history
    from leh_guardian.cli.report.writing import written

    async def work(tx: Transaction) -> dict[str, Any]:
        return await history(tx, await find_incident(tx, id_))

    found = with_store(work)
    if format_ == "json":
        print_json(found)
    else:
        out(written(found, _names(folder), locale()))


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
