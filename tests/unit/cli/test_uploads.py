"""`leh-guardian uploads analyse`: exit codes, JSON and text, given what it should and should not be given."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from leh_guardian.cli.main import main
from leh_guardian.rules.upload_signals import BUILT_IN
from tests.unit.uploads.making import row, uploads

Run = Callable[..., tuple[int, str, str]]
NEW = "2026-03-11T00:00:00Z"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run the command in a folder with two logs; returns exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    attack = uploads(60, 5, key="cases/c/raw/ev_1_a.pdf", sha256="{}", user_agent="curl/8", account_created_at=NEW)
    honest = [*uploads(9, 400, key="k/계약서 {}.pdf", sha256="g{}"), row(50, "view")]
    for name, rows in (("attack.jsonl", attack), ("honest.jsonl", honest)):
        (tmp_path / name).write_text("\n".join(map(json.dumps, rows)))

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["uploads", "analyse", *arguments])
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, captured.out, captured.err

    return call


def test_json(run: Run) -> None:
    """One document on a line for each file, with what outside programs rely on."""
    code, out, err = run("--events", "attack.jsonl", "honest.jsonl", "--json")
    attack, honest = map(json.loads, out.splitlines())
    assert (code, err) == (0, "")
    assert [(one["file"], one["verdict"]) for one in (attack, honest)] == [
        ("attack.jsonl", "attack"),
        ("honest.jsonl", "legitimate"),
    ]
    assert attack["subjects"][0].items() >= {"user_id": "u", "verdict": "attack"}.items()
    assert {"key-replayed", "mostly-overwrites"} <= {one["id"] for one in attack["signals"]}
    assert all(one.keys() >= {"id", "family", "value", "threshold", "weight"} for one in attack["signals"])
    assert "new-network" in attack["missing"]
    total = attack["prior"] + sum(attack["families"].values())
    assert attack["score"] == pytest.approx(total)


def test_text(run: Run) -> None:
    """The on-call reads the verdict, what to do, and the reasons for and against."""
    code, out, _ = run("--events", "attack.jsonl", "--events", "honest.jsonl")
    assert code == 0
    assert out.startswith("attack.jsonl: 공격 (attack)")
    assert "계정 차단" in out
    assert "key-replayed" in out
    assert "honest.jsonl: 정상 (legitimate)" in out


def test_other_signals(run: Run, tmp_path: Path) -> None:
    """A file of one's own replaces the built-in one; what is wrong in it is told with its place, and exits with 1."""
    mine = BUILT_IN.read_text(encoding="utf-8").replace("attack: 4.5", "attack: 20")
    (tmp_path / "mine.yaml").write_text(mine, encoding="utf-8")
    _, out, _ = run("--events", "attack.jsonl", "--rules", "mine.yaml", "--json")
    assert json.loads(out)["verdict"] == "suspicious"
    (tmp_path / "mine.yaml").write_text(mine.replace("measure: dup_ratio", "measure: dup_rtio", 1), encoding="utf-8")
    code, out, err = run("--events", "attack.jsonl", "--rules", "mine.yaml", "--json")
    assert (code, out) == (1, "")
    assert "unknown-measure" in err
    assert err.startswith("mine.yaml:")


def test_unreadable_lines_are_told(run: Run, tmp_path: Path) -> None:
    """They end nothing; times without a zone are said to be taken for UTC."""
    (tmp_path / "x").write_text('{"time": "2026-03-11T03:00:00", "action": "upload"}\n{\n[]\n')
    code, out, err = run("--events", "x", "--json")
    assert code == 0
    assert "2 of 3 lines" in err
    assert "UTC" in err
    coverage = json.loads(out)["coverage"]
    assert (coverage["unreadable"], coverage["unreadable_at"], coverage["zoneless_taken_for_utc"]) == (2, [2, 3], 1)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"{}\n[]\n", b"\xff\xfe\x00", b'{"time": 1, "action": "upload"}'])
def test_nothing_to_read_is_2(run: Run, tmp_path: Path, content: bytes) -> None:
    """A file without a single record has no verdict; the other file gets its answer all the same."""
    (tmp_path / "x").write_bytes(content)
    code, out, err = run("--events", "x", "honest.jsonl", "--json")
    assert code == 2
    assert [json.loads(line)["file"] for line in out.splitlines()] == ["honest.jsonl"]
    assert "x" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--events", "missing"),
        ("--events", "."),
        (),
        ("--events", "honest.jsonl", "--rules", "no"),
    ],
)
def test_bad_usage_is_2(run: Run, arguments: tuple[str, ...]) -> None:
    """What cannot be read is one message, never a traceback."""
    code, out, err = run(*arguments, "--json")
    assert (code, out) == (2, "")
    assert "Traceback" not in err
    assert err


def test_uploads_by_nobody(run: Run, tmp_path: Path) -> None:
    """A log in which nobody uploaded is legitimate, with nobody in it."""
    (tmp_path / "x").write_text('{"time": "2026-03-11T03:00:00Z", "action": "view", "user_id": "u"}')
    code, out, _ = run("--events", "x", "--json")
    answer = json.loads(out)
    assert (code, answer["verdict"], answer["subjects"], answer["signals"]) == (0, "legitimate", [], [])
    code, out, _ = run("--events", "x")
    assert "업로드한 사용자가 없습니다" in out
