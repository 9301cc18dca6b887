"""Hostile rule files: refused with their place, through the loader and the command, and never by a traceback.

What the reader refuses one by one is in tests/unit/rules/test_reader.py; two thousand broken files are in test_mutations.py.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import leh_guardian.handlers
from leh_guardian.cli.main import main
from leh_guardian.registry import discover
from leh_guardian.rules.loader import check_rules
from tests.hostile.rule_files import HEAD, RULE, RULE_FILES
from tests.support.figures import show

PLACE = re.compile(r"^[^\n]+:\d+:\d+: ")
REGISTRY = discover(leh_guardian.handlers)
took: dict[str, float] = {}


@pytest.mark.parametrize("name", RULE_FILES)
def test_a_hostile_file_is_refused_with_its_place(tmp_path: Path, name: str) -> None:
    """Each is refused for the reason of the table, beside a good file, in few lines of bounded length."""
    make, code = RULE_FILES[name]
    (tmp_path / "good.yaml").write_text(HEAD + RULE.format("good"), encoding="utf-8")
    (tmp_path / "bad.yaml").write_bytes(make())
    alone = code == "empty" and b"rules" in make()
    if alone:
        (tmp_path / "good.yaml").unlink()
    started = time.perf_counter()
    rules, diagnostics = check_rules(tmp_path, REGISTRY)
    took[name] = time.perf_counter() - started
    assert rules is None
    assert code in {diagnostic.code for diagnostic in diagnostics}
    assert len(diagnostics) < 250
    for diagnostic in diagnostics:
        told = diagnostic.render()
        assert PLACE.match(told)
        assert len(told) < 2000
        assert all(line.isprintable() for line in told.split("\n"))


@pytest.mark.parametrize(
    "name", ["billion laughs", "1 MiB of brackets", "thousands of rules of one id", "a control character"]
)
def test_the_command_refuses_it_without_a_traceback(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Findings are exit 1 and lines on standard output."""
    (tmp_path / "bad.yaml").write_bytes(RULE_FILES[name][0]())
    with pytest.raises(SystemExit) as ended:
        main(["rules", "check", str(tmp_path)])
    said = capsys.readouterr()
    assert ended.value.code == 1
    assert "Traceback" not in said.out + said.err
    assert "bad.yaml:" in said.out + said.err


def _sparse(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(1 << 40)


STRANGE: dict[str, Callable[[Path], Any]] = {
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a link to a folder": lambda path: path.symlink_to("/"),
    "a link to an endless device": lambda path: path.symlink_to("/dev/zero"),
    "a link to a terminal": lambda path: path.symlink_to("/dev/tty"),
    "a pipe": os.mkfifo,
    "a folder": lambda path: path.mkdir(),
    "a terabyte of nothing": _sparse,
    "memory": lambda path: path.symlink_to("/proc/self/mem"),
}


@pytest.mark.parametrize("name", STRANGE)
@pytest.mark.parametrize("file", ["bad.yaml", "b\udcffad\n\x1b[2J.yaml"])
def test_what_is_no_file_is_refused_unopened(tmp_path: Path, name: str, file: str) -> None:
    """Neither waited for nor read to its end, whatever its name; the good file beside it is not taken alone."""
    (tmp_path / "good.yaml").write_text(HEAD + RULE.format("good"), encoding="utf-8")
    STRANGE[name](tmp_path / file)
    rules, diagnostics = check_rules(tmp_path, REGISTRY)
    assert rules is None
    (told,) = [diagnostic.render() for diagnostic in diagnostics]
    assert PLACE.match(told)
    assert all(line.isprintable() for line in told.split("\n"))


def test_a_folder_of_thousands_of_bad_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each of them is told, and the whole takes the time of a folder."""
    for number in range(3000):
        (tmp_path / f"{number}.yaml").write_bytes(b"[")
    started = time.perf_counter()
    rules, diagnostics = check_rules(tmp_path, REGISTRY)
    took["3000 torn files"] = time.perf_counter() - started
    slowest = sorted(took.items(), key=lambda item: -item[1])[:3]
    told = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in slowest)
    show(capsys, f"rule files: {len(took)} hostile ones and folders refused; the slowest: {told}")
    assert rules is None
    assert len({diagnostic.file for diagnostic in diagnostics}) == 3000
