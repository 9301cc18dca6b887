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
from leh_guardian.language import Text, count, day_and_time
from leh_guardian.rules.diagnostics import RulesRefused
from leh_guardian.rules.folder import SIGNATURES
from leh_guardian.rules.reader import LARGEST
from leh_guardian.rules.signatures import load_signatures, table_of

_VERDICTS: Final = {
    Verdict.EXTERNAL_OUTAGE: (
        Text(ko="외부 장애 의심", en="outage of a provider suspected"),
        Text(
            ko="제공자 상태 페이지를 확인하고, 복구될 때까지 재처리(redrive)를 보류하세요.",
            en="Look at the provider's status page, and hold redrives back until it is over.",
        ),
    ),
    Verdict.THROTTLED: (
        Text(ko="요청 한도 초과(속도 제한)", en="throttled (rate limit)"),
        Text(
            ko="동시 실행 수를 줄이고, 간격을 두고 천천히 재처리하세요.",
            en="Lower the concurrency, and redrive slowly with pauses.",
        ),
    ),
    Verdict.QUOTA: (
        Text(ko="사용 한도·결제 한도 소진", en="quota or payment limit used up"),
        Text(
            ko="재처리하지 마세요. 결제 담당자에게 알리고 한도를 올린 뒤 진행하세요.",
            en="Do not redrive. Tell whoever pays, and go on once the limit is raised.",
        ),
    ),
    Verdict.TRANSIENT: (
        Text(ko="일시 오류", en="passing error"),
        Text(
            ko="DLQ를 천천히 재처리(redrive)하면 됩니다. 먼저 몇 건으로 시험하세요.",
            en="Redrive the DLQ slowly. Try a few messages first.",
        ),
    ),
    Verdict.CODE_BUG: (
        Text(ko="코드 결함", en="bug in the code"),
        Text(
            ko="재처리하지 마세요. 핫픽스를 배포한 뒤 evidence를 다시 처리하세요.",
            en="Do not redrive. Deploy a fix, then have the evidence processed anew.",
        ),
    ),
    Verdict.BAD_INPUT: (
        Text(ko="입력 파일 문제", en="bad input file"),
        Text(
            ko="해당 evidence를 격리하고 사용자에게 알리세요. 재처리해도 다시 실패합니다.",
            en="Put the evidence into quarantine and tell the user. It would fail again.",
        ),
    ),
    Verdict.CONFIG: (
        Text(ko="설정·권한 문제", en="settings or permissions"),
        Text(
            ko="키, 권한, 모델 이름, 리소스 이름을 확인하세요. 고치기 전에는 재처리하지 마세요.",
            en="Look at keys, permissions, and the names of model and resources. Do not redrive before they are right.",
        ),
    ),
    Verdict.INTERNAL_DEPENDENCY: (
        Text(ko="내부 의존 서비스 장애", en="outage of our own service"),
        Text(
            ko="OpenSearch와 RDS의 상태를 확인하세요. 복구된 뒤 재처리하세요.",
            en="Look at OpenSearch and RDS. Redrive once they are well.",
        ),
    ),
    Verdict.UNKNOWN: (
        Text(ko="원인 불명", en="cause unknown"),
        Text(
            ko="아래 예시 로그를 사람이 직접 확인하세요. 일괄 재처리는 하지 마세요.",
            en="A person has to read the sample lines below. Do not redrive everything.",
        ),
    ),
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
    records, errors, jobs, failed = diagnosis.records, diagnosis.errors, diagnosis.attempts, diagnosis.failed
    if not errors:
        out(
            Text(
                ko=f"판정: 오류 없음 - 로그 {records}건에서 실패를 찾지 못했습니다.",
                en=f"Verdict: no error - no failure was found in {count(records, 'log record')}.",
            )
        )
        return
    how = f"({diagnosis.verdict})"
    sure = f"{diagnosis.confidence:.0%}"
    out(Text(ko=f"판정: {name.ko} {how}, 확신도 {sure}", en=f"Verdict: {name.en} {how}, confidence {sure}"))
    out(Text(ko=f"조치: {advice.ko}", en=f"To do: {advice.en}"))
    out(
        Text(
            ko=f"근거: 로그 {records}건 중 오류 {errors}건, 작업 {jobs}건 중 {failed}건 실패",
            en=f"Because: {count(errors, 'error')} in {count(records, 'log record')}, {failed} of {count(jobs, 'job')} failed",
        )
    )
    where = _where(diagnosis)
    out(Text(ko=f"분포: {where.ko}", en=f"Where: {where.en}"))
    out()
    classes = {line.signature: line.verdict for line in diagnosis.lines}
    rows = [(number, signature, classes.get(signature, "")) for signature, number in diagnosis.signatures.items()]
    titles = (Text(ko="건수", en="Number"), Text(ko="시그니처", en="Signature"), Text(ko="분류", en="Verdict"))
    print_table(titles, rows, empty="")
    if diagnosis.samples:
        out(Text(ko="\n예시(가림 처리됨):", en="\nSamples (masked):"))
        for sample in diagnosis.samples[:_SAMPLES]:
            line = f"[{sample.verdict}] {sample.text}"
            out(Text(ko=f"  {sample.n}행 {line}", en=f"  line {sample.n} {line}"))


_SAMPLES: Final = 12


def _where(diagnosis: Diagnosis) -> Text:
    where = diagnosis.concentration
    cases, files = where.cases, where.files
    parts = [
        Text(ko=f"사건 {cases}개, 파일 {files}개", en=f"{count(cases, 'case')}, {count(files, 'file')}"),
    ]
    if where.one_file:
        parts = [Text(ko="파일 하나에만 집중", en="one file alone")]
    elif where.one_case:
        parts = [Text(ko="사건 하나에만 집중", en="one case alone")]
    elif where.everywhere:
        parts = [Text(ko=f"사건 {cases}개에 퍼져 있음", en=f"spread over {count(cases, 'case')}")]
    if where.since_deploy:
        parts.append(Text(ko="새 버전 배포 이후 시작", en="since a new version was deployed"))
    if where.since is not None:
        first = day_and_time(datetime.fromtimestamp(where.since, SEOUL), SEOUL, seconds=True)
        parts.append(Text(ko=f"첫 실패 {first.ko}", en=f"first failure {first.en}"))
    return Text.each(lambda locale: ", ".join(part.of(locale) for part in parts))
