"""Owns the settings of guardian's own probes of the service; the one rule: where a request goes stands here, and no secret does."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from leh_guardian.fields import Duration
from leh_guardian.model.plan import Severity
from leh_guardian.rules.expressions import ExpressionError, compile_expression
from leh_guardian.settings.sections import Section

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Value = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""The name of something that is filled in, `${name}`."""
_REFERENCE: Final = re.compile(r"\$\{([^}]*)\}?")
_HEADER: Final = r"^[A-Za-z0-9-]{1,100}$"
_OWN: Final = frozenset({"run"})
_LONGEST: Final = timedelta(minutes=2)
"""All steps of a probe together."""
_SHORTHAND: Final = ("url", "method", "headers", "json", "form", "text", "file", "expect", "timeout", "redirects")


class ProbeSecret(Section):
    """Where a secret of a probe is."""

    file: Path | None = None
    """A file that holds it."""
    env: str | None = Field(None, pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,100}$")
    """... or a variable of the environment, whose name does not begin with LEH_, which settings do."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.file is None) == (self.env is None):
            raise ValueError("give either `file` or `env`")
        if (self.env or "").startswith("LEH_"):
            raise ValueError("variables that begin with LEH_ are settings: name it otherwise")
        return self


class ExpectSettings(Section):
    """What an answer must be."""

    status: tuple[Annotated[int, Field(ge=100, le=599)], ...] = ()
    """Its status, or one of several; any 2xx unless given."""
    contains: str | None = Field(None, min_length=1, max_length=1000)
    """A text that its body must hold."""
    values: dict[str, Any] = Field(default_factory=dict, alias="json")
    """{JMESPath: what it must find in the body's JSON}."""

    @field_validator("status", mode="before")
    @classmethod
    def _one_or_more(cls, status: Any) -> Any:
        return [status] if isinstance(status, int | str) else status

    @field_validator("values")
    @classmethod
    def _expressions(cls, values: dict[str, Any]) -> dict[str, Any]:
        for text in values:
            _expression(text)
        return values


class FileSettings(Section):
    """A small file that a step sends."""

    name: str = Field("leh-guardian-probe-${run}.txt", min_length=1, max_length=200)
    content: str = Field("leh-guardian probe ${run}: this file may be deleted\n", max_length=10_000)
    type: str = Field("text/plain", pattern=r"^[a-z0-9.+-]+/[a-z0-9.+-]+$")
    field: str | None = Field(None, min_length=1, max_length=100)
    """The name of its part in a multipart form; unless given, the file is the whole body."""


class StepSettings(Section):
    """One request."""

    name: str | None = Field(None, min_length=1, max_length=60)
    url: str = Field(pattern=r"^(https?://[^\s/?#@$]+([/?][^\s#@]*)?|\$\{[a-z][a-z0-9_]*\})$")
    """Where it goes; `${name}` in its path is filled in. Or one value of an answer alone, for hosts that `hosts` names."""
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    headers: dict[Annotated[str, Field(pattern=_HEADER)], Annotated[str, Field(pattern=r"^[ -~]*$")]] = Field(
        default_factory=dict
    )
    body: Any = Field(None, alias="json")
    """A body in JSON."""
    form: dict[str, str] | None = None
    text: str | None = None
    file: FileSettings | None = None
    expect: ExpectSettings = ExpectSettings()
    take: dict[Value, str] = Field(default_factory=dict)
    """{name: JMESPath}: what later steps fill in."""
    timeout: Duration = timedelta(seconds=10)
    redirects: int = Field(0, ge=0, le=5)
    """How many are followed, at the same server only."""
    cleanup: bool = False
    """Taken at the end, whatever failed, if what it fills in is there."""
    hosts: tuple[str, ...] = ()

    @field_validator("take")
    @classmethod
    def _expressions(cls, take: dict[str, str]) -> dict[str, str]:
        for text in take.values():
            _expression(text)
        return take

    @field_validator("timeout")
    @classmethod
    def _in_bounds(cls, timeout: timedelta) -> timedelta:
        if not timedelta(milliseconds=100) <= timeout <= timedelta(seconds=60):
            raise ValueError("write a time between 100ms and 60s")
        return timeout

    @model_validator(mode="after")
    def _fits(self) -> Self:
        bodies = [self.body is not None, self.text is not None, self.form is not None or self.file is not None]
        if sum(bodies) > 1 or (self.form is not None and self.file is not None and self.file.field is None):
            raise ValueError("give one body: `json`, `text`, `form`, or `file` (with `field` it may stand in a `form`)")
        if self.url.startswith("${") != bool(self.hosts):
            raise ValueError("`hosts` names the hosts of an address that an answer gives: `url: ${name}`")
        return self

    def texts(self) -> str:
        """Return everything that may hold references."""
        return self.model_dump_json(include={"url", "headers", "body", "form", "text", "file"})


class ProbeSettings(Section):
    """A look at the service as a user would: steps, or one request written without `steps`."""

    name: Name
    every: Duration = timedelta(minutes=1)
    failures: int = Field(3, ge=1, le=100)
    """In a row, until the service counts as down."""
    successes: int = Field(2, ge=1, le=100)
    """In a row, until it counts as up again."""
    severity: Severity = Severity.SEV2
    policy: str = "default"
    """The escalation policy in oncall.yaml."""
    level: int | None = Field(None, ge=1, le=9)
    """The level at which it begins; unless given the policy's."""
    covers: tuple[str, ...] = ()
    """Rules whose open incident says the same: while there is one, the probe opens none."""
    secrets: dict[Value, ProbeSecret] = Field(default_factory=dict)
    steps: tuple[StepSettings, ...] = Field(min_length=1, max_length=20)

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "steps" in data or "url" not in data:
            return data
        step = {name: data[name] for name in _SHORTHAND if name in data}
        return {**{name: value for name, value in data.items() if name not in step}, "steps": [step]}

    @field_validator("every")
    @classmethod
    def _in_bounds(cls, every: timedelta) -> timedelta:
        if not timedelta(seconds=10) <= every <= timedelta(days=1):
            raise ValueError("write a period between 10s and 1d")
        return every

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.longest > _LONGEST:
            raise ValueError("the steps' `timeout`s are more than 2m together")
        if all(step.cleanup for step in self.steps):
            raise ValueError("a probe needs a step that is no `cleanup`")
        there = {*_OWN, *self.secrets}
        if len(there) < len(_OWN) + len(self.secrets):
            raise ValueError("`run` is the probe's own value: name the secret otherwise")
        for step in sorted(self.steps, key=lambda step: step.cleanup):
            which = f"step {step.name or step.url!r}"
            for name in _REFERENCE.findall(step.texts()):
                if name not in there:
                    raise ValueError(f"{which} fills in ${{{name}}}, which no secret and no step before it gives")
            if taken := sorted(there & step.take.keys()):
                raise ValueError(f"{which} takes {', '.join(taken)}, which there is already")
            there |= step.take.keys()
        return self

    @property
    def longest(self) -> timedelta:
        """How long one look may take."""
        return sum((step.timeout for step in self.steps), timedelta(0))


def _expression(text: str) -> None:
    try:
        compile_expression(text)
    except ExpressionError as error:
        raise ValueError(f"{text!r} is no JMESPath: {error}") from error


def same_names(probes: tuple[ProbeSettings, ...]) -> tuple[ProbeSettings, ...]:
    """Refuse two probes of one name."""
    names = [probe.name for probe in probes]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two probes are named {', '.join(twice)}")
    return probes
