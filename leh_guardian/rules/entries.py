"""Owns the shape of a rule file as pydantic models; the one rule: what a person may write is said here, with its meaning.

Attribute docstrings are the documentation that editors show (`rules schema`). Whether the parts fit together, such as a
handler and its parameters, is checked in `steps` and `compiling`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from leh_guardian.fields import Duration, parse_duration
from leh_guardian.model.mode import Mode
from leh_guardian.model.plan import OnFailure, Severity
from leh_guardian.model.window import LONGEST
from leh_guardian.rules.cron import Cron
from leh_guardian.rules.cron_spelling import read_cron
from leh_guardian.rules.oncall.written import Zone

RULE_ID: Final = r"[a-z0-9][a-z0-9-]{0,62}"
STEP_ID: Final = r"[a-z0-9][a-z0-9_-]{0,62}"
_LONGEST: Final = timedelta(days=366)
_ANY: Final = datetime(2000, 1, 1, tzinfo=UTC)
_TIMEZONE: Final = "Asia/Seoul"
"""As in oncall.yaml, whose model a check of rules does not load."""


def _rule_id(value: str) -> str:
    if re.fullmatch(RULE_ID, value):
        return value
    raise ValueError("write small letters, digits and hyphens, 63 at most, a letter or digit first")


def _step_id(value: str) -> str:
    if re.fullmatch(STEP_ID, value):
        return value
    raise ValueError("write small letters, digits, hyphens and underscores, 63 at most, a letter or digit first")


def _bounded(value: timedelta) -> timedelta:
    if value <= _LONGEST:
        return value
    raise ValueError(f"write {_LONGEST.days}d at most")


def _positive(value: timedelta) -> timedelta:
    if value > timedelta(0):
        return value
    raise ValueError("write a time longer than nothing")


def _within_a_window(value: timedelta) -> timedelta:
    if timedelta(seconds=1) <= value <= LONGEST:
        return value
    raise ValueError(f"write 1s at least and {LONGEST.days}d at most")


def _given(value: Any) -> Any:
    """Refuse a key without its value: half an edit must not mean that there is no condition."""
    if value is None:
        raise ValueError("give it a value or leave the key out")
    return value


def _auto_or_duration(value: Any) -> timedelta | None:
    if value == "auto":
        return None
    try:
        return _positive(_bounded(parse_duration(value)))
    except ValueError as error:
        raise ValueError(f"write auto, or {str(error).removeprefix('write ')}") from None


RuleId = Annotated[str, AfterValidator(_rule_id), WithJsonSchema({"type": "string", "pattern": f"^{RULE_ID}$"})]
StepId = Annotated[str, AfterValidator(_step_id), WithJsonSchema({"type": "string", "pattern": f"^{STEP_ID}$"})]
Pause = Annotated[Duration, AfterValidator(_bounded)]
Span = Annotated[Duration, AfterValidator(_bounded), AfterValidator(_positive)]
AutoOrSpan = Annotated[
    timedelta | None,
    BeforeValidator(_auto_or_duration),
    WithJsonSchema({"type": "string", "pattern": r"^(auto|\d+(\.\d+)?(ms|s|m|h|d|w))$", "default": "auto"}),
]
Pattern = Annotated[
    dict[str, Any],
    WithJsonSchema({"type": "object", "minProperties": 1, "additionalProperties": {"type": ["array", "object"]}}),
]
JmesPath = Annotated[str, Field(min_length=1, examples=["detail.alarmName"])]
Bound = Annotated[float | int, Field(ge=0, le=1e15)]


# After, not before: what has gone through a function is no longer JSON, and strict models then refuse its lists.
Given = AfterValidator(_given)


class Entry(BaseModel):
    """Base of everything in a rule file: strict, closed, frozen."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, use_attribute_docstrings=True)


class RetryEntry(Entry):
    """How often a step is tried before it has failed."""

    attempts: Annotated[int, Field(ge=1, le=100)] = 3
    """Attempts that may fail before the step has failed."""
    backoff: Pause = timedelta(seconds=30)
    """The pause before the second attempt; it doubles with each one after."""


class UseEntry(Entry):
    """One use of a handler."""

    uses: str
    """The handler's name."""
    with_: Annotated[dict[str, Any], Field(alias="with")] = {}
    """Its parameters. A text may hold `${jmespath}` over {event, incident, actions}; `$${` stands for `${`."""


class ActionEntry(UseEntry):
    """One step of what the rule does."""

    id: Annotated[StepId | None, Given] = None
    """The step's name for `if` and `${actions.…}`; the handler's name if left out."""
    if_: Annotated[Pattern | None, Given, Field(alias="if")] = None
    """An event pattern over {id of an earlier step: its facts}; the step is skipped where it does not match."""
    timeout: Annotated[Span | None, Given] = None
    """How long one attempt may take; the handler knows a good value."""
    retry: RetryEntry = RetryEntry()


class VerifyEntry(UseEntry):
    """The proof that the actions helped; without it in time, the rule has failed."""

    within: AutoOrSpan = None
    """How long the proof may take; `auto` asks the handler."""


class BudgetEntry(Entry):
    """A number of runs in a sliding window."""

    max: Annotated[int, Field(ge=1)]
    """Runs in any window of length `per`."""
    per: Span
    """The window's length."""


class GuardsEntry(Entry):
    """What keeps a rule from running away."""

    cooldown: Pause = timedelta(0)
    """The least time between two runs for one dedup key."""
    budget: tuple[BudgetEntry, ...] = ()
    """All windows hold, over restarts; once one is spent the rule stops and escalates. Left out: 30 an hour where nothing changes."""
    limits: dict[str, Annotated[int, Field(ge=0)]] = {}
    """Blast radius of one run, by the names that its handlers declare; beyond it a handler refuses."""


class KeyEntry(Entry):
    """What tells which `then` belongs to which `after`, where the two events say it in different places."""

    after: JmesPath
    """JMESPath over the event of `after`."""
    then: Annotated[JmesPath | None, Given] = None
    """JMESPath over the event of `then`; as `after` if left out."""


def _key_entry(value: Any) -> Any:
    if isinstance(value, str) and value:
        return {"after": value}
    if isinstance(value, dict):
        return value
    raise ValueError("write a JMESPath such as detail.object.key, or {after: …, then: …}")


_PATH_SCHEMA: Final = {"type": "string", "minLength": 1}
Key = Annotated[
    KeyEntry,
    BeforeValidator(_key_entry),
    WithJsonSchema(
        {
            "anyOf": [
                _PATH_SCHEMA,
                {
                    "type": "object",
                    "properties": {"after": _PATH_SCHEMA, "then": _PATH_SCHEMA},
                    "required": ["after"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]


class ExpectEntry(Entry):
    """Something that must follow: the rule fires when it does not."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["then"]}, {"required": ["unless"]}]})

    after: Pattern
    """The EventBridge event pattern of what begins it."""
    then: Annotated[Pattern | None, Given] = None
    """The pattern of what must follow. Left out: `unless` alone decides."""
    by: Key
    """JMESPath of the value that both events share, such as detail.object.key, or {after: …, then: …}."""
    within: Span
    """How long it may take, from when guardian hears of `after`."""
    unless: Annotated[UseEntry | None, Given] = None
    """A last look before the rule fires, by a handler that only reads: where it finds what was expected, nothing happens."""


class WindowEntry(Entry):
    """Too much within a time: events are counted, summed or told apart over a sliding window."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["above"]}, {"required": ["at_least"]}]})

    sum: Annotated[JmesPath | None, Given] = None
    """JMESPath over the event of the number that is summed. Neither this nor `distinct`: events are counted."""
    distinct: Annotated[JmesPath | None, Given] = None
    """JMESPath over the event of the value whose different ones are counted."""
    by: Annotated[JmesPath | None, Given] = None
    """JMESPath over the event of what is counted apart, such as detail.case_id; the incident is about it. Left out: all together."""
    over: Annotated[Duration, AfterValidator(_positive), AfterValidator(_within_a_window)]
    """The window's length; buckets of 60 s at most."""
    above: Annotated[Bound | None, Given] = None
    """The rule fires when there is more than this in a window."""
    at_least: Annotated[Bound | None, Given] = None
    """The rule fires when there is this much in a window."""


class ScheduleEntry(Entry):
    """When the rule sets itself off, without any event."""

    cron: Annotated[str, AfterValidator(read_cron), Field(examples=["0 9 * * MON"])]
    """Five fields as in crontab(5): minute, hour, day of the month, month, day of the week; names, steps, `L`, `LW`, `5L`, `MON#2`."""
    timezone: Annotated[Zone, Field(json_schema_extra={"default": _TIMEZONE})] = ZoneInfo(_TIMEZONE)
    """Whose clocks are meant, such as Asia/Seoul."""
    catch_up: Pause = timedelta(hours=1)
    """How late it may start where guardian was away; several missed ticks are made up for once. 0s: not at all."""

    @model_validator(mode="after")
    def _ticks(self) -> Self:
        """Refuse what names nothing but minutes that the zone's clocks leave out."""
        if Cron(self.cron, self.timezone).next(_ANY) is None:
            raise ValueError(f"this never ticks: the clocks of {self.timezone.key} leave out these minutes each time")
        return self


class EscalateEntry(Entry):
    """How a rule's trouble is escalated."""

    policy: Annotated[str, Field(min_length=1)] = "default"
    """The escalation policy, by its name in oncall.yaml."""
    level: Annotated[Annotated[int, Field(ge=1, le=9)] | None, Given] = None
    """The level at which it begins. Left out: the policy's `start_level`."""
    grace: Annotated[Pause | None, Given] = None
    """How long a remedy that is really running may take before Lv1 is called. Left out: the policy's `remediation_grace`."""


def _escalate_entry(value: Any) -> Any:
    if isinstance(value, str):
        return {"policy": value}
    if isinstance(value, dict):
        return value
    raise ValueError("write the name of a policy, or {policy: …, level: …, grace: …}")


Escalate = Annotated[
    EscalateEntry,
    BeforeValidator(_escalate_entry),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {
                    "type": "object",
                    "properties": {
                        "policy": {"type": "string", "minLength": 1},
                        "level": {"type": "integer", "minimum": 1, "maximum": 9},
                        "grace": {"type": "string", "pattern": r"^\d+(\.\d+)?(ms|s|m|h|d|w)$", "examples": ["2m"]},
                    },
                    "additionalProperties": False,
                },
            ]
        }
    ),
]


class RuleEntry(Entry):
    """A rule: what happened, did not follow, or is time for, and what to do about it."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": [trigger]} for trigger in ("pattern", "expect", "schedule")]}
    )

    id: RuleId
    """Stable and unique over all files: journal, metrics and incidents carry it."""
    description: str = ""
    """What it is about, in a sentence for the person who is woken."""
    runbook: str = ""
    """Where the runbook tells of it."""
    mode: Mode = Mode.PROPOSE
    """How far it goes: off, observe (journals what it would have done), propose (asks for approval), act."""
    approvals: Annotated[int, Field(ge=1, le=9)] = 1
    """How many different people must approve an action before it runs, where the mode asks for approval."""
    asks: Literal["each", "once"] = "each"
    """each: every step that changes things is asked for; once: one approval covers those that follow, as they were shown with it."""
    pattern: Annotated[Pattern | None, Given] = None
    """The EventBridge event pattern of what happened."""
    expect: Annotated[ExpectEntry | None, Given] = None
    """In place of `pattern`: what must follow on an event, and did not."""
    schedule: Annotated[ScheduleEntry | None, Given] = None
    """In place of `pattern`: when it sets itself off."""
    window: Annotated[WindowEntry | None, Given] = None
    """How much of what `pattern` matches is too much; without it, each event sets the rule off."""
    resolve_on: Annotated[Pattern | None, Given] = None
    """The pattern of what ends it; source, detail-type, account and region are taken from `pattern` if left out."""
    dedup: Annotated[JmesPath | None, Given] = None
    """JMESPath over the event; one open incident for each value. Left out: one for the rule."""
    serialize: Annotated[JmesPath | None, Given] = None
    """JMESPath over the event; actions with the same value run one after the other. Left out: those of an incident."""
    severity: Severity = Severity.SEV3
    """sev1: the service is down; sev5: a note."""
    escalate: Annotated[Escalate, Field(json_schema_extra={"default": "default"})] = EscalateEntry()
    """The escalation policy, by its name in oncall.yaml, or {policy, level: where it begins, grace: what a remedy may take first}."""
    guards: GuardsEntry = GuardsEntry()
    actions: tuple[ActionEntry, ...] = ()
    """The steps, in order."""
    verify: Annotated[VerifyEntry | None, Given] = None
    on_failure: OnFailure = OnFailure.ESCALATE
    """What follows when a step has failed for good."""


class FileEntry(Entry):
    """A rule file whose rules have not been looked at yet: one bad rule must not hide what is wrong with another."""

    version: Literal[1]
    """The version of the rule language."""
    rules: tuple[Any, ...]


class RuleFileEntry(FileEntry):
    """A rule file of leh_guardian."""

    rules: tuple[RuleEntry, ...]
    """The rules, in any order."""
