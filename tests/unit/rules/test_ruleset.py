"""What an event means to the rules."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from leh_guardian.model.event import Event
from leh_guardian.model.guards import Budget, Guards
from leh_guardian.model.mode import Mode
from leh_guardian.model.plan import OnFailure, Plan, Severity, Step, Verify
from leh_guardian.rules.ruleset import MatchKind, RuleSet, missed
from tests.unit.rules.conftest import Check

ALARM_RULE = """
version: 1
rules:
  - id: dlq
    description: AI worker's DLQ has messages.
    runbook: 시나리오 A
    mode: act
    pattern:
      source: [aws.cloudwatch]
      detail-type: [CloudWatch Alarm State Change]
      account: ["012345670123"]
      detail: {alarmName: [{prefix: leh-}], state: {value: [ALARM]}}
    resolve_on: {detail: {state: {value: [OK]}}}
    dedup: detail.alarmName
    severity: sev2
    escalate: night
    guards: {cooldown: 10m, budget: [{max: 3, per: 1h}, {max: 7, per: 1d}], limits: {messages: 50}}
    actions:
      - {id: cause, uses: diagnose_worker, with: {log_group: /aws/x, window: 15m}}
      - uses: dlq_redrive
        if: {cause: {verdict: [transient]}}
        with: {queue: "${event.detail.alarmName}", canary: 5}
        timeout: 45m
        retry: {attempts: 5, backoff: 1m}
    verify: {uses: diagnose_worker, with: {log_group: /aws/x, window: 15m}, within: 2h}
    on_failure: stop
"""


def alarm(state: str, name: Any = "leh-dlq", **more: Any) -> Event:
    """Return the event of an alarm's state change."""
    envelope = {
        "source": "aws.cloudwatch",
        "detail-type": "CloudWatch Alarm State Change",
        "account": "012345670123",
        "detail": {"alarmName": name, "state": {"value": state}},
        **more,
    }
    return Event("e-1", envelope)


def loaded(check: Check, text: str) -> RuleSet:
    """Load rules that must be good."""
    rules, diagnostics = check(text)
    assert rules is not None, "\n".join(map(str, diagnostics))
    return rules


def keys(rules: RuleSet, event: Event) -> list[tuple[str, str, str]]:
    """Return rule, dedup key and serialize key of every match."""
    return [(match.rule.id, match.dedup_key, match.serialize_key) for match in rules.match(event)]


def test_a_rule_is_what_its_file_says(check: Check) -> None:
    """Every key of the rule language arrives in the rule and in its plan."""
    rule = loaded(check, ALARM_RULE).get("dlq")
    assert rule is not None
    assert (rule.description, rule.runbook) == ("AI worker's DLQ has messages.", "시나리오 A")
    assert (rule.mode, rule.severity, rule.escalate) == (Mode.ACT, Severity.SEV2, "night")
    assert (rule.file, rule.line) == ("rules.yaml", 4)
    hour, day = timedelta(hours=1), timedelta(days=1)
    assert rule.guards == Guards(timedelta(minutes=10), (Budget(3, hour), Budget(7, day)))
    look = {"log_group": "/aws/x", "window": "15m"}
    redrive = {"queue": "${event.detail.alarmName}", "canary": 5}
    assert rule.plan == Plan(
        mode=Mode.ACT,
        steps=(
            Step("cause", "diagnose_worker", look, None, timeout=300, attempts=3, backoff=30),
            Step("dlq_redrive", "dlq_redrive", redrive, {"cause": {"verdict": ["transient"]}}, 2700, 5, 60),
        ),
        verify=Verify(Step("verify", "diagnose_worker", look, None, 300, 3, 30), within=7200),
        on_failure=OnFailure.STOP,
        escalate="night",
        limits={"messages": 50},
        resolves_on_event=True,
    )


def test_a_rule_that_says_little_is_careful(check: Check) -> None:
    """Left out: it proposes, escalates its failures, waits as long as the handler says, and keeps the handler's limits."""
    rule = loaded(
        check,
        "version: 1\nrules: [{id: a, pattern: {source: [s]}, actions: [{uses: dlq_redrive, with: {queue: q}}],"
        " verify: {uses: everything}}]",
    ).get("a")
    assert rule is not None
    assert (rule.mode, rule.severity, rule.escalate) == (Mode.PROPOSE, Severity.SEV3, "default")
    assert (rule.plan.on_failure, rule.plan.resolves_on_event) == (OnFailure.ESCALATE, False)
    assert rule.plan.steps[0].timeout == 1800
    assert rule.plan.limits == {"messages": 500}
    assert rule.plan.verify is not None
    assert rule.plan.verify.within is None


def test_a_plan_survives_the_journal(check: Check) -> None:
    """A plan is stored as JSON with its incident and read back the same."""
    rule = loaded(check, ALARM_RULE).rules[0]
    assert Plan.from_json(rule.plan.to_json()) == rule.plan


def test_trigger_and_resolve(check: Check) -> None:
    """The trouble opens an incident and its OK closes it, under the same keys."""
    rules = loaded(check, ALARM_RULE)
    assert [match.kind for match in rules.match(alarm("ALARM"))] == [MatchKind.TRIGGER]
    assert [match.kind for match in rules.match(alarm("OK"))] == [MatchKind.RESOLVE]
    assert keys(rules, alarm("ALARM")) == keys(rules, alarm("OK")) == [("dlq", "leh-dlq", "dlq/leh-dlq")]
    assert rules.match(alarm("INSUFFICIENT_DATA")) == []


@pytest.mark.parametrize("other", [{"source": "aws.s3"}, {"detail-type": "Other"}, {"account": "1"}])
def test_the_ok_comes_from_where_the_trouble_came_from(check: Check, other: dict[str, str]) -> None:
    """`resolve_on` takes source, detail-type and account from `pattern` unless it names them."""
    assert loaded(check, ALARM_RULE).match(alarm("OK", **other)) == []


def test_resolve_on_may_name_its_own_source(check: Check) -> None:
    """A worker may announce the end of what an alarm began."""
    text = ALARM_RULE.replace("resolve_on: {", "resolve_on: {source: [leh.worker], detail-type: [Up], ")
    match = loaded(check, text).match(alarm("OK", source="leh.worker", **{"detail-type": "Up"}))
    assert [found.kind for found in match] == [MatchKind.RESOLVE]


def test_what_could_open_and_close_opens(check: Check) -> None:
    """An event that matches both patterns is trouble: never close an incident on it."""
    rules = loaded(check, "version: 1\nrules: [{id: a, pattern: {source: [s]}, resolve_on: {source: [s]}}]")
    event = Event("e", {"source": "s", "detail-type": "t", "detail": {}})
    assert [match.kind for match in rules.match(event)] == [MatchKind.TRIGGER]


def test_matches_come_in_the_order_of_rule_ids(check: Check) -> None:
    """Every replica plans the same actions in the same order."""
    text = "version: 1\nrules:\n" + "".join(f"  - {{id: {i}, pattern: {{source: [s]}}}}\n" for i in ("c", "a", "b"))
    event = Event("e", {"source": "s", "detail-type": "t", "detail": {}})
    assert [match.rule.id for match in loaded(check, text).match(event)] == ["a", "b", "c"]


def test_a_rule_without_dedup_has_one_incident(check: Check) -> None:
    """Its dedup key is empty, and its actions wait for those of no other rule."""
    text = "version: 1\nrules: [{id: a, pattern: {source: [aws.cloudwatch]}}]"
    assert keys(loaded(check, text), alarm("ALARM")) == [("a", "", "a/")]


def test_two_rules_that_name_serialize_share_a_queue_of_actions(check: Check) -> None:
    """What both call the same runs one after the other; a rule that says nothing keeps to itself."""
    text = """
version: 1
rules:
  - {id: a, pattern: {source: [aws.cloudwatch]}, dedup: detail.alarmName, serialize: detail.alarmName}
  - {id: b, pattern: {source: [aws.cloudwatch]}, serialize: detail.alarmName}
  - {id: c, pattern: {source: [aws.cloudwatch]}, dedup: detail.alarmName}
"""
    assert keys(loaded(check, text), alarm("ALARM", "x")) == [("a", "x", "x"), ("b", "", "x"), ("c", "x", "c/x")]


def nested(depth: int) -> Any:
    """Return a list in a list, `depth` deep."""
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("x", "x"),
        (None, ""),
        (5, "5"),
        (True, "true"),
        (["a", 1], '["a",1]'),
        ("a\x00\ud800", "a\\x00\\ud800"),
        (2**200, str(2**200)),
    ],
    ids=repr,
)
def test_any_value_makes_a_key(check: Check, name: object, key: str) -> None:
    """Keys are texts that the journal can store, whatever an event holds."""
    text = "version: 1\nrules: [{id: a, pattern: {source: [aws.cloudwatch]}, dedup: detail.alarmName}]"
    assert keys(loaded(check, text), alarm("ALARM", name))[0][1] == key


def test_a_key_has_a_bounded_length(check: Check) -> None:
    """A megabyte of alarm name does not become a megabyte of index; different names stay different."""
    text = "version: 1\nrules: [{id: a, pattern: {source: [aws.cloudwatch]}, dedup: detail.alarmName}]"
    rules = loaded(check, text)
    first, second = (keys(rules, alarm("ALARM", "x" * 100_000 + end))[0][1] for end in "ab")
    assert len(first) <= 200
    assert first != second


@pytest.mark.parametrize("name", ["text", 5, {"a": 1}, nested(5_000)], ids=["text", "number", "mapping", "deep"])
@pytest.mark.parametrize(
    "dedup", ["sort(detail.alarmName)", "detail.alarmName[0].x", "detail.alarmName", "max(detail.alarmName)"]
)
def test_hostile_values_never_stop_the_intake(check: Check, dedup: str, name: object) -> None:
    """A function that is given what it does not take finds no key; the event still matches."""
    text = f"version: 1\nrules: [{{id: a, pattern: {{source: [aws.cloudwatch]}}, dedup: '{dedup}'}}]"
    assert len(loaded(check, text).match(alarm("ALARM", name))) == 1


STUCK_RULE = """
version: 1
rules:
  - id: stuck
    expect:
      after: {source: [aws.s3]}
      then: {source: [leh.ai-worker, both]}
      by: {after: detail.object.key, then: detail.s3_key}
      within: 15m
  - id: both
    expect:
      after: {source: [both]}
      by: detail.s3_key
      within: 1h
      unless: {uses: everything}
    dedup: detail.case
"""


@pytest.mark.parametrize(
    ("source", "detail", "matches"),
    [
        ("aws.s3", {"object": {"key": "a"}}, [("stuck", "after", "a")]),
        ("aws.s3", {"object": {"key": ["a", 1]}}, [("stuck", "after", '["a",1]')]),
        ("aws.s3", {"object": []}, [("stuck", "after", "e-1")]),
        ("leh.ai-worker", {"s3_key": "a"}, [("stuck", "then", "a")]),
        ("leh.ai-worker", {}, [("stuck", "then", "")]),
        ("both", {"s3_key": "a", "case": "c"}, [("both", "after", "a"), ("stuck", "then", "a")]),
    ],
)
def test_what_is_expected_is_known_by_its_key(
    check: Check, source: str, detail: dict[str, Any], matches: list[tuple[str, str, str]]
) -> None:
    """`after` and `then` each find it in their own place; an `after` without it is known by its event, a `then` by nothing."""
    event = Event("e-1", {"source": source, "detail-type": "t", "detail": detail})
    found = [(one.rule.id, one.kind.value, one.dedup_key) for one in loaded(check, STUCK_RULE).match(event)]
    assert found == matches


def test_what_a_missed_expectation_fires_with(check: Check) -> None:
    """The incident is named by `dedup`, else by the key, or as told; a `then` may close it where it is the key's."""
    rules = loaded(check, STUCK_RULE)
    stuck, both = rules.get("stuck"), rules.get("both")
    assert stuck is not None
    assert both is not None
    envelope = {"detail": {"case": "c"}}
    assert missed(stuck, "a", envelope).dedup_key == "a"
    assert missed(both, "a", envelope).dedup_key == "c"
    assert missed(both, "a", envelope, "*").dedup_key == "*"
    assert (stuck.plan.resolves_on_event, both.plan.resolves_on_event) == (True, False)
