"""SHA256SUMS beside the rule files: where it is, nothing that differs from it is taken."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from leh_guardian.registry import Registry
from leh_guardian.rules.folder import read_folder
from leh_guardian.rules.loader import check_rules

RULE = "version: 1\nrules:\n- {{id: {id}, pattern: {{source: [my.own]}}, severity: sev2}}\n"

Said = Callable[[], list[str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two rule files with their sums; names in diagnostics are short."""
    monkeypatch.chdir(tmp_path)
    for name in "ab":
        (tmp_path / f"{name}.yaml").write_text(RULE.format(id=name), encoding="utf-8")
    write_sums(tmp_path)
    return tmp_path


def write_sums(folder: Path) -> None:
    """Write what sha256sum writes."""
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(folder.glob("*.yaml"))]
    (folder / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")


@pytest.fixture
def said(folder: Path, registry: Registry) -> Said:
    """What a check says, as `file:line code message`; nothing where the rules are taken."""

    def check() -> list[str]:
        rules, found = check_rules(Path(), registry)
        assert (rules is None) == bool(found)
        return [f"{one.file}:{one.line} {one.code} {one.message}" for one in found]

    return check


def test_files_that_are_what_their_sums_say_are_taken(said: Said) -> None:
    """And a folder without sums is as free as before."""
    assert said() == []
    Path("SHA256SUMS").unlink()
    Path("a.yaml").write_text(RULE.format(id="c"), encoding="utf-8")
    assert said() == []


def test_every_flipped_bit_and_every_cut_is_seen(folder: Path, registry: Registry) -> None:
    """Also where the file is still a valid one that means something else."""
    whole, rng = (folder / "a.yaml").read_bytes(), random.Random(8)
    broken = [whole[:length] for length in range(len(whole))]
    for _ in range(200):
        at = rng.randrange(len(whole))
        broken.append(whole[:at] + bytes([whole[at] ^ 1 << rng.randrange(8)]) + whole[at + 1 :])
    for content in broken:
        (folder / "a.yaml").write_bytes(content)
        assert check_rules(folder, registry)[0] is None, content


def test_what_is_missing_unlisted_or_no_sum_is_told_at_its_line(said: Said) -> None:
    """One line for each, with what to do."""
    Path("b.yaml").rename("c.yaml")
    with Path("SHA256SUMS").open("a", encoding="utf-8") as sums:
        sums.write("nonsense\n")
    assert said() == [
        "SHA256SUMS:2 checksum there is no rule file `b.yaml` in .",
        "SHA256SUMS:3 checksum this is no line of sha256sum",
        "SHA256SUMS:3 checksum the rule file `c.yaml` has no checksum",
    ]


def test_sums_that_cannot_be_read_refuse_the_folder(said: Said) -> None:
    """Sums that nobody could look at have not been kept."""
    Path("SHA256SUMS").unlink()
    Path("SHA256SUMS").mkdir()
    assert said() == ["SHA256SUMS:1 unreadable the file cannot be read: it is not a regular file"]
    Path("SHA256SUMS").rmdir()
    Path("SHA256SUMS").symlink_to("nowhere")
    assert said() == ["SHA256SUMS:1 unreadable the file cannot be read: No such file or directory"]


def test_new_sums_are_a_change_to_look_at(folder: Path) -> None:
    """The digest that the reload compares covers them, the revision of the rules does not."""
    before = read_folder(folder)
    (folder / "SHA256SUMS").unlink()
    after = read_folder(folder)
    assert before.digest != after.digest
    assert before.revision == after.revision
