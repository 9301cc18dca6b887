"""The upload signals as YAML: the shipped file is right, and every mistake of another has its place."""

from __future__ import annotations

import pytest

from leh_guardian.rules.diagnostics import RulesRefused
from leh_guardian.rules.schema import upload_signal_schema
from leh_guardian.rules.upload_signals import (
    BUILT_IN,
    built_in_upload_signals,
    check_upload_signals,
    load_upload_signals,
)
from leh_guardian.uploads import Condition
from leh_guardian.uploads.measures import MEASURES

HEAD = """version: 1
prior: -1
verdicts: {suspicious: 0, attack: 4}
decisive: {families: [content], weight: 1}
signals:
"""
ROW = "- {id: copies, family: content, weight: 2, when: [{measure: dup_ratio, above: 0.5}]}\n"


def found(text: str) -> list[tuple[int, int, str]]:
    """Return line, column and code of everything wrong with a file."""
    return [(one.line, one.column, one.code) for one in check_upload_signals(text.encode(), "signals.yaml")[1]]


def test_the_built_in_file_is_right() -> None:
    """It is held to the same checks as an operator's, and uses nearly all that can be measured."""
    assert check_upload_signals(BUILT_IN.read_bytes(), "x")[1] == ()
    used = {c.measure for signal in built_in_upload_signals().signals for c in (*signal.when, *signal.unless)}
    assert set(MEASURES) - used == {"document_mib", "oversize_ratio", "peak_per_hour"}


def test_a_file_replaces_the_built_in_one() -> None:
    """What it says is all that counts; its digest is kept with the verdict."""
    table = load_upload_signals((HEAD + ROW).encode(), "x")
    assert [(signal.id, signal.when) for signal in table.signals] == [
        ("copies", (Condition("dup_ratio", "above", 0.5),))
    ]
    assert (table.prior, table.attack, table.require_families, table.most, len(table.digest)) == (-1.0, 4.0, 2, {}, 64)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", [(1, 1, "empty")]),
        ("version: 1\n", [(1, 1, "not-an-upload-signal-file")]),
        ("- 1\n", [(1, 1, "not-an-upload-signal-file")]),
        (HEAD + "  []\n", [(6, 3, "bad-value")]),
        (HEAD.replace("attack: 4", "attack: -4") + ROW, [(3, 11, "bad-value")]),
        (HEAD.replace("prior: -1\n", "") + ROW, [(1, 1, "missing-key")]),
        (HEAD.replace("[content]", "[contents]") + ROW, [(4, 23, "bad-value")]),
        (HEAD + ROW.replace("dup_ratio", "dup_rato"), [(6, 61, "unknown-measure")]),
        (HEAD + ROW.replace("above", "over"), [(6, 72, "unknown-key")]),
        (HEAD + ROW.replace("above: 0.5", "above: 0.5, below: 1"), [(6, 51, "bad-value")]),
        (HEAD + ROW.replace("above: 0.5", "above: some"), [(6, 79, "bad-value")]),
        (HEAD + ROW.replace("weight: 2", "weight: -2"), [(6, 3, "bad-value")]),
        (HEAD + ROW.replace("family: content", "family: magic"), [(6, 24, "bad-value")]),
        (HEAD + ROW.replace("weight", "wieght"), [(6, 33, "unknown-key")]),
        (HEAD + ROW.replace("[{measure: dup_ratio, above: 0.5}]", "[]"), [(6, 50, "bad-value")]),
        (HEAD + ROW.replace("[{measure: dup_ratio, above: 0.5}]", "dup_ratio > 0.5"), [(6, 50, "bad-value")]),
        (HEAD + ROW + ROW, [(7, 8, "duplicate-id")]),
        (HEAD + "- 7\n", [(6, 3, "bad-value")]),
        (HEAD + "- [\n", [(7, 1, "yaml-syntax")]),
        (HEAD + "  no\n", [(6, 3, "bad-value")]),
    ],
)
def test_mistakes_have_their_place(text: str, wanted: list[tuple[int, int, str]]) -> None:
    """Each mistake is said at its line and column."""
    assert found(text) == wanted


def test_what_was_meant_is_said() -> None:
    """A misspelt measure is answered with the one that it looks like."""
    with pytest.raises(RulesRefused, match="did you mean `dup_ratio`"):
        load_upload_signals((HEAD + ROW.replace("dup_ratio", "dup_rato")).encode(), "x")


def test_a_hostile_file_is_told_in_bounds() -> None:
    """Thousands of mistakes are not thousands of lines."""
    assert len(found(HEAD + "- {}\n" * 5000)) <= 101


def test_editors_know_the_measures() -> None:
    """The JSON Schema offers every measure and family."""
    definitions = upload_signal_schema()["$defs"]
    assert definitions["ConditionEntry"]["properties"]["measure"]["enum"] == sorted(MEASURES)
    assert set(definitions["SignalEntry"]["required"]) == {"id", "family", "weight", "when"}
