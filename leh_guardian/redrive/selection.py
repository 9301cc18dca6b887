"""Owns which letters are meant; the one rule: a letter that does not say what is asked for is not chosen by it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from leh_guardian.fields import Duration
from leh_guardian.model.letter import Letter
from leh_guardian.ports import ReceivedMessage
from leh_guardian.registry import Params
from leh_guardian.rules.expressions import ExpressionError, compile_expression

UNKNOWN = "unknown"
"""What a letter's error is called that does not say."""


def _expression(text: str) -> str:
    compile_expression(text)
    return text


class Selection(Params):
    """Which letters; each member that is given must fit."""

    older_than: Duration | None = None
    """Sent at least so long ago."""
    newer_than: Duration | None = None
    """Sent at most so long ago."""
    errors: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """One of these in the error's type, code or message; `unknown` for letters that do not say what they died of."""
    cases: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Of one of these cases."""
    where: Annotated[str, AfterValidator(_expression)] | None = None
    """A JMESPath expression over `body`, `attributes`, `error`, `message`, `evidence`, `cases` and `age_seconds`."""

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return self == Selection()

    def refusal(self, message: ReceivedMessage, letter: Letter, now: datetime) -> str:
        """Return why a letter is not meant, or an empty text."""
        age = None if message.sent_at is None else now.timestamp() - message.sent_at
        if self.older_than is not None and not (age is not None and age >= self.older_than.total_seconds()):
            return "too young" if age is not None else "of unknown age"
        if self.newer_than is not None and not (age is not None and age <= self.newer_than.total_seconds()):
            return "too old" if age is not None else "of unknown age"
        if self.errors and not self._died_of(letter):
            return "of another error"
        if self.cases and not set(self.cases) & set(letter.cases):
            return "of another case"
        if self.where is not None and not _fits(self.where, message, letter, age):
            return "does not fit `where`"
        return ""

    def _died_of(self, letter: Letter) -> bool:
        said = f"{letter.error}\n{letter.message}"
        return any((not said.strip()) if wanted == UNKNOWN else wanted in said for wanted in self.errors)


def _fits(where: str, message: ReceivedMessage, letter: Letter, age: float | None) -> bool:
    data: dict[str, Any] = {
        "body": letter.content,
        "attributes": {name: value.get("StringValue") for name, value in message.attributes.items()},
        "error": letter.error or UNKNOWN,
        "message": letter.message,
        "evidence": list(letter.evidence),
        "cases": list(letter.cases),
        "age_seconds": age,
    }
    try:
        found = compile_expression(where).search(data)
    except ExpressionError:
        # This letter has something else where the expression expects a number or a text.
        return False
    # JMESPath's own notion of falsehood (specification, "Or Expressions"): zero is true.
    return found is not None and found is not False and found not in ("", [], {})
