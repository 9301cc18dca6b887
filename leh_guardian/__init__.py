"""leh_guardian executes the Legal Evidence Hub's operations runbook by itself."""

from __future__ import annotations

__version__ = "0.1.0"
