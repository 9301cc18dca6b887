"""Every fault in `data` is told as written beside it. After a change of words: GOLDEN=write pytest, and review the diff."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from leh_guardian.registry import Registry
from leh_guardian.rules.loader import check_rules

DATA = Path(__file__).parent / "data"
FAULTS = sorted(path.stem for path in DATA.glob("*.yaml"))


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_told(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: Registry) -> None:
    """Each faulty file gives exactly the diagnostics that stand beside it: place, words, caret and hint."""
    shutil.copy(DATA / f"{fault}.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    _, diagnostics = check_rules(Path(), registry)
    told = "".join(f"{diagnostic.render()}\n" for diagnostic in diagnostics)
    expected = DATA / f"{fault}.expected"
    if os.environ.get("GOLDEN") == "write":
        expected.write_text(told, encoding="utf-8")
    assert told == expected.read_text(encoding="utf-8")
    assert told, "a golden file without a fault proves nothing"


def test_every_expectation_has_its_fault() -> None:
    """No expectation is left behind when its faulty file is renamed."""
    assert {path.stem for path in DATA.glob("*.expected")} == set(FAULTS)


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.startswith("lint-")])
def test_findings_are_documented(fault: str) -> None:
    """docs/rules.md has each code that a finding can have."""
    codes = re.findall(
        r"^lint-.*\[([a-z-]+)\]$", (DATA / f"{fault}.expected").read_text(encoding="utf-8"), re.MULTILINE
    )
    document = (DATA.parents[3] / "docs" / "rules.md").read_text(encoding="utf-8")
    assert codes
    assert [code for code in codes if f"| `{code}`" not in document] == []
