"""The packaging gate itself: what it must find. The one rule: every finding is shown once on a bad input.

`make check` runs the gate on the real files; here it meets lock files and units that are wrong.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
HASH = "--hash=sha256:" + "0123456789abcdef" * 4


def load_gate() -> ModuleType:
    """Import `.ci/check_packaging.py`, which is a script and in no package."""
    spec = importlib.util.spec_from_file_location("check_packaging", ROOT / ".ci" / "check_packaging.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


gate = load_gate()


def test_whole_lock_is_read() -> None:
    """Pinned and hashed requirements, continued lines, markers, extras and comments give no finding."""
    text = f"# made by uv\nab==1.0 \\\n    {HASH} \\\n    {HASH}\nC.d[x]==2 ; sys_platform != 'win32' {HASH}\n"
    locked, findings = gate.read_lock(text)
    assert findings == []
    assert [(entry.line, entry.requirement.name, str(entry.version)) for entry in locked] == [
        (2, "ab", "1.0"),
        (5, "C.d", "2"),
    ]


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        ("ab==1.0", "line 1: ab lacks a whole SHA-256 hash"),
        (f"ab==1.0 {HASH[:-1]}", "line 1: ab lacks a whole SHA-256 hash"),
        (f"ab==1.0 {HASH}0", "line 1: ab lacks a whole SHA-256 hash"),
        (f"ab==1.0 {HASH} --hash=sha256:12", "line 1: ab lacks a whole SHA-256 hash"),
        (f"ab==1.0 {HASH} --hash=md5:12", "line 1: ab lacks a whole SHA-256 hash"),
        (f"ab>=1.0 {HASH}", "line 1: ab is not pinned to one version"),
        (f"ab==1.* {HASH}", "line 1: ab is not pinned to one version"),
        (f"ab {HASH}", "line 1: ab is not pinned to one version"),
        ("-e .", "line 1: not a requirement: -e"),
        ("--index-url=http://127.0.0.1/", "line 1: not a requirement: --index-url=http://127.0.0.1/"),
    ],
)
def test_holes_in_a_lock(line: str, finding: str) -> None:
    """A requirement that pip could satisfy with other bytes than the tested ones is found, with its line."""
    assert gate.read_lock(line)[1] == [finding]


def test_dependency_outside_the_lock() -> None:
    """A direct dependency that the lock lacks, or holds in a version not allowed any more, is found."""
    locked, _ = gate.read_lock(f"Py_YAML==6.0 {HASH}\nanyio==4.16 {HASH}")
    findings = gate.missing_from_lock(["py-yaml>=6.0.3", "anyio>=4", "click"], locked)
    assert findings == [
        "py-yaml is locked at 6.0, pyproject.toml wants >=6.0.3; run `make lock`",
        "click is not locked; run `make lock`",
    ]


def test_missing_programs_are_replaced_in_the_copy() -> None:
    """Only Exec lines whose program is not here are changed: `verify` must see the unit as it ships."""
    unit = f"[Service]\nEnvironment=A=/no/such\nExecStart=-/no/such/program run\nExecReload={sys.executable} -V\n"
    lines = gate.with_programs_that_exist(unit).splitlines()
    assert lines[1] == "Environment=A=/no/such"
    assert lines[2].endswith("true run")
    assert lines[3] == f"ExecReload={sys.executable} -V"


def test_without_systemd_the_unit_is_skipped_aloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On a machine without systemd-analyze both unit checks say so, and are no failure."""
    monkeypatch.setenv("PATH", str(tmp_path))
    results = list(gate.check_unit())
    assert [result.skipped for result in results] == ["systemd-analyze is not on this machine"] * 2
    assert not any(result.findings for result in results)


def fake_analyze(folder: Path, verify: str, security: str) -> None:
    """Put a systemd-analyze that answers as told into `folder`."""
    program = folder / "systemd-analyze"
    program.write_text(
        f'#!/bin/sh\ncase "$1" in\n--help) echo "  --offline=BOOL" ;;\n'
        f"verify) {verify} ;;\nsecurity) {security} ;;\nesac\n"
    )
    program.chmod(0o755)


def test_findings_of_systemd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A mere warning about this unit counts, one about another unit does not, and a high exposure fails."""
    fake_analyze(
        tmp_path,
        verify="echo '/x/other.service:1: old'; echo \"$3:7: Unknown key 'Bogus'\"",
        security="echo '✗ PrivateNetwork= 0.5'; echo '→ Overall exposure level for x: 9.6 UNSAFE'; exit 1",
    )
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    verify, security = gate.check_unit()
    assert verify.findings == ["leh-guardian.service:7: Unknown key 'Bogus'"]
    assert security.check.endswith("is 9.6")
    assert security.findings == ["✗ PrivateNetwork= 0.5", "exit status 1"]


def test_the_gate_passes_on_what_ships() -> None:
    """The repository's own files give no finding, and each check has its line."""
    done = subprocess.run(
        [sys.executable, ".ci/check_packaging.py"], cwd=ROOT, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert all(line.startswith(("ok: ", "skipped: ")) for line in lines)
    assert len(lines) == 12
