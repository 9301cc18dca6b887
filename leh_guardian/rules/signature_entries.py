"""Owns the shape of a signature table as pydantic models; the one rule: a row is a name, a verdict and one event pattern."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from leh_guardian.diagnosis.signatures import Verdict
from leh_guardian.rules.entries import Entry, Given, Pattern, RuleId


class SignatureEntry(Entry):
    """A row: what a failure looks like, and what it means."""

    id: RuleId
    """The name under which it is counted; unique in its file. A row of the built-in table's name stands in its place."""
    description: str = ""
    """What it is about."""
    verdict: Verdict
    """What it means."""
    pattern: Pattern
    """An event pattern over the fields of one exception: exception, module, provider, status, code, type, param, operation,
    message, through, before, cut."""
    one_file: Annotated[Verdict | None, Given] = None
    """What it means where all failures are of one file, and others are done."""
    many_cases: Annotated[Verdict | None, Given] = None
    """What it means where it is met in many cases."""


class SignatureFileEntry(Entry):
    """A signature table whose rows have not been looked at yet."""

    version: Literal[1]
    """The version of the table's language."""
    signatures: tuple[Any, ...]


class WholeSignatureFileEntry(SignatureFileEntry):
    """A signature table of leh_guardian: what the AI worker's failures look like, and what they mean."""

    signatures: Annotated[tuple[SignatureEntry, ...], Field()]
    """The rows; the first that fits decides. They come before the built-in ones."""
