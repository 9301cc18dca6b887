"""Owns guardian.yaml as a document, and the database's URL; the one rule: who needs no more than these reads no more.

The commands that only look at the store are among them: to import every section of the settings would take them as long as all
the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from leh_guardian.errors import SettingsError
from leh_guardian.files import read_file
from leh_guardian.rules.document import Document, read_document
from leh_guardian.rules.reader import LARGEST

DATABASE_HINT: Final = "set LEH_DATABASE_URL, like postgresql://leh_guardian@db.internal/leh_guardian"


def load_database_url(environ: Mapping[str, str]) -> str:
    """Return the database's URL alone.

    Raises:
        SettingsError: there is none, or the settings file cannot be read.
    """
    document = read_settings(environ.get("LEH_CONFIG"))
    url = environ.get("LEH_DATABASE_URL") or (document.data.get("database_url") if document else None)
    if not isinstance(url, str) or not url:
        raise SettingsError(f"LEH_DATABASE_URL: missing; {DATABASE_HINT}")
    return url


def read_settings(path: str | None) -> Document | None:
    """Return the file's document, a mapping; None without a file or without anything in it.

    Raises:
        SettingsError: it cannot be read, or is no mapping.
    """
    if not path:
        return None
    try:
        content = read_file(Path(path), LARGEST)
    except OSError as error:
        raise SettingsError(f"LEH_CONFIG: cannot read {path}: {error.strerror}") from error
    document = read_document(content, path)
    if document.diagnostics:
        # Without the lines that they are about: a password may stand there.
        raise SettingsError("\n".join(replace(diagnostic, source="").render() for diagnostic in document.diagnostics))
    if document.data is None:
        return None
    if not isinstance(document.data, dict):
        raise SettingsError(f"{path}: the settings file must be a mapping of sections")
    return document
