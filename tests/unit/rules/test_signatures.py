"""The signature table as YAML: an operator's rows come first, and every mistake has its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from leh_guardian.diagnosis.failure import FIELDS, Failure
from leh_guardian.registry import Registry
from leh_guardian.rules.diagnostics import RulesRefused
from leh_guardian.rules.folder import read_folder
from leh_guardian.rules.loader import check_folder, check_rules, load_rules
from leh_guardian.rules.schema import signature_schema
from leh_guardian.rules.signatures import BUILT_IN, TableInUse, check_signatures, load_signatures, table_of

HEAD = "version: 1\nsignatures:\n"
ROW = "- id: mine\n  verdict: config\n  pattern: {exception: [KeyError]}\n"
RULE = "version: 1\nrules:\n- id: a-rule\n  pattern: {source: [aws.s3]}\n"


def found(text: str) -> list[tuple[int, int, str]]:
    """Return line, column and code of everything wrong with a table."""
    return [(one.line, one.column, one.code) for one in check_signatures(text.encode(), "signatures.yaml").diagnostics]


def test_the_built_in_table_is_right() -> None:
    """It is held to the same checks as an operator's."""
    assert not check_signatures(BUILT_IN.read_bytes(), "signatures.yaml").diagnostics


def test_own_rows_come_first() -> None:
    """What the built-in table calls a code bug is what the operator calls it."""
    failure = [Failure(exception="KeyError")]
    assert table_of().judge(failure).verdict == "code_bug"
    assert load_signatures((HEAD + ROW).encode(), "x").judge(failure).signature == "mine"


def test_a_built_in_row_can_be_replaced() -> None:
    """A row with the id of a built-in one stands in its place."""
    table = load_signatures((HEAD + ROW.replace("mine", "code-python").replace("KeyError", "Own")).encode(), "x")
    assert [row.id for row in table.signatures].count("code-python") == 1
    assert table.judge([Failure(exception="KeyError")]).verdict == "unknown"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", [(1, 1, "empty")]),
        ("version: 1\n", [(1, 1, "not-a-signature-file")]),
        ("version: 2\nsignatures: []\n", [(1, 10, "bad-value")]),
        (HEAD + ROW.replace("config", "perhaps"), [(4, 12, "bad-value")]),
        (HEAD + ROW.replace("verdict", "verdikt"), [(4, 3, "unknown-key")]),
        (HEAD + ROW.replace("exception", "exeption"), [(5, 13, "unknown-field")]),
        (HEAD + ROW.replace("[KeyError]", "[{prefx: Key}]"), [(5, 26, "bad-pattern")]),
        (HEAD + ROW.replace("[KeyError]", "KeyError"), [(5, 13, "bad-pattern")]),
        (HEAD + ROW + ROW, [(6, 7, "duplicate-id")]),
        (HEAD + ROW.replace("mine", "unknown"), [(3, 7, "bad-value")]),
        (HEAD + "- 7\n", [(3, 3, "bad-value")]),
        (HEAD + "- [\n", [(4, 1, "yaml-syntax")]),
    ],
)
def test_mistakes_have_their_place(text: str, wanted: list[tuple[int, int, str]]) -> None:
    """Each mistake is said at its line and column."""
    assert found(text) == wanted


def test_a_bad_table_is_refused_as_a_whole() -> None:
    """One mistake, and no row of the file is taken."""
    with pytest.raises(RulesRefused, match="unknown-field"):
        load_signatures((HEAD + ROW + ROW.replace("mine", "two").replace("exception", "x")).encode(), "x")


def test_the_folder_knows_the_file(tmp_path: Path, registry: Registry) -> None:
    """It is no rule file, its mistakes are findings of the folder, and a change of it is a change of what is looked at."""
    (tmp_path / "rules.yaml").write_text(RULE)
    before = read_folder(tmp_path)
    (tmp_path / "signatures.yaml").write_text(HEAD + ROW)
    folder = read_folder(tmp_path)
    assert [file.path.name for file in folder.rules] == ["rules.yaml"]
    assert (folder.revision, folder.digest != before.digest) == (before.revision, True)
    assert not check_folder(folder, registry).refused
    (tmp_path / "signatures.yaml").write_text(HEAD + ROW.replace("config", "perhaps"))
    rules, diagnostics = check_rules(tmp_path, registry)
    assert rules is None
    assert [(Path(one.file).name, one.line) for one in diagnostics] == [("signatures.yaml", 4)]


def test_an_unreadable_file_is_said(tmp_path: Path, registry: Registry) -> None:
    """A folder in the file's place is a finding, not a crash."""
    (tmp_path / "rules.yaml").write_text(RULE)
    (tmp_path / "signatures.yaml").mkdir()
    assert [one.code for one in check_rules(tmp_path, registry)[1]] == ["unreadable"]


def test_editors_know_the_verdicts() -> None:
    """The JSON Schema offers every verdict and demands what must be there."""
    row = signature_schema()["$defs"]["SignatureEntry"]
    assert set(row["required"]) == {"id", "verdict", "pattern"}
    assert "quota" in signature_schema()["$defs"]["Verdict"]["enum"]


def test_fields_are_those_of_a_failure() -> None:
    """What patterns may ask about is what failures have."""
    assert set(FIELDS) <= set(Failure.__slots__)


def test_the_table_in_use_follows_the_rules_in_use(tmp_path: Path) -> None:
    """What a reload has brought decides from then on; as long as nothing is reloaded, nothing is made anew."""
    (tmp_path / "rules.yaml").write_text(RULE, encoding="utf-8")
    rules = load_rules(tmp_path, Registry())
    table = TableInUse(lambda: rules).table
    assert rules.signatures == ()
    assert table().judge([Failure(exception="KeyError")]).signature == "code-python"
    assert table() is table()
    (tmp_path / "signatures.yaml").write_text(HEAD + ROW, encoding="utf-8")
    rules = load_rules(tmp_path, Registry())
    assert table().judge([Failure(exception="KeyError")]).signature == "mine"
