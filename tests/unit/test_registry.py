"""A malformed handler fails when it is declared, not at 03:00."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import leh_guardian.handlers
from leh_guardian.context import ActionContext
from leh_guardian.model.outcome import Done, Outcome
from leh_guardian.registry import Effect, OnDemand, Params, Registry, Via, discover, handler


class Nothing(Params):
    """No parameters."""


def test_every_shipped_handler_is_found() -> None:
    """Dropping a file into handlers/ is enough, and each one there is complete."""
    registry = discover(leh_guardian.handlers)
    assert registry.names() == [
        "account_block",
        "account_unblock",
        "await_provider",
        "billing_review",
        "case_restore",
        "case_state",
        "check_audit_log",
        "check_certificates",
        "check_rds_backup",
        "check_s3_tmp",
        "circuit_breaker",
        "diagnose_worker",
        "dlq_redrive",
        "evidence_exists",
        "keep_letters",
        "note_deployment",
        "notify",
        "page",
        "parked_age",
        "pause_worker",
        "queue_drained",
        "reconcile_case",
        "redriven_finished",
        "release_parked",
        "reprocess_evidence",
        "resume_worker",
        "upload_analysis",
        "weekly_report",
    ]
    for spec in registry:
        assert spec.summary
        assert spec.residual or spec.effect in {Effect.READS, Effect.EXACTLY_ONCE}
        assert all(field.description for field in spec.params.model_fields.values()), spec.name


@pytest.mark.parametrize(
    ("declared", "word"),
    [
        ({"effect": Effect.EXACTLY_ONCE, "changes": True, "limits": {"x": 1}}, "mechanism"),
        ({"effect": Effect.READS, "changes": False, "via": Via.SET_STATE}, "mechanism"),
        ({"effect": Effect.READS, "changes": True, "limits": {"x": 1}}, "only reads"),
        ({"effect": Effect.AT_MOST_ONCE, "changes": True, "limits": {"x": 1}}, "what can go wrong"),
        ({"effect": Effect.AT_LEAST_ONCE, "changes": True, "residual": "r"}, "blast radius"),
        ({"effect": Effect.READS, "changes": False, "timeout": "soon"}, "duration"),
        ({"effect": Effect.READS, "changes": False, "resumes": True}, "resumes"),
        ({"effect": Effect.READS, "changes": False, "target": "user"}, "no parameter"),
    ],
)
def test_contradictions_are_refused(declared: dict[str, Any], word: str) -> None:
    """What a declaration promises must fit together."""
    with pytest.raises((TypeError, ValueError), match=word):

        @handler(**declared)
        async def wrong(ctx: ActionContext, params: Nothing) -> Outcome:
            """Do nothing."""
            return Done("")


def test_what_is_no_handler_is_refused() -> None:
    """A function without docstring, await or Params class is named."""
    declare = handler(effect=Effect.READS, changes=False)

    def plain(ctx: ActionContext, params: Nothing) -> Outcome:
        """Not async."""
        return Done("")

    async def silent(ctx: ActionContext, params: Nothing) -> Outcome:
        return Done("")

    async def loose(ctx: ActionContext, params: dict[str, Any]) -> Outcome:
        """No Params class."""
        return Done("")

    for function in (plain, silent, loose):
        with pytest.raises(TypeError, match=function.__name__):
            declare(function)  # type: ignore[arg-type]


def test_two_of_one_name_are_refused() -> None:
    """Names are unique."""

    @handler(effect=Effect.READS, changes=False)
    async def twice(ctx: ActionContext, params: Nothing) -> Outcome:
        """Do nothing."""
        return Done("")

    spec = twice.__handler__  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="two handlers"):
        Registry((spec, spec))


_HANDLER = """
from leh_guardian.context import ActionContext
from leh_guardian.model.outcome import Done, Outcome
from leh_guardian.registry import Effect, Params, handler

class {params}(Params):
    pass

@handler(effect=Effect.READS, changes=False)
async def {name}(ctx: ActionContext, params: {params}) -> Outcome:
    \"\"\"Do nothing.\"\"\"
    return Done("")
"""


def _package(folder: Path, name: str, files: dict[str, str]) -> ModuleType:
    package = ModuleType(name)
    package.__path__ = [str(folder)]
    sys.modules[name] = package
    for file, declared in files.items():
        (folder / f"{file}.py").write_text(_HANDLER.format(name=declared, params=f"{declared.title()}Params"), "utf-8")
    return package


def test_a_file_is_named_as_its_handler(tmp_path: Path) -> None:
    """A handler is found by the name of its file, whoever looks: another name in it is refused by both ways of looking."""
    package = _package(tmp_path, "misnamed_handlers", {"fine": "fine", "other": "wrong"})
    with pytest.raises(TypeError, match=r"misnamed_handlers\.other must declare one handler, other; it declares wrong"):
        discover(package)
    with pytest.raises(TypeError, match="it declares wrong"):
        OnDemand(package)["other"]


def test_on_demand_loads_what_is_asked_for(tmp_path: Path) -> None:
    """A rule that uses one handler costs the import of one; names are known without any, and all are there for who asks for all."""
    package = _package(tmp_path, "lazy_handlers", {"first": "first", "second": "second"})
    registry = OnDemand(package)
    assert registry.names() == ["first", "second"]
    assert registry.get("third") is None
    assert registry["first"] is registry.get("first")
    assert "lazy_handlers.second" not in sys.modules
    with pytest.raises(KeyError):
        registry["third"]
    assert [spec.name for spec in registry] == [spec.name for spec in discover(package)] == registry.names()
