"""From a folder to a rule set, or to every reason why not."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

from leh_guardian.model.event import Event
from leh_guardian.patterns import PatternIndex
from leh_guardian.registry import Registry
from leh_guardian.rules.diagnostics import RulesRefused
from leh_guardian.rules.folder import read_folder
from leh_guardian.rules.loader import check_rules, load_rules
from tests.unit.rules.test_ruleset import ALARM_RULE

RULE = "version: 1\nrules: [{{id: {id}, pattern: {{source: [s]}}}}]\n"


def write(folder: Path, name: str, rule_id: str) -> None:
    """Write a file of one rule."""
    (folder / name).write_text(RULE.format(id=rule_id), encoding="utf-8")


def codes(folder: Path, registry: Registry) -> list[str]:
    """Return what a folder is refused for."""
    rules, diagnostics = check_rules(folder, registry)
    assert rules is None
    return [diagnostic.code for diagnostic in diagnostics]


def test_all_files_of_the_folder_make_one_set(tmp_path: Path, registry: Registry) -> None:
    """Both endings count; hidden files, other files and subfolders do not."""
    write(tmp_path, "b.yaml", "b")
    write(tmp_path, "a.yml", "a")
    (tmp_path / "old").mkdir()
    write(tmp_path / "old", "c.yaml", "c")
    for name in (".b.yaml", "b.yaml~", "notes.md"):
        (tmp_path / name).write_text("not: [rules", encoding="utf-8")
    assert [rule.id for rule in load_rules(tmp_path, registry).rules] == ["a", "b"]


def test_a_linked_file_is_a_file(tmp_path: Path, registry: Registry) -> None:
    """Kubernetes mounts configuration as links."""
    write(tmp_path, "a.txt", "a")
    (tmp_path / "a.yaml").symlink_to("a.txt")
    assert load_rules(tmp_path, registry).get("a")


def test_one_mistake_refuses_the_folder_and_all_are_told(tmp_path: Path, registry: Registry) -> None:
    """In the order of files and lines, warnings left out of the error."""
    write(tmp_path, "good.yaml", "good")
    (tmp_path / "a.yaml").write_text(RULE.format(id="A") + "extra: 1\n", encoding="utf-8")
    (tmp_path / "z.yaml").write_text("version: 1\nrules: [", encoding="utf-8")
    with pytest.raises(RulesRefused) as refused:
        load_rules(tmp_path, registry)
    assert [(Path(d.file).name, d.line) for d in refused.value.diagnostics] == [
        ("a.yaml", 2),
        ("a.yaml", 3),
        ("z.yaml", 3),
    ]


def test_an_id_is_taken_over_all_files(tmp_path: Path, registry: Registry) -> None:
    """Even by a rule that is wrong itself, the other place is named."""
    (tmp_path / "a.yaml").write_text(
        "version: 1\nrules: [{id: same, mode: x, pattern: {source: [s]}}]", encoding="utf-8"
    )
    write(tmp_path, "b.yaml", "same")
    _, diagnostics = check_rules(tmp_path, registry)
    assert [diagnostic.code for diagnostic in diagnostics] == ["bad-value", "duplicate-id"]
    assert f"{tmp_path / 'a.yaml'}:2:14" in diagnostics[1].message


def test_an_empty_set_is_refused(tmp_path: Path, registry: Registry) -> None:
    """No file, no rule, or nothing in a file: running without rules is never meant."""
    assert codes(tmp_path, registry) == ["empty"]
    (tmp_path / "a.yaml").write_text("version: 1\nrules: []\n", encoding="utf-8")
    assert codes(tmp_path, registry) == ["empty"]
    (tmp_path / "a.yaml").write_bytes(b"")
    assert codes(tmp_path, registry) == ["empty"]


def test_an_emptied_file_beside_good_ones_is_refused(tmp_path: Path, registry: Registry) -> None:
    """A file cut to nothing by a full disk must not take its rules away silently."""
    write(tmp_path, "a.yaml", "a")
    (tmp_path / "b.yaml").write_bytes(b"")
    assert codes(tmp_path, registry) == ["empty"]


def test_a_missing_folder_is_a_diagnostic(tmp_path: Path, registry: Registry) -> None:
    """And so is a file in its place."""
    assert codes(tmp_path / "nowhere", registry) == ["no-folder"]
    (tmp_path / "file").touch()
    assert codes(tmp_path / "file", registry) == ["no-folder"]


def test_a_file_that_cannot_be_read_is_a_diagnostic(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dangling link, a folder, a pipe (which must not be waited for), a file of somebody else."""
    write(tmp_path, "a.yaml", "a")
    write(tmp_path, "secret.yaml", "secret")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "gone.yaml").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.yaml")
    plain_open = Path.open

    def refusing_open(path: Path, mode: str) -> object:  # root, as whom CI may run, is refused nothing
        if path.name == "secret.yaml":
            raise PermissionError(13, "Permission denied")
        return plain_open(path, mode)

    monkeypatch.setattr(Path, "open", refusing_open)
    _, diagnostics = check_rules(tmp_path, registry)
    assert {Path(d.file).name: d.code for d in diagnostics} == dict.fromkeys(
        ["folder.yaml", "gone.yaml", "pipe.yaml", "secret.yaml"], "unreadable"
    )
    assert len(read_folder(tmp_path).digest) == 12


def test_the_revision_is_the_digest_of_what_was_read(tmp_path: Path, registry: Registry) -> None:
    """A poll that sees the same digest has nothing to load; any change of bytes or names is another one."""
    write(tmp_path, "a.yaml", "a")
    first = load_rules(tmp_path, registry).revision
    assert first == read_folder(tmp_path).digest == load_rules(tmp_path, registry).revision
    (tmp_path / "a.yaml").write_text(RULE.format(id="a") + "# a comment\n", encoding="utf-8")
    assert load_rules(tmp_path, registry).revision == read_folder(tmp_path).digest != first
    write(tmp_path, "a.yaml", "a")
    (tmp_path / "a.yaml").rename(tmp_path / "b.yaml")
    assert read_folder(tmp_path).digest != first


def test_the_revision_is_not_that_of_a_later_write(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file is read once: a write while loading shows in the next digest, not in this revision."""
    write(tmp_path, "a.yaml", "a")
    before, reads, plain_open = read_folder(tmp_path).digest, [], Path.open

    def open_and_change(path: Path, mode: str) -> object:
        reads.append(path.name)
        stream = plain_open(path, mode)
        os.replace(_other(tmp_path), path)  # noqa: PTH105 - Path.open is patched, os is not
        return stream

    monkeypatch.setattr(Path, "open", open_and_change)
    rules = load_rules(tmp_path, registry)
    assert reads == ["a.yaml"]
    assert (rules.revision, rules.rules[0].id) == (before, "a")


def _other(folder: Path) -> str:
    """Write another rule under a name that is no rule file's, without Path.open."""
    name = str(folder / "other.tmp")
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT)
    os.write(descriptor, RULE.format(id="other").encode())
    os.close(descriptor)
    return name


def test_a_digest_is_taken_while_files_vanish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor that replaces a file between listing and reading is no reason to fall over."""
    (tmp_path / "a.yaml").touch()
    real_stat = Path.stat

    def vanishing_stat(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path.name == "a.yaml":
            raise FileNotFoundError(2, "No such file or directory")
        return real_stat(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", vanishing_stat)
    assert len(read_folder(tmp_path).digest) == 12
    assert len(read_folder(tmp_path / "nowhere").digest) == 12


def test_a_thousand_rules_are_loaded(tmp_path: Path, registry: Registry) -> None:
    """As many as anyone will write, over several files."""
    for part in range(4):
        rules = "".join(
            f"  - {{id: rule-{part}-{n}, pattern: {{source: [s], detail: {{name: [n-{n}]}}}},"
            " actions: [{uses: everything, with: {count: 5}}]}\n"
            for n in range(250)
        )
        (tmp_path / f"{part}.yaml").write_text(f"version: 1\nrules:\n{rules}", encoding="utf-8")
    assert len(load_rules(tmp_path, registry).rules) == 1000


def test_a_file_of_mistakes_is_not_told_to_its_end(tmp_path: Path, registry: Registry) -> None:
    """Nobody reads the hundredth mistake, and a hostile file must not cost more than a good one."""
    (tmp_path / "a.yaml").write_text("version: 1\nrules: [" + "1," * 5000 + "]", encoding="utf-8")
    found = codes(tmp_path, registry)
    assert len(found) < 110
    assert found[-1] == "too-many"


@pytest.mark.parametrize("mutation", ["cut", "zeroed", "doubled", "removed"])
def test_a_damaged_file_is_told_or_loaded_but_never_raises(tmp_path: Path, registry: Registry, mutation: str) -> None:
    """Cut off, overwritten, doubled or holed at every 97th byte: diagnostics, or rules that are whole."""
    good = (ALARM_RULE + ALARM_RULE.partition("rules:\n")[2].replace("id: dlq", "id: other")).encode()
    for at in range(0, len(good), 97):
        damaged = {
            "cut": good[:at],
            "zeroed": good[:at] + bytes(97) + good[at + 97 :],
            "doubled": good[: at + 97] + good[at:],
            "removed": good[:at] + good[at + 97 :],
        }[mutation]
        (tmp_path / "rules.yaml").write_bytes(damaged)
        rules, diagnostics = check_rules(tmp_path, registry)
        if rules is None:
            assert any(diagnostic.severity == "error" for diagnostic in diagnostics)
            assert all(diagnostic.render() for diagnostic in diagnostics)
        else:
            assert rules.revision == read_folder(tmp_path).digest
            assert {rule.id for rule in rules.rules} <= {"dlq", "other"}


def test_rules_that_were_loaded_leave_no_work_to_the_first_event(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reload makes the index before it is taken: nothing is made while alerts wait."""
    write(tmp_path, "a.yaml", "a")
    rules = load_rules(tmp_path, registry)
    monkeypatch.setattr("leh_guardian.rules.ruleset.PatternIndex", None)
    assert [match.rule.id for match in rules.match(Event("e-1", {"source": "s"}))] == ["a"]


def test_a_check_without_cases_makes_no_index(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is matched in it; what is matched later is matched all the same, with an index made once."""
    write(tmp_path, "a.yaml", "a")
    made: list[int] = []

    def counted(patterns: dict[object, object]) -> object:
        made.append(len(patterns))
        return PatternIndex(patterns)  # type: ignore[arg-type]

    monkeypatch.setattr("leh_guardian.rules.ruleset.PatternIndex", counted)
    rules, _ = check_rules(tmp_path, registry)
    assert rules
    assert not made
    for source, ids in {"s": ["a"], "t": []}.items():
        assert [match.rule.id for match in rules.match(Event("e-1", {"source": source}))] == ids
    # The rule, and the canary that is among all rules.
    assert made == [2]


def test_the_collector_is_left_as_it_was(tmp_path: Path, registry: Registry) -> None:
    """On where it was on, off where it was off, and what a daemon froze at its start stays frozen."""
    write(tmp_path, "a.yaml", "a")
    load_rules(tmp_path, registry)
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
    gc.disable()
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        load_rules(tmp_path, registry)
        assert not gc.isenabled()
        gc.enable()
        load_rules(tmp_path, registry)
        assert gc.isenabled()
        assert gc.get_freeze_count() > frozen // 2
    finally:
        gc.enable()
        gc.unfreeze()
