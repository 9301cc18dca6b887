"""Owns `leh-guardian run`; the one rule: it reads the environment and hands over."""

from __future__ import annotations

import os
import sys

import click


@click.command()
def run() -> None:
    """Run the daemon until SIGTERM; SIGHUP reloads the rules."""
    from leh_guardian.app import process
    from leh_guardian.settings import load_settings

    sys.exit(process.run(load_settings(os.environ)))
