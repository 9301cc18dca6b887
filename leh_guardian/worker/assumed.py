"""Owns what a piece of evidence is assumed to use, by its kind and size; the one rule: the numbers are those of the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from leh_guardian.uploads.media import kind_of_extension, kind_of_type

SIZES: Final = ("size", "file_size", "size_bytes", "content_length")
TYPES: Final = ("content_type", "mime_type", "type", "file_type")
"""Where a record may say it, the best first."""
_KIB: Final = 1024
_LARGEST: Final = 1 << 50


@dataclass(frozen=True, slots=True)
class PerKind:
    """Tokens that a file of one kind sends."""

    base: int = 0
    per_kib: float = 0.0

    def of(self, size: int) -> float:
        """Return them for a file of so many bytes."""
        return self.base + self.per_kib * size / _KIB


@dataclass(frozen=True, slots=True)
class Job:
    """What one attempt at a piece of evidence uses."""

    model: str
    prompt_tokens: int
    """Of a piece of which nothing more is known."""
    completion_tokens: int
    kinds: Mapping[str, PerKind] = field(default_factory=dict)
    most: int = 300_000
    """The most that one attempt is assumed to send."""

    def prompt_of(self, item: Mapping[str, Any] | None) -> tuple[int, bool]:
        """Return the tokens that an attempt at a piece sends, and whether its record has told so: its size and what it is."""
        size, kind = _size(item or {}), _kind(item or {})
        assumed = self.kinds.get(kind or "")
        if size is None or assumed is None:
            return self.prompt_tokens, False
        return min(self.most, round(assumed.of(size))), True


def _size(item: Mapping[str, Any]) -> int | None:
    for name in SIZES:
        value = item.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _LARGEST:
            return int(value)
        if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 16:
            return int(value)
    return None


def _kind(item: Mapping[str, Any]) -> str | None:
    """Return the kind of a file by its content type, or by a word that is a kind or an extension: image/png, image, PDF, .hwp."""
    for name in TYPES:
        value = item.get(name)
        if isinstance(value, str) and value and len(value) <= 100:
            word = value.strip().lower().removeprefix(".")
            kind = kind_of_type(word) if "/" in word else kind_of_extension(word) or word
            if kind:
                return kind
    return None
