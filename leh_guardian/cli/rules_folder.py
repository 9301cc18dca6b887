"""Owns which rules a command means; the one rule: the same for check, test and explain."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

import leh_guardian.handlers
from leh_guardian.model.guards import Budget
from leh_guardian.registry import OnDemand, Registry


def registry() -> Registry:
    """Return every handler that rules may use."""
    return OnDemand(leh_guardian.handlers)


def target_budgets(handler: str, known: Registry) -> Sequence[Budget]:
    """Return how often a handler may run on one target, by the folder that is there; none where it does not say."""
    # Commands that only look at rules do not load them for this.
    from leh_guardian.rules.budget import check_budget
    from leh_guardian.rules.folder import read_folder

    file = read_folder(named_folder(None)).budget
    checked = check_budget(file.content, str(file.path), known) if file else None
    return checked.budget.per_target.get(handler, ()) if checked and checked.budget else ()


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
