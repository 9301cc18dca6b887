"""Owns what a mutant is: a change of the source, as small as the mistake would be; the one rule: an edit that no longer fits fails."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Edit:
    """A change of one place in the source."""

    file: str
    old: str
    new: str
    times: int = 1

    def apply(self, root: Path) -> None:
        """Change the file below `root`.

        Raises:
            ValueError: the place is not there as often as it should be.
        """
        path = root / self.file
        text = path.read_text(encoding="utf-8")
        if text.count(self.old) != self.times:
            raise ValueError(f"{self.file}: {text.count(self.old)} times: {self.old!r}")
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")


@dataclass(frozen=True)
class Mutant:
    """A defect."""

    name: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...] = ()
    """pytest's arguments for what must catch it; without any, the simulation must."""
