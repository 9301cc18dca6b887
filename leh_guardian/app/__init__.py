"""Owns what is built by the settings, and which handlers there are; the one rule: to ask for one part imports no other.

Commands use parts of what the daemon is made of (composition.py), and whoever types waits for their imports.
"""

from __future__ import annotations

import leh_guardian.handlers
from leh_guardian.registry import Registry, discover


def handlers() -> Registry:
    """Return every handler of this program."""
    return discover(leh_guardian.handlers)
