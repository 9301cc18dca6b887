"""How complex the wildcards of a field are, as EventBridge counts it, and the refusal of too complex ones.

Rule kept: the count is that of event-ruler's MachineComplexityEvaluator: how many beginnings of the field's wildcards
one value can match at once. ``a*`` is a beginning of ``a*b``, and so is ``a``. It is worked out, not searched for: once a
value has got past a star that beginning is matched for good, and what else is matched are beginnings of the texts
after stars, all of them ends of the longest one.

The service's own limit is not published. It refuses ``*:*:*:*:*:event-bus/*`` (11) and its documentation shows
patterns of up to 7 that it takes; at 10, nothing is refused that is known to be taken. Matching here needs no limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from leh_guardian.patterns.errors import PatternError, Where
from leh_guardian.patterns.operators import AnythingBut, Operator, Wildcard

MAX_COMPLEXITY = 10

_Text = tuple[bytes, ...]
"""A wildcard as EventBridge has it: the UTF-8 of its pieces, the value's quotes included."""


def refuse_complex_wildcards(operators: Sequence[Operator], where: Where) -> None:
    """Raise PatternError if the wildcards of a field are too complex together."""
    wildcards = {operator.pieces for operator in operators if isinstance(operator, Wildcard)}
    # Those that are negated are counted one by one: together they are one pattern, and count for less.
    negated = {
        refused.pieces
        for operator in operators
        if isinstance(operator, AnythingBut)
        for refused in operator.refused
        if isinstance(refused, Wildcard)
    }
    if any(complexity(group) > MAX_COMPLEXITY for group in (wildcards, *([one] for one in negated)) if group):
        raise PatternError(
            "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a"
            " wildcard character",
            where,
        )


def complexity(wildcards: Iterable[tuple[str, ...]]) -> int:
    """Count how many beginnings of these wildcards, given by their pieces, one value can match at once.

    Counting ends once it is beyond the limit.
    """
    texts = [_text(pieces) for pieces in wildcards]
    if len(texts) > MAX_COMPLEXITY:
        return len(texts)  # all of them begin with the quote
    most = 1
    for anchor in {text[0] for text in texts}:
        reached = [text for text in texts if len(text) > 1 and anchor.startswith(text[0])]
        most = max(most, sum(len(text) - 1 for text in reached))
        if most <= MAX_COMPLEXITY:
            most = max(most, sum(len(text) - 1 for text in reached) + _most_ends(reached))
    return most if most > MAX_COMPLEXITY or len(texts) == 1 else max(most, _most_at_anchors(texts))


def _text(pieces: tuple[str, ...]) -> _Text:
    encoded = [piece.encode("utf-8", "surrogatepass") for piece in pieces]
    encoded[0] = b'"' + encoded[0]
    encoded[-1] += b'"'
    return tuple(encoded)


def _most_ends(texts: Sequence[_Text]) -> int:
    """Give the greatest number of beginnings of the pieces after stars that can end a value together."""
    # An Aho-Corasick automaton: each node is a beginning, and its fallback is the longest other that it ends with.
    children: list[dict[int, int]] = [{}]
    weight = [0]
    for piece in (piece for text in texts for piece in text[1:]):
        node = 0
        for byte in piece:
            if byte not in children[node]:
                children[node][byte] = len(children)
                children.append({})
                weight.append(0)
            node = children[node][byte]
            weight[node] += 1
    fallback = [0] * len(children)
    queue = [0]
    for node in queue:
        for byte, child in children[node].items():
            back = fallback[node]
            while back and byte not in children[back]:
                back = fallback[back]
            fallback[child] = children[back].get(byte, 0) if node else 0
            weight[child] += weight[fallback[child]]
            queue.append(child)
    return max(weight)


def _most_at_anchors(texts: Sequence[_Text]) -> int:
    """Give the greatest number of beginnings matched while some wildcard is not yet at its first star."""
    symbols = [_symbols(text) for text in texts]
    most = 0
    for anchor in {text[0] for text in texts}:
        matched = [{0} for _ in texts]
        for byte in anchor:
            matched = [_step(states, wildcard, byte) for states, wildcard in zip(matched, symbols, strict=True)]
            most = max(most, sum(map(len, matched)))
            if most > MAX_COMPLEXITY:
                return most
    return most


def _symbols(text: _Text) -> list[int | None]:
    symbols: list[int | None] = list(text[0])
    for piece in text[1:]:
        symbols += [None, *piece]
    return symbols


def _step(states: Iterable[int], wildcard: Sequence[int | None], byte: int) -> set[int]:
    """Give how many symbols may be done with after one more byte; a star may also be left out."""
    after = {state for state in states if state and wildcard[state - 1] is None}
    after |= {state + 1 for state in states if state < len(wildcard) and wildcard[state] == byte}
    return after | {state + 1 for state in after if state < len(wildcard) and wildcard[state] is None}
