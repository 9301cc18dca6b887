"""Owns the reading of channels' secrets; the one rule: they come from files that the settings name, and no error holds one."""

from __future__ import annotations

from pathlib import Path

from leh_guardian.errors import SettingsError
from leh_guardian.files import read_file

SHORTEST = 16
_LONGEST = 64 * 1024


def read_secret(channel: str, path: Path, name: str = "secret_file") -> bytes:
    """Return the secret that the setting `name` of `channel` names the file of.

    Raises:
        SettingsError: the file cannot be read, or holds less than a secret should have.
    """
    return secret_at(f"notify.channels.{channel}.{name}", path)


def secret_at(setting: str, path: Path) -> bytes:
    """Return the secret in the file that `setting` names.

    Raises:
        SettingsError: the file cannot be read, or holds less than a secret should have.
    """
    try:
        secret = read_file(path, _LONGEST).strip()
    except OSError as error:
        raise SettingsError(f"{setting}: cannot read {path}: {error.strerror}") from error
    if len(secret) < SHORTEST:
        raise SettingsError(f"{setting}: {path} holds fewer than {SHORTEST} bytes")
    return secret


def read_word(channel: str, path: Path, name: str) -> str:
    """Return a secret that is one word of printable ASCII: a key or a token, which goes into a header.

    Raises:
        SettingsError: it is none.
    """
    return word_at(f"notify.channels.{channel}.{name}", path)


def word_at(setting: str, path: Path) -> str:
    """Return a secret that is one word of printable ASCII, from the file that `setting` names.

    Raises:
        SettingsError: it is none.
    """
    secret = secret_at(setting, path)
    try:
        word = secret.decode("ascii")
    except UnicodeDecodeError:
        word = ""
    if not word.isprintable() or not word or " " in word:
        raise SettingsError(f"{setting}: {path} holds more than one word of printable ASCII")
    return word
