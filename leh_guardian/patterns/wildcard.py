"""Wildcards: literal pieces with ``*`` between them.

Rule kept: linear time. The first piece is held to the start, the last to the end, and each piece between them to the
first place where it fits, so nothing is ever tried twice and no limit on the number of stars is needed.
"""

from __future__ import annotations

from leh_guardian.patterns.errors import PatternError, Where


def parse_wildcard(text: str, where: Where) -> tuple[str, ...]:
    r"""Split a wildcard at its stars, undoing the only two escapes, ``\*`` and ``\\`` (event-ruler, WildcardParser)."""
    pieces: list[str] = []
    piece: list[str] = []
    position = 0
    while position < len(text):
        char, following = text[position], text[position + 1 : position + 2]
        if char == "\\":
            if following not in {"*", "\\"}:
                raise PatternError(f"Invalid escape character at pos {_byte_position(text, position)}", where)
            piece.append(following)
            position += 1
        elif char == "*":
            if following == "*":
                raise PatternError(f"Consecutive wildcard characters at pos {_byte_position(text, position)}", where)
            pieces.append("".join(piece))
            piece.clear()
        else:
            piece.append(char)
        position += 1
    return (*pieces, "".join(piece))


def wildcard_matches(pieces: tuple[str, ...], value: str) -> bool:
    """Tell whether the value is the pieces in order, with anything or nothing in place of each star."""
    if len(pieces) == 1:
        return value == pieces[0]
    first, *middle, last = pieces
    position, end = len(first), len(value) - len(last)
    if position > end or not value.startswith(first) or not value.endswith(last):
        return False
    for piece in middle:
        found = value.find(piece, position, end)
        if found < 0:
            return False
        position = found + len(piece)
    return True


def _byte_position(text: str, position: int) -> int:
    # EventBridge counts UTF-8 bytes, and the opening quote as the first.
    return 1 + len(text[:position].encode("utf-8", "surrogatepass"))
