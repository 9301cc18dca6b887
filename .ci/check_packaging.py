"""Checks what ships beside the Python code: the lock files, the Dockerfile, the systemd unit.

Called by `make check`. The one rule: one line per check, saying `ok`, `FAIL` or `skipped` and of what; the findings
stand under it, and any finding makes the exit status 1.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = Path(__file__).resolve().parent.parent
UNIT = "systemd/leh-guardian.service"
# Ten times the exposure that systemd-analyze prints: 1.5 of 10.
EXPOSURE_LIMIT = 15
_SHA256 = re.compile(r"--hash=sha256:[0-9a-f]{64}(?![0-9a-f])")


class Locked(NamedTuple):
    """One requirement of a lock file."""

    line: int
    requirement: Requirement
    version: Version


class Result(NamedTuple):
    """What one check says: its findings, or why it could not be made."""

    check: str
    findings: Sequence[str] = ()
    skipped: str = ""


def read_lock(text: str) -> tuple[list[Locked], list[str]]:
    """Read a pip lock file; what is not pinned to one version with SHA-256 hashes is a finding."""
    locked: list[Locked] = []
    findings: list[str] = []
    for number, line in _logical_lines(text):
        try:
            requirement = Requirement(line.partition(" --hash=")[0])
        except InvalidRequirement:
            findings.append(f"line {number}: not a requirement: {line.split()[0]}")
            continue
        pins = list(requirement.specifier)
        if len(pins) != 1 or pins[0].operator != "==" or pins[0].version.endswith("*"):
            findings.append(f"line {number}: {requirement.name} is not pinned to one version")
            continue
        if not _SHA256.search(line) or _SHA256.sub("", line).split("--hash=")[1:]:
            findings.append(f"line {number}: {requirement.name} lacks a whole SHA-256 hash")
        locked.append(Locked(number, requirement, Version(pins[0].version)))
    return locked, findings


def _logical_lines(text: str) -> Iterable[tuple[int, str]]:
    """Join continued lines, leave out comments; a requirement has the number of its first line."""
    begun = 0
    parts: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        begun = begun if parts else number
        parts.append(line.removesuffix("\\").strip())
        if not line.endswith("\\"):
            yield begun, " ".join(parts)
            parts = []
    if parts:
        yield begun, " ".join(parts)


def missing_from_lock(requirements: Iterable[str], locked: Iterable[Locked]) -> list[str]:
    """Find the requirements that no entry of the lock satisfies."""
    versions: dict[str, set[Version]] = {}
    for entry in locked:
        versions.setdefault(canonicalize_name(entry.requirement.name), set()).add(entry.version)
    findings = []
    for text in requirements:
        wanted = Requirement(text)
        have = versions.get(canonicalize_name(wanted.name), set())
        if not have:
            findings.append(f"{wanted.name} is not locked; run `make lock`")
        findings += [
            f"{wanted.name} is locked at {version}, pyproject.toml wants {wanted.specifier}; run `make lock`"
            for version in sorted(have)
            if not wanted.specifier.contains(version, prereleases=True)
        ]
    return findings


def check_locks() -> Iterable[Result]:
    """Every lock file is whole, holds what pyproject.toml asks of it, and all agree on versions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = [text for extra in project["project"].get("optional-dependencies", {}).values() for text in extra]
    groups = [text for group in project["dependency-groups"].values() for text in group]
    direct = project["project"]["dependencies"]
    expected = {
        "requirements/runtime.lock": direct,
        "requirements/build.lock": project["build-system"]["requires"],
        "requirements/dev.lock": [*direct, *extras, *groups],
        "requirements/bench.lock": (ROOT / "requirements/bench.in").read_text(encoding="utf-8").split(),
    }
    read = {}
    for name, requirements in expected.items():
        locked, findings = read_lock((ROOT / name).read_text(encoding="utf-8"))
        read[name] = locked
        yield Result(f"{name}: {len(locked)} packages, each pinned and with SHA-256 hashes", findings)
        absent = missing_from_lock(requirements, locked)
        yield Result(f"{name}: direct dependencies, {len(requirements)}, are in it", absent)
    tested = {_pin(entry) for entry in read["requirements/dev.lock"]}
    names = {name for name, _ in tested}
    yield Result(
        "requirements: what ships is what was tested",
        [
            f"{entry.requirement.name} {entry.version} of {name} is not the version of dev.lock; run `make lock`"
            for name, locked in read.items()
            for entry in locked
            if _pin(entry)[0] in names and _pin(entry) not in tested
        ],
    )


def _pin(entry: Locked) -> tuple[str, Version]:
    return canonicalize_name(entry.requirement.name), entry.version


def check_dockerfile() -> Iterable[Result]:
    """Hadolint, from the wheel in the environment that runs this file, has nothing to say."""
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        yield Result("Dockerfile: hadolint", [f"{hadolint.name} is not in the environment; run `make setup`"])
        return
    status, output = _run(hadolint, "--no-color", "Dockerfile")
    yield Result("Dockerfile: hadolint", output or _status(status))


def check_unit() -> Iterable[Result]:
    """Systemd understands every line of the unit, and its sandbox scores as well as it should."""
    verify = f"{UNIT}: systemd-analyze verify"
    security = f"{UNIT}: systemd-analyze security, exposure at most {EXPOSURE_LIMIT / 10}"
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        why = "systemd-analyze is not on this machine"
        yield from (Result(verify, skipped=why), Result(security, skipped=why))
        return
    with tempfile.TemporaryDirectory() as folder:
        # The copy keeps the unit's name, which its findings carry.
        copy = Path(folder, Path(UNIT).name)
        copy.write_text(with_programs_that_exist((ROOT / UNIT).read_text(encoding="utf-8")), encoding="utf-8")
        status, output = _run(analyze, "verify", "--man=no", copy)
    # An unknown setting is only a warning to it, status 0; and it reads the machine's own units too.
    about_this = [line.replace(f"{folder}/", "") for line in output if copy.name in line]
    yield Result(verify, about_this or _status(status, output))

    if "--offline" not in "\n".join(_run(analyze, "--help")[1]):
        yield Result(security, skipped="systemd-analyze here is older than 250 and cannot score a file")
        return
    status, output = _run(analyze, "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE_LIMIT}", UNIT)
    score = re.search(r"Overall exposure level.*?: ([\d.]+)", "\n".join(output))
    yield Result(
        f"{security}, is {score[1]}" if score else security,
        _status(status, [line for line in output if line.startswith("✗")]),
    )


def with_programs_that_exist(unit: str) -> str:
    """Point each Exec line whose program is not on this machine at one that is: `verify` wants to find them."""
    lines = []
    for line in unit.splitlines():
        setting, equals, command = line.partition("=")
        program, _, arguments = command.lstrip("-@:+!").partition(" ")
        if setting.startswith("Exec") and equals and not Path(program).exists():
            lines.append(f"{setting}={shutil.which('true')} {arguments}")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def _status(status: int, output: Sequence[str] = ()) -> Sequence[str]:
    """Give the findings of a program that says by its status alone whether there are any."""
    return [] if status == 0 else [*output, f"exit status {status}"]


def _run(program: str | Path, *arguments: str | Path) -> tuple[int, list[str]]:
    """Run a checker at the repository's root: its status and its lines, standard error among them."""
    done = subprocess.run(
        [program, *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
        timeout=120,
    )
    return done.returncode, [line for line in done.stdout.splitlines() if line.strip()]


def main() -> int:
    """Make every check and print what it says."""
    failed = False
    for checks in (check_locks, check_dockerfile, check_unit):
        for result in checks():
            if result.skipped:
                print(f"skipped: {result.skipped} ({result.check})")
                continue
            print(f"{'FAIL' if result.findings else 'ok'}: {result.check}")
            for finding in result.findings:
                print(f"  {finding}")
            failed = failed or bool(result.findings)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
