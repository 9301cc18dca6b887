"""Owns figures that tests measure beside what they check; the one rule: unless GUARDIAN_FIGURES names a folder, they go nowhere."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

import pytest


def record(section: str, key: str, value: Any) -> None:
    """Put `value` (JSON) under `key` into `<section>.json` of that folder; what other tests put there stays."""
    if not (folder := os.environ.get("GUARDIAN_FIGURES")):
        return
    file = Path(folder) / f"{section}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    # Others write, too: scenarios in threads, and another lane's run.
    with (file.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        text = json.dumps({**known, key: value}, indent=2, sort_keys=True, ensure_ascii=False)
        # Whole or not at all: a reader never meets half a file.
        fresh = file.with_suffix(".new")
        fresh.write_text(text + "\n", encoding="utf-8")
        fresh.replace(file)


def show(capsys: pytest.CaptureFixture[str], line: str) -> None:
    """Print `line` past pytest's capture: a count that a reader of the run should see."""
    with capsys.disabled():
        print(f"\n{line}")  # noqa: T201 - that is what it is for
