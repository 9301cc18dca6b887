"""Commands that need no service, given what nobody should give them: one message, the documented exit code, no exception."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from leh_guardian.cli.main import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command in this process, in an empty folder; returns exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, **environment: str) -> tuple[int, str, str]:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, captured.out, captured.err

    return call


@pytest.mark.parametrize("file", ["/", "nowhere/file", "/dev/full"])
def test_documentation_cannot_be_written(run: Run, file: str) -> None:
    """A folder, a missing folder and a full disk are named."""
    code, out, err = run("handlers", "docs", "--write", file)
    assert (code, out) == (2, "")
    assert f"cannot write {file}: " in err


def test_documentation_cannot_be_checked(run: Run, tmp_path: Path) -> None:
    """A folder is bad input; a missing or binary file is a difference."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    assert run("handlers", "docs", "--check", "/")[0] == 2
    assert run("handlers", "docs", "--check", "missing")[0] == 1
    assert run("handlers", "docs", "--check", "binary")[0] == 1


def test_explanations_are_escaped(run: Run, tmp_path: Path) -> None:
    """Control characters, C1 ones and bidi overrides of an event reach no terminal."""
    (tmp_path / "pattern").write_text('{"a": ["x"]}')
    (tmp_path / "event").write_text(json.dumps({"a": "\x1b[31m\x9b31m\u202e한국\ud800\u2028"}, ensure_ascii=True))
    code, out, _ = run("pattern", "match", "--pattern", "pattern", "--event", "event")
    assert code == 1
    assert "\\x9b31m\\x202e한국" in out
    assert all(line.isprintable() for line in out.removesuffix("\n").split("\n"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[1]",
        b"[" * 100_000,
        b'{"a": ' * 100_000 + b"1" + b"}" * 100_000,
        b'{"a": ' + b"1" * 5000 + b"}",
    ],
)
@pytest.mark.parametrize("bad", ["pattern", "event"])
def test_hostile_patterns_and_events(run: Run, tmp_path: Path, bad: str, content: bytes) -> None:
    """What is no JSON object, or too deep, or too long a number, is bad input with a reason."""
    for name in ("pattern", "event"):
        (tmp_path / name).write_bytes(content if name == bad else b'{"a": [1]}')
    code, out, err = run("pattern", "match", "--pattern", "pattern", "--event", "event", "--json")
    assert (code, out) == (2, "")
    assert "Error: " in err


def test_files_that_are_none(run: Run, tmp_path: Path) -> None:
    """A folder, a pipe without writer and a file without end are refused in the time of a small file."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "pattern").write_text('{"a": ["x"]}')
    for file in ("/", "pipe", "/dev/zero", "no\udcff"):
        code, _, err = run("pattern", "match", "--pattern", "pattern", "--event", file)
        assert code == 2, file
        assert "Error: " in err


@pytest.mark.parametrize("folder", ["missing", "/dev/null", "no\udcff"])
def test_rules_that_cannot_be_read(run: Run, folder: str) -> None:
    """What is no folder is bad input."""
    code, out, err = run("rules", "check", folder)
    assert (code, out) == (2, "")
    assert "cannot read" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["\udcff"],
        ["incidents", "show", "\udcff"],
        ["incidents", "list", "--limit", "0"],
        ["incidents", "list", "--limit", "9" * 30],
        ["actions", "list", "--limit", "x"],
        ["actions", "list", "--status", "\x9b"],
        ["mode", "set", "\udcff", "--reason", "x"],
        ["mode", "set", "off", "--handler", "\x1b[31m\udcff", "--reason", "x"],
        ["mode", "set", "off"],
        ["demo", "now"],
    ],
)
def test_wrong_arguments(run: Run, arguments: list[str]) -> None:
    """Wrong usage is 2, told without the control characters that were typed; or 78 where a database is asked for first."""
    code, out, err = run(*arguments)
    assert (code, out) in {(2, ""), (78, "")}
    assert all(line.isprintable() for line in err.splitlines())
    assert err


SETTINGS = {
    "LEH_DATABASE_URL": "postgresql://u:geheim@127.0.0.1:1/x",
    "LEH_QUEUE__ALERTS": "q",
    "AWS_REGION": "ap-northeast-2",
}


@pytest.mark.parametrize("command", [["run"], ["doctor"], ["doctor", "--json"]])
@pytest.mark.parametrize(
    "change",
    [
        {"LEH_QUEUE__ALERTS": "\udcff"},
        {"LEH_HTTP__TOKEN": "geheim" + "\udcff" * 20},
        {"LEH_\udcff": "geheim"},
        {"LEH_HTTP__TOKEN": "geheim"},
        {"LEH_HTTP": "geheim"},
        {"LEH_MODE__TOKEN": "geheim"},
        {"LEH_PRODUCT_DATABASE_URL__X": "geheim"},
        {"LEH_NOTIFY__CHANNELS": "geheim"},
        {"LEH_NOTIFY__CHANNEL": "\x1b[31m"},
        {"LEH_HEARTBEAT__URL": "ftp://geheim"},
        {"LEH_HEARTBEAT__NAMESPACE": "AWS/SQS"},
        {"LEH_HEARTBEAT__EVERY": "0s"},
        {"LEH_HEARTBEAT__EVERY": "2h"},
        {"LEH_CONFIG": "/"},
        {"LEH_CONFIG": "/dev/zero"},
        {"LEH_CONFIG": "\udcff"},
    ],
)
def test_wrong_settings(run: Run, command: list[str], change: dict[str, str]) -> None:
    """Each is 78 and named; neither a secret nor a control character is told."""
    code, out, err = run(*command, **{**SETTINGS, **change})
    assert (code, out) == (78, "")
    assert "geheim" not in err
    assert all(line.isprintable() for line in err.splitlines())
    assert next(iter(change)).encode("utf-8", "backslashreplace").decode().partition("__")[0] in err


@pytest.mark.parametrize(
    "content",
    [
        "database_url: 'postgresql://u:geheim@h/x",
        "database_url: postgresql://u:geheim@h/x\n\tx",
        "a: *geheim\n",
        "\x00",
        "- 1",
        "http: geheim",
    ],
)
def test_a_broken_settings_file_tells_no_secret(run: Run, tmp_path: Path, content: str) -> None:
    """The place of a mistake is told, and not the line, which may hold a password."""
    (tmp_path / "guardian.yaml").write_text(content)
    code, _, err = run("run", LEH_CONFIG="guardian.yaml")
    assert code == 78
    assert "guardian.yaml" in err
    assert not any(secret in err for secret in ("geheim@", "'geheim'"))


def test_interrupted_anywhere(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the middle of a command is 130 and nothing else."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("leh_guardian.cli.rules.check_folder", interrupt)
    code, out, err = run("rules", "check", ".")
    assert (code, out, err.strip()) == (130, "", "")
