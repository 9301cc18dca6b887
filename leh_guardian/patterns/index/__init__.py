"""Many patterns at once: which of them does an event match?

Rule kept: an event is walked once however many patterns there are, and a pattern is looked at only if the event holds
something that the pattern cannot do without. What that is, one file for each kind says; ``lookup`` has the bounds.
"""

from __future__ import annotations

from leh_guardian.patterns.index.lookup import PatternIndex

__all__ = ["PatternIndex"]
