"""Work of a paused case through the two ways into a worker: what is put aside, what counts as done, and what stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

import pytest

from leh_guardian.gate import Gate, NotParked, Paused, Work, handle_event, handle_sqs
from tests.support.faults import refuse
from tests.support.forwarder import Forwarder
from tests.support.gate_tables import QUEUE_URL, EventBus, Tables, work

Container = Callable[..., Gate]
ARN = "arn:aws:sqs:ap-northeast-2:123456789012:leh-ai-worker"


def s3_record(case: str, evidence: str, **versions: str) -> dict[str, Any]:
    """A record of an S3 notification ("Event message structure" in the Amazon S3 User Guide)."""
    key = quote_plus(f"cases/{case}/raw/{evidence}_진술서 1.pdf", safe="/")
    return {"eventTime": "2026-11-27T09:00:00.000Z", "s3": {"object": {"key": key, **(versions or {"eTag": "e1"})}}}


def message(number: int, body: Any, arn: str = ARN, group: str | None = None) -> dict[str, Any]:
    """A message as Lambda hands it on ("Using Lambda with Amazon SQS")."""
    told = {"ApproximateReceiveCount": "2", "SentTimestamp": "1795000000000"} | (
        {"MessageGroupId": group} if group else {}
    )
    trace = {"stringValue": "t-1", "stringListValues": [], "binaryListValues": [], "dataType": "String"}
    raw = {"binaryValue": "AAE=", "stringListValues": [], "binaryListValues": [], "dataType": "Binary"}
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return {"messageId": f"m{number}", "body": text, "attributes": told, "eventSourceARN": arn} | {
        "messageAttributes": {"trace": trace, "raw": raw}
    }


class Worker:
    """What a worker does with a piece; one whose name says so fails."""

    def __init__(self, gate: Gate) -> None:
        self.gate, self.done = gate, []

    def __call__(self, piece: Work) -> None:
        """Work."""
        if piece.evidence_id.startswith("ev_bad"):
            raise ValueError(piece.evidence_id)
        with self.gate.call(piece, model="gpt", estimate=10) as call:
            call.used(5, 5)
        self.done.append(piece.evidence_id)


def test_messages_of_a_paused_case_are_parked(store: Tables, container: Container) -> None:
    """They count as done and lie in the table with all that SQS told; the others are worked on, and what fails stays."""
    store.circuit("case#case_a", "open")
    worker = Worker(container())
    bodies = [{"case_id": "case_a", "evidence_id": "ev_1"}, {"case_id": "case_b", "evidence_id": "ev_2"}]
    bodies += [{"case_id": "case_b", "evidence_id": "ev_bad"}]
    event = {"Records": [message(n, body, group="g") for n, body in enumerate(bodies)]}
    assert handle_sqs(worker.gate, event, worker) == {"batchItemFailures": [{"itemIdentifier": "m2"}]}
    assert worker.done == ["ev_2"]
    [item] = store.items()
    assert (item["case_id"], item["item"], item["body"]) == ("case_a", "ev_1#m0", json.dumps(bodies[0]))
    assert (item["origin"], item["group"], item["receives"]) == (f"sqs:{QUEUE_URL}", "g", 2)
    assert item["first_seen"] == "2026-11-18T11:06:40+00:00"
    assert json.loads(item["attributes"]) == {
        "trace": {"DataType": "String", "StringValue": "t-1"},
        "raw": {"DataType": "Binary", "BinaryValue": "AAE="},
    }
    assert item["reason"].startswith("case#case_a is open")


def test_every_shape_of_a_body_is_known(store: Tables, container: Container) -> None:
    """S3's notification (its key is encoded), an event of EventBridge (its is not), and plain JSON; with the object's version."""
    store.circuit("fleet", "forced_open")
    gate = container()
    bridge = {
        "version": "0",
        "time": "2026-11-27T09:00:01Z",
        "detail": {"object": {"key": "cases/case_a/raw/ev_2_a+b.pdf", "etag": "e2"}},
    }
    bodies = [
        {"Records": [s3_record("case_a", "ev_1", versionId="v1", eTag="e1")]},
        bridge,
        {"case_id": "c", "evidence_id": "ev_3"},
    ]
    bodies += [{"Records": [s3_record("case_a", "ev_4", sequencer="s4")]}]
    answer = handle_sqs(gate, {"Records": [message(n, body) for n, body in enumerate(bodies)]}, Worker(gate))
    assert answer == {"batchItemFailures": []}
    assert {(item["case_id"], item["item"]) for item in store.items()} == {
        ("case_a", "ev_1#v1"),
        ("case_a", "ev_2#e2"),
        ("case_a", "ev_4#s4"),
        ("c", "ev_3#m2"),
    }
    assert {item["first_seen"][:19] for item in store.items()} >= {"2026-11-27T09:00:00", "2026-11-27T09:00:01"}
    answer = handle_sqs(gate, {"Records": [message(7, "{}"), message(8, "no json")]}, Worker(gate))
    assert len(answer["batchItemFailures"]) == 2, "what names no case cannot be parked, and stays"


def test_records_of_one_body_are_told_apart(store: Tables, container: Container) -> None:
    """Of two records in one message, or one event, that of the paused case is parked, by itself; the other is worked on."""
    store.circuit("case#case_a", "open")
    worker = Worker(container())
    both = {"Records": [s3_record("case_a", "ev_1"), s3_record("case_b", "ev_2")]}
    handle_sqs(worker.gate, {"Records": [message(1, both)]}, worker)
    handle_event(worker.gate, both, worker, "leh-ai-worker")
    assert worker.done == ["ev_2", "ev_2"]
    [item] = store.items()
    assert json.loads(item["body"]) == {"Records": [both["Records"][0]]}
    assert item["origin"] == "lambda:leh-ai-worker"


def test_an_invocation_fails_only_after_every_record_had_its_turn(store: Tables, container: Container) -> None:
    """One that fails makes the invocation fail, so that Lambda brings it again; the others are worked on or parked before."""
    store.circuit("case#case_a", "open")
    worker = Worker(container())
    records = [s3_record("case_b", "ev_bad"), s3_record("case_a", "ev_1"), s3_record("case_b", "ev_2")]
    with pytest.raises(ValueError, match="ev_bad"):
        handle_event(worker.gate, {"Records": records}, worker, "leh-ai-worker")
    assert worker.done == ["ev_2"]
    assert [item["item"] for item in store.items()] == ["ev_1#e1"]


def test_what_follows_a_failure_in_its_group_stays(store: Tables, container: Container) -> None:
    """In a FIFO queue nothing overtakes what has failed in its group; in others everything goes its own way."""
    for arn, stays in ((f"{ARN}.fifo", ["m0", "m2"]), (ARN, ["m0"])):
        worker = Worker(container())
        bodies = [("ev_bad", "g1"), ("ev_1", "g2"), ("ev_2", "g1")]
        event = {"Records": [message(n, {"case_id": "c", "evidence_id": e}, arn, g) for n, (e, g) in enumerate(bodies)]}
        answer = handle_sqs(worker.gate, event, worker)
        assert [one["itemIdentifier"] for one in answer["batchItemFailures"]] == stays


def test_what_cannot_be_parked_stays(store: Tables, between: Forwarder, container: Container) -> None:
    """A body larger than an item of DynamoDB, and a store that is away: the message stays, nothing is let go of."""
    store.circuit("case#case_a", "open")
    gate = container()
    large = {"case_id": "case_a", "evidence_id": "ev_1", "text": "가" * 140_000}
    assert handle_sqs(gate, {"Records": [message(1, large)]}, Worker(gate))["batchItemFailures"]
    between.faults.always("UpdateItem", refuse(500))
    small = {"case_id": "case_a", "evidence_id": "ev_1"}
    assert handle_sqs(gate, {"Records": [message(1, small)]}, Worker(gate))["batchItemFailures"]
    with pytest.raises(NotParked):
        handle_event(gate, {"Records": [s3_record("case_a", "ev_1")]}, Worker(gate), "leh-ai-worker")
    assert store.items() == []


def test_a_case_that_is_paused_in_the_middle_stops_there(store: Tables, container: Container, bus: EventBus) -> None:
    """Its allowance lasts for three chunks of five; the piece is parked as a whole, though the worker catches every Exception."""
    store.circuit("case#case_a", "closed", allowance=35)
    gate, chunks = container(), []

    def process(piece: Work) -> None:
        for chunk in range(5):
            try:
                with gate.call(piece, model="gpt", estimate=10) as call:
                    call.used(10, 0)
            except Exception:
                continue
            chunks.append(chunk)

    answer = handle_sqs(gate, {"Records": [message(1, {"case_id": "case_a", "evidence_id": "ev_1"})]}, process)
    assert (answer, chunks) == ({"batchItemFailures": []}, [0, 1, 2])
    assert len(store.items()) == 1
    assert len(bus.details()) == 3


def test_a_copy_is_the_same_item_with_another_mark(store: Tables, container: Container) -> None:
    """Parked again it is one item, first seen when it was first seen; its mark is new, so that nobody deletes it for the old one."""
    gate = container()
    gate.park(work(first_seen="2026-11-27T09:00:00+00:00"), "paused")
    [before] = store.items()
    gate.park(work(first_seen="2026-11-27T10:00:00+00:00", receives=3), "paused")
    [after] = store.items()
    assert after["first_seen"] == before["first_seen"] == "2026-11-27T09:00:00+00:00"
    assert (after["receives"], after["body"]) == (3, before["body"])
    assert after["copy"] != before["copy"]


def test_paused_is_no_exception() -> None:
    """A worker that catches all exceptions of its own work does not swallow it."""
    assert not issubclass(Paused, Exception)
