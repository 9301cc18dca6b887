"""The recall that samples of audit logs are sized by is one that is measured: lines that the detectors were not made with."""

from __future__ import annotations

import re
from random import Random

import pytest

from leh_guardian.checks.audit.sizes import Design
from leh_guardian.disclosure import Scanner
from leh_guardian.disclosure.sampling import RECALL, upper_bound
from tests.support.leaks.held_out import held_out_lines
from tests.support.leaks.planted import KINDS
from tests.support.leaks.values import TODAY

CONFIDENCE = 0.95
SCANNER = Scanner(TODAY)


def _lines(kind: str, count: int) -> list[str]:
    return [one.line for one in held_out_lines(Random(f"recall {kind}"), kind, count)]


def _at_least(found: int, count: int) -> float:
    """Return the recall that such a sample does not refute."""
    return 1 - upper_bound(CONFIDENCE, count, count - found)


@pytest.mark.parametrize("kind", KINDS)
def test_of_each_kind(kind: str) -> None:
    """Of each kind at least the share is found that is taken for granted, with the confidence of the samples."""
    found = sum(kind in {found.kind.value for found in SCANNER.scan_line(line)} for line in _lines(kind, 100))
    assert _at_least(found, 100) >= RECALL


def test_behind_the_worker_s_filter() -> None:
    """Of lines that lost every word of Hangul to the worker's log filter, of all kinds alike, that share is told as disclosing."""
    lines = [re.sub("[가-힣]+", "***", line) for kind in KINDS for line in _lines(kind, 60)]
    assert _at_least(sum(bool(SCANNER.scan_line(line)) for line in lines), len(lines)) >= RECALL


def test_samples_are_sized_by_it() -> None:
    """What is measured is what the check takes for granted."""
    assert Design().recall == RECALL
