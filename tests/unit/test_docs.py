"""The documents are true of the code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest

import leh_guardian.handlers
from leh_guardian.cli.handlers import documentation
from leh_guardian.cli.main import cli
from leh_guardian.registry import discover
from leh_guardian.rules.loader import load_rules
from leh_guardian.rules.schema import json_schema
from leh_guardian.settings import Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
TEXT = "\n".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)


def yaml_blocks() -> list[str]:
    """Every rule file in the documents, undented."""
    blocks = re.findall(r"^( *)```yaml\n(.*?)^ *```", TEXT, re.DOTALL | re.MULTILINE)
    plain = [re.sub(f"^{indent}", "", block, flags=re.MULTILINE) for indent, block in blocks]
    return [block for block in plain if block.startswith("version: 1")]


@pytest.mark.parametrize("block", yaml_blocks())
def test_rule_examples_load(block: str, tmp_path: Path) -> None:
    """A rule that a reader copies out of a document is accepted."""
    (tmp_path / "rules.yaml").write_text(block, encoding="utf-8")
    assert load_rules(tmp_path, discover(leh_guardian.handlers)).rules


def test_there_are_examples() -> None:
    """The two rule files of README and docs/rules.md are found by the test above."""
    assert len(yaml_blocks()) >= 2


def test_shipped_rules_load() -> None:
    """The rules that operators start from are accepted."""
    assert load_rules(ROOT / "rules", discover(leh_guardian.handlers)).rules


@pytest.mark.parametrize("variable", sorted(set(re.findall(r"\bLEH_[A-Z_]+[A-Z]\b", TEXT))))
def test_settings_exist(variable: str) -> None:
    """A variable that a document names is one that the settings know."""
    if variable in {"LEH_CONFIG"} or variable.startswith("LEH_RULES__MODES__"):
        return
    section, _, name = variable.removeprefix("LEH_").lower().partition("__")
    field = Settings.model_fields[section]
    if name:
        assert isinstance(field.annotation, type)
        assert name in field.annotation.model_fields  # type: ignore[attr-defined]


@pytest.mark.parametrize("words", sorted(set(re.findall(r"leh-guardian ([a-z]+)(?: ([a-z]+))?", TEXT))))
def test_commands_exist(words: tuple[str, str]) -> None:
    """A command that a document names is one that the program has."""
    context = click.Context(cli)
    command = cli.get_command(context, words[0])
    assert command is not None, words
    if words[1] and isinstance(command, click.Group):
        assert command.get_command(context, words[1]) is not None, words


def test_generated_documents_are_fresh() -> None:
    """docs/handlers.md and rules/rule.schema.json are what `make docs` writes."""
    assert (ROOT / "docs" / "handlers.md").read_text(encoding="utf-8") == documentation()
    schema = json.loads((ROOT / "rules" / "rule.schema.json").read_text(encoding="utf-8"))
    assert schema == json.loads(json.dumps(json_schema(discover(leh_guardian.handlers))))
