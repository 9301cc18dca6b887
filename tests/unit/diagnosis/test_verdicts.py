"""The verdict over a whole log: counted by attempted work, and never lenient with what must not be sent again."""

from __future__ import annotations

import json

import pytest

from leh_guardian.diagnosis import Diagnoser, Diagnosis
from leh_guardian.rules.signatures import table_of
from tests.unit.diagnosis.reading import diagnosed
from tests.unit.diagnosis.samples import QUOTA, REQUEST

OUTAGE = "Error code: 503 - The engine is currently overloaded"
SPENT = f"Error code: 429 - {QUOTA}"
LIMITED = "Error code: 429 - Rate limit reached for gpt-4o on tokens per min (TPM)"
LOCKED = "Error code: 409 - Conflict"
BUG = "KeyError: 'case_id'"
ODD = "PipelineError: step four"


def job(
    number: int, failure: str = "", *, case: int | None = None, evidence: int | None = None, version: str = "$LATEST"
) -> str:
    """Return the log of one invocation."""
    case, evidence = number if case is None else case, number if evidence is None else evidence
    request = f"6f1c2b7e-0001-4a4a-9b9b-{number:012d}"
    prefix = f"2026-11-01T03:{number % 60:02d}:00+00:00 2026/11/01/[{version}]{number:032x} "
    told = [
        f"START RequestId: {request} Version: 1",
        f"[INFO]\t2026-11-01T03:00:00.000Z\t{request}\tcases/case_{case}/raw/ev_{evidence}_a.pdf",
    ]
    if failure:
        told.append(f"[ERROR]\t2026-11-01T03:00:00.000Z\t{request}\tfailed: {failure}")
    return "\n".join(prefix + line for line in [*told, f"END RequestId: {request}"])


def log(*jobs: str) -> Diagnosis:
    """Return the diagnosis of several invocations."""
    return diagnosed("\n".join(jobs))


def jobs(count: int, failure: str = "", *, first: int = 0) -> list[str]:
    """Return the logs of several invocations, each of a case of its own."""
    return [job(number, failure) for number in range(first, first + count)]


@pytest.mark.parametrize(
    ("written", "verdict"),
    [
        ([], "unknown"),
        (jobs(20), "unknown"),
        ([*jobs(30, OUTAGE), job(99, SPENT)], "quota"),
        (jobs(10, OUTAGE), "external_outage"),
        ([*jobs(10, OUTAGE), *jobs(8, first=50)], "external_outage"),
        ([*jobs(5, OUTAGE), *jobs(20, first=50)], "transient"),
        ([job(n, OUTAGE, case=1) for n in range(8)], "transient"),
        (jobs(10, LIMITED), "throttled"),
        (jobs(10, LOCKED), "transient"),
        ([*jobs(10, LOCKED), *jobs(2, BUG, first=50)], "code_bug"),
        ([*jobs(9, BUG), *jobs(10, first=50)], "code_bug"),
        ([*jobs(3, ODD), *jobs(2, LOCKED, first=50)], "unknown"),
    ],
)
def test_verdicts(written: list[str], verdict: str) -> None:
    """Each table row is a log and what it comes to."""
    assert log(*written).verdict == verdict


def test_a_log_without_errors_has_no_confidence() -> None:
    """Nothing found is no diagnosis."""
    diagnosis = log(*jobs(5))
    assert (diagnosis.confidence, diagnosis.errors, diagnosis.attempts) == (0, 0, 5)


def test_an_outage_is_only_suspected() -> None:
    """The provider's status page has not been asked."""
    assert log(*jobs(50, OUTAGE)).confidence == 0.7


def test_failures_of_one_request_count_once() -> None:
    """An attempt that logs its failure three times is one failed attempt."""
    again = job(1, OUTAGE)
    diagnosis = log(again, again, again, *jobs(3, first=10))
    assert (diagnosis.errors, diagnosis.failed, diagnosis.attempts) == (3, 1, 4)
    assert diagnosis.verdict == "transient"


def test_all_failures_in_one_file() -> None:
    """An unknown error that only one file causes is about that file; a code bug's signature does not allow it."""
    others = jobs(10, first=50)
    assert log(*[job(n, ODD, case=7, evidence=7) for n in range(4)], *others).verdict == "bad_input"
    assert log(*[job(n, BUG, case=7, evidence=7) for n in range(4)], *others).verdict == "code_bug"
    where = log(*[job(n, ODD, case=7, evidence=7) for n in range(4)], *others).concentration
    assert (where.one_file, where.one_case, where.everywhere, where.files) == (True, True, False, 1)


def test_one_file_twice_and_all_others() -> None:
    """A file that cannot be read in many cases is not about the file any more."""
    spread = [job(n, "UnsupportedFormat: x") for n in range(9)]
    assert log(*spread).verdict == "code_bug"
    assert log(spread[0], *jobs(9, first=50)).verdict == "bad_input"


def test_since_a_deployment() -> None:
    """An unknown error everywhere that came with another version is the code's."""
    before = [job(n, version="7") for n in range(20, 26)]
    after = [job(n, ODD, version="8") for n in range(30, 38)]
    diagnosis = log(*before, *after)
    assert diagnosis.concentration.since_deploy is True
    assert diagnosis.verdict == "code_bug"
    assert log(*before, *after, job(27, ODD, version="7")).concentration.since_deploy is False


def test_what_a_handler_feeds() -> None:
    """Events of CloudWatch Logs can be fed one by one; the deployment's time may be known."""
    diagnoser = Diagnoser(table_of(), deployed_at=1500.0)
    diagnoser.feed_event(1, "[INFO] fine\n", stream="a", at=1000.0)
    for n in range(6):
        diagnoser.feed_event(
            2 + n,
            f"[ERROR] PipelineError: x case_{n}\rTraceback (most recent call last):",
            stream=f"s{n}",
            at=2000.0 + n,
        )
    diagnosis = diagnoser.finish()
    assert [line.n for line in diagnosis.lines] == [2, 3, 4, 5, 6, 7]
    assert diagnosis.concentration.since_deploy is True
    assert diagnosis.concentration.since == 2000.0


def test_samples_are_masked() -> None:
    """Secrets, file names, and what a refusal quotes of the evidence are not shown."""
    refusal = {"error": {"message": "Invalid value: 'my resident number is 900101-1234567'", "code": "invalid_prompt"}}
    file = "cases/case_1/raw/ev_1_김철수 진술서.pdf"
    text = f"ERROR:worker:{file}: BadRequestError: Error code: 400 - {refusal} sk-abcdefghijklmnopqrstuvwx"
    [sample] = diagnosed(text).samples
    assert "invalid_prompt" in sample.text
    assert not [word for word in ("김철수", "resident", "900101", "sk-abc") if word in sample.text]


def test_samples_are_few() -> None:
    """A thousand errors leave a few samples and a thousand lines."""
    diagnosis = diagnosed("ERROR:root:KeyError: 'a'\n" * 1000)
    assert (diagnosis.errors, len(diagnosis.lines), len(diagnosis.samples)) == (1000, 1000, 3)


@pytest.mark.parametrize(
    ("text", "case"),
    [
        ("case_id=case_12 failed", "case_12"),
        ('{"level": "ERROR", "message": "x", "case_id": "case_12"}', "case_12"),
        ('{"level": "ERROR", "message": "x", "caseId": "3f9c"}', "3f9c"),
        ("{'case_id': 'case_12'}", "case_12"),
        ("s3://b/cases/case_12/raw/ev_1_a.pdf", "case_12"),
        ("case_idle-7", "case_idle-7"),
        ("KeyError: 'case_id'", ""),
    ],
)
def test_the_name_of_a_field_is_no_case(text: str, case: str) -> None:
    """Of `case_id=case_12` the value is the case: else all failures of a log that names its fields were of one."""
    diagnoser = Diagnoser(table_of())
    diagnoser.feed_event(1, text if text.startswith('{"') else f"[ERROR]\t2026-11-01T03:00:00.000Z\t{REQUEST}\t{text}")
    assert "".join(subject.case for subject in diagnoser.finish().failing) == case


@pytest.mark.parametrize("name", ["events", "results"])
def test_a_message_is_one_whatever_it_holds(name: str) -> None:
    """A file that the worker logs may look like a log of many failures: it is one record, of the stream that it came from."""
    inner = [{"message": f"[ERROR] {BUG}", "timestamp": 1, "logStreamName": f"s{n}"} for n in range(50)]
    diagnoser = Diagnoser(table_of())
    diagnoser.feed_event(1, json.dumps({name: inner}), stream="2026/11/01/[1]a", at=5.0)
    diagnoser.feed_event(2, json.dumps({**inner[0], "eventId": "x"}), stream="2026/11/01/[1]a", at=6.0)
    diagnosis = diagnoser.finish()
    assert diagnosis.records == 2
    assert diagnosis.errors <= 1
    assert diagnosis.concentration.since in {None, 6.0}
