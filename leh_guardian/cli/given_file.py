"""Owns the reading of a file that a command is given; the one rule: whatever it is, it is read in bounds, or one message says why not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import click

from leh_guardian.files import read_file

_LARGEST: Final = 16 << 20
"""Bytes; EventBridge takes events of 256 KiB, SQS messages of 1 MiB."""


def read_given(file: Path) -> bytes:
    """Return the content of `file`; `-` is standard input.

    Raises:
        click.UsageError: it cannot be read, or has no end in sight.
    """
    try:
        return _standard_input() if str(file) == "-" else read_file(file, _LARGEST)
    except OSError as error:
        raise click.UsageError(f"cannot read {file}: {error.strerror}") from None


def _standard_input() -> bytes:
    # Without its descriptor at start, Python has no stream.
    content = sys.stdin.buffer.read(_LARGEST + 1) if sys.stdin else b""
    if len(content) > _LARGEST:
        raise click.UsageError(f"standard input holds more than {_LARGEST} bytes")
    return content
