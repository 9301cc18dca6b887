"""Owns what is said of a database URL; the one rule: it is checked before the driver sees it, and its password is never told.

The driver quotes the piece that it cannot read, and in a URL whose password has a `/`, `#`, `?` or `@` in plain that piece is
a part of the password.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from leh_guardian.errors import SettingsError

_SCHEMES = frozenset({"postgresql", "postgres"})
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
_EXAMPLE = "it is written like postgresql://user:password@db.internal:5432/leh_guardian"
_ENCODE = "special characters of a password are written percent-encoded: / as %2F, # as %23, ? as %3F, @ as %40, : as %3A, % as %25"


def check_dsn(dsn: str, variable: str = "LEH_DATABASE_URL") -> None:
    """Refuse a URL that cannot be meant; `variable` is the setting that it was given by.

    Raises:
        SettingsError: with what is wrong, and no word of the URL's own that could be secret.
    """
    if not dsn.isprintable():
        raise _refusal(variable, "it holds control characters, a line's end, or bytes that are not UTF-8")
    try:
        parts = urlsplit(dsn)
        query = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
    except ValueError:  # its text quotes the URL
        raise _refusal(variable, f"it cannot be read; {_ENCODE}") from None
    if parts.scheme not in _SCHEMES:
        raise _refusal(variable, _EXAMPLE)
    if parts.fragment or parts.netloc.count("@") > 1 or ("@" not in parts.netloc and "@" in dsn):
        raise _refusal(variable, _ENCODE)
    ports = [_port(host) for host in _hosts(parts).split(",")] + query.get("port", "").split(",")
    if not all(port.isascii() and port.isdigit() and 0 < int(port) < 65536 for port in ports if port):
        raise _refusal(variable, f"the port must be a number from 1 to 65535; {_ENCODE}")
    _check_files(query, variable)


def place(dsn: str) -> str:
    """Return where a database URL that was checked points, as host:port/database."""
    parts = urlsplit(dsn)
    query = dict(parse_qsl(parts.query))
    host = unquote(_hosts(parts)) or query.get("host") or os.environ.get("PGHOST") or "localhost"
    port = "" if _port(host.rpartition(",")[2]) else ":" + (query.get("port") or os.environ.get("PGPORT") or "5432")
    return f"{host}{port}/{database(dsn)}"


def database(dsn: str) -> str:
    """Return the name of the database that a URL which was checked names, empty if it names none."""
    parts = urlsplit(dsn)
    query = dict(parse_qsl(parts.query))
    return unquote(parts.path.removeprefix("/")) or query.get("dbname") or query.get("database") or ""


def login(dsn: str) -> str:
    """Return the role that a URL which was checked logs in as."""
    parts = urlsplit(dsn)
    named = unquote(parts.username or "") or dict(parse_qsl(parts.query)).get("user") or os.environ.get("PGUSER")
    return named or getpass.getuser()


def without_password(text: str, dsn: str) -> str:
    """Return `text`, which somebody else wrote about a URL that was checked, without its password."""
    parts = urlsplit(dsn)
    plain = parts.password or ""
    query = dict(parse_qsl(parts.query))
    for secret in {plain, unquote(plain), query.get("password", ""), query.get("sslpassword", "")} - {""}:
        text = text.replace(secret, "***")
    return text


def _hosts(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]


def _port(host: str) -> str:
    """Return the port of `host:port`, `[::1]:port` or `host`; a socket's folder has none."""
    return "" if host.startswith("/") else host.rpartition("]")[2].partition(":")[2]


def _check_files(query: Mapping[str, str], variable: str) -> None:
    for name in _FILES:
        if path := query.get(name):
            try:
                with Path(path).open("rb"):
                    pass
            except OSError as error:
                raise SettingsError(f"{variable}: {name}: cannot read {path}: {error.strerror}") from error


def _refusal(variable: str, reason: str) -> SettingsError:
    return SettingsError(f"{variable} is no PostgreSQL URL: {reason}")
