"""Owns the reading of files that people name; the one rule: it neither waits for a writer nor reads without end."""

from __future__ import annotations

import errno
import os
from io import BufferedReader
from pathlib import Path


def open_file(path: Path) -> BufferedReader:
    """Open a file, or a pipe that has a writer, for reading.

    Raises:
        OSError: it cannot be opened; `strerror` says why.
    """
    try:
        # Opened without O_NONBLOCK, a pipe that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError as error:  # a NUL in the name
        raise OSError(errno.EINVAL, "this cannot be a file's name", str(path)) from error
    stream = os.fdopen(descriptor, "rb")
    os.set_blocking(descriptor, True)
    return stream


def read_file(path: Path, limit: int) -> bytes:
    """Return the content of a file, or of a pipe that has a writer, of at most `limit` bytes.

    Raises:
        OSError: it cannot be read, or holds more; `strerror` says why.
    """
    with open_file(path) as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"it holds more than {limit} bytes", str(path))
    return content
