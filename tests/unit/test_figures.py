"""The figures that tests write down."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.figures import record


def test_figures_are_written_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the variable nothing is written; with it each section is a JSON object that grows key by key."""
    monkeypatch.delenv("GUARDIAN_FIGURES", raising=False)
    record("handlers", "a", 1)
    folder = tmp_path / "figures"
    monkeypatch.setenv("GUARDIAN_FIGURES", str(folder))
    record("handlers", "a", 1)
    record("handlers", "b", {"repeats": 2})
    record("storm", "a", 3)
    record("handlers", "a", 4)
    assert json.loads((folder / "handlers.json").read_text()) == {"a": 4, "b": {"repeats": 2}}
    assert sorted(file.name for file in folder.glob("[!.]*")) == ["handlers.json", "storm.json"]


def test_nobody_writes_over_what_another_has_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of figures that are written at the same time none is lost."""
    monkeypatch.setenv("GUARDIAN_FIGURES", str(tmp_path))
    with ThreadPoolExecutor(8) as several:
        list(several.map(lambda n: record("handlers", str(n), n), range(100)))
    assert json.loads((tmp_path / "handlers.json").read_text()) == {str(n): n for n in range(100)}
