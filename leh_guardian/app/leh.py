"""Owns where LEH's own database is and how its tables are called, by the settings; the one rule: nothing is connected to here."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from leh_guardian.adapters.leh_database.names import Names
from leh_guardian.dsn import check_dsn
from leh_guardian.model.case import RestorePolicy
from leh_guardian.settings import Settings


def leh_names(settings: Settings) -> tuple[str, Names] | None:
    """Return the URL of LEH's own database and how its tables are called.

    Raises:
        SettingsError: its URL is none.
    """
    if settings.product_database_url is None:
        return None
    url, wanted = settings.product_database_url.get_secret_value(), settings.product_database
    check_dsn(url, "LEH_PRODUCT_DATABASE_URL")
    said = wanted.model_dump(exclude={"timezone", "hold", "oldest_closing"})
    policy = RestorePolicy(frozenset(wanted.hold), wanted.oldest_closing)
    return url, Names(**said, zone=ZoneInfo(wanted.timezone), policy=policy)
