"""The draft of a post-mortem: foreign text stays text, and times per level are counted from the record."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leh_guardian.cli.report import words
from leh_guardian.cli.report.history import levels, times
from leh_guardian.model.journal import Kind
from leh_guardian.model.markdown import block, table, text

T0 = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
HOSTILE = [
    "# heading",
    "a | b | c",
    "```\n# out\n```",
    "[click](https://evil.example)",
    "![x](http://evil.example/p.png)",
    "<script>alert(1)</script>",
    "&lt;b&gt;",
    "*bold* _it_ ~~gone~~ `code`",
    "www.evil.example mail@evil.example",
    "\\| \\` \\",
    "line\u2028end\x85next\r\nlast",
    "\u202etxt.exe",
    "$x$ @everyone",
]


@pytest.mark.parametrize("given", HOSTILE)
def test_foreign_text_stays_text(given: str) -> None:
    """One line, no sign that Markdown obeys without a backslash, no table cell more, and all of it still readable."""
    made = text(given)
    assert made.isprintable()
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]<>|~&#!@:$]", made.replace("\\\\", ""))
    assert "www." not in made
    row = table(("a", "b"), [[made, "x"]])[2]
    assert len(re.findall(r"(?<!\\)\|", row.replace("\\\\", ""))) == 3
    assert re.sub(r"\\(.)", r"\1", made).count("evil") == given.count("evil")


def test_a_block_ends_where_it_ends() -> None:
    """Its fence is longer than any in the value, and nothing in the value makes a line of its own."""
    lines = block({"x": "````\n```", "y": ["\u2028```", "\ud800", "\x1b[2J", "\u202e"]})
    assert lines[0] == "`````json"
    assert lines[-1] == "`````"
    assert all(len(line.splitlines()) == 1 and line.isprintable() for line in lines)
    assert not any(line.lstrip().startswith("`") for line in lines[1:-1])


def test_every_kind_has_its_words() -> None:
    """A new kind of the journal is said in Korean, too."""
    assert set(words.KINDS) == {kind.value for kind in Kind}


def line(minutes: float, kind: Kind, **data: Any) -> dict[str, Any]:
    """A line of a journal."""
    return {"at": T0 + timedelta(minutes=minutes), "kind": kind.value, "data": data}


def test_times_per_level() -> None:
    """From a level's first call to the first answer before the next level's, and to the end; repeated calls count for the first."""
    lines = [
        line(0, Kind.OPENED),
        line(2, Kind.CALLED, level=1),
        line(32, Kind.CALLED, level=2),
        line(40, Kind.ACKNOWLEDGED, by="seoyeon"),
        line(100, Kind.CALLED, level=2),
        line(110, Kind.ACKNOWLEDGED, by="seoyeon"),
    ]
    found = levels(lines, T0 + timedelta(minutes=120))
    assert [(one["level"], one["acknowledged_seconds"], one["resolved_seconds"]) for one in found] == [
        (1, None, 118 * 60),
        (2, 8 * 60, 88 * 60),
    ]
    opened = {"opened_at": T0, "acknowledged_at": None, "resolved_at": None}
    assert times(opened, lines) == {
        "called_at": T0 + timedelta(minutes=2),
        "acknowledged_at": T0 + timedelta(minutes=40),
        "resolved_at": None,
        "called_seconds": 120,
        "acknowledged_seconds": 2400,
        "resolved_seconds": None,
    }
    assert levels([], None) == []
