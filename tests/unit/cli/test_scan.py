"""`leh-guardian scan`: exit codes, JSON and text, and that no value reaches an output, whatever goes wrong."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from leh_guardian.cli.main import main
from tests.support.leaks.planted import KINDS, planted_lines

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run the command in an empty folder; returns exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["scan", *arguments])
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, captured.out, captured.err

    return call


def test_json(run: Run, tmp_path: Path) -> None:
    """One line for each finding, with what outside programs rely on."""
    (tmp_path / "a.jsonl").write_text('{"ok": 1}\n{"user": {"phone": "010-1234-5678"}}\n', encoding="utf-8")
    code, out, err = run("a.jsonl", "--json")
    [found] = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (1, "")
    assert len(found.pop("fingerprint")) == 24
    assert found == {
        "file": "a.jsonl",
        "line": 2,
        "type": "phone",
        "tier": "confirmed",
        "field": "$.user.phone",
        "offset": 20,
        "length": 13,
    }


def test_clean(run: Run, tmp_path: Path) -> None:
    """Nothing found is 0, and nothing on standard output with --json."""
    (tmp_path / "log").write_text("INFO fine\n")
    assert run("log", "--json") == (0, "", "")
    assert run("log") == (0, "개인정보나 비밀 값을 찾지 못했습니다.\n", "")


def test_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("주민번호900101-1234567입니다".encode())))
    code, out, _ = run("-", "--json")
    assert (code, json.loads(out)["file"], json.loads(out)["offset"]) == (1, "-", 4)


def test_key_file(run: Run, tmp_path: Path) -> None:
    """With a key two runs give one fingerprint, without one never."""
    (tmp_path / "log").write_text("010-1234-5678\n")
    (tmp_path / "key").write_text("0123456789abcdef\n")
    assert run("log", "--json", "--key-file", "key") == run("log", "--json", "--key-file", "key")
    assert run("log", "--json") != run("log", "--json")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "Missing argument"),
        (("none",), "cannot read none: No such file or directory"),
        (("folder",), "cannot read folder: Is a directory"),
        (("packed",), "cannot read packed: it is compressed (gzip)"),
        (("log", "--key-file", "none"), "cannot read none"),
        (("log", "--key-file", "short"), "16 bytes"),
    ],
)
def test_bad_usage(run: Run, tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    """What cannot be read is 2, with one message and no traceback."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "packed").write_bytes(b"\x1f\x8b\x08\x00")
    (tmp_path / "log").write_text("fine\n")
    (tmp_path / "short").write_text("abc")
    code, _, err = run(*arguments)
    assert code == 2
    assert says in err
    assert "Traceback" not in err
    assert "abc" not in err


def test_one_bad_file_of_several(run: Run, tmp_path: Path) -> None:
    """The others are scanned all the same, and the exit code says that one was not."""
    (tmp_path / "log").write_text("010-1234-5678\n")
    code, out, err = run("none", "log", "--json")
    assert (code, json.loads(out)["file"]) == (2, "log")
    assert "none" in err


@pytest.mark.parametrize("arguments", [("--json",), ()])
def test_canaries(run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture, arguments: tuple[str, ...]) -> None:
    """Of all kinds, in all places, no planted value and no end of one is in any output or log."""
    caplog.set_level(logging.DEBUG)
    lines = [p for kind in KINDS for p in planted_lines(Random(f"canary {kind}"), kind, 24)]
    (tmp_path / "log").write_text("\n".join(p.line for p in lines), encoding="utf-8")
    code, out, err = run("log", *arguments)
    assert code == 1
    shown = out + err + caplog.text
    assert shown.count("log") > len(lines) * 0.9
    for planted in lines:
        assert planted.value not in shown
        assert planted.value[-8:] not in shown
