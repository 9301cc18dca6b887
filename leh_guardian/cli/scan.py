"""Owns `leh-guardian scan`: personal data and secrets in files; the one rule: where they stand is printed, and never what they are."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path
from typing import Any, Final, cast

import click

from leh_guardian.cli.output import SEOUL, as_json, out, print_json, tell
from leh_guardian.clock import SystemClock
from leh_guardian.disclosure import Found, Scanner, Seal
from leh_guardian.disclosure.stream import NotText, scan_stream
from leh_guardian.disclosure.wording import KINDS
from leh_guardian.files import open_file, read_file
from leh_guardian.language import Text, count

_LONGEST_KEY: Final = 4096
_TIERS: Final = {"confirmed": Text(ko="확실", en="certain"), "probable": Text(ko="의심", en="probable")}


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
def _opened(file: Path) -> Iterator[BufferedIOBase]:
    if str(file) != "-":
        with open_file(file) as stream:
            yield stream
    elif sys.stdin:  # without its descriptor at start, Python has no stream
        yield cast(BufferedIOBase, sys.stdin.buffer)
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


def _as_text(file: Path, line: int, found: Found) -> Text:
    where = f"{file}:{line}:{found.offset + 1}" + (f" {found.field}" if found.field else "")
    name, tier = KINDS[found.kind], _TIERS[found.tier]
    return Text(
        ko=f"{where}: {name.ko} ({found.kind}), {tier.ko}, {found.length}자, 지문 {found.fingerprint}",
        en=f"{where}: {name.en} ({found.kind}), {tier.en}, {count(found.length, 'character')}, fingerprint {found.fingerprint}",
    )


def _summary(counts: Counter[str]) -> Text:
    kinds, total = counts.most_common(), counts.total()
    each = Text.each(lambda locale: ", ".join(f"{KINDS[kind].of(locale)} {number}" for kind, number in kinds))
    return Text(ko=f"모두 {total}건: {each.ko}", en=f"{count(total, 'finding')}: {each.en}")


def _sum_up(counts: Counter[str], unread: int) -> None:
    if counts:
        out(_summary(counts))
    elif not unread:
        out(Text(ko="개인정보나 비밀 값을 찾지 못했습니다.", en="No personal data or secrets were found."))
