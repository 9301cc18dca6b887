"""`oncall.yaml` as a part of the rules folder: taken and refused with the rules, and what rules say of their policy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from leh_guardian.model.plan import Plan
from leh_guardian.registry import Registry
from leh_guardian.rules.cut_off import find_cut_off
from leh_guardian.rules.folder import read_folder
from leh_guardian.rules.loader import check_rules
from leh_guardian.rules.oncall.loading import check_oncall, load_oncall
from tests.unit.rules.oncall.test_loading import SMALLEST

SHIPPED = Path(__file__).parents[4] / "rules"
RULE = "version: 1\nrules:\n- id: a-rule\n  pattern: {source: [aws.s3]}\n"


def folder(at: Path, rule: str = RULE, oncall: str | None = SMALLEST) -> Path:
    """Write a folder of one rule."""
    (at / "rules.yaml").write_text(rule, encoding="utf-8")
    if oncall is not None:
        (at / "oncall.yaml").write_text(oncall, encoding="utf-8")
    return at


def codes(at: Path, registry: Registry) -> list[str]:
    """Return file, line and code of everything that is wrong with a folder."""
    return [f"{Path(one.file).name}:{one.line}:{one.code}" for one in check_rules(at, registry)[1]]


def test_it_comes_with_the_rules(tmp_path: Path, registry: Registry) -> None:
    """It is no rule file; without it there is none in the rule set, and the engine uses what is built in."""
    rules, found = check_rules(folder(tmp_path), registry)
    assert not found
    assert rules is not None
    assert rules.oncall is not None
    assert list(rules.oncall.policies) == ["default"]
    (tmp_path / "oncall.yaml").unlink()
    rules, _ = check_rules(tmp_path, registry)
    assert rules is not None
    assert rules.oncall is None


def test_a_broken_one_refuses_the_folder(tmp_path: Path, registry: Registry) -> None:
    """So a reload keeps the running rules and the running policies."""
    assert codes(folder(tmp_path, oncall=SMALLEST + "poeple: {}\n"), registry) == ["oncall.yaml:4:unknown-key"]
    assert check_rules(tmp_path, registry)[0] is None
    (tmp_path / "oncall.yaml").unlink()
    (tmp_path / "oncall.yaml").mkdir()
    assert codes(tmp_path, registry) == ["oncall.yaml:1:unreadable"]


def test_a_change_of_it_is_another_revision(tmp_path: Path) -> None:
    """Who is called belongs to what the daemon runs on; one that is cut off is held back as a rule file is."""
    before = read_folder(folder(tmp_path))
    after = read_folder(folder(tmp_path, oncall=SMALLEST + "locale: en\n"))
    assert before.revision != after.revision
    assert before.digest != after.digest
    assert find_cut_off(before, after.contents).shorter == ("oncall.yaml",)
    assert read_folder(folder(tmp_path, oncall=None)).rules[0].content == before.rules[0].content


@pytest.mark.parametrize(
    ("written", "name", "level", "grace"),
    [
        ("", "default", None, None),
        ("  escalate: night\n", "night", None, None),
        ("  escalate: {policy: night, level: 3, grace: 90s}\n", "night", 3, 90.0),
        ("  escalate: {level: 2}\n", "default", 2, None),
        ("  escalate: {grace: 0m}\n", "default", None, 0.0),
    ],
)
def test_a_rule_says_how_it_is_escalated(
    tmp_path: Path, registry: Registry, written: str, name: str, level: int | None, grace: float | None
) -> None:
    """By a policy's name, or with the level at which it begins and what a remedy may take first; it is frozen in the plan."""
    rules, found = check_rules(folder(tmp_path, RULE + written, oncall=None), registry)
    assert not found
    assert rules is not None
    (rule,) = rules.rules
    assert (rule.escalate, rule.plan.escalate, rule.plan.level, rule.plan.grace) == (name, name, level, grace)
    assert Plan.from_json(rule.plan.to_json()) == rule.plan


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("escalate: defualt", ["rules.yaml:5:unknown-policy"]),
        ("escalate: {policy: night}", ["rules.yaml:5:unknown-policy"]),
        ("escalate: 7", ["rules.yaml:5:bad-value"]),
        ("escalate: {polcy: default}", ["rules.yaml:5:unknown-key"]),
        ("escalate: {level: 2}", ["rules.yaml:5:bad-value"]),
        ("escalate: {level: 0}", ["rules.yaml:5:bad-value"]),
        ("escalate: {grace: soon}", ["rules.yaml:5:bad-value"]),
    ],
)
def test_a_rule_that_is_escalated_to_nowhere(
    tmp_path: Path, registry: Registry, written: str, wanted: list[str]
) -> None:
    """A policy that is not in `oncall.yaml` is told at the rule."""
    assert codes(folder(tmp_path, f"{RULE}  {written}\n"), registry) == wanted


def test_a_plan_of_an_older_program_has_neither_level_nor_grace(tmp_path: Path, registry: Registry) -> None:
    """Open incidents are read back as they were written."""
    rules, _ = check_rules(folder(tmp_path), registry)
    assert rules is not None
    row = {key: value for key, value in rules.rules[0].plan.to_json().items() if key not in {"level", "grace"}}
    assert Plan.from_json(row) == rules.rules[0].plan


def test_the_shipped_file_holds_the_runbooks_times() -> None:
    """Half an hour, an hour, then for ever; security at once at level 3, whatever is silenced."""
    oncall = load_oncall((SHIPPED / "oncall.yaml").read_bytes(), "oncall.yaml", {})
    default, security = oncall.policies["default"], oncall.policies["security"]
    assert [(step.level, step.ack_within) for step in default.steps] == [(1, 1800.0), (2, 3600.0), (3, None)]
    assert (default.after_last.every, default.after_last.backoff, default.after_last.max_every) == (900.0, 1.5, 3600.0)
    assert default.after_last.times is None
    assert (security.start_level, security.suppressible, security.grace) == (3, False, 0.0)
    assert not oncall.channels
    assert all("자리표시" in person.name for person in oncall.people.values())


def test_what_the_shipped_file_shows_in_comments_is_right_as_well() -> None:
    """Whoever takes the hash signs away has channels, contact rules, a calendar of holidays and an override."""
    text = (SHIPPED / "oncall.yaml").read_text(encoding="utf-8")
    whole = re.sub(
        r"^( *)# (?=[a-z_]+: |[a-z_]+:$|  +[a-z_-]+: |  +- |  +[a-z_-]+:$|- name)", r"\1", text, flags=re.MULTILINE
    )
    variables = dict.fromkeys(("SOLAPI_PF_ID", "SMS_FROM", "PD_ROUTING_KEY"), "x")
    checked = check_oncall(re.sub(r"^# yaml-.*", "", whole).encode(), "oncall.yaml", variables)
    assert not checked.diagnostics, "\n".join(map(str, checked.diagnostics))
    assert checked.oncall is not None
    assert len(checked.oncall.channels) == 8
    assert checked.oncall.people["placeholder-dev-1"].urgent
    assert [layer.name for layer in checked.oncall.schedules["lv1_dev"].layers] == ["주말·공휴일", "주간 교대"]
    assert len(list(checked.oncall.overrides)) == 1


@pytest.mark.parametrize("number", [0, 1, 2])
def test_what_the_document_shows_is_taken(number: int) -> None:
    """Each YAML block of docs/oncall.md is a whole file, and loads without a finding."""
    text = (SHIPPED.parent / "docs" / "oncall.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 3
    assert not check_oncall(blocks[number].encode(), "oncall.yaml", {}).diagnostics
