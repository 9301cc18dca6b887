"""The event pattern language of Amazon EventBridge: compile, match, explain, and an index over many patterns.

Rule kept: AWS is the authority. Where its documentation ("Amazon EventBridge event patterns: comparison operators")
is silent, aws/event-ruler, the engine AWS runs, is followed. Its quirks are kept but for five that are plain slips:
CIDR across address families, emoji in equals-ignore-case, text after the pattern, empty field names, doubled keys in
an event (which a decoder drops). This package knows nothing of the rest of leh_guardian.
"""

from __future__ import annotations

from leh_guardian.patterns.errors import PatternError
from leh_guardian.patterns.explanation import AlternativeExplanation, Explanation, FieldExplanation
from leh_guardian.patterns.fields import Alternative, Field
from leh_guardian.patterns.index import PatternIndex
from leh_guardian.patterns.pattern import Pattern, compile_pattern

__all__ = [
    "Alternative",
    "AlternativeExplanation",
    "Explanation",
    "Field",
    "FieldExplanation",
    "Pattern",
    "PatternError",
    "PatternIndex",
    "compile_pattern",
]
