"""Owns `leh-guardian scan`: personal data and secrets in files; the one rule: where they stand is printed, and never what they are."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import click

from leh_guardian.cli.output import SEOUL, as_json, out, print_json, tell
from leh_guardian.clock import SystemClock
from leh_guardian.disclosure import Found, Scanner, Seal
from leh_guardian.disclosure.stream import NotText, scan_stream
from leh_guardian.files import open_file, read_file

_LONGEST_KEY: Final = 4096
_NAMES: Final = {
    "kr_rrn": "주민등록번호",
    "kr_frn": "외국인등록번호",
    "kr_driver_license": "운전면허번호",
    "kr_passport": "여권번호",
    "phone": "전화번호",
    "card": "카드번호",
    "bank_account": "계좌번호",
    "kr_brn": "사업자등록번호",
    "password": "비밀번호",
    "jwt": "JWT",
    "aws_access_key": "AWS 액세스 키",
    "aws_secret_key": "AWS 비밀 키",
    "openai_key": "OpenAI 키",
    "private_key": "개인 키(PEM)",
    "slack_token": "Slack 토큰",
    "github_token": "GitHub 토큰",
}
_TIERS: Final = {"confirmed": "확실", "probable": "의심"}


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option(
    "--key-file",
    "key_file",
    type=click.Path(path_type=Path),
    help="Key of the fingerprints, 16 bytes or more; without it each run has its own.",
)
@as_json
def scan(files: tuple[Path, ...], key_file: Path | None, json_: bool) -> None:
    """Look for personal data and secrets in FILEs (- is standard input), text or JSON Lines. Exits with 1 where there are any."""
    scanner = Scanner(SystemClock().now().astimezone(SEOUL).date(), _seal(key_file))
    counts: Counter[str] = Counter()
    unread = 0
    for file in files:
        try:
            with _opened(file) as stream:
                for line, found in scan_stream(stream, scanner):
                    counts[found.kind] += 1
                    if json_:
                        print_json(_as_json(file, line, found))
                    else:
                        out(_as_text(file, line, found))
        except (OSError, NotText) as error:
            unread += 1
            why = (error.strerror or "it cannot be read") if isinstance(error, OSError) else str(error)
            tell(f"leh-guardian: cannot read {file}: {why}")
    if not json_:
        _sum_up(counts, unread)
    sys.exit(2 if unread else 1 if counts else 0)


def _seal(key_file: Path | None) -> Seal:
    if key_file is None:
        return Seal()
    try:
        return Seal(read_file(key_file, _LONGEST_KEY).strip(b"\r\n"))
    except OSError as error:
        raise click.UsageError(f"cannot read {key_file}: {error.strerror}") from None
    except ValueError as error:
        raise click.UsageError(f"{key_file}: {error}") from None


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    if str(file) != "-":
        with open_file(file) as stream:
            yield stream
    elif sys.stdin:  # without its descriptor at start, Python has no stream
        yield sys.stdin.buffer
    else:
        raise OSError(0, "standard input is closed")


def _as_json(file: Path, line: int, found: Found) -> dict[str, Any]:
    return {
        "file": str(file),
        "line": line,
        "type": found.kind,
        "tier": found.tier,
        "field": found.field,
        "offset": found.offset,
        "length": found.length,
        "fingerprint": found.fingerprint,
    }


def _as_text(file: Path, line: int, found: Found) -> str:
    where = f"{file}:{line}:{found.offset + 1}" + (f" {found.field}" if found.field else "")
    return f"{where}: {_NAMES[found.kind]} ({found.kind}), {_TIERS[found.tier]}, {found.length}자, 지문 {found.fingerprint}"


def _sum_up(counts: Counter[str], unread: int) -> None:
    if counts:
        each = ", ".join(f"{_NAMES[kind]} {count}건" for kind, count in counts.most_common())
        out(f"모두 {counts.total()}건: {each}")
    elif not unread:
        out("개인정보나 비밀 값을 찾지 못했습니다.")
