"""Owns the shape of the file of upload signals as pydantic models; the one rule: a comparison is a measure, a word and a number."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from leh_guardian.rules.entries import Entry, RuleId
from leh_guardian.uploads.measures import MEASURES
from leh_guardian.uploads.signals import Comparison

COMPARISONS: Final[tuple[Comparison, ...]] = ("above", "at_least", "below", "at_most")

Family = Literal["rate", "automation", "account", "network", "content", "time", "trust"]
Against = Literal["rate", "automation", "account", "network", "content", "time"]
MeasureName = Annotated[str, WithJsonSchema({"type": "string", "enum": sorted(MEASURES)})]
Number = Annotated[float | int, Field(ge=-1e12, le=1e12)]
Weight = Annotated[float | int, Field(ge=-20, le=20)]
Cap = Annotated[float | int, Field(ge=0, le=100)]


def _some(value: tuple[Any, ...]) -> tuple[Any, ...]:
    # After the items have been looked at: a list with a mistake in it is not also a list that is too short.
    if value:
        return value
    raise ValueError("write one at least")


Some = AfterValidator(_some)
_SOME: Final = Field(json_schema_extra={"minItems": 1})


class ConditionEntry(Entry):
    """A measure compared with a number, by one of above, at_least, below, at_most."""

    measure: MeasureName
    """What is measured; docs/uploads.md lists the measures."""
    above: Number | None = None
    """More than this."""
    at_least: Number | None = None
    """This or more."""
    below: Number | None = None
    """Less than this."""
    at_most: Number | None = None
    """This or less."""

    @model_validator(mode="after")
    def _one_comparison(self) -> Self:
        if sum(getattr(self, word) is not None for word in COMPARISONS) != 1:
            raise ValueError(f"write one of {', '.join(COMPARISONS)} with a number")
        return self


class SignalEntry(Entry):
    """A named reason for or against."""

    id: RuleId
    """The name under which it is told; unique in its file."""
    description: str = ""
    """What it is about."""
    family: Family
    """Signals of a family tell of the same thing; together they weigh no more than `families` says. `trust` speaks for somebody."""
    weight: Weight
    """Log-odds that are added where it holds; below 0 for trust."""
    when: Annotated[tuple[ConditionEntry, ...], Some, _SOME]
    """All must hold; the first is shown with its value. With a measure missing the signal is missing and weighs nothing."""
    unless: tuple[ConditionEntry, ...] = ()
    """None may hold; one whose measure is missing does not."""
    contains: bool = False
    """It alone makes whoever shows it suspicious, whatever speaks for them."""

    @model_validator(mode="after")
    def _trust_speaks_for(self) -> Self:
        if (self.family == "trust") != (self.weight < 0):
            raise ValueError("signals of the family trust weigh less than 0, all others more")
        return self


class VerdictsEntry(Entry):
    """From which score on a burst is what; below both it is legitimate."""

    suspicious: Weight
    attack: Weight

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.attack < self.suspicious:
            raise ValueError("an attack needs no lower score than what is suspicious")
        return self


class DecisiveEntry(Entry):
    """Evidence without which nothing is an attack."""

    families: Annotated[tuple[Against, ...], Some, _SOME]
    """The families that it is of."""
    weight: Cap
    """What these weigh together at least."""


class UploadSignalsEntry(Entry):
    """A file of upload signals whose signals have not been looked at yet."""

    version: Literal[1]
    """The version of the file's language."""
    prior: Weight
    """Log-odds of an attack before anything is known."""
    verdicts: VerdictsEntry
    """From which score on a burst is what."""
    require_families: Annotated[int, Field(ge=1, le=6)] = 2
    """Families, trust apart, of which an attack shows signals."""
    decisive: DecisiveEntry
    """Evidence that an attack shows, whatever its score."""
    families: dict[Family, Cap] = Field(default_factory=dict)
    """What the signals of a family may weigh together, either way."""
    signals: tuple[Any, ...]


class WholeUploadSignalsEntry(UploadSignalsEntry):
    """Upload signals of leh_guardian: what tells an attack by uploads from a lawyer's bulk upload."""

    signals: Annotated[tuple[SignalEntry, ...], Some, _SOME]
    """The signals; their weights are added."""
