"""Owns which rules a command means; the one rule: the same for check, test and explain."""

from __future__ import annotations

import os
from pathlib import Path

import click

import leh_guardian.handlers
from leh_guardian.registry import OnDemand, Registry


def registry() -> Registry:
    """Return every handler that rules may use."""
    return OnDemand(leh_guardian.handlers)


def named_folder(directory: Path | None) -> Path:
    """Return the folder that a command means, whether it is there or not."""
    return directory or Path(os.environ.get("LEH_RULES__DIR") or "rules")


def rules_folder(directory: Path | None) -> Path:
    """Return the folder that a command means.

    Raises:
        click.UsageError: it cannot be read.
    """
    folder = named_folder(directory)
    try:
        next(folder.iterdir(), None)
    except OSError as error:
        raise click.UsageError(f"cannot read {folder}: {error.strerror}") from None
    return folder
