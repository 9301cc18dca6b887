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
    setting = f"notify.channels.{channel}.{name}"
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
    secret = read_secret(channel, path, name)
    try:
        word = secret.decode("ascii")
    except UnicodeDecodeError:
        word = ""
    if not word.isprintable() or not word or " " in word:
        raise SettingsError(f"notify.channels.{channel}.{name}: {path} holds more than one word of printable ASCII")
    return word
