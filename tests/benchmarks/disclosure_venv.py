"""Owns the environment in which the scan's peers run; the one rule: it is thrown away, and what cannot be had is said and left out.

The peers bring half a gigabyte, so they are in no lock file. They come from the package index that pip is set up for, and no model of
any language is fetched beside them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_PACKAGES = {"detect-secrets": "detect-secrets==1.5.0", "Presidio": "presidio-analyzer==2.2.366"}
_ROOT = Path(__file__).parents[2]
_INSTALL_SECONDS, _ASK_SECONDS = 600, 1800


class Peer:
    """A peer that is installed."""

    def __init__(self, name: str, python: Path) -> None:
        self.name, self._python = name, python

    def ask(self, lines: Sequence[str]) -> tuple[list[set[str]], float]:
        """Return the kinds that it finds in each line, and the CPU seconds that it takes for all."""
        told = subprocess.run(
            [self._python, "-m", "tests.benchmarks.disclosure_peers", self.name],
            input=json.dumps(list(lines)),
            capture_output=True,
            text=True,
            check=True,
            cwd=_ROOT,
            timeout=_ASK_SECONDS,
        )
        answer = json.loads(told.stdout)
        return [set(kinds) for kinds in answer["found"]], answer["seconds"]


def peers_in(folder: Path) -> list[Peer]:
    """Return the peers that can be installed, each in an environment of its own below `folder`."""
    found = []
    for name, package in _PACKAGES.items():
        environment = folder / f"peer-{name}"
        python = environment / "bin" / "python"
        pip = [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--only-binary",
            ":all:",
            package,
        ]
        try:
            subprocess.run([sys.executable, "-m", "venv", environment], check=True, capture_output=True)
            subprocess.run(pip, check=True, capture_output=True, text=True, timeout=_INSTALL_SECONDS)
        except (OSError, subprocess.SubprocessError) as error:
            said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
            print(
                f"{package} cannot be installed here, its columns are missing: {said[-1] if said else 'no reason given'}"
            )
        else:
            found.append(Peer(name, python))
    return found
