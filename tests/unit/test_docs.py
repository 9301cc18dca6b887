"""The documents are true of the code."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

import leh_guardian.handlers
from leh_guardian.cli.handlers import documentation
from leh_guardian.cli.main import cli
from leh_guardian.model.journal import Kind
from leh_guardian.model.mode import Mode
from leh_guardian.patterns import compile_pattern
from leh_guardian.registry import discover
from leh_guardian.rules.document import read_document
from leh_guardian.rules.folder import read_folder
from leh_guardian.rules.loader import check_folder, check_rules
from leh_guardian.rules.schema import (
    budget_schema,
    case_schema,
    json_schema,
    oncall_schema,
    signature_schema,
    upload_signal_schema,
)
from leh_guardian.rules.signatures import check_signatures
from leh_guardian.settings import Settings
from leh_guardian.uploads.measures import MEASURES

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
TEXT = "\n".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
README = (ROOT / "README.md").read_text(encoding="utf-8")


def yaml_blocks() -> list[str]:
    """Every rule file in the documents."""
    return [block for block in all_yaml_blocks() if block.startswith("version: 1\nrules:")]


def all_yaml_blocks() -> list[str]:
    """Every block of YAML in the documents, without the indentation of the list that it stands in."""
    blocks = re.findall(r"^( *)```yaml\n(.*?)^ *```", TEXT, re.DOTALL | re.MULTILINE)
    return [re.sub(f"^{indent}", "", block, flags=re.MULTILINE) for indent, block in blocks]


def commands(group: click.Group, prefix: str = "") -> list[str]:
    """Every command that does something, by its words."""
    context = click.Context(group)
    found: list[str] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        words = f"{prefix}{name}"
        found += commands(command, f"{words} ") if isinstance(command, click.Group) else [words]
    return found


def links() -> list[tuple[str, str]]:
    """Every link between the project's files: (document, target)."""
    return [
        (str(document.relative_to(ROOT)), target)
        for document in DOCUMENTS
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
        if "://" not in target
    ]


@pytest.mark.parametrize("block", yaml_blocks())
def test_rule_examples_load(block: str, tmp_path: Path) -> None:
    """A rule file that a reader copies out of a document is accepted without a finding."""
    (tmp_path / "rules.yaml").write_text(block, encoding="utf-8")
    rules, findings = check_rules(tmp_path, discover(leh_guardian.handlers))
    assert not findings
    assert rules is not None
    assert rules.rules


def test_the_example_of_cases_holds(tmp_path: Path) -> None:
    """The cases that docs/rules.md shows pass with the rule that it shows."""
    rules = [b for b in yaml_blocks() if "id: ai-worker-dlq" in b or "id: evidence-stuck" in b]
    [block] = [b for b in all_yaml_blocks() if b.startswith("version: 1\ncases:")]
    (tmp_path / "cases").mkdir()
    shutil.copy(ROOT / "rules" / "cases" / "dlq-alarm.json", tmp_path / "cases")
    for number, rule in enumerate(rules):
        (tmp_path / f"rules-{number}.yaml").write_text(rule, encoding="utf-8")
    (tmp_path / "cases" / "example.yaml").write_text(block, encoding="utf-8")
    _, findings = check_rules(tmp_path, discover(leh_guardian.handlers))
    assert not findings


def test_signature_examples_are_accepted() -> None:
    """A signature table that a reader copies out of a document is accepted without a finding."""
    blocks = [block for block in all_yaml_blocks() if block.startswith("version: 1\nsignatures:")]
    assert blocks
    for block in blocks:
        checked = check_signatures(block.encode(), "signatures.yaml")
        assert not checked.diagnostics
        assert checked.signatures


def test_the_upstream_pattern_lets_through_what_the_shipped_rules_want() -> None:
    """An installation that follows docs/deploy.md gets every event that a shipped case expects something of."""
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    [written] = re.findall(r"cat > event-pattern.json <<'END'\n(.*?)^END$", text, re.DOTALL | re.MULTILINE)
    upstream = compile_pattern(written)
    asked = 0
    for file in sorted((ROOT / "rules" / "cases").glob("*.yaml")):
        for case in read_document(file.read_bytes(), str(file)).data["cases"]:
            for given in [case, *case.get("later", ())] if case["expect"] else ():
                event = given.get("event", {"Records": []})
                # What S3, or guardian, sends to the queue by itself does not come by EventBridge.
                if "Records" not in event and event["source"] != "leh.guardian":
                    asked += 1
                    assert upstream.matches(given["event"]), case["name"]
    assert asked > 10


def test_there_are_examples() -> None:
    """The rule files of README and docs/rules.md are found by the test above."""
    assert len(yaml_blocks()) >= 3


def test_shipped_rules_load() -> None:
    """The rules that operators start from are accepted without a finding, and each has a case that it opens."""
    checked = check_folder(read_folder(ROOT / "rules"), discover(leh_guardian.handlers))
    assert checked.rules is not None
    assert not checked.diagnostics
    assert {rule.id for rule in checked.rules.rules} == {rule for result in checked.results for rule in result.rules}


def test_shipped_rules_that_change_things_ask_first() -> None:
    """A fresh installation acts on nothing until somebody raises the mode, but for pausing a case and giving its work back."""
    registry = discover(leh_guardian.handlers)
    rules, _ = check_rules(ROOT / "rules", registry)
    assert rules is not None
    changing = [r for r in rules.rules if any(registry[step.uses].changes for step in r.plan.steps)]
    acting = [rule for rule in changing if rule.mode not in {Mode.OBSERVE, Mode.PROPOSE}]
    assert {step.uses for rule in acting for step in rule.plan.steps if registry[step.uses].changes} == {
        "circuit_breaker",
        "release_parked",
    }
    assert len(changing) > len(acting)


@pytest.mark.parametrize("variable", sorted(set(re.findall(r"\bLEH_[A-Z_]+[A-Z]\b", TEXT))))
def test_settings_exist(variable: str) -> None:
    """A variable that a document names is one that the settings know."""
    if variable in {"LEH_CONFIG", "LEH_LOCALE"} or variable.startswith("LEH_RULES__MODES__"):
        return
    section, _, name = variable.removeprefix("LEH_").lower().partition("__")
    field = Settings.model_fields[section]
    if name:
        assert isinstance(field.annotation, type)
        assert issubclass(field.annotation, BaseModel)
        assert name in field.annotation.model_fields


@pytest.mark.parametrize("variable", sorted(set(re.findall(r"^\| `(LEH_.*?) \|", README, re.MULTILINE))))
def test_defaults_are_the_ones_told(variable: str) -> None:
    """README's table of settings tells each plain default as the settings have it."""
    row = next(line for line in README.splitlines() if line.startswith(f"| `{variable} |"))
    names = re.findall(r"LEH_([A-Z_]+)", row.split("|")[1])
    told = re.findall(r"`([^`]+)`", row.split("|")[2])
    for name, default in zip(names, told, strict=False):
        section, _, key = name.lower().partition("__")
        field = Settings.model_fields[section]
        # Through JSON, as a person would write it: durations as 5m, paths and modes as text.
        model = field.annotation if key else Settings
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        fields = model.model_fields
        known = (fields[key] if key else field).default
        shown = model.model_construct(**{key or section: known}).model_dump(mode="json", include={key or section})
        assert str(shown[key or section]) == default, name


@pytest.mark.parametrize("words", sorted(set(re.findall(r"leh-guardian ([a-z]+)(?: ([a-z]+))?", TEXT))))
def test_commands_exist(words: tuple[str, str]) -> None:
    """A command that a document names is one that the program has."""
    command = cli.get_command(click.Context(cli), words[0])
    assert command is not None, words
    if words[1] and isinstance(command, click.Group):
        assert command.get_command(click.Context(command), words[1]) is not None, words


def test_every_command_is_documented() -> None:
    """README's table of commands has every command of the program."""
    assert not [words for words in commands(cli) if not re.search(rf"^\| .*`{words}[ `]", README, re.MULTILINE)]


def test_upload_measures_are_documented() -> None:
    """docs/uploads.md has every measure with the words of the code."""
    text = (ROOT / "docs" / "uploads.md").read_text(encoding="utf-8")
    assert not [one.name for one in MEASURES.values() if f"| `{one.name}` | {one.meaning} |" not in text]


@pytest.mark.parametrize("kind", [kind.value for kind in Kind])
def test_journal_kinds_are_documented(kind: str) -> None:
    """docs/architecture.md names every kind of journal line."""
    assert f"`{kind}`" in (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("document", "target"), links())
def test_links_lead_somewhere(document: str, target: str) -> None:
    """A link from one document to a file of the project finds it."""
    assert ((ROOT / document).parent / target).exists()


def test_handlers_document_is_fresh() -> None:
    """docs/handlers.md is what `make docs` writes."""
    assert (ROOT / "docs" / "handlers.md").read_text(encoding="utf-8") == documentation()


def test_rule_schema_is_fresh() -> None:
    """The JSON Schemas beside the rules are what `make docs` writes."""
    schemas = {
        "rule.schema.json": json_schema(discover(leh_guardian.handlers)),
        "case.schema.json": case_schema(),
        "signature.schema.json": signature_schema(),
        "oncall.schema.json": oncall_schema(),
        "budget.schema.json": budget_schema(),
        "upload-signals.schema.json": upload_signal_schema(),
    }
    for name, schema in schemas.items():
        text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        assert (ROOT / "rules" / name).read_text(encoding="utf-8") == text
