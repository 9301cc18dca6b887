"""Owns `leh-guardian uploads`: the judgement of an upload burst by hand; the one rule: each file gets its answer, whatever the others are."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from leh_guardian.cli.output import SEOUL, as_json, out, print_json, print_table, tell
from leh_guardian.clock import SystemClock
from leh_guardian.errors import RuleError
from leh_guardian.files import open_file, read_file
from leh_guardian.rules.diagnostics import RulesRefused
from leh_guardian.rules.reader import LARGEST
from leh_guardian.rules.upload_signals import built_in_upload_signals, load_upload_signals
from leh_guardian.uploads import Judgement, SignalTable, UploadLog, Verdict, judge

_VERDICTS: Final = {
    Verdict.ATTACK: ("공격", "해당 사건(case)을 계속 멈춰 두고, 계정 차단과 비용 조정을 검토하세요."),
    Verdict.SUSPICIOUS: ("의심", "해당 사건(case)을 계속 멈춰 두고, 아래 근거를 보고 사람이 판단하세요."),
    Verdict.LEGITIMATE: ("정상", "정상적인 대량 업로드로 보입니다. AI 처리를 다시 시작해도 됩니다."),
}
"""What the on-call reads for each verdict, and what to do."""
_MOST_ROWS: Final = 20


@click.group()
def uploads() -> None:
    """Look at upload logs."""


@uploads.command()
@click.option(
    "--events",
    "first",
    required=True,
    multiple=True,
    type=click.Path(path_type=Path),
    help="Files of upload records, JSON Lines; - is standard input.",
)
@click.argument("more", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@click.option("--rules", "rules", type=click.Path(path_type=Path), help="Signals in the place of the built-in ones.")
@as_json
def analyse(first: tuple[Path, ...], more: tuple[Path, ...], rules: Path | None, json_: bool) -> None:
    """Say of each file whether its newest 24 hours are an attack, suspicious or legitimate, and why; exit 2 if one cannot be read."""
    table = _table(rules)
    unread = False
    for file in (*first, *more):
        try:
            answer = _judged(file, table)
        except OSError as error:
            tell(f"Error: cannot read {file}: {error.strerror or error}")
            unread = True
            continue
        if json_:
            print_json(answer)
        else:
            _print(answer)
    sys.exit(2 if unread else 0)


def _table(file: Path | None) -> SignalTable:
    """Return the signals; exits with 1 where the operator's are wrong."""
    if file is None:
        return built_in_upload_signals()
    try:
        return load_upload_signals(read_file(file, LARGEST), str(file))
    except OSError as error:
        raise click.UsageError(f"cannot read {file}: {error.strerror}") from None
    except RulesRefused as refused:
        for diagnostic in refused.diagnostics:
            tell(diagnostic.render())
        sys.exit(1)
    except RuleError as error:
        raise click.UsageError(str(error)) from None


def _judged(file: Path, table: SignalTable) -> dict[str, Any]:
    """Return the answer for a file.

    Raises:
        OSError: it cannot be read, or not a line of it is an upload record.
    """
    if str(file) != "-":
        with open_file(file) as stream:
            log = UploadLog(stream)
            return _answer(file, log, judge(log, table, SystemClock().now()))
    if not sys.stdin:  # without its descriptor at start, Python has no stream
        raise OSError(0, "standard input is closed")
    log = UploadLog(sys.stdin.buffer)
    return _answer(file, log, judge(log, table, SystemClock().now()))


def _answer(file: Path, log: UploadLog, judgement: Judgement) -> dict[str, Any]:
    if log.lines == log.unreadable:
        raise OSError(0, f"none of its {log.lines} lines is an upload record")
    if log.unreadable:
        where = ", ".join(map(str, log.unreadable_at)) + (", …" if log.unreadable > len(log.unreadable_at) else "")
        tell(f"{file}: {log.unreadable} of {log.lines} lines are no upload records and were left out: {where}")
    if log.zoneless:
        tell(f"{file}: {log.zoneless} times name no zone and were taken for UTC")
    answer = judgement.to_json()
    answer["coverage"] |= {
        "lines": log.lines,
        "unreadable": log.unreadable,
        "unreadable_at": log.unreadable_at,
        "zoneless_taken_for_utc": log.zoneless,
    }
    return {"file": str(file), **answer}


def _print(answer: dict[str, Any]) -> None:
    name, advice = _VERDICTS[Verdict(answer["verdict"])]
    out(f"{answer['file']}: {name} ({answer['verdict']}), 점수 {answer['score']:.1f}")
    out(f"조치: {advice}")
    incident = answer["coverage"]["incident"]
    out(
        f"기간: {_when(answer['window']['from'])} ~ {_when(answer['window']['to'])}, 업로드 {incident.get('upload', 0)}건, 사용자 {answer['subjects_total']}명"
    )
    wanted = [one for one in answer["subjects"] if one["verdict"] != "legitimate"] or answer["subjects"][:1]
    rows = [
        (one["user_id"] or f"({one.get('case_id')})", one["verdict"], f"{one['score']:.1f}", one["uploads"])
        for one in wanted
    ]
    print_table(["사용자", "판정", "점수", "업로드"], rows[:_MOST_ROWS], empty="업로드한 사용자가 없습니다.")
    signals = [*answer["signals"], *answer["counter_evidence"]]
    if signals:
        out("\n근거 (+ 공격, - 정상):")
        print_table(["신호", "영역", "값", "기준", "가중치"], list(map(_row, signals)), empty="")
    if answer["missing"]:
        out(f"측정하지 못한 신호: {', '.join(answer['missing'])}")
    out()


def _row(signal: dict[str, Any]) -> tuple[object, ...]:
    return (
        signal["id"],
        signal["family"],
        f"{signal['value']:g}",
        f"{signal['comparison']} {signal['threshold']:g}",
        f"{signal['weight']:+g}",
    )


def _when(text: str | None) -> str:
    return datetime.fromisoformat(text).astimezone(SEOUL).strftime("%m-%d %H:%M:%S") if text else "-"
