"""Owns the last look before an absence rule fires; the one rule: it reads, so it may be taken twice, and it never raises.

It is no action: there is no incident yet, and nothing is changed. What it comes to is decided from (engine/absence.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import anyio
import structlog
from pydantic import ValidationError

from leh_guardian.clock import Clock
from leh_guardian.context import ActionContext, Capabilities
from leh_guardian.errors import GuardianError
from leh_guardian.model.expectation import Expectation
from leh_guardian.model.identity import key
from leh_guardian.model.journal import Kind
from leh_guardian.model.outcome import Done, Escalate, Failed, NoOp, Outcome, Retry, Unknown, Wait
from leh_guardian.model.plan import Step
from leh_guardian.model.text import told
from leh_guardian.registry import Registry
from leh_guardian.rules.preview import one_line, step_params
from leh_guardian.rules.ruleset import Rule

DEADLINE: Final = 15.0
"""Seconds one look may take."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the last look came to."""

    kind: Kind
    """`FOUND`, `MISSED`, or `LOOK_FAILED`."""
    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict)


class LastLook:
    """Looks whether what a rule expects is there."""

    def __init__(self, registry: Registry, capabilities: Capabilities, clock: Clock) -> None:
        self._registry = registry
        self._capabilities = capabilities
        self._clock = clock
        self._log = structlog.get_logger("look")

    async def take(self, rule: Rule, step: Step | None, one: Expectation) -> Seen:
        """Look once; without a `step` to look by, what is not heard of is missed."""
        if step is None:
            return Seen(Kind.MISSED, "nothing followed")
        try:
            with anyio.fail_after(DEADLINE):
                return _judged(await self._ask(rule, step, one))
        except TimeoutError:
            return Seen(Kind.LOOK_FAILED, f"no answer within {DEADLINE:g} s")
        except ValidationError as error:
            return Seen(Kind.LOOK_FAILED, told(one_line(error)))
        except GuardianError as error:
            return Seen(Kind.LOOK_FAILED, told(error))
        except Exception as error:
            self._log.exception("the last look is defective", handler=step.uses, rule=rule.id)
            return Seen(Kind.LOOK_FAILED, told(f"defect in handler {step.uses}: {type(error).__name__}: {error}"))

    async def _ask(self, rule: Rule, step: Step, one: Expectation) -> Outcome:
        about = {"rule": rule.id, "dedup_key": one.key, "severity": rule.severity.value, "event_count": 1}
        params = step_params(step, self._registry, {"event": one.envelope, "incident": about, "actions": {}})
        spec = self._registry[step.uses]
        number: UUID = key(f"look/{one.rule_id}/{one.key}/{one.mark}")
        context = ActionContext(
            action_id=number,
            incident_id=number,
            rule_id=rule.id,
            attempt=1,
            dry_run=False,
            incident=about,
            clock=self._clock,
            log=self._log,
            can=self._capabilities,
            limits={},
            remembered={},
            checkpoints=_Forgotten(),
        )
        return await spec.run(context, spec.params.model_validate(params, strict=False))


class _Forgotten:
    """Checkpoints of a single look: there is no other attempt to remember for."""

    async def save(self, name: str, value: Any) -> None:
        """Do nothing."""


def _judged(outcome: Outcome) -> Seen:
    match outcome:
        case Done(summary, facts):
            return Seen(Kind.FOUND, f"found by the last look: {told(summary)}", facts)
        case Failed(reason, facts) | NoOp(reason, facts) | Wait(_, reason, facts):
            return Seen(Kind.MISSED, f"nothing followed, and the last look did not find it: {told(reason)}", facts)
        case Retry(reason):
            return Seen(Kind.LOOK_FAILED, told(reason))
        case Unknown(reason, facts) | Escalate(reason, facts):
            return Seen(Kind.LOOK_FAILED, told(reason), facts)
