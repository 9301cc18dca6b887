"""`leh-guardian oncall` by its answers: exit code, standard output, standard error."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from leh_guardian.cli.main import main

Run = Callable[..., tuple[int, str, str]]
SHIPPED = Path(__file__).parents[3] / "rules" / "oncall.yaml"
EXAMPLE = Path(__file__).parents[1] / "rules" / "oncall" / "example.yaml"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run `leh-guardian oncall …` in this process, beside a folder `rules` with the example's `oncall.yaml`."""
    monkeypatch.chdir(tmp_path)
    for name in ("SOLAPI_PF_ID", "SMS_FROM", "PD_ROUTING_KEY"):
        monkeypatch.setenv(name, "x")
    Path("rules").mkdir()
    shutil.copy(EXAMPLE, "rules/oncall.yaml")

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["oncall", *arguments])
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, captured.out, captured.err

    return call


@pytest.mark.parametrize("at", ["2027-01-01T09:00", "2027-01-01T09:00:00+09:00", "2027-01-01T00:00Z"])
def test_who_answers_as_the_contract_says(run: Run, at: str) -> None:
    """One JSON document for each schedule, with these keys; an instant without a zone is by the file's clocks."""
    code, out, err = run("who", "--at", at, "--json")
    assert (code, "데이터베이스를 볼 수 없어" in err) == (0, True)
    first, second = (json.loads(line) for line in out.splitlines())
    assert first == {
        "schedule": "lv1_dev",
        "at": "2027-01-01T09:00:00+09:00",
        "people": ["jiyoung"],
        "because": "공휴일·주말 전담 (2026-12-31 근무)",
    }
    assert second["people"] == ["seoyeon"]


def test_who_of_one_schedule_for_people(run: Run) -> None:
    """A table in Korean, with the names."""
    code, out, _ = run("who", "--schedule", "lv2_lead", "--at", "2026-11-03T12:00")
    assert code == 0
    assert out.splitlines()[1].split("  ")[:3] == ["lv2_lead", "2026-11-03 12:00", "최서연 (seoyeon)"]


def test_nobody_is_a_no(run: Run) -> None:
    """Where neither duty nor a fallback names anybody, the exit code says so."""
    text = Path("rules/oncall.yaml").read_text(encoding="utf-8").replace("    fallback: [cto]\n", "")
    Path("rules/oncall.yaml").write_text(text, encoding="utf-8")
    code, out, _ = run("who", "--schedule", "lv2_lead", "--at", "2026-01-01T00:00", "--json")
    assert (code, json.loads(out)["people"]) == (1, [])


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("who", "--at", "tomorrow"), 2, "write a time such as"),
        (("who", "--at", "9999-12-31T00:00"), 2, "write a year between"),
        (("who", "--at", "0001-01-01"), 2, "write a year between"),
        (("who", "--schedule", "lv1_dew"), 2, "did you mean `lv1_dev`?"),
        (("who", "--rules", "nowhere"), 2, "cannot read nowhere"),
        (("who", "--rules", "."), 2, "there is no oncall.yaml"),
        (("next", "--days", "0"), 2, "--days"),
        (("export", "--schedule", "x"), 2, "there is no schedule 'x'"),
    ],
)
def test_bad_usage(run: Run, arguments: tuple[str, ...], code: int, words: str) -> None:
    """One message, exit 2, nothing on standard output."""
    answer, out, err = run(*arguments)
    assert (answer, out) == (code, "")
    assert words in err


def test_a_broken_file(run: Run) -> None:
    """It is bad configuration to who asks, and a finding to `check`."""
    Path("rules/oncall.yaml").write_text("version: 1\npolicies: {}\n", encoding="utf-8")
    for command in ("who", "next", "export"):
        code, out, err = run(command)
        assert (code, out) == (78, "")
        assert "there is no policy `default`" in err
    code, out, _ = run("check", "--json")
    assert code == 1
    assert json.loads(out)["code"] == "missing-key"


def test_next_says_who_follows_whom(run: Run) -> None:
    """Turn by turn, end to end, as a table or as JSON Lines."""
    code, out, _ = run("next", "--days", "30", "--schedule", "lv1_dev", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [row["to"] for row in rows[:-1]] == [row["from"] for row in rows[1:]]
    assert len(rows) > 4
    assert len(run("next", "--days", "30", "--schedule", "lv1_dev")[1].splitlines()) == len(rows) + 1


def test_check_is_content_with_the_example(run: Run) -> None:
    """Exit 0, and a sentence."""
    code, out, err = run("check", "--days", "30")
    assert (code, out, err.splitlines()[-1]) == (0, "", "문제가 없습니다.")


def test_check_complains_of_placeholders(run: Run) -> None:
    """The shipped file works, and says what is left to do."""
    shutil.copy(SHIPPED, "rules/oncall.yaml")
    code, out, _ = run("check", "--json")
    assert code == 1
    assert {json.loads(line)["code"] for line in out.splitlines()} == {"placeholder", "long-duty"}
    code, out, err = run("check")
    assert code == 1
    assert "자리표시" in out
    assert "6건" in err


def test_export_is_a_calendar(run: Run) -> None:
    """All schedules, or one."""
    code, out, _ = run("export")
    assert code == 0
    assert out.startswith("BEGIN:VCALENDAR")
    one = run("export", "--schedule", "lv2_lead")[1]
    assert 0 < one.count("BEGIN:VEVENT") < out.count("BEGIN:VEVENT")
