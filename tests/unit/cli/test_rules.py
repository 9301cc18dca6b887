"""`rules test`, `rules explain` and `rules schema` by their answers: exit code, standard output, standard error."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from leh_guardian.cli.main import main
from tests.support.builders import alarm_event

Run = Callable[..., tuple[int, str, str]]

RULES = """\
version: 1
rules:
- id: cpu
  pattern: {source: [aws.cloudwatch], detail: {alarmName: [cpu], state: {value: [ALARM]}}}
  dedup: detail.alarmName
- id: uploads
  pattern: {source: [aws.s3]}
  dedup: detail.object.key
"""
PASSES = "- {name: good, event: {source: aws.s3, detail-type: t, detail: {}}, expect: [{rule: uploads}]}\n"
FAILS = "- {name: bad, event: {source: aws.s3, detail-type: t, detail: {}}, expect: []}\n"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run `leh-guardian rules …` in this process, beside a folder `rules` of two rules without cases."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules" / "cases").mkdir(parents=True)
    (tmp_path / "rules" / "a.yaml").write_text(RULES, encoding="utf-8")

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["rules", *arguments])
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, captured.out, captured.err

    return call


def write_cases(*cases: str) -> None:
    """Write a file of cases."""
    Path("rules/cases/c.yaml").write_text("version: 1\ncases:\n" + "".join(cases), encoding="utf-8")


def s3_batch(*keys: str) -> str:
    """Return the notification of several uploads."""
    records = [
        {
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "b"}, "object": {"key": k}},
        }
        for k in keys
    ]
    return json.dumps({"Records": records})


def test_cases_that_hold(run: Run) -> None:
    """Each case is a line, the rules that have none are named, and the answer is yes."""
    write_cases(PASSES)
    code, out, err = run("test")
    assert (code, out) == (0, "ok    rules/cases/c.yaml:3  good\n")
    assert err == "1 cases: 1 passed, 0 failed\nrules without a case: cpu\n"


def test_a_case_that_fails(run: Run) -> None:
    """It is told with its place and what was seen instead, and the answer is no."""
    write_cases(PASSES, FAILS)
    code, out, err = run("test", "rules")
    assert code == 1
    assert "ok    rules/cases/c.yaml:3  good\nFAIL  rules/cases/c.yaml:4  bad\nrules/cases/c.yaml:4:" in out
    assert "rule `uploads` matches too" in out
    assert "2 cases: 1 passed, 1 failed" in err


def test_cases_as_json_lines(run: Run) -> None:
    """One case per line and nothing else; a failure has the form of `rules check`."""
    write_cases(PASSES, FAILS)
    code, out, err = run("test", "--json")
    good, bad = map(json.loads, out.splitlines())
    assert (code, err) == (1, "")
    assert good == {"file": "rules/cases/c.yaml", "line": 3, "case": "good", "passed": True, "failures": []}
    assert [set(failure) for failure in bad["failures"]] == [{"file", "line", "column", "code", "message", "hint"}]


@pytest.mark.parametrize("broken", ["rules/a.yaml", "rules/cases/c.yaml"])
def test_files_that_are_wrong(run: Run, broken: str) -> None:
    """Without rules, or with half a file of cases, nothing has been shown: the mistake is told and the answer is no."""
    write_cases(PASSES)
    with Path(broken).open("a", encoding="utf-8") as file:
        file.write("oops: 1\n")
    code, _, err = run("test", "--json")
    assert code == 1
    assert f"{broken}:" in err
    assert "unknown key `oops`" in err


def test_a_case_that_cannot_be_run_is_counted(run: Run) -> None:
    """The last line never looks like a success when the answer is no."""
    write_cases(PASSES, "- {name: neither, expect: []}\n")
    code, _, err = run("test")
    assert code == 1
    assert "rules/cases/c.yaml:4:3: `cases[1]`: give either `event`, `event_file` or `tick` [bad-value]" in err
    assert "1 cases: 1 passed, 0 failed; 1 mistakes in the files\n" in err


def test_no_folder_of_rules(run: Run) -> None:
    """It is bad input, and not a lack of cases."""
    assert [run(*words)[0] for words in (["test", "gone"], ["explain", "-", "--rules", "gone"])] == [2, 2]


def test_explained(run: Run) -> None:
    """Every rule, every line of it with the value seen; a rule that matches makes the answer yes."""
    Path("event").write_text(json.dumps(alarm_event("cpu")), encoding="utf-8")
    code, out, err = run("explain", "event")
    assert (code, err) == (0, "")
    assert 'rules/a.yaml:3: cpu [propose] matches (trigger), incident key "cpu"' in out
    assert '    rules/a.yaml:7  NO source: expected "aws.s3"; saw "aws.cloudwatch"' in out


def test_explained_as_json_lines(run: Run) -> None:
    """One rule per line; where none matches the answer is no."""
    Path("event").write_text(json.dumps(alarm_event("disk")), encoding="utf-8")
    code, out, err = run("explain", "event", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (1, "")
    assert [(row["rule"], row["matched"]) for row in rows] == [("cpu", None), ("uploads", None)]
    [name] = [line for line in rows[0]["pattern"]["lines"] if line["path"] == "detail.alarmName"]
    assert (name["line"], name["matched"], name["seen"]) == (4, False, ["disk"])


def test_an_absence_rule_is_explained(run: Run) -> None:
    """Both of its patterns, what the event is expected under, and when the rule would fire."""
    expect = "{after: {source: [aws.s3]}, then: {source: [w]}, by: detail.object.key, within: 90m}"
    Path("rules/b.yaml").write_text(f"version: 1\nrules:\n- id: stuck\n  expect: {expect}\n", encoding="utf-8")
    Path("event").write_text(s3_batch("x"), encoding="utf-8")
    code, out, _ = run("explain", "event", "--rule", "stuck")
    assert code == 0
    assert out.splitlines() == [
        'rules/b.yaml:3: stuck [propose] matches (after), expected key "x"',
        "  after: matches",
        '    rules/b.yaml:4  ok source: expected "aws.s3"; saw "aws.s3"',
        "  then: does not match",
        '    rules/b.yaml:4  NO source: expected "w"; saw "aws.s3"',
        "  fires if nothing follows within 90m",
    ]


def test_a_batch_is_explained_event_by_event(run: Run) -> None:
    """Of a notification of many uploads it is told which answer belongs to which."""
    Path("event").write_text(s3_batch("x", "y"), encoding="utf-8")
    _, out, _ = run("explain", "event", "--rule", "uploads")
    assert [line.partition("?")[0] for line in out.splitlines() if line.startswith("event ")] == [
        "event 1 of 2: s3:b/x",
        "event 2 of 2: s3:b/y",
    ]
    _, out, _ = run("explain", "event", "--rule", "uploads", "--json")
    assert [json.loads(line)["event"].partition("?")[0] for line in out.splitlines()] == ["s3:b/x", "s3:b/y"]


def test_a_message_without_an_event_is_told(run: Run) -> None:
    """S3 tests a queue with a message about nothing: that is said, not left silent."""
    Path("event").write_text(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"}), encoding="utf-8")
    code, out, err = run("explain", "event")
    assert (code, out) == (1, "")
    assert "holds no event" in err


def test_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` reads an event from a pipe, SNS's wrapping taken off; without any input it is no event."""
    wrapped = {"Type": "Notification", "MessageId": "m", "Message": json.dumps(alarm_event("cpu"))}
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(wrapped).encode())))
    assert run("explain", "-")[0] == 0
    monkeypatch.setattr(sys, "stdin", None)
    code, _, err = run("explain", "-")
    assert code == 2
    assert "not an event" in err


def test_what_has_no_end_or_no_writer(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe without writer, a device and an input without end are refused in the time of a small file."""
    os.mkfifo("pipe")
    for file in ("pipe", "/dev/zero", "/", "gone"):
        code, out, err = run("explain", file)
        assert (code, out) == (2, ""), file
        assert "Error: " in err
    with Path("/dev/zero").open(encoding="latin-1") as endless:
        monkeypatch.setattr(sys, "stdin", endless)
        code, _, err = run("explain", "-")
    assert code == 2
    assert "holds more than" in err


def test_hostile_events_reach_no_terminal(run: Run) -> None:
    """Control characters, bidi overrides and lone surrogates of an event are printed as escapes."""
    Path("event").write_text(json.dumps(alarm_event("cpu\x1b[31m\x9b\u202e\ud800\x00")), encoding="utf-8")
    code, out, _ = run("explain", "event")
    assert code == 1
    assert all(line.isprintable() for line in out.splitlines())
    _, out, _ = run("explain", "event", "--json")
    assert all(line.isprintable() and json.loads(line) for line in out.splitlines())


def test_explaining_needs_good_rules(run: Run) -> None:
    """Rules that would be refused explain nothing, and a rule that is not there is bad usage."""
    Path("event").write_text(json.dumps(alarm_event("cpu")), encoding="utf-8")
    code, _, err = run("explain", "event", "--rule", "cpuu")
    assert code == 2
    assert "did you mean `cpu`?" in err
    write_cases(FAILS)
    code, out, err = run("explain", "event")
    assert (code, out) == (78, "")
    assert "[case-failed]" in err


@pytest.mark.parametrize(("option", "key"), [([], "rules"), (["--cases"], "cases")])
def test_schemas(run: Run, option: list[str], key: str) -> None:
    """The schema of rules, or of cases, is one JSON document."""
    code, out, err = run("schema", *option)
    assert (code, err) == (0, "")
    assert set(json.loads(out)["properties"]) == {"version", key}


@pytest.mark.parametrize("cases", [False, True])
def test_a_check_loads_only_what_it_uses(tmp_path: Path, cases: bool) -> None:
    """Editors and commit hooks start it again and again: no client library, no other command, and cases only where there are some."""
    (tmp_path / "cases").mkdir()
    (tmp_path / "a.yaml").write_text(RULES, encoding="utf-8")
    if cases:
        (tmp_path / "cases" / "c.yaml").write_text("version: 1\ncases:\n" + PASSES, encoding="utf-8")
    program = (
        "import sys\nfrom leh_guardian.cli.main import main\n"
        f"try:\n    main(['rules', 'check', {str(tmp_path)!r}])\nexcept SystemExit:\n    print(*sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "leh_guardian.rules.loader" in loaded
    assert not loaded & {"aiobotocore", "botocore", "asyncpg", "aiohttp", "structlog", "prometheus_client"}
    assert not loaded & {"leh_guardian.cli.explain", "leh_guardian.rules.explain", "leh_guardian.rules.schema"}
    assert ("leh_guardian.rules.cases" in loaded) is cases


def test_schedule_tells_what_is_ahead(run: Run) -> None:
    """By time, on Korea's clocks and its own; a dense rule is cut, one that is off is said; 1 where nothing ticks."""
    assert run("schedule")[0] == 1
    Path("rules/b.yaml").write_text(
        "version: 1\nrules:\n"
        '- {id: weekly, schedule: {cron: "0 9 * * MON"}}\n'
        '- {id: yorks, schedule: {cron: "30 2 14 3 *", timezone: America/New_York}}\n'
        '- {id: dense, schedule: {cron: "* * * * *"}}\n'
        '- {id: idle, mode: "off", schedule: {cron: "0 9 * * MON"}}\n',
        encoding="utf-8",
    )
    code, printed, err = run("schedule", "--from", "2027-03-08T12:00", "--days", "7")
    assert code == 0
    lines = [line for line in printed.splitlines() if "dense" not in line]
    assert [line.split()[-3:] for line in lines[1:]] == [
        ["2027-03-14T03:00:00-04:00", "yorks", "propose"],
        ["2027-03-15T09:00:00+09:00", "weekly", "propose"],
    ]
    assert "dense: 980 or more ticks follow (* * * * * Asia/Seoul)" in printed
    assert "idle is off" in err
    code, printed, _ = run("schedule", "--from", "2027-03-08T12:00", "--days", "7", "--json")
    rows = {row["rule"]: row for row in map(json.loads, printed.splitlines())}
    assert (code, len(rows["dense"]["ticks"]), rows["idle"]["ticks"]) == (0, 1000, [])
    assert rows["weekly"] == {
        "rule": "weekly",
        "mode": "propose",
        "cron": "0 9 * * MON",
        "timezone": "Asia/Seoul",
        "catch_up": "1h",
        "ticks": ["2027-03-15T09:00:00+09:00"],
    }
