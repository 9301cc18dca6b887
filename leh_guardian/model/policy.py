"""Owns the escalation policy: who is called in what order and when; the one rule: frozen into an incident, no reload changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Self

from leh_guardian.model.plain import plain
from leh_guardian.model.plan import Severity

GRAVE: Final = 3
"""The level from which on nobody is spared: no message waits to go out with others, nobody is offered any quiet, a link alone does
not acknowledge, and only a person closes the incident unless the policy says otherwise."""

_ACK_WITHIN: Final = 1800.0
"""Seconds of a step that says nothing and is not the last."""


class OnEmpty(StrEnum):
    """What becomes of a step with nobody on call."""

    FALLBACK = "fallback"
    """The fallback of its schedules is called; where there is none, too, the step is skipped."""
    SKIP = "skip"
    """The next step follows at once."""


class AckBy(StrEnum):
    """Whose acknowledgement stops the calls."""

    ANY = "any"
    ALL = "all"
    """Everybody's: who has acknowledged is called no more, the others are."""


@dataclass(frozen=True, slots=True)
class PolicyStep:
    """One step: who is called, and how long they have."""

    level: int
    """The runbook's level, 1 for Lv1."""
    notify: tuple[str, ...]
    """`schedule:ID`, `person:ID`, `team:ID`, `channel:NAME`; people are looked up when the step begins."""
    ack_within: float | None = None
    """Seconds until the next step where nobody acknowledges. None in the last step: its repeats come by `AfterLast` alone."""
    resolve_within: float | None = None
    """Seconds from an acknowledgement until the next level is called though somebody is at it; None for never."""
    keep: tuple[int, ...] = ()
    """Levels whose people are told of this step, without being called."""
    on_empty: OnEmpty = OnEmpty.FALLBACK
    ack_by: AckBy = AckBy.ANY


@dataclass(frozen=True, slots=True)
class AfterLast:
    """What follows when the last step was not answered either: it repeats with growing pauses, for ever unless `times` says less."""

    repeat_from: int | None = None
    """The level from which it repeats; None: the last one."""
    every: float = 900.0
    """Seconds until the first repeat."""
    backoff: float = 1.5
    max_every: float = 3600.0
    times: int | None = None
    """None is for ever."""


@dataclass(frozen=True, slots=True)
class AckTerms:
    """How long an acknowledgement holds."""

    timeout: Mapping[str, float] = field(default_factory=lambda: {"sev1": 1800.0, "sev2": 3600.0, "sev3": 28800.0})
    """{severity: seconds} until the same step is called again; a severity that is not named is held for ever."""
    remind_before: float = 600.0
    """Seconds before, at which who acknowledged is reminded; 0 for no reminder."""
    extend_on_activity: bool = True
    """Whether what people do on the incident begins the time anew."""

    def holds(self, severity: Severity) -> float | None:
        """Return how many seconds an acknowledgement holds, None for ever."""
        return self.timeout.get(severity.value)


@dataclass(frozen=True, slots=True)
class ResolveTerms:
    """How an incident ends, and comes back."""

    on_ok: bool = True
    """Whether an OK event may close it."""
    hold: float | None = None
    """Seconds an OK is held against flapping; None: the setting `incidents.resolve_hold`."""
    reopen_within: float = 1800.0
    """Seconds in which trouble that comes back opens the same incident again."""
    human_from_level: int | None = GRAVE
    """From this level on no event closes it, a person does; None for never."""


@dataclass(frozen=True, slots=True)
class Policy:
    """An escalation policy."""

    name: str
    steps: tuple[PolicyStep, ...]
    after_last: AfterLast = field(default_factory=AfterLast)
    ack: AckTerms = field(default_factory=AckTerms)
    resolve: ResolveTerms = field(default_factory=ResolveTerms)
    start_level: int = 1
    """The level at which incidents begin, unless their rule says more."""
    grace: float = 120.0
    """Seconds that a remedy which is really running may take before Lv1 is called; later levels know no grace."""
    suppressible: bool = True
    """Whether silences, maintenance windows and inhibition may keep its calls from going out."""
    also: tuple[str, ...] = ()
    """Targets that are called with the first step, as in `PolicyStep.notify`."""
    group_wait: float = 0.0
    """Seconds that the first call waits for more of its kind, so that they come as one."""

    def at_level(self, level: int) -> int:
        """Return the index of the first step of `level` or above; the last one where there is none."""
        for index, step in enumerate(self.steps):
            if step.level >= level:
                return index
        return len(self.steps) - 1

    def pause(self, step: int, repeats: int) -> float | None:
        """Return the seconds from a call of `step` to the next one, None for never; `repeats` of the last step are behind it."""
        within = self.steps[step].ack_within
        if step < len(self.steps) - 1:
            return _ACK_WITHIN if within is None else within
        after = self.after_last
        if after.times is not None and repeats >= after.times:
            return None
        # An exponent that grows for ever would overflow a float.
        growing = min(after.max_every, after.every * after.backoff ** min(repeats, 64))
        return growing + ((within or 0.0) if repeats == 0 else 0.0)

    def to_json(self) -> dict[str, Any]:
        """Return it as the JSON that an incident's row keeps."""
        kept: dict[str, Any] = plain(self)
        return kept

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read a policy back; keys of a newer program are left alone, those of an older one have their defaults."""
        steps = [_known(PolicyStep, step) for step in data["steps"]]
        return cls(
            **{
                **_known(cls, data),
                "steps": tuple(
                    PolicyStep(
                        **{
                            **step,
                            "notify": tuple(step["notify"]),
                            "keep": tuple(step.get("keep", ())),
                            "on_empty": OnEmpty(step.get("on_empty", OnEmpty.FALLBACK)),
                            "ack_by": AckBy(step.get("ack_by", AckBy.ANY)),
                        }
                    )
                    for step in steps
                ),
                "after_last": AfterLast(**_known(AfterLast, data.get("after_last", {}))),
                "ack": AckTerms(**_known(AckTerms, data.get("ack", {}))),
                "resolve": ResolveTerms(**_known(ResolveTerms, data.get("resolve", {}))),
                "also": tuple(data.get("also", ())),
            }
        )


def _known(cls: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: data[name] for name in cls.__dataclass_fields__ if name in data}
