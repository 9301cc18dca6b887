"""Owns instants as people type them; the one rule: without a zone they are meant by the clocks of the file."""

from __future__ import annotations

from datetime import datetime, tzinfo

import click

from leh_guardian.clock import SystemClock

_FIRST, _LAST = 1970, 2200


def given_instant(written: str | None, zone: tzinfo, option: str = "--at") -> datetime:
    """Return the instant of an option; now where it is left out.

    Raises:
        click.UsageError: it is none.
    """
    if written is None:
        return SystemClock().now().replace(microsecond=0)
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise click.UsageError(f"{option}: write a time such as 2027-01-01T09:00, not {written!r}") from None
    if not _FIRST <= at.year <= _LAST:
        raise click.UsageError(f"{option}: write a year between {_FIRST} and {_LAST}")
    return at if at.tzinfo else at.replace(tzinfo=zone)
