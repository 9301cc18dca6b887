"""What dead letters say of their death, in the shapes that Lambda and SQS give them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from leh_guardian.diagnosis import Verdict
from leh_guardian.model.letter import read_letter
from leh_guardian.ports import ReceivedMessage
from leh_guardian.rules.signatures import table_of
from leh_guardian.worker.letters import LetterDiagnosis
from tests.unit.diagnosis.samples import FAILURES

TABLE = table_of()
PAYLOAD = {"case_id": "case_1", "evidence_id": "ev_1a2b"}
REQUEST = "6f1c2b7e-0001-4a4a-9b9b-000000000001"
SLOW = f"2026-11-27T03:00:00.000Z {REQUEST} Task timed out after 900.00 seconds"


def destination(kind: str, message: str) -> tuple[bytes, Mapping[str, Any]]:
    """A record of Lambda's on-failure destination."""
    context = {"requestId": REQUEST, "functionArn": "arn", "condition": "RetriesExhausted"}
    answer = {"errorType": kind, "errorMessage": message}
    record = {"requestContext": context, "requestPayload": PAYLOAD, "responsePayload": answer}
    return json.dumps(record).encode(), {}


def queued(_: str, message: str) -> tuple[bytes, Mapping[str, Any]]:
    """What Lambda puts into a dead-letter queue: the first kilobyte of the message, and a status for a code."""
    texts = {"RequestID": REQUEST, "ErrorCode": "200", "ErrorMessage": message[:1024]}
    return json.dumps(PAYLOAD).encode(), {name: {"StringValue": text} for name, text in texts.items()}


def judged(letter: tuple[bytes, Mapping[str, Any]]) -> list[str]:
    """The classes of one letter."""
    found = LetterDiagnosis(TABLE)
    found.take(ReceivedMessage("m", "r", letter[0], sent_at=1000.0), read_letter(*letter))
    return [line.verdict.value for line in found.finish().lines]


@pytest.mark.parametrize("bare", [False, True], ids=["with module", "without"])
def test_every_failure_of_a_destination(bare: bool) -> None:
    """By the type and the message of the error, a letter gets the class that a log line of it gets."""
    told = [(want, name.rpartition(".")[2] if bare else name, message) for want, name, message in FAILURES]
    wrong = [(want, name, got) for want, name, message in told if (got := judged(destination(name, message))) != [want]]
    # Without its module a ValidationError could be anybody's, and so on: not known is no other class.
    assert not [one for one in wrong if not bare or one[2] != ["unknown"]]


def test_what_must_not_be_sent_again_is_never_said_to_pass() -> None:
    """Cut off anywhere, with its type or without, a spent quota or a code bug is never taken for something that passes."""
    passing = {Verdict.TRANSIENT, Verdict.THROTTLED, Verdict.EXTERNAL_OUTAGE}
    for want, name, message in FAILURES:
        if want in {"quota", "code_bug"}:
            # A status with nothing after it is what a proxy says that has no body to give.
            for length in {*range(1, len(message) + 1, 7)} - {len("Error code: 429")}:
                for shape in (destination, queued):
                    assert not passing & set(judged(shape(name, message[:length]))), (name, message[:length])


@pytest.mark.parametrize(
    "letter",
    [
        (json.dumps(PAYLOAD).encode(), {}),
        (b"\xff no JSON", {}),
        destination("", ""),
        destination("Sandbox.Timedout", f"RequestId: {REQUEST} Error: Task timed out after 900.00 seconds"),
        queued("", SLOW),
        queued("", ""),
    ],
)
def test_a_letter_that_does_not_say_why(letter: tuple[bytes, Mapping[str, Any]]) -> None:
    """SQS writes no error, and a time-out is no reason: such a letter is counted, and says nothing."""
    found = LetterDiagnosis(TABLE)
    found.take(ReceivedMessage("m", "r", letter[0]), read_letter(*letter))
    assert (found.seen, found.telling, found.finish().failed) == (1, 0, 0)


def test_whose_they_are() -> None:
    """Cases, evidence and the oldest time of sending are those of the letters."""
    found = LetterDiagnosis(TABLE)
    for n in range(3):
        body, attributes = queued("", "'case_id'")
        found.take(ReceivedMessage(f"m{n}", "r", body, sent_at=1000.0 - n), read_letter(body, attributes))
    diagnosis = found.finish()
    assert (diagnosis.failed, diagnosis.concentration.cases, diagnosis.concentration.files) == (3, 1, 1)
    assert [tuple(one) for one in diagnosis.failing] == [("case_1", "ev_1a2b")]
    assert found.oldest == 998.0
