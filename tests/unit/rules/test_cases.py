"""Rule cases: a given event and the plan that must follow."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent, indent

import pytest

from leh_guardian.registry import Registry
from leh_guardian.rules.cases import Result
from leh_guardian.rules.diagnostics import RulesRefused
from leh_guardian.rules.folder import read_folder
from leh_guardian.rules.loader import check_folder, check_rules, load_rules
from tests.support.builders import alarm_event

RULES = """\
version: 1
rules:
- id: dlq
  mode: propose
  severity: sev2
  pattern: {source: [aws.cloudwatch], detail: {alarmName: [{prefix: dlq}], state: {value: [ALARM]}}}
  resolve_on: {detail: {state: {value: [OK]}}}
  dedup: detail.alarmName
  guards: {cooldown: 10m}
  actions:
  - id: cause
    uses: diagnose_worker
    with: {log_group: "/aws/lambda/w", window: 15m}
  - uses: dlq_redrive
    if: {cause: {verdict: [transient]}}
    with: {queue: "${actions.cause.queue}", rate: 5}
  verify: {uses: everything, with: {text: "${event.detail.alarmName}"}}
- id: any-alarm
  pattern: {source: [aws.cloudwatch], detail: {alarmName: [{prefix: other}]}}
"""
ALARM = "{source: aws.cloudwatch, detail-type: t, detail: {alarmName: dlq-1, state: {value: ALARM}}}"

Try = Callable[[str], tuple[tuple[Result, ...], list[str]]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two rules; the names in diagnostics are short."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    (tmp_path / "cases").mkdir()
    return tmp_path


@pytest.fixture
def run(folder: Path, registry: Registry) -> Try:
    """Run the cases in a text; returns the results, and what is said as `line code message`."""

    def run_text(text: str) -> tuple[tuple[Result, ...], list[str]]:
        (folder / "cases" / "c.yaml").write_text("version: 1\ncases:\n" + dedent(text), encoding="utf-8")
        checked = check_folder(read_folder(Path()), registry)
        assert checked.rules is not None, checked.diagnostics
        return checked.results, [f"{d.line} {d.code} {d.message}" for d in checked.diagnostics]

    return run_text


def case(body: str, event: str = ALARM) -> str:
    """Return one case about an event."""
    return f"- name: n\n  event: {event}\n" + indent(dedent(body), "  ")


def test_a_case_that_says_what_happens_passes(run: Try) -> None:
    """Match, incident key, severity, mode, the steps that the facts decide, their parameters and the proof."""
    results, said = run(
        case(
            """\
            facts: {cause: {verdict: transient, queue: q-dlq}}
            expect:
            - rule: dlq
              matches: trigger
              dedup: dlq-1
              severity: sev2
              mode: propose
              actions:
              - {id: cause, uses: diagnose_worker, with: {window: 15m}}
              - {uses: dlq_redrive, with: {queue: q-dlq, rate: 5, canary: 5}}
              verify: {uses: everything, with: {text: dlq-1}}
            """
        )
    )
    assert not said
    assert [(r.name, r.line, r.passed, r.rules) for r in results] == [("n", 3, True, frozenset({"dlq"}))]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("expect: [{rule: dlq, dedup: dlq-2}]", '5 case-failed rule `dlq`: `dedup` is "dlq-1", not "dlq-2"'),
        ("expect: [{rule: dlq, severity: sev1}]", '5 case-failed rule `dlq`: `severity` is "sev2", not "sev1"'),
        ("expect: [{rule: dlq, mode: act}]", '5 case-failed rule `dlq`: `mode` is "propose", not "act"'),
        (
            "expect: [{rule: dlq, matches: resolve}]",
            '5 case-failed rule `dlq`: `matches` is "trigger", not "resolve"',
        ),
        ("expect: []", "5 case-failed rule `dlq` matches too, and the case does not expect it"),
        ("expect: [{rule: dlq, actions: []}]", "5 case-failed rule `dlq` plans diagnose_worker"),
        (
            "expect: [{rule: dlq, actions: [{uses: diagnose_worker, with: {window: 20m}}]}]",
            '5 case-failed `diagnose_worker`: `window` is "15m", not "20m"',
        ),
        (
            "expect: [{rule: dlq, actions: [{uses: diagnose_worker, with: {windw: 20m}}]}]",
            "5 unknown-key `diagnose_worker` has no parameter `windw`",
        ),
        (
            "expect: [{rule: dlq, verify: {uses: diagnose_worker}}]",
            "5 case-failed it is everything, not diagnose_worker",
        ),
        ("expect: [{rule: dlqq}, {rule: dlq}]", "5 unknown-rule there is no rule `dlqq`"),
        ("expect: [{rule: dlq}, {rule: dlq}]", "5 case-failed rule `dlq` does not match"),
        ("expect: [{rule: any-alarm}, {rule: dlq}]", "5 case-failed rule `any-alarm` does not match"),
        (
            "facts: {cause: {verdict: transient}}\n"
            "expect: [{rule: dlq, actions: [{uses: diagnose_worker}, {uses: dlq_redrive}]}]",
            "6 case-failed step `dlq_redrive` cannot be planned: the reference ${actions.cause.queue} finds nothing",
        ),
    ],
)
def test_a_difference_fails_the_case(run: Try, body: str, told: str) -> None:
    """Each difference is told at its line, with what was seen instead."""
    results, said = run(case(body))
    assert said == [told]
    assert [r.passed for r in results] == [False]


def test_a_rule_that_does_not_match_says_why(run: Try, folder: Path, registry: Registry) -> None:
    """The hint is the line of the pattern that failed, with the value seen."""
    run(case("expect: [{rule: dlq}]", ALARM.replace("ALARM", "alarm")))
    _, diagnostics = check_rules(Path(), registry)
    assert [d.hint for d in diagnostics] == ['detail.state.value: expected "ALARM"; saw "alarm"']


def test_an_ok_is_a_match_of_its_own_kind(run: Try) -> None:
    """`matches: resolve` is the rule's OK, and it plans nothing."""
    _, said = run(case("expect: [{rule: dlq, matches: resolve, dedup: dlq-1}]", ALARM.replace("ALARM", "OK")))
    assert not said


def test_an_ok_that_nobody_waits_for_need_not_be_expected(run: Try) -> None:
    """It closes nothing unless its own incident is open; most rules' `resolve_on` fits every OK."""
    assert not run(case("expect: []", ALARM.replace("ALARM", "OK")))[1]


def test_steps_wait_for_facts_that_are_not_given(run: Try) -> None:
    """Without the facts of `cause` only the first step is decided; with others the condition does not hold."""
    planned = "expect: [{rule: dlq, actions: [{uses: diagnose_worker}]}]"
    assert not run(case(planned))[1]
    assert not run(case(f"facts: {{cause: {{verdict: code_bug}}}}\n{planned}"))[1]
    _, said = run(case("expect: [{rule: dlq, actions: [{uses: diagnose_worker}, {uses: dlq_redrive}]}]"))
    assert said == ["5 case-failed rule `dlq` plans diagnose_worker"]


def test_true_is_not_one(run: Try) -> None:
    """Expected values are compared as JSON compares them."""
    _, said = run(case("expect: [{rule: dlq, verify: {uses: everything, with: {flag: 0}}}]"))
    assert said == ["5 case-failed `everything`: `flag` is false, not 0"]


def test_an_event_file_holds_any_message_body(run: Try, folder: Path) -> None:
    """Whatever the daemon reads from its queue: here an SNS notification around an alarm."""
    inner = json.dumps(alarm_event("dlq-1"))
    body = {"Type": "Notification", "MessageId": "m", "Message": inner}
    (folder / "cases" / "alarm.json").write_text(json.dumps(body), encoding="utf-8")
    assert not run("- {name: n, event_file: alarm.json, expect: [{rule: dlq}]}\n")[1]


def test_several_events_of_one_body_are_expected_one_by_one(run: Try, folder: Path) -> None:
    """S3 notifications hold many records; every match of every record is looked at."""
    record = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}}}
    for name in "ab":
        record["s3"]["object"] = {"key": name}  # type: ignore[index]
    (folder / "cases" / "s3.json").write_text(json.dumps({"Records": [record, record]}), encoding="utf-8")
    (folder / "more.yaml").write_text("version: 1\nrules: [{id: s3, pattern: {source: [aws.s3]}}]\n", encoding="utf-8")
    assert not run("- {name: n, event_file: s3.json, expect: [{rule: s3}, {rule: s3}]}\n")[1]
    _, said = run("- {name: n, event_file: s3.json, expect: [{rule: s3}]}\n")
    assert said == ["3 case-failed rule `s3` matches too, and the case does not expect it"]


def write_batch(folder: Path, *keys: str) -> None:
    """Write S3's notification of several uploads, and a rule about each of them."""
    records = [
        {
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "b"}, "object": {"key": k}},
        }
        for k in keys
    ]
    (folder / "cases" / "s3.json").write_text(json.dumps({"Records": records}), encoding="utf-8")
    rule = (
        "{id: s3, pattern: {source: [aws.s3], detail: {object: {key: [{wildcard: '*-y'}]}}}, dedup: detail.object.key}"
    )
    (folder / "more.yaml").write_text(f"version: 1\nrules: [{rule}]\n", encoding="utf-8")


def test_the_matches_of_a_batch_are_expected_in_any_order(run: Try, folder: Path) -> None:
    """Which incident is meant is said by its key, not by where it stands in the message."""
    write_batch(folder, "a-y", "b-y", "c-y")
    expect = "[{rule: s3}, {rule: s3, dedup: c-y}, {rule: s3, dedup: a-y}]"
    assert not run(f"- {{name: n, event_file: s3.json, expect: {expect}}}\n")[1]
    _, said = run(f"- {{name: n, event_file: s3.json, expect: {expect.replace('a-y', 'd-y')}}}\n")
    assert said == ['3 case-failed rule `s3`: `dedup` is "a-y", not "d-y"']


def test_a_batch_that_does_not_match_is_explained_by_its_nearest_event(
    run: Try, folder: Path, registry: Registry
) -> None:
    """The event that lacks least says why, not the first."""
    write_batch(folder, "a-x", "b-x")
    more = (folder / "more.yaml").read_text().replace("source: [aws.s3]", "source: [aws.s3], region: [us-east-1]")
    (folder / "more.yaml").write_text(more)
    batch = json.loads((folder / "cases" / "s3.json").read_text())
    batch["Records"][1]["awsRegion"] = "us-east-1"
    (folder / "cases" / "s3.json").write_text(json.dumps(batch))
    run("- {name: n, event_file: s3.json, expect: [{rule: s3}]}\n")
    _, [diagnostic] = check_rules(Path(), registry)
    assert diagnostic.hint == 'detail.object.key: expected {"wildcard": "*-y"}; saw "b-x"'


def test_facts_of_a_step_that_is_not_there_are_a_finding(run: Try) -> None:
    """Misspelt, they would decide nothing, and the case would show less than its author thinks."""
    _, said = run(case("facts: {caus: {verdict: transient}}\nexpect: [{rule: dlq}]"))
    assert said == ["5 unknown-step no rule that the case expects has a step called `caus`"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("- {name: n, expect: []}", "give either `event`, `event_file` or `tick`"),
        ("- {name: n, event_file: ../x.json, expect: []}", "must be of the form"),
        ("- {name: n, event_file: gone.json, expect: []}", "the file gone.json is not in the folder of the cases"),
        ("- {name: n, event: {a: 1}, expect: []}", "the case's event cannot be read: no EventBridge envelope"),
        ("- {name: n, event: {a: 1}}", "`expect` is missing"),
        ("- {name: n, event: {a: 1}, expects: []}", "unknown key `expects`"),
        ("- {name: n, event: {a: 1}, expect: [{rule: dlq, actions: }]}", "give `actions` a value or leave it out"),
        ("- 5", "must be a mapping"),
    ],
)
def test_a_case_that_cannot_be_run_is_a_finding(run: Try, body: str, told: str) -> None:
    """A case that says nothing, or not enough, proves nothing and is refused."""
    _, said = run(body + "\n")
    assert any(told in line for line in said), said


@pytest.mark.parametrize(
    "text", ["", "version: 1\n", "[1]\n", "version: 2\ncases: []\n", "version: 1\ncases: {}\n", "a: [\n"]
)
def test_a_broken_case_file_is_a_finding(text: str, folder: Path, registry: Registry) -> None:
    """A case file that was cut off must not pass for one whose cases hold."""
    (folder / "cases" / "c.yaml").write_text(text, encoding="utf-8")
    rules, diagnostics = check_rules(Path(), registry)
    assert rules is None
    assert [d.file for d in diagnostics] == ["cases/c.yaml"] * len(diagnostics)


def test_a_failing_case_refuses_the_rules(run: Try, folder: Path, registry: Registry) -> None:
    """The same gate at start, at reload and in `rules check`; without the case the rules are taken."""
    run(case("expect: []"))
    with pytest.raises(RulesRefused) as refused:
        load_rules(Path(), registry)
    assert [d.code for d in refused.value.diagnostics] == ["case-failed"]
    (folder / "cases" / "c.yaml").unlink()
    assert len(load_rules(Path(), registry).rules) == 2


def test_cases_are_part_of_the_digest_and_not_of_the_revision(run: Try, folder: Path, registry: Registry) -> None:
    """A mended case is looked at again; what the daemon does has not changed."""
    run(case("expect: [{rule: dlq}]"))
    before, revision = read_folder(Path()).digest, load_rules(Path(), registry).revision
    run(case("expect: [{rule: dlq, dedup: dlq-1}]"))
    assert read_folder(Path()).digest != before
    assert load_rules(Path(), registry).revision == revision


def test_hidden_files_are_no_cases(folder: Path, registry: Registry) -> None:
    """Editors leave files of their own."""
    (folder / "cases" / ".c.yaml").write_text("a: [", encoding="utf-8")
    (folder / "cases" / "notes.md").write_text("a: [", encoding="utf-8")
    assert load_rules(Path(), registry).rules


def test_a_cases_folder_that_cannot_be_read_is_a_finding(tmp_path: Path, registry: Registry) -> None:
    """Cases that nobody could look at have not passed."""
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    (tmp_path / "cases").write_text("", encoding="utf-8")
    rules, diagnostics = check_rules(tmp_path, registry)
    assert rules is None
    assert [d.code for d in diagnostics] == ["no-folder"]


STUCK = """\
- id: stuck
  expect:
    after: {source: [aws.s3], detail-type: [Object Created]}
    then: {source: [leh.ai-worker]}
    by: {after: detail.object.key, then: detail.s3_key}
    within: 15m
    unless: {uses: everything, with: {text: "${event.detail.object.key}"}}
  actions:
  - {uses: everything, with: {text: "${event.detail.object.key} ${incident.dedup_key}"}}
- id: told
  expect:
    after: {source: [aws.s3], detail-type: [Object Tags Added]}
    then: {source: [leh.ai-worker]}
    by: {after: detail.object.key, then: detail.s3_key}
    within: 1h
  dedup: detail.bucket.name
"""
UPLOAD = "{source: aws.s3, detail-type: Object Created, detail: {object: {key: a, etag: '1'}}}"
TAGGED = "{source: aws.s3, detail-type: Object Tags Added, detail: {bucket: {name: b}, object: {key: a, etag: '1'}}}"
DONE = "{source: leh.ai-worker, detail-type: t, detail: {s3_key: a}}"


@pytest.fixture
def absent(folder: Path, run: Try) -> Try:
    """Run cases beside two absence rules."""
    (folder / "stuck.yaml").write_text(f"version: 1\nrules:\n{STUCK}", encoding="utf-8")
    return run


@pytest.mark.parametrize(
    "body",
    [
        "wait: 15m\nexpect: [{rule: stuck, dedup: a, actions: [{uses: everything, with: {text: a a}}]}]",
        "wait: 14m\nexpect: []",
        "wait: 14m\nexpect: [{rule: stuck, matches: after, dedup: a}]",
        "wait: 1d\nfound: true\nexpect: []",
        f"later: [{{after: 14m, event: {DONE}}}]\nwait: 1d\nexpect: [{{rule: stuck, matches: then, dedup: a}}]",
        f"later: [{{after: 16m, event: {DONE}}}]\nexpect: [{{rule: stuck}}]",
        f"later: [{{after: 14m, event: {UPLOAD}}}]\nwait: 1m\nexpect: [{{rule: stuck}}]",
        f"later: [{{after: 0s, event: {DONE}}}, {{after: 1m, event: {UPLOAD}}}]\nwait: 1d\nexpect: []",
        f"later: [{{after: 0s, event: {TAGGED}}}]\nwait: 1h\nfound: true\nexpect: [{{rule: told, dedup: b}}]",
    ],
)
def test_time_passes_for_absence_rules(absent: Try, body: str) -> None:
    """What follows in time, what does not, what the last look finds, copies; a rule without a look finds nothing by it."""
    results, said = absent(case(body, UPLOAD))
    assert said == []
    assert [result.passed for result in results] == [True]


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("wait: 15m\nexpect: []", "6 case-failed rule `stuck` matches too, and the case does not expect it"),
        ("wait: 14m\nexpect: [{rule: stuck}]", "6 case-failed rule `stuck` does not fire"),
        ("expect: [{rule: stuck, matches: then}]", "5 case-failed rule `stuck` does not match"),
        ("expect: [{rule: stuck, matches: resolve}]", "5 case-failed rule `stuck` does not match"),
        ("wait: soon\nexpect: []", "5 bad-value `wait` cannot be"),
        ("later: [{after: 1m}]\nexpect: []", "5 bad-value `later[0]`: give either `event`, `event_file` or `tick`"),
        ("later: [{after: 1m, event: {}}]\nexpect: []", "5 bad-event the case's event cannot be read"),
    ],
)
def test_what_an_absence_case_says_when_it_fails(absent: Try, body: str, line: str) -> None:
    """The difference, where it stands."""
    _, said = absent(case(body, UPLOAD))
    assert [one for one in said if one.startswith(line)], said


SPEND = """\
- id: spend
  pattern: {source: [leh.ai-worker]}
  window: {sum: detail.cost_usd, by: detail.case_id, over: 10m, above: 5}
  actions:
  - {uses: everything, with: {text: "${event.window.key} ${event.window.value}"}}
- id: pieces
  pattern: {source: [leh.app]}
  window: {distinct: detail.evidence_id, over: 10m, at_least: 3}
"""
USED = "{source: leh.ai-worker, detail-type: t, detail: {case_id: c, cost_usd: 1}}"
PIECE = '{source: leh.app, detail-type: t, detail: {evidence_id: "ev_${n}"}}'


@pytest.fixture
def counting(folder: Path, run: Try) -> Try:
    """Run cases beside two window rules."""
    (folder / "spend.yaml").write_text(f"version: 1\nrules:\n{SPEND}", encoding="utf-8")
    return run


@pytest.mark.parametrize(
    ("event", "body"),
    [
        (USED, "times: 5\nexpect: []"),
        (USED, "times: 9\nexpect: [{rule: spend, dedup: c, actions: [{uses: everything, with: {text: c 6}}]}]"),
        (USED, "times: 6\nevery: 2m\nexpect: [{rule: spend}]"),
        (USED, "times: 6\nevery: 125s\nexpect: []"),
        (USED, "times: 3\nlater: [{after: 9m, event: " + USED + ", times: 3}]\nexpect: [{rule: spend}]"),
        (USED, "expect: [{rule: spend, matches: count, dedup: c}]"),
        (PIECE, "times: 3\nexpect: [{rule: pieces, dedup: ''}]"),
        (PIECE.replace("${n}", "1"), "times: 30\nexpect: []"),
    ],
)
def test_events_are_counted_for_window_rules(counting: Try, event: str, body: str) -> None:
    """Repeated, spread over time, told apart; once for each key, however much follows."""
    results, said = counting(case(body, event))
    assert said == []
    assert [result.passed for result in results] == [True]


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("times: 6\nexpect: []", "6 case-failed rule `spend` matches too, and the case does not expect it"),
        ("times: 5\nexpect: [{rule: spend}]", "6 case-failed rule `spend` does not fire"),
        ("times: 0\nexpect: []", "5 bad-value `times` must be"),
        ("expect: [{rule: dlq, matches: count}]", "5 case-failed rule `dlq` does not match"),
    ],
)
def test_what_a_counting_case_says_when_it_fails(counting: Try, body: str, line: str) -> None:
    """The difference, where it stands."""
    _, said = counting(case(body, USED))
    assert [one for one in said if one.startswith(line)], said


def test_how_much_was_counted_is_told(counting: Try, registry: Registry) -> None:
    """Whoever expects a window rule to fire learns how much it saw."""
    counting(case("times: 5\nexpect: [{rule: spend}]", USED))
    hints = [d.hint for d in check_folder(read_folder(Path()), registry).diagnostics]
    assert "5 events counted, and no window of 10m held too much" in hints


def test_the_reason_why_nothing_fires_is_told(absent: Try, folder: Path, registry: Registry) -> None:
    """Whoever expects a rule to fire learns whether its `after` does not match, or its time is not over."""
    absent(case("expect: [{rule: stuck}, {rule: told}]", UPLOAD))
    hints = [d.hint for d in check_folder(read_folder(Path()), registry).diagnostics]
    assert [hint for hint in hints if "`within` is 15m" in hint]
    assert [hint for hint in hints if "Object Tags Added" in hint]


def test_a_verdict_that_no_step_is_for_asks_people(run: Try) -> None:
    """Nothing is verified then; the case may say so, and is told where it is wrong."""
    facts = "facts: {cause: {verdict: config, queue: q}}"
    assert not run(case(f"{facts}\nexpect: [{{rule: dlq, actions: [{{uses: diagnose_worker}}], asks_people: true}}]"))[
        1
    ]
    _, said = run(case(f"{facts}\nexpect: [{{rule: dlq, asks_people: false, verify: {{uses: everything}}}}]"))
    assert len(said) == 2
    assert all('no step is for what was found, {"cause":{"verdict":"config"}}' in each for each in said)
    assert "verifies nothing" in said[1]
    handled = "facts: {cause: {verdict: transient, queue: q}}"
    _, said = run(case(f"{handled}\nexpect: [{{rule: dlq, asks_people: true}}]"))
    assert said == ["6 case-failed rule `dlq`: there is a step for what was found"]
    assert not run(case("expect: [{rule: dlq, asks_people: false}]"))[1], "what is not known is not claimed"


WEEKLY = """\
- id: weekly
  mode: act
  schedule: {cron: "0 9 * * MON"}
  dedup: detail.rule
  actions:
  - {uses: dlq_redrive, with: {queue: "q-${event.detail.rule}"}}
- id: everything-of-guardians
  pattern: {source: [leh.guardian]}
"""


@pytest.fixture
def ticking(folder: Path, run: Try) -> Try:
    """Run cases beside a schedule rule, and one that would take whatever guardian sends."""
    (folder / "weekly.yaml").write_text(f"version: 1\nrules:\n{WEEKLY}", encoding="utf-8")
    return run


def test_a_tick_plans_what_its_rule_does(ticking: Try) -> None:
    """`tick` in place of an event; it concerns its own rule alone, however widely another is drawn."""
    results, said = ticking(
        """\
        - name: n
          tick: weekly
          expect: [{rule: weekly, dedup: weekly, actions: [{uses: dlq_redrive, with: {queue: q-weekly}}]}]
        """
    )
    assert said == []
    assert [result.passed for result in results] == [True]


@pytest.mark.parametrize(
    ("case_", "line"),
    [
        ("{name: n, tick: weekly, expect: []}", "case-failed rule `weekly` matches too"),
        ("{name: n, tick: wekly, expect: []}", "unknown-rule there is no rule `wekly` with a `schedule`"),
        ("{name: n, tick: dlq, expect: []}", "unknown-rule there is no rule `dlq` with a `schedule`"),
        ("{name: n, tick: weekly, times: 2, expect: []}", "a `tick` comes once"),
        (f"{{name: n, tick: weekly, event: {ALARM}, expect: []}}", "give either `event`, `event_file` or `tick`"),
        (f"{{name: n, event: {ALARM}, expect: [{{rule: dlq}}, {{rule: weekly}}]}}", "rule `weekly` does not match"),
    ],
)
def test_what_a_ticking_case_says_when_it_fails(ticking: Try, case_: str, line: str) -> None:
    """Rules that are not there or have no schedule, and what a tick does not go with."""
    _, said = ticking(f"- {case_}\n")
    assert [one for one in said if line in one], said
