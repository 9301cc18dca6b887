"""Comparison without regard to case, as EventBridge understands it.

Rule kept: each character of the *pattern* accepts its own lower or upper form and nothing else (event-ruler,
EqualsIgnoreCaseParser). So the pattern ``straße`` accepts ``STRASSE`` and not ``strasse``, and ``k`` does not accept
the Kelvin sign, though the Kelvin sign accepts ``k``. Nothing is normalised.
"""

from __future__ import annotations

from collections.abc import Sequence


class AnyCase:
    """A text in any case. Neither form of a character begins or ends the other, so no choice is ever taken back."""

    __slots__ = ("_forms", "_lower", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._lower = text.lower() if text.isascii() else None
        self._forms = () if text.isascii() else tuple((char.lower(), char.upper()) for char in text)

    @property
    def folded(self) -> str | None:
        """What the case folding of every equal text is; None where folding tells the two forms of a character apart."""
        if all(char.lower().casefold() == char.upper().casefold() for char in self.text):
            return self.text.lower().casefold()
        return None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AnyCase) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def equals(self, value: str) -> bool:
        """Tell whether the value is this text."""
        if self._lower is not None:
            return value.isascii() and value.lower() == self._lower
        return _end_of(self._forms, value) == len(value)

    def begins(self, value: str) -> bool:
        """Tell whether the value begins with this text."""
        if self._lower is not None:
            return self.equals(value[: len(self.text)])
        return _end_of(self._forms, value) >= 0

    def ends(self, value: str) -> bool:
        """Tell whether the value ends with this text."""
        if self._lower is not None:
            return len(value) >= len(self.text) and self.equals(value[len(value) - len(self.text) :])
        return _start_of(self._forms, value) >= 0


def _end_of(forms: Sequence[tuple[str, str]], value: str) -> int:
    """Give the position in the value after the forms, or -1."""
    position = 0
    for lower, upper in forms:
        if value.startswith(lower, position):
            position += len(lower)
        elif value.startswith(upper, position):
            position += len(upper)
        else:
            return -1
    return position


def _start_of(forms: Sequence[tuple[str, str]], value: str) -> int:
    """Give the position in the value before the forms, or -1."""
    position = len(value)
    for lower, upper in reversed(forms):
        if value.endswith(lower, 0, position):
            position -= len(lower)
        elif value.endswith(upper, 0, position):
            position -= len(upper)
        else:
            return -1
    return position
