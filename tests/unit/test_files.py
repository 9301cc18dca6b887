"""Reading what people name: never waiting, never without end."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from leh_guardian.files import read_file


def test_reads_a_file_up_to_its_limit(tmp_path: Path) -> None:
    """A file of the limit's size is read whole; one byte more is refused, and so is what never ends."""
    file = tmp_path / "x"
    file.write_bytes(b"12345")
    assert read_file(file, 5) == b"12345"
    with pytest.raises(OSError, match="more than 4 bytes"):
        read_file(file, 4)
    with pytest.raises(OSError, match="more than 1000 bytes"):
        read_file(Path("/dev/zero"), 1000)


def test_pipes(tmp_path: Path) -> None:
    """A pipe that nobody writes to is empty at once; one with a writer is read to its end."""
    os.mkfifo(tmp_path / "pipe")
    assert read_file(tmp_path / "pipe", 10) == b""
    reader, writer = os.pipe()
    thread = threading.Thread(target=lambda: (os.write(writer, b"later"), os.close(writer)))
    thread.start()
    assert read_file(Path(f"/dev/fd/{reader}"), 10) == b"later"
    thread.join()
    os.close(reader)


@pytest.mark.parametrize("name", ["", "missing", "nul\x00", "\udcff"])
def test_what_cannot_be_read_says_why(tmp_path: Path, name: str) -> None:
    """A folder, a missing file and an impossible name are OSErrors with a reason."""
    with pytest.raises(OSError) as raised:  # noqa: PT011 - any kind of it
        read_file(tmp_path / name, 10)
    assert raised.value.strerror
