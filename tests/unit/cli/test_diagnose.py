"""`leh-guardian diagnose`: exit codes, JSON and text, given what it should and should not be given."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from leh_guardian.cli.main import main

Run = Callable[..., tuple[int, str, str]]
QUOTA = "Error code: 429 - You exceeded your current quota, please check your plan and billing details."


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run the command in an empty folder; returns exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LEH_RULES__DIR", raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["diagnose", *arguments])
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, captured.out, captured.err

    return call


def test_json(run: Run, tmp_path: Path) -> None:
    """One document with what outside programs rely on."""
    (tmp_path / "log").write_text(f"INFO:a:fine\nERROR:a:{QUOTA}\nERROR:a:KeyError: 'x'\n")
    code, out, err = run("--logs", "log", "--json")
    answer = json.loads(out)
    assert (code, err) == (0, "")
    assert answer["verdict"] == "quota"
    assert [(line["n"], line["class"]) for line in answer["lines"]] == [(2, "quota"), (3, "code_bug")]
    assert answer["signatures"] == {"openai-quota-worded": 1, "code-python": 1}
    assert 0 < answer["confidence"] <= 1


def test_text(run: Run, tmp_path: Path) -> None:
    """The on-call reads the verdict, what to do, and where the failures are."""
    (tmp_path / "log").write_text(f"ERROR:a:cases/case_1/raw/ev_1_a.pdf: {QUOTA}\n")
    code, out, _ = run("--logs", "log")
    assert code == 0
    assert out.startswith("판정: 사용 한도·결제 한도 소진 (quota)")
    assert "재처리하지 마세요" in out
    assert "파일 하나에만 집중" in out


def test_no_errors(run: Run, tmp_path: Path) -> None:
    """A log without errors is a diagnosis, too."""
    (tmp_path / "log").write_text("INFO:a:fine\n")
    assert run("--logs", "log")[:2] == (0, "판정: 오류 없음 - 로그 1건에서 실패를 찾지 못했습니다.\n")
    answer = json.loads(run("--logs", "log", "--json")[1])
    assert (answer["verdict"], answer["confidence"], answer["lines"]) == ("unknown", 0, [])


def test_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` reads it."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"ERROR:a:KeyError: 'x'\n")))
    assert json.loads(run("--logs", "-", "--json")[1])["verdict"] == "code_bug"


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_unreadable(run: Run, name: str) -> None:
    """A missing file and a folder are bad input with a reason."""
    code, out, err = run("--logs", name)
    assert (code, out) == (2, "")
    assert "Error: " in err


def test_a_pipe_nobody_writes_to(run: Run, tmp_path: Path) -> None:
    """It is empty, and nothing waits for it."""
    os.mkfifo(tmp_path / "pipe")
    assert run("--logs", "pipe")[0] == 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00" * 1000,
        b"\x1b]0;x\x07ERROR:a:\x1b[31m\xc2\x9b\xe2\x80\xaeboom\n",
        b'{"level":"ERROR","message":"\\ud800"}',
    ],
)
def test_hostile_content(run: Run, tmp_path: Path, content: bytes) -> None:
    """Whatever a log holds, there is a diagnosis, and nothing that a terminal would obey."""
    (tmp_path / "log").write_bytes(content)
    code, out, _ = run("--logs", "log")
    assert code == 0
    assert all(line.isprintable() for line in out.removesuffix("\n").split("\n"))
    json.loads(run("--logs", "log", "--json")[1])


def test_own_signatures(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of the rules folder's signatures.yaml come first; `--rules` and LEH_RULES__DIR name the folder."""
    (tmp_path / "log").write_text("ERROR:a:KeyError: 'x'\n")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "signatures.yaml").write_text(
        "version: 1\nsignatures:\n- id: mine\n  verdict: config\n  pattern: {exception: [KeyError]}\n"
    )
    assert json.loads(run("--logs", "log", "--json")[1])["verdict"] == "code_bug"
    assert json.loads(run("--logs", "log", "--json", "--rules", "mine")[1])["signatures"] == {"mine": 1}
    monkeypatch.setenv("LEH_RULES__DIR", "mine")
    assert json.loads(run("--logs", "log", "--json")[1])["verdict"] == "config"


def test_wrong_signatures(run: Run, tmp_path: Path) -> None:
    """Findings are exit 1 with their place; a folder that is not there is bad usage."""
    (tmp_path / "log").write_text("ERROR:a:KeyError: 'x'\n")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "signatures.yaml").write_text("version: 1\nsignatures:\n- id: mine\n")
    code, out, err = run("--logs", "log", "--json", "--rules", "mine")
    assert (code, out) == (1, "")
    assert "mine/signatures.yaml:3:3: " in err
    assert run("--logs", "log", "--rules", "nowhere")[0] == 2
    assert run("--logs", "log", "--rules", "log")[0] == 2
