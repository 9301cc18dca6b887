"""Hostile text and numbers become storable."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from leh_guardian.model.text import dump_json, shown, storable, storable_key

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters(codec=None, exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(ANYTHING)
def test_json_is_always_valid(value: Any) -> None:
    """Whatever the value, the text is JSON without NaN, infinities or raw surrogates, and can be sent as UTF-8."""
    text = dump_json(value)
    text.encode("utf-8")
    json.loads(text, parse_constant=lambda name: (_ for _ in ()).throw(AssertionError(name)))


@given(st.text(st.characters(codec=None, exclude_categories=[])))
def test_storable_text_has_no_nul_and_no_surrogates(text: str) -> None:
    """PostgreSQL takes it."""
    assert "\x00" not in storable(text)
    storable(text).encode("utf-8")


@given(st.text(), st.text())
def test_keys_are_bounded_and_stay_different(one: str, other: str) -> None:
    """Keys fit a bounded column; only equal texts have equal keys (long ones by their digest)."""
    assert len(storable_key(one * 50)) <= 200
    if storable(one) != storable(other):
        assert storable_key(one * 50) != storable_key(other * 50) or one * 50 == other * 50


@given(st.text())
def test_shown_text_is_one_harmless_line(text: str) -> None:
    """No control character of an event reaches a terminal, and no second line forges a log entry."""
    line = shown(text, 50)
    assert len(line) <= 50
    assert line.isprintable() or line == ""


def test_deep_nesting_is_cut_off_with_a_note() -> None:
    """An event nested far deeper than any real one is still storable."""
    value: Any = 1
    for _ in range(5000):
        value = [value]
    assert "nested too deeply" in dump_json(value)
