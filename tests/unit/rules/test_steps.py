"""Parameters with references: what is certain is said at load, what only an event can tell is left open."""

from __future__ import annotations

import pytest

from tests.unit.rules.conftest import Check

ACTION = """
actions:
  - id: cause
    uses: diagnose_worker
    with: {{log_group: g, window: 15m}}
  - uses: everything
    with: {parameters}
"""


@pytest.mark.parametrize(
    "parameters",
    [
        '{text: "${event.detail.x}"}',
        '{text: "about ${event.detail.x} and ${incident.id}"}',
        '{flag: "${event.detail.x}"}',
        '{count: "${event.detail.x}"}',
        '{count: "no ${event.detail.x}"}',
        '{colour: "${event.detail.x}"}',
        '{colour: "${event.id}${event.time}"}',
        '{names: ["a", "${event.detail.x}"]}',
        '{names: "${event.detail.list}"}',
        '{tags: {a: "${event.detail.x}"}}',
        '{inner: "${actions.cause}"}',
        '{inner: {depth: "${actions.cause.depth}"}}',
        '{text: "$${not a reference}"}',
        "\n      text: ${event.detail.x}",
    ],
)
def test_a_reference_may_stand_for_any_value(one_rule: Check, parameters: str) -> None:
    """No handler's type is held against a value that is not known yet."""
    rules, diagnostics = one_rule(ACTION.format(parameters=parameters))
    assert diagnostics == ()
    assert rules is not None


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ('{flag: "is ${event.detail.x}"}', "bad-value"),
        ('{names: {a: "${event.detail.x}"}}', "bad-value"),
        ('{inner: {dept: "${event.detail.x}"}}', "unknown-key"),
        ('{txt: "${event.detail.x}"}', "unknown-key"),
        ('{text: "${event.detail.x}", count: [1]}', "bad-value"),
        ('{text: "${actions.everything.x}"}', "bad-reference"),
        ('{text: "${detail.x}"}', "bad-reference"),
        ('{text: "${event.detail.x || actions.everything.y}"}', "bad-reference"),
        ('{flag: "${event.}"}', "bad-reference"),
    ],
)
def test_what_no_event_can_mend_is_refused(one_rule: Check, parameters: str, code: str) -> None:
    """A text where a truth value belongs, an unknown key, a step that comes later: one diagnostic each."""
    rules, diagnostics = one_rule(ACTION.format(parameters=parameters))
    assert [diagnostic.code for diagnostic in diagnostics] == [code]
    assert rules is None


def test_the_proof_may_look_at_every_step(one_rule: Check) -> None:
    """`verify` comes after all actions."""
    body = ACTION.format(parameters="{}") + 'verify: {uses: everything, with: {text: "${actions.everything.x}"}}\n'
    assert one_rule(body)[1] == ()


def test_escapes_are_judged_as_the_handler_will_see_them(one_rule: Check) -> None:
    """`$${` is two characters shorter at the handler; a queue named with it is wrong for what it is."""
    rules, diagnostics = one_rule("actions: [{uses: dlq_redrive, with: {queue: '$${x}'}}]\nguards: {cooldown: 1m}\n")
    assert rules is None
    assert '"${x}"' in diagnostics[0].message


@pytest.mark.parametrize(
    ("guards", "mode", "warned"),
    [
        ("{}", "act", 1),
        ("{}", "propose", 1),
        ("{}", "observe", 0),
        ("{cooldown: 1m}", "act", 0),
        ("{budget: [{max: 1, per: 1d}]}", "act", 0),
    ],
)
def test_changing_things_without_guards_is_doubtful(one_rule: Check, guards: str, mode: str, warned: int) -> None:
    """A warning, not an error: the rule is loaded."""
    actions = "actions: [{uses: dlq_redrive, with: {queue: q}}]"
    rules, diagnostics = one_rule(f"mode: {mode}\nguards: {guards}\n{actions}\n")
    assert rules is not None
    assert [diagnostic.code for diagnostic in diagnostics] == ["no-guards"] * warned
    assert all(diagnostic.severity == "warning" for diagnostic in diagnostics)
