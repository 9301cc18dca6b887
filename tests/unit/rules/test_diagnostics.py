"""How a diagnostic looks to a person and to a program."""

from __future__ import annotations

import pytest

from leh_guardian.errors import RuleError
from leh_guardian.rules.diagnostics import Diagnostic, RulesRefused, did_you_mean, dotted


def at(source: str, column: int, **more: str) -> Diagnostic:
    """Return a diagnostic about a column of a line."""
    return Diagnostic("rules/a.yaml", 7, column, "bad-value", "it is wrong", source=source, **more)  # type: ignore[arg-type]


def test_place_message_line_caret_and_hint() -> None:
    """The first line can be clicked in an editor, the caret stands under the fault."""
    assert at("    mode: on", 11, hint="write act").render().splitlines() == [
        "rules/a.yaml:7:11: it is wrong [bad-value]",
        "     7 |     mode: on",
        "       |           ^",
        "       = write act",
    ]


def test_a_warning_says_so() -> None:
    """Warnings do not stop a load, so they must not look as if they had."""
    assert at("", 1, severity="warning").render() == "rules/a.yaml:7:1: warning: it is wrong [bad-value]"


def test_korean_letters_are_two_cells_wide() -> None:
    """The caret stands under the fault in a terminal, not under its third of the line."""
    _, line, caret = at("설명: x", 5).render().splitlines()
    assert caret.index("^") == line.index("x") + 2


def test_a_long_line_is_cut_around_the_fault() -> None:
    """A megabyte on one line does not become a megabyte on the terminal."""
    _, line, caret = at("a" * 500_000 + "X" + "b" * 500_000, 500_001).render().splitlines()
    assert len(line) < 120
    assert line[caret.index("^")] == "X"


def test_a_place_past_the_line_is_no_error() -> None:
    """A cut-off file is faulty where nothing stands any more."""
    assert at("ab", 9).render().splitlines()[2].endswith("^")


def test_hostile_text_does_not_reach_the_terminal() -> None:
    """Escape sequences and bidirectional marks are spelt out, in the line, the message and the file's name."""
    told = Diagnostic("\x1b]0;x\x07.yaml", 1, 1, "c", "a\x1b[2Jb\nc", "\u202e", source="x\x1b[2J\ty").render()
    assert all(character.isprintable() for line in told.splitlines() for character in line)
    assert told.count("\n") == 3


def test_json_has_the_keys_of_the_contract() -> None:
    """`rules check --json` prints these, and programs rely on them."""
    assert at("x", 3, hint="h").to_json() == {
        "file": "rules/a.yaml",
        "line": 7,
        "column": 3,
        "code": "bad-value",
        "message": "it is wrong",
        "hint": "h",
    }


def test_refused_rules_carry_every_diagnostic() -> None:
    """As an exception it tells all, and it is caught as the error of rules that it is."""
    refused = RulesRefused([at("", 1), at("", 2)])
    assert isinstance(refused, RuleError)
    assert len(refused.diagnostics) == 2
    assert str(refused).splitlines() == [d.render() for d in refused.diagnostics]


@pytest.mark.parametrize(
    ("name", "answer"),
    [("dlq_redriv", "did you mean `dlq_redrive`?"), ("teleport", ""), ("", ""), ("x" * 1_000_000, "")],
    ids=["close", "far", "empty", "huge"],
)
def test_did_you_mean(name: str, answer: str) -> None:
    """Only what looks alike is suggested."""
    assert did_you_mean(name, ["notify", "dlq_redrive"]) == answer


def test_paths_are_written_as_people_write_them() -> None:
    """Keys with dots, indexes in brackets."""
    assert dotted(("guards", "budget", 0, "max")) == "guards.budget[0].max"
