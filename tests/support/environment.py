"""Owns the environment of what tests start; the one rule: none of the developer's own settings and credentials is in it."""

from __future__ import annotations

import os


def clean_environment(**settings: str) -> dict[str, str]:
    """This process's environment without settings of its own, and with `settings`."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("LEH_", "AWS_"))}
    return {**own, "PYTHONUNBUFFERED": "1", **settings}
