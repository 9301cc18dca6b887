"""The class of a failure is the same in every shape it is logged in, and of every fixture what its row says."""

from __future__ import annotations

import pytest

from leh_guardian.diagnosis import Verdict
from leh_guardian.rules.signatures import table_of
from tests.unit.diagnosis.reading import classes, diagnosed, lines, rows
from tests.unit.diagnosis.samples import FAILURES, REQUEST, SHAPES


@pytest.mark.parametrize("shape", SHAPES)
def test_every_failure_in_every_shape(shape: str) -> None:
    """One failure is one error of its class, whatever wrote it down and whatever brought it here."""
    wrong = [
        (want, exception, message, got)
        for want, exception, message in FAILURES
        if (got := classes(SHAPES[shape](exception, message))) != [want]
    ]
    assert not wrong


@pytest.mark.parametrize("row", rows("raised.jsonl"), ids=lambda row: row["id"])
def test_failures_that_were_really_raised(row: dict[str, object]) -> None:
    """Exceptions raised by the libraries themselves and written by the loggers themselves."""
    assert classes(str(row["text"])) == row["classes"]


@pytest.mark.parametrize("row", [*rows("written.jsonl"), *rows("third.jsonl")], ids=lambda row: row["id"])
def test_records_at_their_lines(row: dict[str, object]) -> None:
    """Noise is left out, and each error stands at the line where its record begins."""
    assert lines(str(row["text"])) == [tuple(line) for line in row["lines"]]  # type: ignore[attr-defined]


def test_every_class_has_fixtures() -> None:
    """No class is only there in name."""
    assert {want for want, _, _ in FAILURES} == set(Verdict)


def test_what_must_not_be_sent_again_is_never_transient() -> None:
    """Cut off anywhere, a spent quota or a code bug is never taken for something that passes."""
    passing = {"transient", "external_outage"}
    for want, exception, message in FAILURES:
        if want not in {"quota", "code_bug"}:
            continue
        for shape in ("one line", "lambda, logged", "lambda, uncaught", "logging, dashes"):
            text = SHAPES[shape](exception, message)
            for length in range(0, len(text), 61):
                assert not passing & set(classes(text[:length])), text[:length]


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("[ERROR] RateLimitError: Error code: 429 - {'error': {'message': 'You exceeded your cur", "quota"),
        ("[ERROR] RateLimitError: Error code: 429 - You exceeded y", "quota"),
        ("[ERROR] RateLimitError: Error code: 429 - {'error': {'mess", "unknown"),
        ("ERROR:worker:OpenAI refused: insufficient_quota", "quota"),
        ("2026-11-01T03:00:00.000Z\t6f1c2b7e-0001-4a4a-9b9b-000000000001\tERROR\tfailed: KeyError: 'a'", "code_bug"),
        ("ERROR:worker:RateLimitError", "throttled"),
    ],
)
def test_rate_limits_that_say_little(text: str, want: str) -> None:
    """What is cut off before its reason could be a spent quota, and is not called anything milder."""
    assert classes(text) == [want]


def test_signatures_that_are_met_are_in_the_table() -> None:
    """What is counted has the name of a row, or is unknown."""
    names = {row.id for row in table_of().signatures} | {"unknown"}
    found = {name for row in rows("raised.jsonl") for name in diagnosed(row["text"]).signatures}
    assert found <= names
    assert len(found) > 25


@pytest.mark.parametrize(
    "line",
    [
        f"2026-11-01T03:00:05.000Z {REQUEST} Task timed out after 900.00 seconds",
        f"RequestId: {REQUEST} Error: Task timed out after 900.00 seconds",
    ],
)
def test_a_time_out_is_no_killed_process(line: str) -> None:
    """In both of Lambda's spellings it is judged by what the worker was busy with."""
    assert classes(line) == ["unknown"]
    assert classes(f"[INFO]\t2026-11-01T03:00:00.000Z\t{REQUEST}\tcalling openai\n{line}") == ["external_outage"]
