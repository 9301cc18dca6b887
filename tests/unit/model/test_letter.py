"""What a dead letter tells: of whom, of what, and nothing that it does not say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leh_guardian.model.letter import Shape, evidence_of, read_letter

KEY = "cases/case_3f9c/raw/ev_1a2b_계약서 (최종).pdf"
ENCODED = "cases/case_3f9c/raw/ev_1a2b_%EA%B3%84%EC%95%BD%EC%84%9C+%28%EC%B5%9C%EC%A2%85%29.pdf"
NOTIFICATION = {"Records": [{"eventSource": "aws:s3", "s3": {"bucket": {"name": "b"}, "object": {"key": ENCODED}}}]}
EVENT = {"source": "aws.s3", "detail-type": "Object Created", "detail": {"object": {"key": KEY}}}
ERROR = {"errorType": "KeyError", "errorMessage": "'text'", "trace": ["…"]}


def lambda_attributes(message: str = "'text'") -> dict[str, Any]:
    """What Lambda puts beside the payload in a dead-letter queue."""
    return {
        "RequestID": {"DataType": "String", "StringValue": "e4b46cbf"},
        "ErrorCode": {"DataType": "Number", "StringValue": "200"},
        "ErrorMessage": {"DataType": "String", "StringValue": message},
    }


def destination(payload: Any, answer: Any = ERROR, condition: str = "RetriesExhausted") -> bytes:
    """A record of Lambda's on-failure destination, as the AWS Lambda Developer Guide shows it."""
    record = {
        "version": "1.0",
        "timestamp": "2026-11-14T18:16:05.568Z",
        "requestContext": {
            "requestId": "e4b46cbf",
            "functionArn": "arn:aws:lambda:ap-northeast-2:123456789012:function:leh-ai-worker:$LATEST",
            "condition": condition,
            "approximateInvokeCount": 3,
        },
        "requestPayload": payload,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": answer,
    }
    return json.dumps(record, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "payload",
    [
        NOTIFICATION,
        EVENT,
        {"Type": "Notification", "Message": json.dumps(NOTIFICATION)},
        {"Records": [{"eventSource": "aws:sqs", "body": json.dumps(EVENT)}]},
        {"evidence_id": "ev_1a2b", "case_id": "case_3f9c"},
        {"evidenceId": "ev_1a2b", "job": {"caseId": "case_3f9c"}},
        {"s3_key": KEY},
    ],
)
def test_ids_are_found_in_every_shape(payload: Any) -> None:
    """The evidence and the case are the same however the key is written and wrapped up."""
    letter = read_letter(json.dumps(payload).encode(), {})
    assert (letter.evidence, letter.cases, letter.shape) == (("ev_1a2b",), ("case_3f9c",), Shape.SQS)
    assert letter.cases_by_evidence == {"ev_1a2b": "case_3f9c"}


@pytest.mark.parametrize(
    ("name", "evidence"),
    [
        ("ev_1a2b_a.pdf", "ev_1a2b"),
        ("ev_1a2b.pdf", "ev_1a2b"),
        ("ev_1a2b", "ev_1a2b"),
        ("ev_", ""),
        ("a_b_c.pdf", ""),
        ("", ""),
    ],
)
def test_the_evidence_of_a_file(name: str, evidence: str) -> None:
    """What stands before the file's own name."""
    assert evidence_of(name) == evidence


def test_a_lambda_dead_letter_tells_its_error() -> None:
    """The payload is the body; error and message are in the attributes."""
    letter = read_letter(json.dumps(EVENT).encode(), lambda_attributes())
    assert (letter.shape, letter.error, letter.message) == (Shape.LAMBDA_DLQ, "200", "'text'")
    assert letter.payload == json.dumps(EVENT).encode()
    told = read_letter(b"{}", lambda_attributes(json.dumps(ERROR)))
    assert (told.error, told.message) == ("KeyError", "'text'")


def test_a_destination_record_is_unwrapped() -> None:
    """The payload is what the function was given; the error is what it answered; the same payload has the same fingerprint."""
    letter = read_letter(destination(EVENT), {})
    assert (letter.shape, letter.error, letter.message) == (Shape.LAMBDA_DESTINATION, "KeyError", "'text'")
    assert json.loads(letter.payload) == EVENT
    assert letter.evidence == ("ev_1a2b",)
    assert letter.fingerprint == read_letter(destination(EVENT, {"errorType": "Other"}), {}).fingerprint
    assert letter.fingerprint != read_letter(destination(NOTIFICATION), {}).fingerprint


def test_a_destination_record_without_an_answer_tells_what_ended_it() -> None:
    """A function that never answered: the context says what is known."""
    assert read_letter(destination(EVENT, None), {}).error == "Unhandled"
    record = json.loads(destination(EVENT, None, "EventAgeExceeded"))
    record["responseContext"] = None
    assert read_letter(json.dumps(record).encode(), {}).error == "EventAgeExceeded"


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"\xff\xfe", b"[1]", b"null", b'"text"', b"{", b"[" * 5000 + b"]" * 5000]
)
def test_what_is_no_event_is_a_letter_all_the_same(body: bytes) -> None:
    """It goes back as it came, and says nothing."""
    letter = read_letter(body, {})
    assert (letter.payload, letter.error, letter.evidence) == (body, "", ())


def test_which_evidence_is_of_which_case() -> None:
    """A key says it of its own piece; where a letter names one case alone, all is of that one; otherwise nobody knows."""
    keys = [f"cases/case_{n}/raw/ev_{n}_x.pdf" for n in (1, 2)]
    several = read_letter(json.dumps([{"key": key} for key in keys] + [{"evidence_id": "ev_3"}]).encode(), {})
    assert several.evidence == ("ev_1", "ev_2", "ev_3")
    assert several.cases_by_evidence == {"ev_1": "case_1", "ev_2": "case_2"}
    one = read_letter(b'{"case_id": "case_1", "items": [{"evidence_id": "ev_1"}, {"evidence_id": "ev_2"}]}', {})
    assert one.cases_by_evidence == {"ev_1": "case_1", "ev_2": "case_1"}
    none = read_letter(b'[{"case_id": "a"}, {"case_id": "b"}, {"evidence_id": "ev_1"}]', {})
    assert none.cases_by_evidence == {}


def test_hostile_letters_stay_bounded() -> None:
    """A hundred thousand ids, and ids as long as a body, are not all kept."""
    many = read_letter(json.dumps([{"evidence_id": f"ev_{n}"} for n in range(100_000)]).encode(), {})
    assert len(many.evidence) == 20
    assert read_letter(json.dumps({"case_id": "x" * 100_000}).encode(), {}).cases == ()
    letter = read_letter(b'{"case_id": "a\\u0000\\ud83d"}', {})
    assert "\x00" not in "".join(letter.cases)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_can_be_read(payload: Any) -> None:
    """Whatever a producer sends is a letter, with attributes of any kind."""
    read_letter(
        json.dumps(payload).encode("utf-8", "replace"), {"RequestID": {"DataType": "Binary", "BinaryValue": b"x"}}
    )
