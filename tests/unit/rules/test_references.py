"""How `${…}` in parameters is filled in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leh_guardian.errors import RuleError
from leh_guardian.rules.expressions import ExpressionError
from leh_guardian.rules.references import MissingReference, parse_template, resolve

SCOPE: dict[str, Any] = {
    "event": {
        "detail": {"name": "dlq", "count": 5, "ok": False, "list": [1, 2], "none": None, "evil": "${incident.id}"},
        "detail-type": "Alarm",
    },
    "incident": {"id": "i-1", "severity": "sev2"},
    "actions": {"cause": {"verdict": "quota"}},
}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${event.detail.name}", "dlq"),
        ("${ event.detail.name }", "dlq"),
        ("${event.detail.count}", 5),
        ("${event.detail.ok}", False),
        ("${event.detail.list}", [1, 2]),
        ("${actions.cause}", {"verdict": "quota"}),
        ('${event."detail-type"}', "Alarm"),
        ("${event.{a: detail.count}}", {"a": 5}),
        ("${event.detail.none || 'x}y'}", "x}y"),
        ('${event.detail.none || `{"a": "}"}`}', {"a": "}"}),
        ("queue ${event.detail.name}!", "queue dlq!"),
        ("${event.detail.name}${event.detail.count}", "dlq5"),
        ("ok: ${event.detail.ok}, list: ${event.detail.list}", "ok: false, list: [1,2]"),
        ("$${event.detail.name}", "${event.detail.name}"),
        ("a $${b} ${incident.id} $${c}", "a ${b} i-1 ${c}"),
        ("costs $5, {braces} and $$", "costs $5, {braces} and $$"),
        ("", ""),
    ],
)
def test_texts(written: str, value: object) -> None:
    """One reference keeps the type of what it finds, among text it becomes text, and `$${` is `${`."""
    resolved = resolve({"x": written}, SCOPE)["x"]
    assert resolved == value
    assert type(resolved) is type(value)


def test_lists_and_mappings_are_searched_and_other_values_kept() -> None:
    """Whatever a parameter is made of; keys are never references."""
    written = {"a": [{"b": "${incident.id}"}, 5, True, None], "${incident.id}": 1.5}
    assert resolve(written, SCOPE) == {"a": [{"b": "i-1"}, 5, True, None], "${incident.id}": 1.5}


def test_text_from_an_event_is_never_a_reference() -> None:
    """An event that holds `${…}` puts those characters into the parameter, and no more."""
    assert resolve({"x": "${event.detail.evil}"}, SCOPE) == {"x": "${incident.id}"}
    assert resolve({"x": "a ${event.detail.evil}"}, SCOPE) == {"x": "a ${incident.id}"}


@settings(max_examples=50)
@given(st.text())
def test_no_text_of_an_event_changes_on_its_way(text: str) -> None:
    """What an event says arrives as it is, alone and among other text."""
    scope = {"event": {"x": text}}
    assert resolve({"a": "${event.x}", "b": "<${event.x}>"}, scope) == {"a": text, "b": f"<{text}>"}


@pytest.mark.parametrize(
    "reference", ["event.detail.nmae", "actions.later.x", "event.detail.none", "length(event.detail.count)"]
)
def test_a_reference_that_finds_nothing_is_named(reference: str) -> None:
    """An action is not planned with half its parameters; the error says which reference it was."""
    with pytest.raises(MissingReference) as told:
        resolve({"deep": [f"${{{reference}}}"]}, SCOPE)
    assert f"${{{reference}}}" in str(told.value)
    assert isinstance(told.value, RuleError)


@pytest.mark.parametrize("text", ["${event.x", "${", "${}", "${event.'x}", "a ${ {event} ", "${event.x}${"])
def test_a_broken_reference_is_an_error(text: str) -> None:
    """It is found when the rule is loaded."""
    with pytest.raises(ExpressionError):
        parse_template(text)


def test_a_text_has_an_end() -> None:
    """A rule cannot make a hundred megabytes of one event: references are counted, and what they find is measured."""
    assert len(parse_template("${event.x}" * 100).references) == 100
    with pytest.raises(ExpressionError, match="more than 100 references"):
        parse_template("${event.x}" * 101)
    scope = {"event": {"x": "x" * 600_000}}
    assert len(resolve({"a": "<${event.x}>"}, scope)["a"]) == 600_002
    with pytest.raises(RuleError, match="longer than"):
        resolve({"a": "${event.x}${event.x}"}, scope)


def test_what_is_nested_too_deep_is_cut_off_with_a_note() -> None:
    """An event deeper than any real one still becomes a parameter, and takes nobody's stack."""
    value: Any = "bottom"
    for _ in range(900):
        value = [value]
    found = resolve({"a": "${event.x}"}, {"event": {"x": value}})["a"]
    levels = 0
    while isinstance(found, list):
        (found,), levels = found, levels + 1
    assert levels == 100
    assert "nested too deeply" in found
