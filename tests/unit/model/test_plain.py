"""Plain data: what an incident's row keeps of its plan and its policy."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from leh_guardian.model.plain import plain


@dataclass(frozen=True)
class _Inner:
    names: tuple[str, ...] = ("a", "b")
    at: datetime = datetime(2026, 11, 22, tzinfo=UTC)


@dataclass(frozen=True)
class _Outer:
    inner: _Inner = field(default_factory=_Inner)
    many: list[_Inner] = field(default_factory=lambda: [_Inner(()), _Inner()])
    by_name: dict[str, Any] = field(default_factory=lambda: {"one": {"deep": [1, None, {"deeper": _Inner()}]}})


def test_every_dataclass_becomes_a_dictionary_of_its_fields() -> None:
    """At any depth, the fields in their order: it is what `dataclasses.asdict` makes of it."""
    made = plain(_Outer())
    assert made == asdict(_Outer())
    assert list(made) == ["inner", "many", "by_name"]
    assert made["inner"] == {"names": ("a", "b"), "at": datetime(2026, 11, 22, tzinfo=UTC)}


def test_what_is_made_can_be_changed_without_harm() -> None:
    """Lists and dictionaries are others than those of the value, which stays as it was."""
    value = _Outer()
    made = plain(value)
    made["by_name"]["one"]["deep"].append("more")
    made["many"].clear()
    assert value == _Outer()
