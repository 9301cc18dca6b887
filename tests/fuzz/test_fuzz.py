"""A short run of the fuzzers with the same inputs every time, hypothesis beside them, and that they can find something."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.run import fuzz
from tests.fuzz.targets import check_event, check_pattern, event_seeds, pattern_seeds
from tests.support.figures import show
from tests.unit.patterns.strategies import EVENTS, OBJECTS

SEED = 20261127


def test_events(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Mutated bodies are events that can be matched, planned and stored, or are refused with a reason."""
    findings = fuzz(check_event(tmp_path), event_seeds(), SEED, iter(range(3000)))
    show(capsys, findings.report("event", SEED))
    assert not findings.found
    assert min(findings.outcomes[kind] for kind in ("no event", "matched")) > 300


def test_patterns(capsys: pytest.CaptureFixture[str]) -> None:
    """Mutated patterns are refused, or answer alike however they are asked, on mutated events."""
    findings = fuzz(check_pattern, pattern_seeds(), SEED, iter(range(3000)))
    show(capsys, findings.report("pattern", SEED))
    assert not findings.found
    assert min(findings.outcomes[kind] for kind in ("refused", "matches", "does not match")) > 100


TEXT = st.text(st.characters(codec=None, exclude_categories=[]), max_size=12)
LEAF = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
JSON = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=12
)
DETAIL = st.fixed_dictionaries({}, optional={"x": JSON, "y": JSON, "alarmName": JSON, "state": JSON, "object": JSON})
ENVELOPE = st.fixed_dictionaries(
    {"source": TEXT, "detail-type": TEXT, "detail": DETAIL | JSON},
    optional={"id": JSON, "time": JSON, "account": JSON, "resources": JSON, "Records": JSON},
)
OBJECT = st.fixed_dictionaries({"key": TEXT}, optional={"versionId": JSON, "sequencer": JSON})
RECORD = st.fixed_dictionaries(
    {"eventSource": st.just("aws:s3"), "eventName": TEXT},
    optional={
        "s3": st.fixed_dictionaries({"bucket": st.fixed_dictionaries({"name": TEXT}), "object": OBJECT}),
        "eventTime": JSON,
        "awsRegion": JSON,
    },
)
TRIGGER = JSON | st.fixed_dictionaries({"Namespace": JSON, "Dimensions": JSON})
ALARM = st.fixed_dictionaries(
    {"AlarmName": TEXT, "NewStateValue": TEXT},
    optional={"AlarmArn": JSON, "StateChangeTime": JSON, "Trigger": TRIGGER},
)
WRAPPED = st.fixed_dictionaries(
    {"Type": st.just("Notification"), "MessageId": TEXT, "Message": ENVELOPE.map(json.dumps) | TEXT}
)
BODY = ENVELOPE | ALARM | WRAPPED | st.fixed_dictionaries({"Records": st.lists(RECORD, max_size=3)})


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the rules."""
    return tmp_path_factory.mktemp("rules")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(data=BODY)
def test_structured_events(rules: Path, data: Any) -> None:
    """The same of bodies that have the right shape, and anything in their fields."""
    check_event(rules)(json.dumps(data).encode())


@settings(max_examples=100, deadline=None, derandomize=True)
@given(OBJECTS, EVENTS)
def test_structured_patterns(pattern: dict[str, Any], event: dict[str, Any]) -> None:
    """The same of patterns that are nearly all valid."""
    check_pattern(f"{json.dumps(pattern)}\n{json.dumps(event)}".encode())


def test_a_finding_is_cut_down_to_a_literal() -> None:
    """A defect that one byte brings out is found, told once, and repeated by what is printed."""

    def defective(data: bytes) -> str:
        if b"\x00" in data:
            raise ValueError("NUL")
        return "fine"

    findings = fuzz(defective, [b'{"a": "some text"}'], 1, iter(range(2000)))
    ((kind, data),) = findings.found.items()
    assert kind.startswith("ValueError at test_fuzz.py:")
    assert data == b"\x00"
    literal = findings.report("event", 1).splitlines()[-1].strip()
    with pytest.raises(ValueError, match="NUL"):
        defective(ast.literal_eval(literal))
