"""Owns the register of handlers; the one rule: a malformed or doubled handler fails at start-up, not at 03:00.

A handler is one file: a `Params` class and `async def name(ctx, params) -> Outcome`. Schema, line-numbered errors, JSON
Schema, docs/handlers.md and the IAM policy all come from what it declares.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import ModuleType
from typing import Any

from pydantic import BaseModel, ConfigDict

from leh_guardian.context import ActionContext
from leh_guardian.fields import parse_duration
from leh_guardian.model.outcome import Outcome


class Params(BaseModel):
    """Base of every handler's parameters: strict, closed, frozen; attribute docstrings become the documentation."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, use_attribute_docstrings=True)


class Effect(StrEnum):
    """What a handler promises about the number of its effects."""

    READS = "reads"
    """Changes nothing."""
    EXACTLY_ONCE = "exactly_once"
    """Effective exactly once, through a named mechanism."""
    AT_LEAST_ONCE = "at_least_once"
    """A crash at the wrong instant repeats it."""
    AT_MOST_ONCE = "at_most_once"
    """A crash at the wrong instant may lose it; then a person is asked, it is never repeated."""


class Via(StrEnum):
    """How an effect is made effective exactly once."""

    SAME_TRANSACTION = "same transaction"
    CONDITIONAL_WRITE = "conditional write"
    IDEMPOTENCY_KEY = "idempotency key"
    SET_STATE = "set state, fenced"


HandlerFunction = Callable[[ActionContext, Any], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class HandlerSpec:
    """Everything known of a handler without running it."""

    name: str
    params: type[Params]
    run: HandlerFunction
    summary: str
    effect: Effect
    via: Via | None
    changes: bool
    """Whether modes and the kill switch hold it back: true for whatever changes the service; telling people does not."""
    residual: str
    """What can still go wrong, in one sentence, for the documentation."""
    permissions: tuple[str, ...]
    """IAM actions it needs."""
    limits: Mapping[str, int] = field(default_factory=dict)
    """Blast radius by default, by name."""
    timeout: str = "5m"
    approval: bool = False
    """Whether a person is to approve each use: it changes things for everybody at once."""
    target: str = ""
    """The parameter that names what is changed, by which budgets per target count; empty: none does by itself."""
    resumes: bool = False
    """Of an `at_most_once`: it writes down each effect before it takes place, so that a later attempt repeats none and goes on."""

    @property
    def retryable(self) -> bool:
        """Whether another attempt may follow one that has failed or vanished."""
        return self.effect is not Effect.AT_MOST_ONCE or self.resumes

    @property
    def only_reads(self) -> bool:
        """Whether it changes nothing anywhere, so that it may be used as a mere look."""
        return self.effect is Effect.READS


def handler(
    *,
    effect: Effect,
    changes: bool,
    via: Via | None = None,
    residual: str = "",
    permissions: tuple[str, ...] = (),
    limits: Mapping[str, int] | None = None,
    timeout: str = "5m",
    approval: bool = False,
    target: str = "",
    resumes: bool = False,
) -> Callable[[HandlerFunction], HandlerFunction]:
    """Declare `async def name(ctx, params) -> Outcome` a handler.

    Raises:
        TypeError: the declaration contradicts itself, or the function is no handler.
    """

    def declare(function: HandlerFunction) -> HandlerFunction:
        name = getattr(function, "__name__", repr(function))
        _check_declaration(name, effect, via, changes=changes, residual=residual, limits=limits or {}, timeout=timeout)
        if resumes and effect is not Effect.AT_MOST_ONCE:
            raise TypeError(f"handler {name}: resumes= is for {Effect.AT_MOST_ONCE}; the others go on anyway")
        params = _params_of(name, function)
        if target and target not in params.model_fields:
            raise TypeError(f"handler {name}: target= names no parameter of its own")
        spec = HandlerSpec(
            name=name,
            params=params,
            run=function,
            summary=inspect.cleandoc(function.__doc__ or "").split("\n\n")[0].replace("\n", " "),
            effect=effect,
            via=via,
            changes=changes,
            residual=residual,
            permissions=permissions,
            limits=dict(limits or {}),
            timeout=timeout,
            approval=approval,
            target=target,
            resumes=resumes,
        )
        function.__handler__ = spec  # type: ignore[attr-defined]
        return function

    return declare


def _check_declaration(
    name: str, effect: Effect, via: Via | None, *, changes: bool, residual: str, limits: Mapping[str, int], timeout: str
) -> None:
    if (effect is Effect.EXACTLY_ONCE) != (via is not None):
        raise TypeError(f"handler {name}: exactly_once needs a mechanism (via=), the other effects have none")
    if effect is Effect.READS and changes:
        raise TypeError(f"handler {name}: it says that it only reads and that it changes things")
    if effect in {Effect.AT_LEAST_ONCE, Effect.AT_MOST_ONCE} and not residual:
        raise TypeError(f"handler {name}: {effect} must say what can go wrong (residual=)")
    parse_duration(timeout)
    if changes and not limits:
        raise TypeError(f"handler {name}: what changes things declares its blast radius (limits=)")


def _params_of(name: str, function: HandlerFunction) -> type[Params]:
    if not inspect.iscoroutinefunction(function):
        raise TypeError(f"handler {name}: must be an async function")
    if not function.__doc__:
        raise TypeError(f"handler {name}: needs a docstring; its first paragraph is the documentation")
    names = list(inspect.signature(function).parameters)
    annotation = typing.get_type_hints(function).get(names[1]) if len(names) == 2 else None
    if not (isinstance(annotation, type) and issubclass(annotation, Params)):
        raise TypeError(f"handler {name}: takes (ctx, params) with params annotated as a Params class")
    return annotation


class Registry:
    """The handlers a rule may use, by name."""

    def __init__(self, specs: tuple[HandlerSpec, ...] = ()) -> None:
        self._specs: dict[str, HandlerSpec] = {}
        for spec in specs:
            self.add(spec)

    def add(self, spec: HandlerSpec) -> None:
        """Add a handler.

        Raises:
            TypeError: there is one of that name already.
        """
        if spec.name in self._specs:
            raise TypeError(f"two handlers are named {spec.name}")
        self._specs[spec.name] = spec

    def get(self, name: str) -> HandlerSpec | None:
        """Return the handler `name`, or None."""
        return self._specs.get(name)

    def __getitem__(self, name: str) -> HandlerSpec:
        return self._specs[name]

    def __iter__(self) -> Iterator[HandlerSpec]:
        return iter(self._specs.values())

    def names(self) -> list[str]:
        """Return all names in order."""
        return sorted(self._specs)


class OnDemand(Registry):
    """The handlers of a package, each imported when a rule first uses it.

    For commands that look at rules: most folders use few handlers, and importing all of them takes as long as checking
    some hundred rules. The daemon uses `discover`, so that a malformed handler fails at its start whether a rule uses it or not.
    """

    def __init__(self, package: ModuleType) -> None:
        super().__init__()
        self._package = package
        self._unseen = set(_modules(package))

    def get(self, name: str) -> HandlerSpec | None:
        """Return the handler `name`, or None."""
        if name in self._unseen:
            self.add(_declared(self._package, name))
            self._unseen.remove(name)
        return super().get(name)

    def __getitem__(self, name: str) -> HandlerSpec:
        if (spec := self.get(name)) is None:
            raise KeyError(name)
        return spec

    def __iter__(self) -> Iterator[HandlerSpec]:
        return map(self.__getitem__, self.names())

    def names(self) -> list[str]:
        """Return all names in order."""
        return sorted({*super().names(), *self._unseen})


def discover(package: ModuleType) -> Registry:
    """Import every module of `package` in name order and register the handler declared there."""
    return Registry(tuple(_declared(package, name) for name in _modules(package)))


def _modules(package: ModuleType) -> list[str]:
    return sorted(info.name for info in pkgutil.iter_modules(package.__path__))


def _declared(package: ModuleType, name: str) -> HandlerSpec:
    """Import the module `name` and return its handler.

    Raises:
        TypeError: it declares none, several, or one of another name: a file is found by its handler's name.
    """
    module = importlib.import_module(f"{package.__name__}.{name}")
    specs = [
        spec for value in vars(module).values() if isinstance(spec := getattr(value, "__handler__", None), HandlerSpec)
    ]
    own = [spec for spec in specs if spec.run.__module__ == module.__name__]
    if [spec.name for spec in own] != [name]:
        found = ", ".join(spec.name for spec in own) or "none"
        raise TypeError(f"{module.__name__} must declare one handler, {name}; it declares {found}")
    return own[0]
