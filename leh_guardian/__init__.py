"""leh_guardian executes the Legal Evidence Hub's operations runbook by itself."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("leh-guardian")
except PackageNotFoundError:  # pragma: no cover - a checkout on the path without an installation
    __version__ = "0+unknown"
