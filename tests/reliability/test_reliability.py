"""docs/reliability.md is true: what it names is there, and nothing that should be in it is missing."""

from __future__ import annotations

import re

import pytest

from leh_guardian.app import handlers
from tests.mutants.catalogue import MUTANTS
from tests.reliability.__main__ import PAGE, ROOT
from tests.reliability.matrix import INVARIANTS, ROWS, Row


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_what_answers_for_a_fault_is_there(row: Row) -> None:
    """A row names tests that exist, or says what is not shown."""
    assert row.tests or row.lacks
    for test in row.tests:
        file, _, name = test.partition("::")
        text = (ROOT / file).read_text(encoding="utf-8")
        assert not name or re.search(rf"^(async )?def {name}\(", text, re.MULTILINE), test


def test_the_page_has_every_handler_promise_fault_and_mutant() -> None:
    """A new one is in the page once `make faults` has run."""
    text = PAGE.read_text(encoding="utf-8")
    for name in (
        [spec.name for spec in handlers()] + [each.id for each in (*INVARIANTS, *ROWS)] + [m.name for m in MUTANTS]
    ):
        assert name in text, f"{name}: run `make faults`"
