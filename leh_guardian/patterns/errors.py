"""The one error of this package.

Rule kept: whatever is wrong with an event pattern is told as a PatternError, in EventBridge's own words where
EventBridge has any, together with the place of the fault.
"""

from __future__ import annotations

Where = tuple[str | int, ...]
"""A place in a pattern: the keys as written and the list positions that lead to it."""


class PatternError(ValueError):
    """The event pattern is not valid.

    ``str(error)`` is EventBridge's reason; ``path`` is the place of the fault, for example
    ``("detail", "$or", 1, "state", 0, "prefix")``, so that a loader can point at the line.
    """

    def __init__(self, reason: str, path: Where = ()) -> None:
        super().__init__(reason)
        self.path = path


class OrShapeError(PatternError):
    """A ``$or`` that cannot be the operator and so may only be an ordinary field name."""
