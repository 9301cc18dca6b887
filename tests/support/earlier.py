"""Owns the version before this one, as git has it; the one rule: where there is no history, nothing is pretended.

What replicas of two versions must agree on is above all the schema: the version before is the one without its newest migration.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
_MIGRATIONS = "leh_guardian/store/sql"
_NEEDED = ("leh_guardian", "tests")


def earlier_version(folder: Path) -> tuple[str, Path] | None:
    """Put the sources of before the newest migration below `folder`; returns (commit, where they are), None without a history."""
    newest = max((ROOT / _MIGRATIONS).glob("*.sql")).relative_to(ROOT)
    # On main: what a side branch was based on is not what was in use before.
    added = _git("log", "--first-parent", "-m", "--diff-filter=A", "--format=%H", "--", str(newest)).decode().split()
    before = f"{added[-1]}^" if added else ""
    if not before or not (commit := _git("rev-parse", "--verify", "--quiet", before).decode().strip()):
        return None
    root = folder / "earlier"
    root.mkdir()
    archive = _git("archive", "--format=tar", commit, *_NEEDED)
    subprocess.run(["tar", "-xf", "-", "-C", str(root)], input=archive, check=True)
    return commit, root


def _git(*arguments: str) -> bytes:
    """Return what git says; nothing where it, or the history, is missing."""
    try:
        return subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, check=False).stdout
    except FileNotFoundError:
        return b""
