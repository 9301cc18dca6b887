"""Owns the way from written policies to values; the one rule: a policy that could leave trouble unheard is refused."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

from leh_guardian.model.oncall.config import POLICY
from leh_guardian.model.policy import GRAVE, AckTerms, AfterLast, Policy, PolicyStep, ResolveTerms
from leh_guardian.rules.diagnostics import Path
from leh_guardian.rules.oncall.policy_entries import AckEntry, AfterLastEntry, PolicyEntry, ResolveEntry, StepEntry
from leh_guardian.rules.oncall.reading import Reading, seconds
from leh_guardian.rules.wording import validate

_DEEPEST: Final = 8


def read_policies(reading: Reading) -> dict[str, Policy]:
    """Return the policies by name."""
    written = reading.data.get("policies")
    if not isinstance(written, Mapping):
        return {}
    if POLICY not in written:
        message = f"there is no policy `{POLICY}`: rules that name none, and guardian itself, use it"
        reading.say(("policies",), "missing-key", message, on_key=True)
    policies = {}
    for name, path, own in reading.entries("policies", PolicyEntry):
        merged = _whole(name, own, path, written, reading)
        if merged is not None and (policy := _policy(name, own, merged, path, reading)) is not None:
            policies[name] = policy
    return policies


def _whole(name: str, own: PolicyEntry, path: Path, written: Mapping[str, Any], reading: Reading) -> PolicyEntry | None:
    """Return a policy with what it extends, None where that is wrong in itself."""
    if own.extends is None:
        return own
    chain, at = [name], own.extends
    while at in written and len(chain) <= _DEEPEST:
        if at in chain:
            reading.say((*path, "extends"), "bad-value", f"`{name}` extends itself: {' → '.join([*chain, at])}")
            return None
        chain.append(at)
        parent = written[at].get("extends") if isinstance(written[at], Mapping) else None
        if parent is None:
            break
        at = parent if isinstance(parent, str) else ""
    else:
        if len(chain) > _DEEPEST:
            reading.say((*path, "extends"), "bad-value", f"`extends` goes over more than {_DEEPEST} policies")
        elif len(chain) == 1:
            reading.known("policies", own.extends, (*path, "extends"))
        return None  # else the other one is complained of
    merged: dict[str, Any] = {}
    for one in reversed(chain):
        if not isinstance(written[one], Mapping):
            return None
        merged = _merged(merged, {key: value for key, value in written[one].items() if key != "extends"})
    found, _ = validate(PolicyEntry, merged)
    return found if isinstance(found, PolicyEntry) else None


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return two mappings as one: what both have as mappings is merged likewise, of all else the upper one counts."""
    both = dict(below)
    for key, value in above.items():
        lower = both.get(key)
        both[key] = _merged(lower, value) if isinstance(lower, Mapping) and isinstance(value, Mapping) else value
    return both


def _policy(name: str, own: PolicyEntry, entry: PolicyEntry, path: Path, reading: Reading) -> Policy | None:
    if not entry.steps:
        reading.say((*path, "steps"), "missing-key", "`steps` is missing", "who is called, in their order")
        return None
    # What it has from another is looked at there.
    steps = tuple(_step(step, (*path, "steps", n), own, reading) for n, step in enumerate(entry.steps))
    if own.steps:
        _check_steps(entry.steps, path, reading)
    _check_levels(own, entry, path, reading)
    also = reading.targets(own.notify_also, (*path, "notify_also")) if own.notify_also else entry.notify_also
    return Policy(
        name=name,
        steps=steps,
        after_last=_after_last(entry.after_last),
        ack=_ack(entry.ack),
        resolve=_resolve(entry.resolve),
        start_level=entry.start_level,
        grace=seconds(entry.remediation_grace),
        suppressible=entry.suppressible,
        also=tuple(target.replace("webhook:", "channel:") for target in also),
        group_wait=seconds(entry.grouping.wait),
    )


def _check_levels(own: PolicyEntry, entry: PolicyEntry, path: Path, reading: Reading) -> None:
    levels = {step.level for step in entry.steps}
    after, known = entry.after_last, f"there are: {', '.join(map(str, sorted(levels)))}"
    if {"steps", "after_last"} & own.model_fields_set:
        if after.repeat_from is not None and after.repeat_from not in levels:
            message = f"no step has level {after.repeat_from}"
            reading.say((*path, "after_last", "repeat_from"), "bad-value", message, known)
        if after.max_every < after.every:
            message = "`max_every` must not be shorter than `every`"
            reading.say((*path, "after_last", "max_every"), "bad-value", message)
    if {"steps", "start_level"} & own.model_fields_set and entry.start_level > max(levels):
        message = f"no step has level {entry.start_level} or above"
        reading.say((*path, "start_level"), "bad-value", message, known)


def _step(step: StepEntry, path: Path, own: PolicyEntry, reading: Reading) -> PolicyStep:
    notify = reading.targets(step.notify, (*path, "notify")) if own.steps else step.notify
    return PolicyStep(
        level=step.level,
        notify=tuple(target.replace("webhook:", "channel:") for target in notify),
        ack_within=None if step.ack_within is None else seconds(step.ack_within),
        resolve_within=None if step.resolve_within is None else seconds(step.resolve_within),
        keep=step.keep,
        on_empty=step.on_empty,
        ack_by=step.ack_by,
    )


def _check_steps(steps: tuple[StepEntry, ...], path: Path, reading: Reading) -> None:
    for number, (step, following) in enumerate(pairwise(steps)):
        here = (*path, "steps", number)
        if step.ack_within is None:
            message = "`ack_within` is missing: without it the next step never comes"
            reading.say((*here, "ack_within"), "missing-key", message, "only the last step can do without")
        if following.level < step.level:
            message = f"level {following.level} cannot follow level {step.level}: calls only go up"
            reading.say((*path, "steps", number + 1, "level"), "bad-value", message)
    for number, step in enumerate(steps):
        for place, level in enumerate(step.keep):
            if level not in {one.level for one in steps[:number]}:
                message = f"no earlier step has level {level}"
                reading.say((*path, "steps", number, "keep", place), "bad-value", message)


def _after_last(entry: AfterLastEntry) -> AfterLast:
    return AfterLast(entry.repeat_from, seconds(entry.every), entry.backoff, seconds(entry.max_every), entry.times)


def _ack(entry: AckEntry) -> AckTerms:
    terms = AckTerms(remind_before=seconds(entry.remind_before), extend_on_activity=entry.extend_on_activity)
    if "timeout" not in entry.model_fields_set:
        return terms
    timeout = {severity.value: seconds(within) for severity, within in entry.timeout.items()}
    return AckTerms(timeout, terms.remind_before, terms.extend_on_activity)


def _resolve(entry: ResolveEntry) -> ResolveTerms:
    return ResolveTerms(
        on_ok=entry.on_ok_event == "auto",
        hold=None if entry.hold is None else seconds(entry.hold),
        reopen_within=seconds(entry.reopen_within),
        human_from_level=GRAVE if entry.lv3_requires_human else None,
    )
