"""`rules explain`: every rule, every line - matched, or why not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leh_guardian.model.event import parse_body
from leh_guardian.registry import Registry
from leh_guardian.rules.explain import RuleExplained, explain_rules
from leh_guardian.rules.loader import load_rules
from tests.support.builders import alarm_event, body

RULES = """\
version: 1
rules:
- id: dlq
  pattern:
    source: [aws.cloudwatch]
    detail:
      alarmName: [{prefix: dlq}]
      $or:
      - state: {value: [ALARM]}
      - state.reason: [never]
  resolve_on: {detail: {state: {value: [OK]}}}
  dedup: detail.alarmName
  guards: {cooldown: 10m}
  actions:
  - id: cause
    uses: everything
    with: {text: "${event.detail.alarmName}"}
  - uses: everything
    if: {cause: {verdict: [x]}}
- id: other
  pattern: {source: [aws.s3], detail: {object: {key: [{suffix: .pdf}]}}}
"""


@pytest.fixture
def explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: Registry) -> dict[str, RuleExplained]:
    """What an alarm means to the two rules."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.yaml").write_text(RULES, encoding="utf-8")
    [event] = parse_body(body(alarm_event("dlq-1")))
    return {one.rule.id: one for one in explain_rules(load_rules(Path(), registry), event, registry)}


def test_every_rule_is_told_in_the_order_of_the_files(explained: dict[str, RuleExplained]) -> None:
    """Matched or not."""
    assert [(name, one.match is not None) for name, one in explained.items()] == [("dlq", True), ("other", False)]


def test_each_path_has_its_line_and_what_was_seen(explained: dict[str, RuleExplained]) -> None:
    """In the order of the lines; a path within `$or` too, and what `resolve_on` shares with `pattern`."""
    dlq = explained["dlq"]
    assert [(line.line, line.field.path, line.field.matched) for line in dlq.pattern.lines] == [
        (5, "source", True),
        (7, "detail.alarmName", True),
        (9, "detail.state.value", True),
    ]
    assert dlq.pattern.alternatives == 2
    assert dlq.resolve_on is not None
    assert [(line.line, line.field.path, line.field.seen) for line in dlq.resolve_on.lines] == [
        (5, "source", ("aws.cloudwatch",)),
        (11, "detail.state.value", ("ALARM",)),
    ]
    assert [line.field.seen for line in explained["other"].pattern.lines] == [("aws.cloudwatch",), ()]


def test_the_steps_are_told_as_far_as_the_event_decides_them(explained: dict[str, RuleExplained]) -> None:
    """The first with its parameters; the second waits for facts of the first."""
    first, second = explained["dlq"].steps
    assert first.params is not None
    assert first.params["text"] == "dlq-1"
    assert second.waits_for == ("cause",)
    assert not explained["other"].steps


def test_it_is_json(explained: dict[str, RuleExplained]) -> None:
    """A program gets the same."""
    told = json.loads(json.dumps([one.to_json() for one in explained.values()]))
    assert [(one["rule"], one["matched"], one["dedup_key"]) for one in told] == [
        ("dlq", "trigger", "dlq-1"),
        ("other", None, None),
    ]
    assert told[1]["pattern"]["lines"][0] == {
        "line": 21,
        "path": "source",
        "matched": False,
        "expected": ['"aws.s3"'],
        "seen": ["aws.cloudwatch"],
    }


def test_a_file_that_has_gone_meanwhile_costs_only_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: Registry
) -> None:
    """The rules are in memory; where they stood is told by the rule's own line."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.yaml").write_text(RULES, encoding="utf-8")
    rules = load_rules(Path(), registry)
    (tmp_path / "r.yaml").unlink()
    [event] = parse_body(body(alarm_event("dlq-1")))
    dlq = next(explain_rules(rules, event, registry))
    assert {line.line for line in dlq.pattern.lines} == {3}


ABSENCE = """\
version: 1
rules:
- id: stuck
  expect:
    after: {source: [aws.s3], detail-type: [Object Created]}
    then:
      source: [leh.ai-worker]
    by: {after: detail.object.key, then: detail.s3_key}
    within: 15m
    unless: {uses: everything}
  actions:
  - {uses: everything, with: {text: "${event.detail.object.key}"}}
"""
UPLOAD = {"source": "aws.s3", "detail-type": "Object Created", "detail": {"object": {"key": "a"}}}


@pytest.mark.parametrize(
    ("event", "kind", "steps"),
    [
        (UPLOAD, "after", [{"text": "a"}]),
        ({"source": "leh.ai-worker", "detail-type": "t", "detail": {"s3_key": "a"}}, "then", []),
        ({"source": "x", "detail-type": "t", "detail": {}}, None, []),
    ],
)
def test_absence_rules_are_told_by_both_patterns(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    registry: Registry,
    event: dict[str, object],
    kind: str | None,
    steps: list[dict[str, str]],
) -> None:
    """Each with its own lines; the steps are those that follow if nothing does."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.yaml").write_text(ABSENCE, encoding="utf-8")
    [parsed] = parse_body(body(event))
    [stuck] = explain_rules(load_rules(Path(), registry), parsed, registry)
    told = stuck.to_json()
    assert (told["matched"], told["dedup_key"]) == (kind, "a" if kind else None)
    assert [line["line"] for line in told["pattern"]["lines"]] == [5, 5]
    assert [line["line"] for line in told["then"]["lines"]] == [7]
    assert [step["with"]["text"] for step in told["steps"]] == [step["text"] for step in steps]


def test_a_window_rule_is_explained_as_if_it_fired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: Registry
) -> None:
    """What would be counted, for whom, and the steps with what the window would have measured."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.yaml").write_text(
        """\
version: 1
rules:
- id: spend
  pattern: {source: [leh.ai-worker]}
  window: {sum: detail.cost_usd, by: detail.case_id, over: 1d, above: 50}
  actions:
  - {uses: everything, with: {text: "${event.window.key} ${event.window.value}"}}
""",
        encoding="utf-8",
    )
    [parsed] = parse_body(body({"source": "leh.ai-worker", "detail-type": "TokenUsage", "detail": {"case_id": "c"}}))
    [spend] = explain_rules(load_rules(Path(), registry), parsed, registry)
    told = spend.to_json()
    assert (told["matched"], told["dedup_key"]) == ("count", "c")
    assert [step["with"]["text"] for step in told["steps"]] == ["c 50"]
    assert str(spend.rule.window) == "the sum of detail.cost_usd over 1d is above 50"


def test_a_tick_is_explained_as_its_rules_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: Registry
) -> None:
    """The rule's line, what was seen, and the steps; of another event, that it is none of its ticks."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.yaml").write_text(
        """\
version: 1
rules:
- id: weekly
  schedule: {cron: "0 9 * * MON"}
  actions:
  - {uses: everything, with: {text: "${event.detail.at}"}}
""",
        encoding="utf-8",
    )
    rules = load_rules(Path(), registry)
    schedule = rules.rules[0].schedule
    assert schedule is not None
    at = datetime(2026, 11, 30, tzinfo=UTC)
    tick = body(schedule.event("weekly", at, timedelta(minutes=20)).envelope)
    [weekly] = explain_rules(rules, parse_body(tick)[0], registry)
    told = weekly.to_json()
    assert (told["matched"], told["steps"][0]["with"]["text"]) == ("trigger", "2026-11-30T09:00:00+09:00")
    assert {line["line"] for line in told["pattern"]["lines"]} == {3}
    [weekly] = explain_rules(rules, parse_body(body(alarm_event("a")))[0], registry)
    assert (weekly.match, weekly.steps) == (None, ())
