"""Owns the fit between a rule's steps and the handlers they use; the one rule: a parameter wrong at 03:00 was wrong at load.

Parameters without references are validated as the handler itself would. Where a value holds `${…}`, its syntax and what it
looks at are checked, and the value itself once it is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic_core import ErrorDetails

from leh_guardian.patterns import PatternError, compile_pattern
from leh_guardian.registry import HandlerSpec, Registry
from leh_guardian.rules.conditions import steps_named
from leh_guardian.rules.diagnostics import Path, Problem, did_you_mean
from leh_guardian.rules.expressions import Expression, ExpressionError
from leh_guardian.rules.references import ROOTS, Template, parse_template, texts, without_escapes
from leh_guardian.rules.triggers import pattern_problem
from leh_guardian.rules.wording import problems, real_path, validate

VERIFY_ID: Final = "verify"
"""The step id of the proof, which no other step may have."""
UNLESS_ID: Final = "unless"
"""The step id of the last look of an absence rule, which is no action and so shares no list with them."""


def check_steps(rule: Mapping[str, Any], path: Path, registry: Registry) -> Iterator[Problem]:
    """Yield what is wrong with the actions and the verification of a rule, as far as their shape lets one see."""
    earlier: list[str] = []
    for index, action in enumerate(_list(rule.get("actions"))):
        if isinstance(action, Mapping):
            here = (*path, "actions", index)
            yield from _check_use(action, here, earlier, registry)
            yield from _check_condition(action.get("if"), (*here, "if"), earlier)
            yield from _check_id(action, here, earlier)
    verify = rule.get("verify")
    if isinstance(verify, Mapping):
        yield from _check_use(verify, (*path, "verify"), earlier, registry)
    expect = rule.get("expect")
    unless = expect.get("unless") if isinstance(expect, Mapping) else None
    if isinstance(unless, Mapping):
        yield from _check_use(unless, (*path, "expect", "unless"), (), registry)


def specs_used(rule: Mapping[str, Any], registry: Registry) -> list[HandlerSpec]:
    """Return the handlers that a rule uses, those that do not exist left out."""
    uses = [use.get("uses") for use in (*_list(rule.get("actions")), rule.get("verify")) if isinstance(use, Mapping)]
    found = (registry.get(name) for name in uses if isinstance(name, str))
    return [spec for spec in found if spec]


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _check_id(action: Mapping[str, Any], path: Path, earlier: list[str]) -> Iterator[Problem]:
    """Yield what is wrong with the step's id, and add it to the `earlier` ones."""
    key = "id" if "id" in action else "uses"
    match action.get(key):
        case str(name) if name in earlier:
            hint = "give each an `id` of its own" if key == "uses" else ""
            yield Problem((*path, key), "duplicate-id", f"two steps of this rule are called `{name}`", hint)
        case str(name) if name == VERIFY_ID:
            yield Problem((*path, key), "bad-value", f"a step cannot be called `{name}`: the rule's proof is")
        case str(name):
            earlier.append(name)


def _check_use(use: Mapping[str, Any], path: Path, earlier: Sequence[str], registry: Registry) -> Iterator[Problem]:
    name, params, here = use.get("uses"), use.get("with", {}), (*path, "with")
    open_values: dict[Path, Template | None] = {}
    for at, text in texts(params):
        try:
            template = parse_template(text)
        except ExpressionError as error:
            yield Problem((*here, *at), "bad-reference", str(error))
            open_values[at] = None
            continue
        if template.references:
            open_values[at] = template
        for reference in template.references:
            yield from _check_reference(reference, (*here, *at), earlier)
    if not isinstance(name, str):
        return
    if (spec := registry.get(name)) is None:
        hint = did_you_mean(name, registry.names()) or f"there are: {', '.join(registry.names())}"
        yield Problem((*path, "uses"), "unknown-handler", f"there is no handler `{name}`", hint)
    elif isinstance(params, Mapping):
        yield from _check_params(spec, params, here, open_values)


def _check_reference(reference: Expression, path: Path, earlier: Sequence[str]) -> Iterator[Problem]:
    shown = f"${{{reference.text}}}"
    if not reference.reads or () in reference.reads:
        message = f"the reference {shown} must begin with event, incident or actions"
        yield Problem(path, "bad-reference", message, "for example ${event.detail.alarmName}")
    for root, *rest in sorted(filter(None, reference.reads)):
        if root not in ROOTS:
            hint = did_you_mean(root, ROOTS) or "begin with event, incident or actions"
            yield Problem(path, "bad-reference", f"the reference {shown} looks at `{root}`, which does not exist", hint)
        elif root == "actions" and rest and rest[0] not in earlier:
            yield Problem(
                path, "bad-reference", f"the reference {shown}: {_no_step(rest[0])}", _steps(rest[0], earlier)
            )


def _check_params(
    spec: HandlerSpec, params: Mapping[str, Any], path: Path, open_values: Mapping[Path, Template | None]
) -> Iterator[Problem]:
    """Yield what is wrong with parameters of which the `open_values` are not known yet, None where unreadable."""
    plain = without_escapes(params)
    try:
        _, errors = validate(spec.params, plain)
    except Exception as error:  # a validator of any handler may fail in any way; that is a finding too
        yield Problem(path, "bad-value", f"`{spec.name}` cannot read these parameters: {error or type(error).__name__}")
        return
    # A value that fits one branch of a union, if the event is kind, fits.
    unsure = {at for error in errors if _is_open(error, at := real_path(error, plain), open_values)}
    yield from problems([e for e in errors if real_path(e, plain) not in unsure], spec.params, plain, path)


def _is_open(error: ErrorDetails, path: Path, open_values: Mapping[Path, Template | None]) -> bool:
    """Tell whether an error at `path` may be gone once the `open_values` are known."""
    if error["type"] in {"missing", "extra_forbidden"}:
        return False
    if error["type"].endswith("_type"):
        # A list around a reference stays a list, and a reference inside a longer text always makes a text.
        template = open_values.get(path)
        return path in open_values and (template is None or template.is_one_reference)
    return any(path == at[: len(path)] for at in open_values)


def _check_condition(condition: Any, path: Path, earlier: Sequence[str]) -> Iterator[Problem]:
    if not isinstance(condition, Mapping):
        return
    unknown = [(at, step) for at, step in steps_named(condition) if step not in earlier]
    for at, step in unknown:
        yield Problem((*path, *at), "bad-condition", _no_step(step), _steps(step, earlier), on_key=True)
    try:
        compile_pattern(dict(condition))
    except PatternError as error:
        yield pattern_problem(error, path)


def _no_step(step: str) -> str:
    return f"no earlier step of this rule is called `{step}`"


def _steps(step: str, earlier: Sequence[str]) -> str:
    if not earlier:
        return "this is the first step"
    return did_you_mean(step, earlier) or f"earlier steps: {', '.join(earlier)}"
