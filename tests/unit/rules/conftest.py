"""A few toy handlers, and a way to load a text as the one rule file of a folder."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from textwrap import indent

import pytest
from pydantic import BaseModel, Field, field_validator

from leh_guardian.context import ActionContext
from leh_guardian.fields import Duration, QueueRef, Rate
from leh_guardian.model.outcome import Done, Outcome
from leh_guardian.registry import Effect, HandlerSpec, Params, Registry, Via, handler
from leh_guardian.rules.diagnostics import Diagnostic
from leh_guardian.rules.loader import check_rules
from leh_guardian.rules.ruleset import RuleSet

Check = Callable[[str], tuple[RuleSet | None, tuple[Diagnostic, ...]]]


class DiagnoseParams(Params):
    """Where to look."""

    log_group: str
    """The worker's log group."""
    window: Duration


class RedriveParams(Params):
    """What to send back."""

    queue: QueueRef
    """The dead letter queue."""
    canary: int = 5
    rate: Rate = 20


class Colour(StrEnum):
    """Not every colour."""

    RED = "red"
    GREEN = "green"


class Inner(BaseModel, extra="forbid"):
    """Parameters within parameters."""

    depth: int = 1


class EverythingParams(Params):
    """One parameter of every kind."""

    text: str = ""
    count: int | str = 0
    flag: bool = False
    colour: Colour = Colour.RED
    names: tuple[str, ...] = ()
    tags: dict[str, int] = Field(default_factory=dict)
    inner: Inner = Inner()
    touchy: str = ""

    @field_validator("touchy")
    @classmethod
    def _touchy(cls, value: str) -> str:
        if value == "boom":
            raise RuntimeError("this validator is broken")
        return value


@handler(effect=Effect.READS, changes=False)
async def diagnose_worker(ctx: ActionContext, params: DiagnoseParams) -> Outcome:
    """Find out what ails a worker."""
    return Done("looked")


@handler(effect=Effect.EXACTLY_ONCE, via=Via.CONDITIONAL_WRITE, changes=True, limits={"messages": 500}, timeout="30m")
async def dlq_redrive(ctx: ActionContext, params: RedriveParams) -> Outcome:
    """Send messages back to where they died."""
    return Done("sent")


@handler(effect=Effect.READS, changes=False)
async def everything(ctx: ActionContext, params: EverythingParams) -> Outcome:
    """Take anything."""
    return Done("took")


def _spec(function: object) -> HandlerSpec:
    spec = function.__handler__  # type: ignore[attr-defined]
    assert isinstance(spec, HandlerSpec)
    return spec


@pytest.fixture(scope="session")
def registry() -> Registry:
    """Return a registry of the toy handlers."""
    return Registry((_spec(diagnose_worker), _spec(dlq_redrive), _spec(everything)))


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: Registry) -> Check:
    """Load a text as rules.yaml, the only file of the folder; file names in diagnostics are then short."""
    monkeypatch.chdir(tmp_path)

    def check_text(text: str) -> tuple[RuleSet | None, tuple[Diagnostic, ...]]:
        (tmp_path / "rules.yaml").write_text(text, encoding="utf-8")
        return check_rules(Path(), registry)

    return check_text


@pytest.fixture
def one_rule(check: Check) -> Check:
    """Load one rule, written without its id and pattern."""

    def check_rule(body: str) -> tuple[RuleSet | None, tuple[Diagnostic, ...]]:
        head = "version: 1\nrules:\n- id: a-rule\n  pattern: {source: [aws.s3]}\n"
        return check(head + indent(body, "  "))

    return check_rule
