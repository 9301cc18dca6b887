"""The comparison operators, each a frozen value that answers for one scalar of the event.

Rule kept: types are strict (AWS: "Amazon EventBridge event patterns: comparison operators"; event-ruler README). Text
operators answer no to whatever is not text, numeric to whatever is not a comparable number; the negations answer yes.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Protocol

from leh_guardian.patterns.address import Address, Block, parse_address
from leh_guardian.patterns.ignore_case import AnyCase
from leh_guardian.patterns.values import MISSING, Value
from leh_guardian.patterns.wildcard import wildcard_matches


class Operator(Protocol):
    """What one alternative of a field asks of a value."""

    def matches(self, value: Value) -> bool:
        """Tell whether this value, which may be MISSING, satisfies the operator."""
        ...


@dataclass(frozen=True, slots=True)
class Exact:
    """One of these very values."""

    keys: frozenset[Value]

    def matches(self, value: Value) -> bool:
        """Tell whether the value is one of the keys."""
        return value in self.keys


@dataclass(frozen=True, slots=True)
class ExactAddress:
    """This IP address, however spelled: an exact string that is an address matches all its spellings."""

    address: Address

    def matches(self, value: Value) -> bool:
        """Tell whether the value spells the address."""
        return isinstance(value, str) and parse_address(value) == self.address


@dataclass(frozen=True, slots=True)
class Prefix:
    """Text that begins so."""

    text: str

    def matches(self, value: Value) -> bool:
        """Tell whether the value begins with the text."""
        return isinstance(value, str) and value.startswith(self.text)


@dataclass(frozen=True, slots=True)
class Suffix:
    """Text that ends so."""

    text: str

    def matches(self, value: Value) -> bool:
        """Tell whether the value ends with the text."""
        return isinstance(value, str) and value.endswith(self.text)


@dataclass(frozen=True, slots=True)
class EqualsIgnoreCase:
    """This text in any case."""

    text: AnyCase

    def matches(self, value: Value) -> bool:
        """Tell whether the value is the text in some case."""
        return isinstance(value, str) and self.text.equals(value)


@dataclass(frozen=True, slots=True)
class PrefixIgnoreCase:
    """Text that begins so, in any case."""

    text: AnyCase

    def matches(self, value: Value) -> bool:
        """Tell whether the value begins with the text in some case."""
        return isinstance(value, str) and self.text.begins(value)


@dataclass(frozen=True, slots=True)
class SuffixIgnoreCase:
    """Text that ends so, in any case."""

    text: AnyCase

    def matches(self, value: Value) -> bool:
        """Tell whether the value ends with the text in some case."""
        return isinstance(value, str) and self.text.ends(value)


@dataclass(frozen=True, slots=True)
class Wildcard:
    """Text made of these pieces, with anything between them."""

    pieces: tuple[str, ...]

    def matches(self, value: Value) -> bool:
        """Tell whether the value fits the wildcard."""
        return isinstance(value, str) and wildcard_matches(self.pieces, value)


@dataclass(frozen=True, slots=True)
class Numeric:
    """A number of this range. The widest is the finite doubles, for EventBridge cannot compare infinity."""

    low: float = -sys.float_info.max
    high: float = sys.float_info.max
    above: bool = False
    """Whether ``low`` itself is left out."""
    below: bool = False
    """Whether ``high`` itself is left out."""

    def matches(self, value: Value) -> bool:
        """Tell whether the value is a comparable number of the range."""
        if not isinstance(value, (int, float)) or not self.low <= value <= self.high:
            return False
        return not (self.above and value == self.low) and not (self.below and value == self.high)


@dataclass(frozen=True, slots=True)
class Cidr:
    """An address of this block."""

    block: Block

    def matches(self, value: Value) -> bool:
        """Tell whether the value is an address of the block."""
        return isinstance(value, str) and self.block.holds(value)


@dataclass(frozen=True, slots=True)
class Exists:
    """Any leaf at all."""

    def matches(self, value: Value) -> bool:
        """Tell whether there is a value."""
        return value is not MISSING


@dataclass(frozen=True, slots=True)
class Absent:
    """No leaf (``exists: false``)."""

    def matches(self, value: Value) -> bool:
        """Tell whether there is no value."""
        return value is MISSING


@dataclass(frozen=True, slots=True)
class AnythingBut:
    """Any value that satisfies none of these operators, of whatever type."""

    refused: tuple[Operator, ...]

    def matches(self, value: Value) -> bool:
        """Tell whether no refused operator takes the value."""
        if value is MISSING:
            return False
        for operator in self.refused:  # noqa: SIM110  a generator costs more than most refusals
            if operator.matches(value):
                return False
        return True
