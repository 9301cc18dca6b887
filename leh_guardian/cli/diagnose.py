"""Owns `leh-guardian diagnose`: the log classifier by hand; the one rule: what a log quotes reaches no terminal unmasked."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

import click

from leh_guardian.cli.output import SEOUL, as_json, out, print_json, print_table, tell
from leh_guardian.cli.rules_folder import named_folder
from leh_guardian.diagnosis import Diagnosis, Table, Verdict, diagnose_stream
from leh_guardian.errors import RuleError
from leh_guardian.files import open_file, read_file
from leh_guardian.rules.diagnostics import RulesRefused
from leh_guardian.rules.folder import SIGNATURES
from leh_guardian.rules.reader import LARGEST
from leh_guardian.rules.signatures import load_signatures, table_of

_VERDICTS: Final = {
    Verdict.EXTERNAL_OUTAGE: (
        "외부 장애 의심",
        "제공자 상태 페이지를 확인하고, 복구될 때까지 재처리(redrive)를 보류하세요.",
    ),
    Verdict.THROTTLED: ("요청 한도 초과(속도 제한)", "동시 실행 수를 줄이고, 간격을 두고 천천히 재처리하세요."),
    Verdict.QUOTA: ("사용 한도·결제 한도 소진", "재처리하지 마세요. 결제 담당자에게 알리고 한도를 올린 뒤 진행하세요."),
    Verdict.TRANSIENT: ("일시 오류", "DLQ를 천천히 재처리(redrive)하면 됩니다. 먼저 몇 건으로 시험하세요."),
    Verdict.CODE_BUG: ("코드 결함", "재처리하지 마세요. 핫픽스를 배포한 뒤 evidence를 다시 처리하세요."),
    Verdict.BAD_INPUT: ("입력 파일 문제", "해당 evidence를 격리하고 사용자에게 알리세요. 재처리해도 다시 실패합니다."),
    Verdict.CONFIG: (
        "설정·권한 문제",
        "키, 권한, 모델 이름, 리소스 이름을 확인하세요. 고치기 전에는 재처리하지 마세요.",
    ),
    Verdict.INTERNAL_DEPENDENCY: (
        "내부 의존 서비스 장애",
        "OpenSearch와 RDS의 상태를 확인하세요. 복구된 뒤 재처리하세요.",
    ),
    Verdict.UNKNOWN: ("원인 불명", "아래 예시 로그를 사람이 직접 확인하세요. 일괄 재처리는 하지 마세요."),
}
"""What the on-call reads for each verdict, and what to do."""


@click.command()
@click.option(
    "--logs", "logs", required=True, type=click.Path(path_type=Path), help="File of log lines; - is standard input."
)
@click.option(
    "--rules",
    "rules",
    type=click.Path(path_type=Path),
    help="Folder with signatures.yaml (LEH_RULES__DIR, else ./rules).",
)
@as_json
def diagnose(logs: Path, rules: Path | None, json_: bool) -> None:
    """Say from its log what ails the AI worker: outage, quota, code, input … A log without errors is `unknown`, confidence 0."""
    table = _table(rules)
    try:
        with _opened(logs) as stream:
            diagnosis = diagnose_stream(stream, table)
    except OSError as error:
        raise click.UsageError(f"cannot read {logs}: {error.strerror or error}") from None
    if json_:
        print_json(diagnosis.to_json())
    else:
        _print(diagnosis)


def _table(rules: Path | None) -> Table:
    """Return the built-in signatures, and before them the operator's; exits with 1 where those are wrong."""
    file = named_folder(rules) / SIGNATURES
    try:
        content = read_file(file, LARGEST)
    except FileNotFoundError:
        if rules is not None and not rules.is_dir():
            raise click.UsageError(f"cannot read {rules}: No such file or directory") from None
        return table_of()
    except NotADirectoryError:
        raise click.UsageError(f"cannot read {file.parent}: Not a directory") from None
    except OSError as error:
        raise click.UsageError(f"cannot read {file}: {error.strerror}") from None
    try:
        return load_signatures(content, str(file))
    except RulesRefused as refused:
        for diagnostic in refused.diagnostics:
            tell(diagnostic.render())
        sys.exit(1)
    except RuleError as error:
        raise click.UsageError(str(error)) from None


@contextmanager
def _opened(logs: Path) -> Iterator[BinaryIO]:
    if str(logs) != "-":
        with open_file(logs) as stream:
            yield stream
    elif sys.stdin:  # without its descriptor at start, Python has no stream
        yield sys.stdin.buffer
    else:
        raise OSError(0, "standard input is closed")


def _print(diagnosis: Diagnosis) -> None:
    name, advice = _VERDICTS[diagnosis.verdict]
    if not diagnosis.errors:
        out(f"판정: 오류 없음 - 로그 {diagnosis.records}건에서 실패를 찾지 못했습니다.")
        return
    out(f"판정: {name} ({diagnosis.verdict}), 확신도 {diagnosis.confidence:.0%}")
    out(f"조치: {advice}")
    out(
        f"근거: 로그 {diagnosis.records}건 중 오류 {diagnosis.errors}건, 작업 {diagnosis.attempts}건 중 {diagnosis.failed}건 실패"
    )
    out(f"분포: {_where(diagnosis)}")
    out()
    classes = {line.signature: line.verdict for line in diagnosis.lines}
    rows = [(count, signature, classes.get(signature, "")) for signature, count in diagnosis.signatures.items()]
    print_table(["건수", "시그니처", "분류"], rows, empty="")
    if diagnosis.samples:
        out("\n예시(가림 처리됨):")
        for sample in diagnosis.samples[:_SAMPLES]:
            out(f"  {sample.n}행 [{sample.verdict}] {sample.text}")


_SAMPLES: Final = 12


def _where(diagnosis: Diagnosis) -> str:
    where = diagnosis.concentration
    parts = []
    if where.one_file:
        parts.append("파일 하나에만 집중")
    elif where.one_case:
        parts.append("사건 하나에만 집중")
    elif where.everywhere:
        parts.append(f"사건 {where.cases}개에 퍼져 있음")
    else:
        parts.append(f"사건 {where.cases}개, 파일 {where.files}개")
    if where.since_deploy:
        parts.append("새 버전 배포 이후 시작")
    if where.since is not None:
        parts.append(f"첫 실패 {datetime.fromtimestamp(where.since, SEOUL):%m-%d %H:%M:%S}")
    return ", ".join(parts)
