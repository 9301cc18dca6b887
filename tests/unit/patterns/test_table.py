"""The table of the project's study of the semantics, row by row: what event-ruler, the engine AWS runs, answered.

`study_table.jsonl` has the rows as they were recorded (refusals cut at 80 characters). Where this package answers
otherwise the row is named below with the reason, so that no difference is by accident.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leh_guardian.patterns import PatternError, compile_pattern
from tests.unit.patterns.rows import Row, check

ROWS: list[dict[str, Any]] = [
    json.loads(line) for line in (Path(__file__).parent / "study_table.jsonl").read_text("utf-8").splitlines()
]

CHOICES: dict[str, bool | str] = {
    # The slips that are not followed.
    "v4 block, v6 value (leak)": False,
    "v4 /0, a number (leak)": False,
    "v6 /0, v4 value (leak)": False,
    "eic emoji = itself": True,
    "text after the pattern's closing brace": "Pattern is not valid JSON",
    # What a decoded event no longer knows.
    "doubled event key: both values count": False,
    "long decimal the double cannot hold, numeric": True,
    # The first compiler's reason, which AWS gives; event-ruler gives the second's, and so does the text after it.
    "one branch only": "There must have at least 2 Objects in $or relationship.",
    "reserved name deeper inside a branch": "prefix is Ruler reserved fieldName which cannot be used inside $or.",
    # event-ruler falls over its own feet.
    "anything-but {prefix: []}": "Empty arrays are not allowed",
}

_YES_OR_NO = {"yes": True, "no": False}


def _answer(row: dict[str, Any]) -> bool | str:
    recorded = _YES_OR_NO.get(row["answer"], row["answer"].removeprefix("INVALID: "))
    return CHOICES.get(row["corner"], recorded)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['section']}: {row['corner']}")
def test_study_table(row: dict[str, Any]) -> None:
    """Each corner of the study is answered as recorded, or as chosen above."""
    answer = _answer(row)
    if isinstance(answer, bool):
        check(Row(f"table {row['section']}", row["pattern"], row["event"], answer))
        return
    with pytest.raises(PatternError) as refusal:
        compile_pattern(row["pattern"])
    assert answer in str(refusal.value)


def test_every_choice_is_a_row() -> None:
    """A difference that is explained is one that the table has."""
    assert CHOICES.keys() <= {row["corner"] for row in ROWS}
