"""What looks cut off, compared with the version in use, and what is an edit."""

from __future__ import annotations

from pathlib import Path

import pytest

from leh_guardian.rules.cut_off import CutOff, find_cut_off
from leh_guardian.rules.folder import File, Folder

WHOLE = "version: 1\nrules:\n  - id: a\n  - id: b  # 마지막\n"
MARKED = f"{WHOLE}...\n"


def compared(now: str | bytes, before: str) -> CutOff:
    """Compare one file with what it was."""
    content = now if isinstance(now, bytes) else now.encode()
    folder = Folder(Path(), (File(Path("a.yaml"), content),), ())
    return find_cut_off(folder, {"a.yaml": before.encode()})


@pytest.mark.parametrize(
    "now",
    [
        "version: 1\nrules:\n  - id: a\n",
        "version: 1\n",
    ],
)
def test_the_beginning_of_what_it_was_is_doubtful(now: str) -> None:
    """To the end of a line it may be a deletion or a write that goes on."""
    assert compared(now, WHOLE) == CutOff((), ("a.yaml",))


@pytest.mark.parametrize("end", range(1, len(WHOLE.encode())))
def test_every_cut_is_seen(end: int) -> None:
    """Wherever a file is cut, within a letter of three bytes or between two rules: it is doubtful or certain."""
    cut = compared(WHOLE.encode()[:end], WHOLE)
    assert bool(cut.certain) != bool(cut.shorter)
    assert bool(cut.shorter) == WHOLE.encode()[:end].endswith(b"\n")


@pytest.mark.parametrize(
    ("now", "before"),
    [
        (WHOLE, WHOLE),
        ("", WHOLE),
        (WHOLE + "  - id: c\n", WHOLE),
        (WHOLE.replace("id: a", "id: c"), WHOLE),
        ("version: 1\nrules:\n  - id: b\n", WHOLE),
        (WHOLE.replace("\n", "\r\n"), WHOLE),
        (WHOLE.rstrip("\n"), WHOLE.rstrip("\n").replace("id: a", "id: c")),
        (MARKED, WHOLE),
        (MARKED.replace("id: a", "id: c"), MARKED),
        (WHOLE.replace("id: a", "id: c") + "... # the end\n\n# so it is\n", MARKED),
    ],
)
def test_an_edit_is_an_edit(now: str, before: str) -> None:
    """More, other and less in the middle; line ends as they were; a mark that is still there. Emptied is refused as such."""
    assert compared(now, before) == CutOff((), ())


def test_a_last_line_without_its_break_is_certain() -> None:
    """Also where the file begins otherwise than before: the copy of a new version that stopped."""
    (told,) = compared("version: 1\nrules:\n  - id: c\n  - id: lo", WHOLE).certain
    assert (told.line, told.column, told.code) == (4, 11, "cut-off")
    assert told.source == "  - id: lo"
    assert "SIGHUP" in told.hint


@pytest.mark.parametrize("now", [WHOLE, WHOLE.replace("id: a", "id: c"), "version: 1\n", f"{WHOLE}# ...\n"])
def test_a_mark_that_is_gone_is_certain(now: str) -> None:
    """A file that ended with `...` and does not any more is cut off, wherever the cut is and whatever else has changed."""
    cut = compared(now, MARKED)
    assert [diagnostic.code for diagnostic in cut.certain] == ["cut-off"]
    assert cut.shorter == ()


def test_new_files_and_unreadable_ones_are_not_compared() -> None:
    """There is nothing to compare them with."""
    files = (File(Path("new.yaml"), b"a"), File(Path("a.yaml"), b"", "Permission denied"))
    assert find_cut_off(Folder(Path(), files, ()), {"a.yaml": WHOLE.encode()}) == CutOff((), ())
