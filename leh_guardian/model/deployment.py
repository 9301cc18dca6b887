"""Owns deployments of the worker, as they are told of; the one rule: a name is compared without its clothes (ARN, alias)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

# "FunctionName" in the AWS Lambda API Reference: a name, a partial or a full ARN, each with a version or alias, or without.
_FUNCTION: Final = re.compile(
    r"(?:(?:arn:aws[a-z-]*:lambda:[a-z0-9-]+:)?\d{12}:function:)?(?P<name>[A-Za-z0-9_-]{1,140})"
    r"(?::(?P<qualifier>\$LATEST|[A-Za-z0-9_-]{1,128}))?",
    re.ASCII,
)


def function_name(reference: str) -> tuple[str, str | None] | None:
    """Return (name, alias or version) of a function's name, partial or full ARN, None where it is none; `$LATEST` is no alias."""
    found = _FUNCTION.fullmatch(reference)
    if found is None:
        return None
    return found["name"], None if found["qualifier"] == "$LATEST" else found["qualifier"]


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment that guardian was told of."""

    function: str
    """Its bare name."""
    at: datetime
    what: str
    """The API call, or `told`."""
    source: str
    """The event's id, or who said so."""
    alias: str | None = None
    """The alias that was moved; None: the code or configuration itself, or a person's word for the function as a whole."""
    by_person: bool = False

    def answers(self, alias: str | None) -> bool:
        """Tell whether it changes what is invoked under `alias`, or under the bare name for None.

        An update of the code does not change what an alias points at, and the other way round; a person's word is about all.
        """
        return self.alias == alias or (self.by_person and self.alias is None)
