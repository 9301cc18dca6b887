"""An operator's upload signals beside the rules: taken, refused with their place, or the built-in ones."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from leh_guardian.registry import Registry
from leh_guardian.rules.diagnostics import RulesRefused
from leh_guardian.rules.folder import BUDGET, UPLOAD_SIGNALS, read_folder
from leh_guardian.rules.loader import load_rules
from leh_guardian.rules.upload_signals import BUILT_IN, SignalsInUse, built_in_upload_signals

ROOT = Path(__file__).parents[3]
RULES = """
version: 1
rules:
  - id: note
    pattern: {source: [x]}
    actions: []
"""


def test_the_operators_signals_are_taken_with_the_rules(tmp_path: Path) -> None:
    """Without a file the built-in ones; with one, that; a change of it alone is seen; a mistake refuses the folder, with its place."""
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    rules = load_rules(tmp_path, Registry())
    assert SignalsInUse(lambda: rules).table() is built_in_upload_signals()
    before = read_folder(tmp_path).digest
    text = BUILT_IN.read_text(encoding="utf-8")
    (tmp_path / UPLOAD_SIGNALS).write_text(text.replace("prior: -1.1", "prior: -2.5"), encoding="utf-8")
    assert read_folder(tmp_path).digest != before
    own = load_rules(tmp_path, Registry())
    assert SignalsInUse(lambda: own).table().prior == -2.5
    (tmp_path / UPLOAD_SIGNALS).write_text(text.replace("prior: -1.1", "prior: often"), encoding="utf-8")
    with pytest.raises(RulesRefused, match=r"upload-signals\.yaml:\d+:\d+"):
        load_rules(tmp_path, Registry())


@pytest.mark.parametrize("name", [UPLOAD_SIGNALS, BUDGET])
def test_a_file_beside_the_rules_is_held_to_the_checksums(tmp_path: Path, name: str) -> None:
    """Whoever slips in signals or limits could let everything go on: with SHA256SUMS an unlisted file refuses the folder."""
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    digest = hashlib.sha256(RULES.encode()).hexdigest()
    (tmp_path / "SHA256SUMS").write_text(f"{digest}  rules.yaml\n", encoding="utf-8")
    load_rules(tmp_path, Registry())
    (tmp_path / name).write_text(
        (ROOT / "rules" / BUDGET).read_text() if name == BUDGET else BUILT_IN.read_text(), encoding="utf-8"
    )
    with pytest.raises(RulesRefused, match="SHA256SUMS"):
        load_rules(tmp_path, Registry())
