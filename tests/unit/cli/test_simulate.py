"""`leh-guardian simulate`: from the files alone, in words and as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from leh_guardian.cli.simulate import simulate
from tests.support.on_call import on_call_text

RULES = """
version: 1
rules:
  - id: down
    mode: act
    severity: sev2
    pattern: {source: [a]}
    actions: []
  - id: mended
    mode: act
    severity: sev2
    pattern: {source: [b]}
    actions: [{uses: queue_drained, with: {queue: q}}]
  - id: quiet
    mode: observe
    severity: sev2
    pattern: {source: [c]}
    actions: [{uses: queue_drained, with: {queue: q}}]
"""
WINDOW = """
maintenance:
  - {name: release, from: 2026-11-23T02:00, to: 2026-11-23T03:20, match: {rule: [down]}, mode: collect}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A rules folder with people."""
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    (tmp_path / "oncall.yaml").write_text(on_call_text(WINDOW), encoding="utf-8")
    return tmp_path


def typed(folder: Path, *words: str) -> Result:
    """Type it, at three in the morning in Korea."""
    given = ("--rules", str(folder), "--at", "2026-11-23T03:00", *words)
    return CliRunner().invoke(simulate, given)


def test_in_words(folder: Path) -> None:
    """When, at which level, why, whom by name and by which ways, and what a maintenance window does to it."""
    told = typed(folder, "--rule", "down", "--no-ack", "--hours", "2")
    assert told.exit_code == 0, told.output
    assert told.stdout.splitlines() == [
        "2026-11-23 03:00  Lv1  발생하여 호출",
        "    채널 ops: ops 즉시",
        "    김민수: slack 즉시, sms +5분, voice +15분",
        "    점검 시간이라 2026-11-23 03:20까지 보류합니다 (maintenance: release)",
        "2026-11-23 03:30  Lv2  30분 무응답으로 Lv2 호출",
        "    최서연: slack 즉시, sms +5분, voice +15분",
        "2026-11-23 04:30  Lv3  1시간 무응답으로 Lv3 호출",
        "    한지훈: voice 즉시, sms 즉시",
        "2026-11-23 04:45  Lv3  15분 무응답으로 Lv3 다시 호출",
        "    한지훈: voice 즉시, sms 즉시",
    ]


def test_as_json(folder: Path) -> None:
    """One call a line; a remedy is given its two minutes."""
    rows: list[dict[str, Any]] = [
        json.loads(line) for line in typed(folder, "--rule", "mended", "--json").stdout.splitlines()
    ]
    assert [(row["at"], row["level"], row["why"]) for row in rows[:2]] == [
        ("2026-11-22T18:02:00+00:00", 1, "begun"),
        ("2026-11-22T18:32:00+00:00", 2, "unanswered"),
    ]
    assert rows[0]["people"][0]["name"] == "김민수"
    assert rows[0]["channels"] == ["ops"]
    assert rows[0]["next"] == rows[1]["at"]
    assert rows[-1]["at"] <= "2026-11-23T06:00:00+00:00" < rows[-1]["next"]


def test_nobody_and_nonsense(folder: Path) -> None:
    """A rule that only observes calls nobody: exit 1; an unknown rule or time is bad usage; the built-in policy needs no file."""
    assert typed(folder, "--rule", "quiet").exit_code == 1
    assert "did you mean" in typed(folder, "--rule", "dwn").stderr
    assert typed(folder, "--rule", "down", "--at", "soon").exit_code == 2
    (folder / "oncall.yaml").unlink()
    told = typed(folder, "--rule", "down", "--hours", "1")
    assert (told.exit_code, told.stdout.splitlines()[1]) == (0, "    채널 console: console 즉시")
