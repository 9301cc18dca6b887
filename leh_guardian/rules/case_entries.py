"""Owns the shape of a file of rule cases as pydantic models; the one rule: a case says what is given and what must follow."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from leh_guardian.model.mode import Mode
from leh_guardian.model.plan import Severity
from leh_guardian.rules.entries import Entry, Pause, RuleId, StepId
from leh_guardian.rules.ruleset import MatchKind


class _Expected(Entry):
    @model_validator(mode="after")
    def _stated(self) -> Self:
        """Refuse a key without its value: half an edit must not mean that anything will do."""
        empty = sorted(name for name in self.model_fields_set if getattr(self, name) is None)
        if empty:
            raise ValueError(f"give `{empty[0]}` a value or leave it out")
        return self


class ExpectedUse(_Expected):
    """One step that must be planned."""

    uses: str
    """The handler's name."""
    id: StepId | None = None
    """The step's name."""
    with_: Annotated[dict[str, Any], Field(alias="with", default_factory=dict)]
    """Parameters that it must have, references resolved; those not named here may be anything."""


class ExpectedMatch(_Expected):
    """One rule that the event must concern. What is left out may be anything."""

    rule: RuleId
    """The rule's id."""
    matches: MatchKind = MatchKind.TRIGGER
    """trigger: the event opens an incident (or is counted by the open one); resolve: it is the rule's OK; after: something is
    expected from now on; then: what was expected has come; count: a `window` counts it."""
    dedup: str | None = None
    """The value that names the incident."""
    severity: Severity | None = None
    mode: Mode | None = None
    """The mode in the rule file."""
    actions: tuple[ExpectedUse, ...] | None = None
    """The steps that the event and the given facts decide to run, all of them in order; [] for none."""
    verify: ExpectedUse | None = None
    """The proof."""
    asks_people: bool | None = None
    """Whether people are told in place of the proof, since no step is for what the `facts` say."""


class GivenEvent(_Expected):
    """A message body, written here or in a file of its own, or a tick."""

    event: dict[str, Any] | None = None
    """The message body: an EventBridge event, SNS notification, CloudWatch alarm or S3 notification."""
    event_file: Annotated[str | None, Field(pattern=r"^[^/\\.][^/\\]*\.json$")] = None
    """A JSON file beside this one that holds the body instead."""
    tick: RuleId | None = None
    """A tick of this rule's `schedule` instead, in time."""
    times: Annotated[int, Field(ge=1, le=1000)] = 1
    """How often it comes, for what a `window` counts; `${n}` in a text of the event is the number of the time."""
    every: Pause = timedelta(0)
    """The pause between two of them."""

    @model_validator(mode="after")
    def _one_event(self) -> Self:
        if sum(given is not None for given in (self.event, self.event_file, self.tick)) != 1:
            raise ValueError("give either `event`, `event_file` or `tick`")
        if self.tick is not None and self.times > 1:
            raise ValueError("a `tick` comes once: `times` is for events")
        return self


class LaterEntry(GivenEvent):
    """A further event."""

    after: Pause
    """How long after the event before it."""


class CaseEntry(GivenEvent):
    """An event, and everything that must follow from it."""

    name: Annotated[str, Field(min_length=1)]
    """What the case shows, in a sentence."""
    later: tuple[LaterEntry, ...] = ()
    """Further events, in order: what rules with `expect` wait for."""
    wait: Pause = timedelta(0)
    """How long nothing happens after the last event. What was expected for no longer than that is missed."""
    found: bool = False
    """Whether the last look (`unless`) of such rules finds what did not follow."""
    facts: Annotated[dict[str, dict[str, Any]], Field(default_factory=dict)]
    """{step id: the facts that the step ended with}, for conditions and references."""
    expect: tuple[ExpectedMatch, ...]
    """Every rule that the events open an incident of, and any whose OK they are; [] where there must be none."""


class CaseFileEntry(Entry):
    """A file of rule cases whose cases have not been looked at yet."""

    version: Literal[1]
    """The version of the case language."""
    cases: tuple[Any, ...]


class WholeCaseFileEntry(CaseFileEntry):
    """Rule cases of leh_guardian: given events, and the plans that must follow."""

    cases: tuple[CaseEntry, ...]
    """The cases, in any order."""
