"""Owns the shape of policies, classes and what holds calls back in `oncall.yaml`; the one rule: conditions are event patterns."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from leh_guardian.model.oncall.terms import Mode
from leh_guardian.model.plan import Severity
from leh_guardian.model.policy import AckBy, OnEmpty
from leh_guardian.rules.entries import Entry, Given, Pattern, Pause, Span
from leh_guardian.rules.oncall.entries import Word
from leh_guardian.rules.oncall.written import SOME, Clock, Moment, Name, Some, Target, Times, Weekday, Zone

Level = Annotated[int, Field(ge=1, le=9)]


class StepEntry(Entry):
    """Who is called, and how long they have."""

    level: Level
    """The runbook's level, 1 for Lv1."""
    notify: Annotated[tuple[Target, ...], Some, SOME]
    """schedule:ID, person:ID, team:ID, channel:NAME; channel:default is the one of the settings."""
    ack_within: Annotated[Span | None, Given] = None
    """How long until the next step where nobody acknowledges; all steps but the last need it."""
    resolve_within: Annotated[Span | None, Given] = None
    """How long after an acknowledgement the next level is called though somebody is at it. Left out: never."""
    keep: tuple[Level, ...] = ()
    """Earlier levels whose people are told of this step, without being called."""
    on_empty: OnEmpty = OnEmpty.FALLBACK
    """When nobody is on call: fallback calls the schedule's fallback, skip goes on to the next step at once."""
    ack_by: AckBy = AckBy.ANY
    """Whose acknowledgement stops the calls: any, or all."""


class AfterLastEntry(Entry):
    """What follows when the last step was not answered either."""

    repeat_from: Annotated[Level | None, Given] = None
    """The level from which it repeats. Left out: the last one."""
    every: Span = timedelta(minutes=15)
    """The pause before the first repeat."""
    backoff: Annotated[float, Field(ge=1, le=10)] = 1.5
    """Each pause is so many times the one before."""
    max_every: Span = timedelta(minutes=60)
    times: Annotated[Times, Field(json_schema_extra={"default": "forever"})] = None
    """forever, or how many times."""


class AckEntry(Entry):
    """How long an acknowledgement holds."""

    timeout: dict[Severity, Span] = Field(default_factory=dict)
    """{severity: how long} until the same step is called again; of one that is not named, for ever. Left out: 30m, 60m, 8h."""
    remind_before: Pause = timedelta(minutes=10)
    """How long before that who acknowledged is reminded; 0m for no reminder."""
    extend_on_activity: bool = True
    """Whether what people do on the incident begins the time anew."""


class ResolveEntry(Entry):
    """How an incident ends, and comes back."""

    on_ok_event: Literal["auto", "never"] = "auto"
    """Whether an OK event may close it."""
    hold: Annotated[Pause | None, Given] = None
    """How long an OK is held against flapping. Left out: the setting incidents.resolve_hold."""
    reopen_within: Pause = timedelta(minutes=30)
    """How long trouble that comes back opens the same incident again."""
    lv3_requires_human: bool = True
    """Whether from Lv3 on no event closes it, a person does."""


class GroupingEntry(Entry):
    """How calls of one kind become one; which incidents there are, a rule's `dedup` says."""

    wait: Pause = timedelta(0)
    """How long the first call waits for more of its kind."""


class PolicyEntry(Entry):
    """An escalation policy."""

    extends: Annotated[Name | None, Given] = None
    """A policy that holds for all that is not said here."""
    steps: Annotated[tuple[StepEntry, ...], Field(max_length=20), Some, SOME] = ()
    """In their order; needed unless `extends` has some."""
    after_last: AfterLastEntry = AfterLastEntry()
    ack: AckEntry = AckEntry()
    resolve: ResolveEntry = ResolveEntry()
    start_level: Level = 1
    """The level at which incidents begin, unless their rule says more."""
    remediation_grace: Pause = timedelta(minutes=2)
    """How long a remedy that is really running may take before Lv1 is called."""
    suppressible: bool = True
    """Whether silences, maintenance windows and inhibition may hold its calls back."""
    notify_also: tuple[Target, ...] = ()
    """Called with the first step."""
    grouping: GroupingEntry = GroupingEntry()


class ClassEntry(Entry):
    """What an event is taken for."""

    severity: Annotated[Severity | None, Given] = None
    class_: Annotated[Name | None, Given, Field(alias="class")] = None
    """A word such as data_leak, which `inhibit` and `maintenance` can ask for."""
    policy: Annotated[Name | None, Given] = None
    start_level: Annotated[Level | None, Given] = None


class ClassRuleEntry(Entry):
    """What events that match are taken for; of several that match the worst counts."""

    id: Name
    description: str = ""
    pattern: Pattern
    """An event pattern over the event's envelope."""
    set: ClassEntry


class ClassifyEntry(Entry):
    """How bad events are, and who is called."""

    default: ClassEntry = ClassEntry()
    """What a rule that matches does not say."""
    rules: tuple[Any, ...] = ()
    raise_only: Literal[True] = True
    """What is done automatically only raises; a person lowers."""


class WholeClassifyEntry(ClassifyEntry):
    """How bad events are, and who is called."""

    rules: tuple[ClassRuleEntry, ...] = ()


class InhibitEntry(Entry):
    """While an incident that `source` matches is open, calls of those that `target` matches are held back."""

    name: Word
    source: Pattern
    """An event pattern over {rule, severity, class, level, dedup_key} of an incident."""
    target: Pattern
    """Likewise."""
    equal: tuple[str, ...] = ()
    """Of those names, the ones that both must have the same."""
    max: Span = timedelta(hours=2)
    """How long at most, whatever the source does."""


class MaintenanceEntry(Entry):
    """A window in which calls are held back: every week (days, at, for) or once (from, to)."""

    name: Word
    match: Pattern
    """An event pattern over {rule, severity, class, level, dedup_key} of an incident."""
    mode: Mode = Mode.COLLECT
    """collect: calls wait, and are made when the window ends and the trouble has not; suppress: they are not made."""
    timezone: Annotated[Zone | None, Given] = None
    """Left out: the file's."""
    days: tuple[Weekday, ...] = ()
    at: Clock = time(0)
    for_: Annotated[Span | None, Given, Field(alias="for")] = None
    from_: Annotated[Moment | None, Given, Field(alias="from")] = None
    to: Annotated[Moment | None, Given] = None


class HeartbeatEntry(Entry):
    """Something that must be heard of again and again; silence opens an incident."""

    name: Name
    every: Span
    grace: Pause = timedelta(minutes=5)
    """How long beyond `every` silence is not trouble yet."""
    severity: Severity = Severity.SEV2
    policy: Name = "default"
    start_level: Annotated[Level | None, Given] = None


class HeartbeatsEntry(Entry):
    """What must be heard from."""

    inbound: tuple[Any, ...] = ()


class WholeHeartbeatsEntry(HeartbeatsEntry):
    """What must be heard from."""

    inbound: tuple[HeartbeatEntry, ...] = ()
